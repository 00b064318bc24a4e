import { join } from 'node:path';
import { MidstreamError } from '../../../filters/errors.js';
import type { WireField } from '../../../filters/record/events.js';
import { LineBlocks } from './line-blocks.js';
import type { OpenSession } from './merkle-log.js';
import { segmentName } from './names.js';
import { isDiskFull, type RecordingFs, syncDirectory, writeAllSync } from './world.js';

/**
 * Strict batches up to this size are written in the same turn of the event loop: somebody waits for them, and a copy into the page cache costs
 * less than the way to another thread. Relaxed ones always go there: on a disk that is behind, the kernel makes the writer wait, and nobody else may.
 */
const SYNC_WRITE_BYTES_MAX = 64 * 1024;

/** Milliseconds that relaxed events may be gathered before they are written, unless there are many. */
const RELAXED_WAIT_MS = 10;
/** Bytes of relaxed events that are written without waiting any longer. */
const RELAXED_BYTES_MAX = 256 * 1024;

export interface SegmentWriterOptions {
  fs: RecordingFs;
  directory: string;
  log: string;
  /** number of the first segment that is written */
  number: number;
  strict: boolean;
  /** a segment that has grown to this is closed; the batch that crosses it still goes in */
  segment_bytes_max: number;
  /** bytes that wait to be written; more are refused */
  queue_bytes_max: number;
  retry_ms: number;
  /** where every open session stands, asked for when a segment ends */
  snapshot(): OpenSession[];
  rotated(closed: { number: number; open: OpenSession[] }): void;
  /** after every batch that was written */
  written(): void;
  /** the state of the disk changed: an error, or undefined when it works again */
  changed(error: MidstreamError | undefined): void;
}

/** An event on its way to be a line. It becomes one shortly before it is written, many together: each alone meets cold caches, which costs twice. */
export interface PendingLine {
  readonly source: LineSource;
  /** nanoseconds since its session began */
  readonly t: number;
  readonly type: string;
  readonly json: string;
  readonly wire: WireField | undefined;
}

export interface LineSource {
  /** Writes the next line of its chain; returns its bytes with the line feed. Called in the order in which lines were pushed. */
  writeLine(line: PendingLine, into: LineBlocks): number;
}

/** Bytes of events, as reckoned, that may wait to become lines while a write is under way. */
const UNWRITTEN_BYTES_MAX = 256 * 1024;
/** What a line has besides its event. */
const LINE_HEAD_BYTES = 220;

interface Waiter {
  ticket: number;
  done: (error?: Error) => void;
}

/**
 * Lines of all sessions go to one file, gathered: everything that came in one turn of the event loop is one write and one fdatasync, and what
 * comes while those run is the next. A batch that fails is written again at the same place until it works: nothing is torn, nothing is skipped.
 */
export class SegmentWriter {
  private readonly lines = new LineBlocks();
  /** the first `count` of them wait; the places are used again */
  private readonly pending: (PendingLine | undefined)[] = [];
  private count = 0;
  /** what `pending` is reckoned to take */
  private reckoned = 0;
  /** pushed and not written yet, those of the write under way included; as reckoned for those that are no lines yet */
  private bytes = 0;
  private ticket = 0;
  private durableTicket = 0;
  private waiters: Waiter[] = [];
  private fd = -1;
  private size = 0;
  private number: number;
  private scheduled: NodeJS.Timeout | 'soon' | undefined;
  private flushing: Promise<void> | undefined;
  private failure: MidstreamError | undefined;
  private retry: NodeJS.Timeout | undefined;
  private closed = false;
  private rotateAsked = false;

  constructor(private readonly options: SegmentWriterOptions) {
    this.number = options.number;
    this.open();
  }

  get pending_bytes(): number {
    return this.bytes;
  }

  get failed(): MidstreamError | undefined {
    return this.failure;
  }

  /** Why nothing more can be taken now; undefined when it can. */
  refusal(): MidstreamError | undefined {
    if (this.failure) return this.failure;
    if (this.bytes >= this.options.queue_bytes_max) {
      return new MidstreamError(
        'limit_exceeded',
        `queue_bytes_max: ${this.options.queue_bytes_max} bytes of recordings wait to be written`,
      );
    }
    return this.closed ? new MidstreamError('unavailable', 'the recordings are closed') : undefined;
  }

