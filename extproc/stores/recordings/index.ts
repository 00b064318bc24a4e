import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { MidstreamError } from '../../../filters/errors.js';
import type { SessionRecorder } from '../../../filters/record/events.js';
import { checkSessionId } from '../../../filters/record/session-id.js';
import { verifierKey } from '../../../filters/record/signed-note.js';
import { lockState } from './lock.js';
import type { NewLeaf } from './merkle-log.js';
import { groupFiles, parseSegment, segmentName } from './names.js';
import { lockAndRecover, type OwnLog, ownLog } from './own-log.js';
import { type RecoveryReport, sealSegment } from './recovery.js';
import { SealKeys } from './seal.js';
import { SegmentWriter } from './segment-writer.js';
import { ChainedSession, type SessionWatcher } from './session-recorder.js';
import { loadSigningKey, type SigningKey } from './signing-key.js';
import { type Clock, fileNames, isDiskFull, type RecordingFs, realClock, realFs, syncDirectory } from './world.js';

export type { RecoveryReport } from './recovery.js';
export type { Clock, RecordingFs } from './world.js';

/** Where closed segments may be taken to. Called once for each, in order; one that rejects is called again for that segment later. */
export interface SegmentSink {
  ship(path: string): Promise<void>;
}

export interface RecordingsOptions {
  directory: string;
  /** strict: tickets are durable after fdatasync; relaxed: at once, written in batches all the same */
  durability: 'strict' | 'relaxed';
  /** number of this worker process, from 1; each writes files of its own */
  worker: number;
  /** a segment that has grown to this is closed and packed; 64 MiB */
  segment_bytes_max?: number;
  /** how closed segments are kept; zstd */
  compress?: 'zstd' | 'none';
  /** bytes that wait for the disk; beyond it append throws limit_exceeded; 64 MiB */
  queue_bytes_max?: number;
  /** PEM file of the Ed25519 key, made when absent; default: beside the directory, `<directory>.key` */
  signing_key_file?: string;
  /** age recipients that originals are sealed to; none: originals are dropped */
  recipients?: readonly string[];
  /** milliseconds between signed checkpoints; 10 s */
  checkpoint_interval_ms?: number;
  /** milliseconds that a closed session still takes Envoy's access entry; 2 s */
  linger_ms?: number;
  /** milliseconds between attempts after a write failed; 250 */
  retry_ms?: number;
  clock?: Clock;
  fs?: RecordingFs;
  sink?: SegmentSink;
}

export interface RecordingsHealth {
  ok: boolean;
  /** why nothing new passes; empty when ok */
  problem: string;
  pending_bytes: number;
  sessions: number;
  log: string;
  leaves: number;
  signed_leaves: number;
  /** closed segments that are not packed yet */
  unpacked: number;
}

export interface Recordings {
  /** A recorder for a new session. `started_ms` is the wall clock at its start; it is the producer's to put into session.open. Throws what append would throw. */
  begin(session: string, started_ms?: number): SessionRecorder;
  /**
   * Adds an event that somebody else than the session's producer has (Envoy's access log), whichever worker wrote the session.
   * Nothing waits for it, so it never throws: what can't be written, or names no session id, goes to onError.
   */
  attach(session: string, type: string, json: string): void;
  /** From now on new sessions are sealed to these. config_invalid when one is no recipient. */
  sealTo(recipients: readonly string[]): Promise<void>;
  /** Ends the current segment. */
  rotate(): Promise<void>;
  /** Signs the head of the tree now. */
  checkpoint(): Promise<void>;
  /** Closes sessions that are still open (reason `stopped`), writes, packs, signs. Rejects when the disk does not let it: recovery finishes then. */
  close(): Promise<void>;
  health(): RecordingsHealth;
  readonly pending_bytes: number;
  /** what opening had to repair */
  readonly recovered: readonly RecoveryReport[];
  /** signed-note verifier key of this log: give it to auditors */
  readonly verifier_key: string;
  /** trouble beside the hot path: packing, signing, shipping; and the disk's state (`undefined`: it works again) */
  onError: (error: Error | undefined) => void;
  /** a log of another writer was repaired, which died while this one lived */
  onRecovered: (report: RecoveryReport) => void;
}

const MIB = 1024 * 1024;

