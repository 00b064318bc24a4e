import { glob } from '../config/access.js';
import { WatchedFile } from './watched-file.js';

/** How often the file is looked at, milliseconds: open sessions of what was revoked are closed after that at the latest. */
export const REVOKED_LOOK_MS = 2_000;

/** Identities that are not let in any more: a line each, `*` and `**` as in access rules, # for a comment. */
export class Revocations {
  private patterns: readonly RegExp[] = [];
  private readonly file: WatchedFile<readonly RegExp[]> | undefined;
  private readonly timer: NodeJS.Timeout | undefined;

  /** @param changed is told that the list is another one, with what asks it */
  constructor(
    path: string | undefined,
    private readonly changed: (revoked: (id: string) => boolean) => void,
    onError: (error: Error) => void,
  ) {
    if (path === undefined) return;
    this.file = new WatchedFile(path, parse, onError);
    this.timer = setInterval(() => void this.look(), REVOKED_LOOK_MS).unref();
  }

  /** Reads the file for the first time; a list that can't be read lets nobody in by mistake, so this throws. */
  async start(): Promise<void> {
    if (this.file !== undefined) this.patterns = await this.file.value();
  }

  readonly has = (id: string): boolean => this.patterns.some((pattern) => pattern.test(id));

  close(): void {
    clearInterval(this.timer);
  }

  private async look(): Promise<void> {
    const next = await this.file!.value().catch(() => this.patterns);
    if (next === this.patterns) return;
    this.patterns = next;
    this.changed(this.has);
  }
}

const parse = (text: string): readonly RegExp[] =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map(glob);