  /** Takes an event; returns its ticket. */
  push(line: PendingLine): number {
    if (this.count < this.pending.length) this.pending[this.count] = line;
    else this.pending.push(line);
    this.count += 1;
    const bytes = reckonedBytes(line);
    this.bytes += bytes;
    this.reckoned += bytes;
    if (this.reckoned >= UNWRITTEN_BYTES_MAX) this.makeLines();
    this.ticket += 1;
    if (this.scheduled !== 'soon' && this.flushing === undefined && this.failure === undefined) this.schedule();
    return this.ticket;
  }

  private get empty(): boolean {
    return this.count === 0 && this.lines.empty;
  }

  /** Everything that was pushed becomes lines. */
  private makeLines(): void {
    const { pending, count } = this;
    this.count = 0;
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      const line = pending[i]!;
      pending[i] = undefined;
      bytes += line.source.writeLine(line, this.lines);
    }
    this.bytes += bytes - this.reckoned;
    this.reckoned = 0;
  }

  /** Nobody waits for relaxed events, so a write serves a little more of them: on a hot connection it was a quarter of all work. */
  private schedule(): void {
    const go = () => {
      this.scheduled = undefined;
      this.run();
    };
    if (this.options.strict || this.bytes >= RELAXED_BYTES_MAX) {
      clearTimeout(this.scheduled as NodeJS.Timeout | undefined);
      this.scheduled = 'soon';
      setImmediate(go);
    } else this.scheduled ??= setTimeout(go, RELAXED_WAIT_MS);
  }

  /** Written, and synced when strict. */
  onDisk(ticket: number): boolean {
    return ticket <= this.durableTicket;
  }

  durable(ticket: number): boolean {
    return !this.options.strict || ticket <= this.durableTicket;
  }

  whenDurable(ticket: number, done: (error?: Error) => void): void {
    if (this.durable(ticket)) setImmediate(done);
    else if (this.failure) setImmediate(done, this.failure);
    else this.waiters.push({ ticket, done });
  }

  /** Resolves once all that was pushed is written, or rejects with what prevents it. */
  async drain(): Promise<void> {
    while (!this.empty || this.flushing) {
      if (this.failure) throw this.failure;
      this.run();
      await this.flushing;
    }
    if (this.failure) throw this.failure;
  }

  /** Ends the segment, unless it is empty. */
  async rotate(): Promise<void> {
    this.rotateAsked = true;
    while (this.rotateAsked) {
      if (this.failure) throw this.failure;
      this.run();
      await this.flushing;
    }
  }

  /** Writes the rest, ends the segment; the writer takes nothing after it. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    if (this.failure) {
      // The last chance for what waits.
      this.failure = undefined;
      this.run();
      await this.flushing;
      clearTimeout(this.retry);
    }
    try {
      await this.drain();
    } finally {
      if (this.fd >= 0) this.options.fs.closeSync(this.fd);
      this.fd = -1;
    }
  }

  /** The last segment: its number and length, for the one who seals it after close. */
  get current(): { number: number; bytes: number } {
    return { number: this.number, bytes: this.size };
  }

  private open(): void {
    const { fs, directory, log, strict } = this.options;
    const path = join(directory, segmentName(log, this.number));
    let fd: number;
    try {
      fd = fs.openSync(path, 'wx', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      // Left by an attempt of ours that failed half way: taken only when it is empty.
      fd = fs.openSync(path, 'r+');
      if (fs.fstatSync(fd).size > 0) {
        fs.closeSync(fd);
        throw error;
      }
    }
    try {
      if (strict) syncDirectory(fs, directory);
    } catch (error) {
      fs.closeSync(fd);
      throw error;
    }
    this.fd = fd;
    this.size = 0;
  }

  private run(): void {
    if (this.flushing || this.failure) return;
    this.flushing = this.flush().finally(() => {
      this.flushing = undefined;
      // Lines may have come between the last look of the loop and this moment.
      if (!this.empty) this.run();
    });
  }

  private async flush(): Promise<void> {
    const { options } = this;
    while (!this.empty || this.rotateAsked) {
      this.makeLines();
      const batch = this.lines.take();
      const bytes = batch.reduce((sum, block) => sum + block.length, 0);
      const last = this.ticket;
      const asked = this.rotateAsked;
      const ends = bytes + this.size >= options.segment_bytes_max || asked;
      // Taken now: after the batch there may be lines of the next one.
      const open = ends ? options.snapshot() : [];
      try {
        if (bytes > 0) await this.write(batch, bytes);
      } catch (error) {
        this.lines.again(batch);
        this.fail(error);
        return;
      }
      this.lines.done(batch);
      this.size += bytes;
      this.bytes -= bytes;
      this.durableTicket = last;
      this.callBack();
      options.written();
      if (ends && this.size > 0) {
        try {
          await this.next(open);
        } catch (error) {
          this.fail(error);
          return;
        }
      }
      // Asked for during the write: the next turn does it.
      if (asked) this.rotateAsked = false;
    }
  }

  private async write(batch: readonly Buffer[], bytes: number): Promise<void> {
    const { strict } = this.options;
    if (this.fd < 0) this.reopen();
    let position = this.size;
    for (const block of batch) {
      if (strict && bytes <= SYNC_WRITE_BYTES_MAX) writeAllSync(this.options.fs, this.fd, block, position);
      else await this.writeAll(block, position);
      position += block.length;
    }
    if (strict) await this.sync();
  }

  private async writeAll(block: Buffer, position: number): Promise<void> {
    for (let done = 0; done < block.length; ) {
      const n = await this.writeSome(block, done, position + done);
      if (n <= 0) throw Object.assign(new Error('nothing was written'), { code: 'ENOSPC' });
      done += n;
    }
  }

  private writeSome(block: Buffer, from: number, position: number): Promise<number> {
    return new Promise((resolve, reject) =>
      this.options.fs.write(this.fd, block, from, block.length - from, position, (error, n) => (error ? reject(error) : resolve(n))),
    );
  }

  private sync(): Promise<void> {
    return new Promise((resolve, reject) => this.options.fs.fdatasync(this.fd, (error) => (error ? reject(error) : resolve())));
  }

  private async next(open: OpenSession[]): Promise<void> {
    if (!this.options.strict) await this.sync();
    const { number, fd } = this;
    this.number += 1;
    try {
      this.open();
    } catch (error) {
      this.number = number;
      throw error;
    }
    this.options.fs.closeSync(fd);
    this.options.rotated({ number, open });
  }

  private callBack(): void {
    if (this.waiters.length === 0) return;
    const ready = this.waiters.filter(({ ticket }) => ticket <= this.durableTicket);
    this.waiters = this.waiters.filter(({ ticket }) => ticket > this.durableTicket);
    for (const { done } of ready) done();
  }

  /** From here on nothing is taken; what was taken is tried again until it is written. */
  private fail(cause: unknown): void {
    this.failure = isDiskFull(cause)
      ? new MidstreamError('storage_full', 'there is no space left for recordings', { cause })
      : new MidstreamError('unavailable', 'recordings can not be written', { cause });
    const { waiters } = this;
    this.waiters = [];
    for (const { done } of waiters) done(this.failure);
    this.options.changed(this.failure);
    if (!this.closed) this.retry = setTimeout(() => this.again(), this.options.retry_ms).unref();
  }

  private again(): void {
    const before = this.failure;
    try {
      this.reopen();
    } catch {
      this.retry = setTimeout(() => this.again(), this.options.retry_ms).unref();
      return;
    }
    this.failure = undefined;
    // A turn with nothing to write would prove nothing: then a rotation is what failed, and it is tried again by itself.
    this.run();
    void (this.flushing ?? Promise.resolve()).then(() => {
      if (this.failure === undefined && before !== undefined) this.options.changed(undefined);
    });
  }

  /** After an error the descriptor's state is unknown: a new one, and the file cut back to what is known to be good. */
  private reopen(): void {
    const { fs, directory, log } = this.options;
    if (this.fd >= 0) {
      const { fd } = this;
      this.fd = -1;
      try {
        fs.closeSync(fd);
      } catch {
        // It is gone either way.
      }
    }
    this.fd = fs.openSync(join(directory, segmentName(log, this.number)), 'r+');
    fs.ftruncateSync(this.fd, this.size);
  }
}

function reckonedBytes({ json, wire }: PendingLine): number {
  let bytes = LINE_HEAD_BYTES + json.length;
  if (wire !== undefined) {
    let raw = 0;
    for (const chunk of wire.chunks) raw += chunk.length;
    bytes += wire.rest.length + Math.ceil(raw / 3) * 4;
  }
  return bytes;
}