/** Opens a directory for writing; several processes may. Recovers first what a dead writer left. config_invalid, storage_full or unavailable when it can't. */
export async function openRecordings(options: RecordingsOptions): Promise<Recordings> {
  const fs = options.fs ?? realFs;
  const directory = resolve(options.directory);
  const clock = options.clock ?? realClock;
  try {
    fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new MidstreamError('config_invalid', `cannot make the directory for recordings ${directory}`, { cause: error });
  }
  const signing = loadSigningKey(fs, options.signing_key_file ?? `${directory}.key`);
  const late: { onError: (error: Error | undefined) => void } = { onError: () => {} };
  const seal = options.recipients?.length ? await SealKeys.create(options.recipients, (error) => late.onError(error)) : undefined;
  const recovered: RecoveryReport[] = [];
  try {
    const own = await ownLog({ fs, directory, signing, clock, recovered, compress: options.compress ?? 'zstd' }, options.worker);
    const recordings = new OpenRecordings({ ...options, fs, directory, clock }, signing, own, seal, recovered);
    late.onError = (error) => recordings.onError(error);
    return recordings;
  } catch (error) {
    if (error instanceof MidstreamError) throw error;
    const full = isDiskFull(error);
    throw new MidstreamError(
      full ? 'storage_full' : 'unavailable',
      full ? 'there is no space left for recordings' : `cannot write recordings to ${directory}`,
      {
        hint: full ? 'Make room there, or name another directory.' : 'May this account write there? Name another directory otherwise.',
        cause: error,
      },
    );
  }
}

/** Segments that may wait to be packed while connections are served. */
const UNPACKED_MAX = 4;

class OpenRecordings implements Recordings, SessionWatcher {
  onError: (error: Error | undefined) => void = () => {};
  onRecovered: (report: RecoveryReport) => void = () => {};
  private readonly sessions = new Map<string, ChainedSession>();
  /** sessions that ended, in that order, and when their leaf is due (monotonic ns) */
  private readonly lingering: { session: ChainedSession; due_ns: number }[] = [];
  private readonly gaps = new Set<ChainedSession>();
  private readonly writer: SegmentWriter;
  private readonly timers: NodeJS.Timeout[];
  private unpacked: { number: number; open: ChainState[] }[] = [];
  private packing: Promise<void> = Promise.resolve();
  private unshipped: string[] = [];
  private readonly clock: Clock;
  private readonly linger_ns: number;
  private closing: Promise<void> | undefined;

  constructor(
    private readonly options: RecordingsOptions & { fs: RecordingFs; clock: Clock },
    private readonly signing: SigningKey,
    private readonly own: OwnLog,
    private seal: SealKeys | undefined,
    readonly recovered: RecoveryReport[],
  ) {
    this.clock = options.clock;
    const linger_ms = options.linger_ms ?? 2000;
    this.linger_ns = linger_ms * 1e6;
    this.writer = new SegmentWriter({
      fs: options.fs,
      directory: options.directory,
      log: own.log,
      number: own.number,
      strict: options.durability === 'strict',
      segment_bytes_max: options.segment_bytes_max ?? 64 * MIB,
      queue_bytes_max: options.queue_bytes_max ?? 64 * MIB,
      retry_ms: options.retry_ms ?? 250,
      snapshot: () => [...this.sessions.values()].map(({ session, seq, prev, t }) => [session, seq, prev, t]),
      rotated: (closed) => this.pack(closed),
      written: () => this.linger_ns === 0 && this.finish(),
      changed: (error) => this.diskChanged(error),
    });
    this.timers = [
      setInterval(() => this.finish(), Math.max(50, linger_ms / 4)).unref(),
      setInterval(() => this.tick(), options.checkpoint_interval_ms ?? 10_000).unref(),
    ];
  }

  begin(session: string, _started_ms?: number): SessionRecorder {
    const id = checkSessionId(session);
    if (id.includes('.')) throw new MidstreamError('bad_input', 'a session id has no dot');
    return this.start(id);
  }

  private start(id: string): ChainedSession {
    const refusal = this.writer.refusal();
    if (refusal) throw refusal;
    return new ChainedSession(id, this.writer, this.clock, this.seal?.take(), this);
  }

  /** A session without a line leaves no trace here: connections that never say anything cost nothing. */
  started(session: ChainedSession): void {
    const id = session.session;
    if (this.sessions.has(id)) throw new MidstreamError('conflict', `session ${id} is being recorded already`);
    this.sessions.set(id, session);
  }

  ended(session: ChainedSession): void {
    this.lingering.push({ session, due_ns: this.clock.monotonic_ns() + this.linger_ns });
  }

  broken(session: ChainedSession): void {
    this.gaps.add(session);
  }

  attach(session: string, type: string, json: string): void {
    try {
      this.add(session, type, json);
    } catch (error) {
      this.onError(error as Error);
    }
  }

  private add(session: string, type: string, json: string): void {
    const id = checkSessionId(session);
    const known = this.sessions.get(id);
    if (known && known.broken === undefined) {
      known.appendLine(type, json);
      return;
    }
    // Written by another worker, or finished long ago: an addendum, a chain of its own that names the session.
    const addendum = this.start(`${id}.${randomBytes(4).toString('hex')}`);
    addendum.appendLine(type, `,"of":"${id}"${json}`);
    addendum.ended = true;
    this.lingering.push({ session: addendum, due_ns: 0 });
  }

  async sealTo(recipients: readonly string[]): Promise<void> {
    this.seal = recipients.length === 0 ? undefined : await SealKeys.create(recipients, (error) => this.onError(error));
  }

