import { type FSWatcher, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { MidstreamError } from '../../filters/errors.js';
import { type CompiledPolicy, type CompileOptions, compilePolicy, decodePolicy } from '../../filters/policy/index.js';
import { POLICY_BYTES_MAX } from '../../filters/policy/source.js';

/** Editors and ConfigMaps change a file in several steps; what comes within this time is read once. */
const DEBOUNCE_MS = 100;
/** Some file systems report no changes (NFS, some container mounts), so the file is also looked at. */
const POLL_MS = 5000;

export interface PolicyFileOptions extends CompileOptions {
  /** a new version is in force */
  onChange?: (policy: CompiledPolicy) => void;
  /** the file can't be read or does not load; the last good policy stays in force. The message is one line per mistake, file:line:col: reason */
  onError?: (error: MidstreamError) => void;
  debounce_ms?: number;
  poll_ms?: number;
}

export interface PolicyFile {
  /** the last good one */
  current(): CompiledPolicy;
  /** Reads the file now (SIGHUP). Resolves to whether what is in the file is in force now; errors go to onError. */
  reload(): Promise<boolean>;
  close(): void;
}

/**
 * Reads and compiles a policy file.
 * @throws MidstreamError not_found, unavailable (it can't be read) or policy_invalid
 */
export async function readPolicy(path: string, options: CompileOptions = {}): Promise<CompiledPolicy> {
  const bytes = await readBounded(path);
  let text: string;
  try {
    text = decodePolicy(bytes);
  } catch (error) {
    throw new MidstreamError('policy_invalid', `${path}:1:1: ${(error as Error).message}; save it as UTF-8`);
  }
  return compilePolicy(text, path, options);
}

/** One open for size and content, so that a file swapped in between is not half read. Directories, devices and pipes are refused. */
async function readBounded(path: string): Promise<Buffer> {
  try {
    const file = await open(path, 'r');
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw new MidstreamError('bad_input', `${path} is not a file`);
      if (stat.size > POLICY_BYTES_MAX)
        throw new MidstreamError('policy_invalid', `${path}:1:1: the file is larger than ${POLICY_BYTES_MAX} bytes; split it`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof MidstreamError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new MidstreamError('not_found', `there is no policy file at ${path}`, { cause: error });
    throw new MidstreamError('unavailable', `the policy file ${path} can't be read: ${code ?? 'unknown error'}`, { cause: error });
  }
}

class WatchedPolicy implements PolicyFile {
  private watcher: FSWatcher | undefined;
  private debounce: NodeJS.Timeout | undefined;
  private readonly poll: NodeJS.Timeout;
  private closed = false;
  /** reloads run one after another, so that an older read never replaces a newer one */
  private queue: Promise<unknown> = Promise.resolve();
  private reported = '';

  constructor(
    private readonly path: string,
    private policy: CompiledPolicy,
    private readonly options: PolicyFileOptions,
  ) {
    this.startWatching();
    this.poll = setInterval(() => void this.look(), options.poll_ms ?? POLL_MS);
    this.poll.unref();
  }

  current(): CompiledPolicy {
    return this.policy;
  }

  reload(): Promise<boolean> {
    this.reported = '';
    return this.look();
  }

  close(): void {
    this.closed = true;
    clearInterval(this.poll);
    clearTimeout(this.debounce);
    this.watcher?.close();
  }

  /** The directory is watched, not the file: a rename puts another file in its place, and a ConfigMap swaps the link `..data`. */
  private startWatching(): void {
    const own = basename(this.path);
    try {
      this.watcher = watch(dirname(this.path), { persistent: false }, (_event, name) => {
        if (name === null || name === own || name.startsWith('..')) this.soon();
      });
      this.watcher.on('error', () => {
        // The directory is gone or watching is not possible: the timer goes on looking.
        this.watcher?.close();
        this.watcher = undefined;
      });
    } catch {
      this.watcher = undefined;
    }
  }

  private soon(): void {
    clearTimeout(this.debounce);
    this.debounce = setTimeout(() => void this.look(), this.options.debounce_ms ?? DEBOUNCE_MS);
    this.debounce.unref();
  }

  private look(): Promise<boolean> {
    const next = this.queue.then(() => this.load());
    this.queue = next;
    return next;
  }

  private async load(): Promise<boolean> {
    if (this.closed) return false;
    try {
      const policy = await readPolicy(this.path, this.options);
      this.reported = '';
      if (this.closed) return false;
      if (policy.version !== this.policy.version) {
        this.policy = policy;
        this.options.onChange?.(policy);
      }
      return true;
    } catch (error) {
      this.report(
        error instanceof MidstreamError ? error : new MidstreamError('internal', 'the policy could not be loaded', { cause: error }),
      );
      return false;
    }
  }

  /** The same mistake is told once, however often the file is looked at. */
  private report(error: MidstreamError): void {
    if (error.message === this.reported || this.closed) return;
    this.reported = error.message;
    this.options.onError?.(error);
  }
}

/**
 * Opens a policy file and keeps up with it. The last good policy stays in force while the file is broken or gone.
 * @throws MidstreamError when the first load fails: a gateway must not start without a policy
 */
export async function openPolicyFile(path: string, options: PolicyFileOptions = {}): Promise<PolicyFile> {
  return new WatchedPolicy(path, await readPolicy(path, options), options);
}
