import type { WireField } from '../../record/events.js';
import { ByteQueue, type MaskedCount } from './effects.js';

/** One operation that the client asked for, from its message to the end of its answer. */
export class Request {
  rows = 0;
  /** bytes of the answer as they went to the client */
  bytes = 0;
  tags: readonly string[] = noNames;
  columns: readonly string[] = noNames;
  /** COPY FROM STDIN: bytes that the client sent and no event tells yet */
  copied = 0;
  failed = false;
  private readonly kept = new ByteQueue();
  /** the same before masking; undefined where originals are not sealed */
  private readonly originals: ByteQueue | undefined;
  private originalsFull = false;
  private copies: Buffer[] = [];
  private copiesKept = 0;
  private left_out = 0;
  /** masks that fired, by column, rule and kind */
  private fired: Map<string, { column: string; rule: string; kind: string; count: number }> | undefined;

  constructor(
    readonly id: string,
    private readonly wire_bytes_max: number,
    keepOriginals: boolean,
  ) {
    this.originals = keepOriginals ? new ByteQueue() : undefined;
  }

  /** Keeps what goes to the client, up to the limit and in whole messages. */
  capture(buf: Buffer, start: number, end: number): void {
    const length = end - start;
    this.bytes += length;
    if (this.left_out > 0 || this.kept.length + length > this.wire_bytes_max) this.left_out += length;
    else this.kept.pass(buf, start, end);
  }

  /** The same for bytes that stand in a buffer which is used again. */
  captureCopy(buf: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.left_out > 0 || this.kept.length + length > this.wire_bytes_max) {
      this.bytes += length;
      this.left_out += length;
    } else this.capture(Buffer.from(buf.subarray(start, end)), 0, length);
  }

  /** Keeps the messages that stand whole in buf[start, end) as capture() would one by one; `borrowed` bytes are copied. */
  captureAll(buf: Buffer, start: number, end: number, borrowed: boolean): void {
    const kept = this.left_out > 0 ? start : lastThatFits(buf, start, end, this.wire_bytes_max - this.kept.length);
    if (kept > start) {
      if (borrowed) this.kept.add(Buffer.from(buf.subarray(start, kept)));
      else this.kept.pass(buf, start, kept);
    }
    this.bytes += end - start;
    this.left_out += end - kept;
  }

  /** The same for what the server sent. */
  captureOriginals(buf: Buffer, start: number, end: number): void {
    if (this.originals === undefined || this.originalsFull) return;
    const kept = lastThatFits(buf, start, end, this.wire_bytes_max - this.originals.length);
    if (kept > start) this.originals.pass(buf, start, kept);
    this.originalsFull = kept < end;
  }

  /** Keeps what the server sent, up to the same limit. */
  captureOriginal(buf: Buffer, start: number, end: number): void {
    if (this.originals === undefined || this.originalsFull) return;
    if (this.originals.length + end - start > this.wire_bytes_max) this.originalsFull = true;
    else this.originals.pass(buf, start, end);
  }

  takeOriginal(): Buffer | undefined {
    return this.originals === undefined || this.originals.length === 0 ? undefined : Buffer.concat(this.originals.take());
  }

  /** Keeps what the client sent as COPY data, up to the limit. */
  copy(buf: Buffer, start: number, end: number): void {
    this.copied += end - start;
    const room = Math.min(end - start, this.wire_bytes_max - this.copiesKept);
    if (room <= 0) return;
    this.copies.push(Buffer.from(buf.subarray(start, start + room)));
    this.copiesKept += room;
  }

  takeCopied(): { bytes: number; kept: Buffer; left_out: number } {
    const taken = { bytes: this.copied, kept: Buffer.concat(this.copies), left_out: this.copied - this.copiesKept };
    this.copied = 0;
    this.copies = [];
    this.copiesKept = 0;
    return taken;
  }

  /** A statement of the request is done. */
  tagged(tag: string): void {
    if (this.tags.length === 0) this.tags = [tag];
    else if (this.tags.length < TAGS_MAX) this.tags = [...this.tags, tag];
  }

  count(column: string, rule: string, kind: string, count: number): void {
    const key = `${column}\0${rule}\0${kind}`;
    this.fired ??= new Map();
    const known = this.fired.get(key);
    if (known) known.count += count;
    else this.fired.set(key, { column, rule, kind, count });
  }

  /** JSON fields of the response event, beginning with a comma. Names of columns are the client's to choose, so `show` masks them. */
  responseFields(
    show: (name: string) => string,
    more: string,
  ): {
    json: string;
    wire: WireField | undefined;
    masked: readonly MaskedCount[];
  } {
    const columns = this.columns.length === 0 ? '[]' : shownNames(this.columns, show);
    const fired = this.fired === undefined ? nothingMasked : [...this.fired.values()];
    const masked = fired.length === 0 ? '[]' : JSON.stringify(fired.map((one) => ({ ...one, column: show(one.column) })));
    const json = `,"request":"${this.id}","rows":${this.rows},"bytes":${this.bytes},"tag":${tagJson(this.tags)},"columns":${columns},"wire":"`;
    const rest = `","wire_left_out":${this.left_out},"masked":${masked}${more}`;
    if (this.kept.length <= WIRE_INSIDE_MAX) return { json: json + this.kept.takeBase64() + rest, wire: undefined, masked: fired };
    return { json, wire: { chunks: this.kept.take(), rest }, masked: fired };
  }
}

/** The tags of nearly all statements (`SELECT 1`) have nothing that JSON escapes. */
function tagJson(tags: readonly string[]): string {
  const tag = tags.length === 1 ? tags[0]! : tags.join('; ');
  return plainTag.test(tag) ? `"${tag}"` : JSON.stringify(tag);
}

const plainTag = /^[A-Za-z0-9 ;]*$/;

const TAGS_MAX = 100;
/** Bytes of an answer that are written as part of one string: for small ones that is the least work. */
const WIRE_INSIDE_MAX = 1024;

const noNames: readonly string[] = [];
const nothingMasked: readonly { column: string; rule: string; kind: string; count: number }[] = [];

/** Columns of a layout come with every answer that has it. */
const shown = new WeakMap<readonly string[], { show: (name: string) => string; json: string }>();

function shownNames(names: readonly string[], show: (name: string) => string): string {
  const known = shown.get(names);
  if (known?.show === show) return known.json;
  const json = JSON.stringify(names.map(show));
  shown.set(names, { show, json });
  return json;
}

/** Where the last of the whole messages in buf[start, end) ends that fits into `room` bytes together with those before it. */
function lastThatFits(buf: Buffer, start: number, end: number, room: number): number {
  if (end - start <= room) return end;
  let at = start;
  while (at < end) {
    const next = at + 1 + buf.readInt32BE(at + 1);
    if (next - start > room) break;
    at = next;
  }
  return at;
}
