import { join } from 'node:path';
import { MidstreamError } from '../../../filters/errors.js';
import { type Checkpoint, formatCheckpoint, parseCheckpoint } from '../../../filters/record/checkpoint.js';
import { leafHash, Tree } from '../../../filters/record/merkle.js';
import { openNote, parseNote, signNote, verifierKey } from '../../../filters/record/signed-note.js';
import { checkpointName, checkpointsName, groupFiles, KEYS_NAME, leavesName } from './names.js';
import type { SigningKey } from './signing-key.js';
import { fileNames, type RecordingFs, replaceFile, writeAllSync } from './world.js';

/** Where a session stood when a segment ended: what recovery needs to go on with its chain. */
export type OpenSession = [session: string, seq: number, prev: string, t: number];

/** The leaves of a log. A leaf's bytes are its line in `*.leaves`, without the line feed: everything in it is committed to. */
export type Leaf =
  | { n: number; at: string; session: string; events: number; last: string }
  | { n: number; at: string; segment: string; bytes: number; sha256: string; open: OpenSession[] }
  | { n: number; at: string; recovered: { segment: string; cut_bytes: number; sessions: string[] } };

export type NewLeaf = Leaf extends infer L ? (L extends Leaf ? Omit<L, 'n' | 'at'> : never) : never;

interface AppendFile {
  fd: number;
  position: number;
}

/**
 * The append-only Merkle tree of one log: closed sessions, closed segments and recoveries are its leaves; its head is signed as a checkpoint.
 * Leaves that cannot be written now (full disk) wait and are tried again with the next.
 */
export class MerkleLog {
  readonly origin: string;
  private readonly tree = new Tree();
  private waiting: string[] = [];
  private signingNow: Promise<void> = Promise.resolve();
  private signedSize = -1;
  private signedNumber = 0;

  constructor(
    private readonly fs: RecordingFs,
    private readonly directory: string,
    readonly log: string,
    private readonly signing: SigningKey,
    private readonly wall_ms: () => number,
    private readonly leaves: AppendFile,
    private readonly checkpoints: AppendFile,
  ) {
    this.origin = `${signing.name}/${log}`;
  }

  /** Takes a leaf that stands in the file already. */
  private replay(line: string): void {
    this.tree.append(leafHash(line));
  }

  /** Adds leaves and tries to write them (not yet synced: see checkpoint). */
  append(leaves: readonly NewLeaf[]): void {
    const at = new Date(this.wall_ms()).toISOString();
    for (const leaf of leaves) this.waiting.push(lineOf(this.tree.size + this.waiting.length, at, leaf));
    try {
      this.flush();
    } catch {
      // They stay in line; the next checkpoint tries again and says so if it can't.
    }
  }

  private flush(): void {
    if (this.waiting.length === 0) return;
    const bytes = Buffer.from(`${this.waiting.join('\n')}\n`);
    writeAllSync(this.fs, this.leaves.fd, bytes, this.leaves.position);
    this.leaves.position += bytes.length;
    for (const line of this.waiting) this.tree.append(leafHash(line));
    this.waiting = [];
  }

  /** Signs the head when the tree has grown since the last time. The leaves are on disk before it is. One at a time. */
  checkpoint(): Promise<void> {
    this.signingNow = this.signingNow.catch(() => {}).then(() => this.sign());
    return this.signingNow;
  }

  private async sign(): Promise<void> {
    this.flush();
    const { size } = this.tree;
    if (size === this.signedSize) return;
    const head: Checkpoint = { origin: this.origin, size, root: this.tree.root(), seen: this.neighbours() };
    await sync(this.fs, this.leaves.fd);
    const note = signNote(formatCheckpoint(head), this.origin, this.signing.key);
    const line = Buffer.from(`${JSON.stringify({ n: this.signedNumber, note })}\n`);
    writeAllSync(this.fs, this.checkpoints.fd, line, this.checkpoints.position);
    await sync(this.fs, this.checkpoints.fd);
    // A failure before this line makes the next try write at the same place.
    this.checkpoints.position += line.length;
    this.signedNumber += 1;
    this.signedSize = size;
    await this.publish(note);
  }

  /** The newest checkpoint in a file of its own. A crash may leave an older one there: the next start puts it right. */
  private async publish(note: string): Promise<void> {
    const path = join(this.directory, checkpointName(this.log));
    const fd = this.fs.openSync(`${path}.new`, 'w', 0o644);
    try {
      writeAllSync(this.fs, fd, Buffer.from(note), 0);
      await sync(this.fs, fd);
    } finally {
      this.fs.closeSync(fd);
    }
    this.fs.renameSync(`${path}.new`, path);
  }

  /** Puts the newest checkpoint right after a crash, or a failure to publish it. */
  private republish(line: string): void {
    const path = join(this.directory, checkpointName(this.log));
    const { note } = JSON.parse(line) as { note: string };
    if (!this.fs.existsSync(path) || this.fs.readFileSync(path, 'utf8') !== note)
      replaceFile(this.fs, this.directory, path, Buffer.from(note), 0o644);
  }