  rotate(): Promise<void> {
    return this.writer.rotate();
  }

  async checkpoint(): Promise<void> {
    this.finish();
    await this.own.merkle.checkpoint();
  }

  get pending_bytes(): number {
    return this.writer.pending_bytes;
  }

  get verifier_key(): string {
    return verifierKey(this.own.merkle.origin, this.signing.publicKey);
  }

  health(): RecordingsHealth {
    const refusal = this.writer.refusal();
    return {
      ok: refusal === undefined,
      problem: refusal?.message ?? '',
      pending_bytes: this.writer.pending_bytes,
      sessions: this.sessions.size,
      log: this.own.log,
      leaves: this.own.merkle.size,
      signed_leaves: this.own.merkle.signed_size,
      unpacked: this.unpacked.length,
    };
  }

  close(): Promise<void> {
    this.closing ??= this.shut().catch((error) => {
      this.own.lock.giveUp();
      throw error;
    });
    return this.closing;
  }

  private async shut(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    for (const session of this.sessions.values()) session.closeAs(session.broken?.code ?? 'stopped');
    this.linger(0);
    await this.writer.close();
    this.finish();
    this.pack({ number: this.writer.current.number, open: [] });
    await this.packing;
    if (this.unpacked.length > 0) throw new MidstreamError('unavailable', 'the last segments could not be packed; the next start does it');
    await this.own.merkle.checkpoint();
    this.own.merkle.close();
    syncDirectory(this.options.fs, this.options.directory);
    this.own.lock.release();
  }

  /** Makes leaves of sessions that ended long enough ago and are on disk. */
  private finish(): void {
    this.closeBroken();
    const now = this.clock.monotonic_ns();
    const { lingering } = this;
    const leaves: NewLeaf[] = [];
    // Thousands wait under load: those that stay are moved up in their place.
    let kept = 0;
    for (const entry of lingering) {
      const { session, due_ns } = entry;
      if (due_ns > now || !this.writer.onDisk(session.ticket)) lingering[kept++] = entry;
      else {
        leaves.push({ session: session.session, events: session.seq, last: session.prev });
        this.sessions.delete(session.session);
      }
    }
    lingering.length = kept;
    if (leaves.length > 0) this.own.merkle.append(leaves);
  }

  private linger(ns: number): void {
    for (const entry of this.lingering) entry.due_ns = ns;
  }

  private tick(): void {
    void this.checkpoint().catch((error) => this.onError(error as Error));
    if (this.unpacked.length > 0 || this.unshipped.length > 0) this.packing = this.packing.then(() => this.packAll());
    if (this.options.worker === 1) void this.adopt().catch((error) => this.onError(error as Error));
  }

  private pack(closed: { number: number; open: ChainState[] }): void {
    this.unpacked.push(closed);
    this.packing = this.packing.then(() => this.packAll());
  }

  /** Packing may give way to traffic, but not for ever. */
  private behind(): boolean {
    return this.unpacked.length > UNPACKED_MAX || this.closing !== undefined;
  }

  private async packAll(): Promise<void> {
    try {
      for (let next = this.unpacked[0]; next !== undefined; next = this.unpacked[0]) {
        const file = await sealSegment(this.own, parseSegment(segmentName(this.own.log, next.number))!, next.open, () => this.behind());
        this.unpacked.shift();
        if (file !== undefined && this.options.sink) this.unshipped.push(join(this.options.directory, file));
      }
      for (let path = this.unshipped[0]; path !== undefined; path = this.unshipped[0]) {
        await this.options.sink?.ship(path);
        this.unshipped.shift();
      }
    } catch (error) {
      this.onError(error as Error);
    }
  }

  private diskChanged(error: MidstreamError | undefined): void {
    if (error === undefined) this.closeBroken();
    this.onError(error);
  }

  /** Recordings that miss what was refused end as soon as something can be written again, and say why. */
  private closeBroken(): void {
    if (this.gaps.size === 0 || this.writer.refusal() !== undefined) return;
    for (const session of this.gaps) if (session.events > 0) session.closeAs(session.broken?.code ?? 'unavailable');
    this.gaps.clear();
  }

  /** Recovers logs of workers that died and did not come back. */
  private async adopt(): Promise<void> {
    const { fs, directory } = this.options;
    for (const { log, locks } of groupFiles(fileNames(fs, directory).files)) {
      if (log === this.own.log || lockState(fs, directory, log, locks) !== 'stale') continue;
      if (this.recovered.some((report) => report.log === log && report.problem !== '')) continue;
      const recovered: RecoveryReport[] = [];
      const adopted = await lockAndRecover(
        { fs, directory, signing: this.signing, clock: this.clock, recovered, compress: this.own.compress },
        log,
      );
      adopted?.merkle.close();
      adopted?.lock.release();
      this.recovered.push(...recovered);
      for (const report of recovered) this.onRecovered(report);
    }
  }
}

type ChainState = [session: string, seq: number, prev: string, t: number];