  /** Heads of the other logs in this directory, for the extension lines. */
  private neighbours(): Checkpoint['seen'] {
    const seen: Checkpoint['seen'] = [];
    for (const { log, checkpoint } of groupFiles(fileNames(this.fs, this.directory).files)) {
      if (log === this.log || !checkpoint) continue;
      try {
        const note = this.fs.readFileSync(join(this.directory, checkpointName(log)), 'utf8');
        const { size, root } = parseCheckpoint(openNote(note, `${this.signing.name}/${log}`, this.signing.publicKey));
        seen.push({ origin: `${this.signing.name}/${log}`, size, root });
      } catch {
        // A neighbour that can't be read is not vouched for; `midstream verify` says what is wrong with it.
      }
    }
    return seen;
  }

  get size(): number {
    return this.tree.size;
  }

  get signed_size(): number {
    return Math.max(0, this.signedSize);
  }

  close(): void {
    this.fs.closeSync(this.leaves.fd);
    this.fs.closeSync(this.checkpoints.fd);
  }

  /**
   * Opens or makes a log that is locked by us. What a crash left half written behind the last checkpoint is cut off.
   * Throws `tampered` when the leaves are not those that the last checkpoint was signed over: such a log is never written on.
   */
  static open(
    fs: RecordingFs,
    directory: string,
    log: string,
    signing: SigningKey,
    wall_ms: () => number,
  ): { merkle: MerkleLog; leaves: Leaf[] } {
    const history = wholeLines(fs, join(directory, checkpointsName(log)));
    const stored = wholeLines(fs, join(directory, leavesName(log)));
    const merkle = new MerkleLog(fs, directory, log, signing, wall_ms, stored.file, history.file);
    const last = history.lines.at(-1);
    const head = last === undefined ? undefined : merkle.readHead(last, history.lines.length);
    const leaves: Leaf[] = [];
    for (const line of stored.lines) {
      merkle.replay(line);
      leaves.push(leafOf(line, leaves.length));
      if (head?.size === merkle.tree.size && !head.root.equals(merkle.tree.root()))
        throw new MidstreamError('tampered', `the leaves of log ${log} are not those of its signed checkpoint`);
    }
    if (head !== undefined && head.size > leaves.length)
      throw new MidstreamError('tampered', `log ${log} has ${leaves.length} leaves, its signed checkpoint says ${head.size}`);
    if (last !== undefined) merkle.republish(last);
    merkle.publishKey();
    return { merkle, leaves };
  }

  private readHead(line: string, count: number): Checkpoint {
    const { n, note } = JSON.parse(line) as { n: number; note: string };
    let text: string;
    try {
      text = openNote(note, this.origin, this.signing.publicKey);
    } catch (error) {
      // Another key: the operator gave a new one. Checked without its signature; the old key still verifies the old checkpoints.
      text = parseNote(note).text;
      if (parseCheckpoint(text).origin === this.origin) throw error;
    }
    const head = parseCheckpoint(text);
    if (n !== count - 1) throw new MidstreamError('tampered', `the checkpoints of log ${this.log} are not complete`);
    this.signedNumber = count;
    this.signedSize = head.size;
    return head;
  }

  /** Adds this log's verifier key to the directory's list. */
  private publishKey(): void {
    const path = join(this.directory, KEYS_NAME);
    const own = verifierKey(this.origin, this.signing.publicKey);
    const known = this.fs.existsSync(path) ? this.fs.readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
    if (!known.includes(own)) replaceFile(this.fs, this.directory, path, Buffer.from(`${[...known, own].sort().join('\n')}\n`), 0o644);
  }
}

const sync = (fs: RecordingFs, fd: number): Promise<void> =>
  new Promise((resolve, reject) => fs.fdatasync(fd, (error) => (error ? reject(error) : resolve())));

/** Every request has one; ids of sessions and hashes are ASCII without quotes. */
function lineOf(n: number, at: string, leaf: NewLeaf): string {
  if (!('session' in leaf)) return JSON.stringify({ n, at, ...leaf });
  return `{"n":${n},"at":"${at}","session":"${leaf.session}","events":${leaf.events},"last":"${leaf.last}"}`;
}

export function leafOf(line: string, n: number): Leaf {
  let leaf: Leaf;
  try {
    leaf = JSON.parse(line) as Leaf;
  } catch {
    throw new MidstreamError('tampered', `leaf ${n} is not a JSON object`);
  }
  if (typeof leaf !== 'object' || leaf === null || leaf.n !== n) throw new MidstreamError('tampered', `leaf ${n} is not in its place`);
  return leaf;
}

/** Opens a file of lines for appending, cutting a last line that has no line feed. */
function wholeLines(fs: RecordingFs, path: string): { file: AppendFile; lines: string[] } {
  const content = fs.existsSync(path) ? fs.readFileSync(path) : Buffer.alloc(0);
  const end = content.lastIndexOf(0x0a) + 1;
  const fd = fs.openSync(path, fs.existsSync(path) ? 'r+' : 'w', 0o600);
  if (end < content.length) fs.ftruncateSync(fd, end);
  return {
    file: { fd, position: end },
    lines:
      end === 0
        ? []
        : content
            .subarray(0, end - 1)
            .toString('utf8')
            .split('\n'),
  };
}
