import { ByteQueue } from './effects.js';

/** One operation that the client asked for, from its message to the end of its answer. */
export class Request {
  rows = 0;
  /** bytes of the answer as they went to the client */
  bytes = 0;
  tags: string[] = [];
  columns: string[] = [];
  /** COPY FROM STDIN: bytes that the client sent */
  copied = 0;
  failed = false;
  private readonly kept = new ByteQueue();
  private left_out = 0;
  readonly fired = new Map<string, { column: string; rule: string; kind: string; count: number }>();

  constructor(
    readonly id: string,
    private readonly wire_bytes_max: number,
  ) {}

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

  count(column: string, rule: string, kind: string, count: number): void {
    const key = `${column}\0${rule}\0${kind}`;
    const known = this.fired.get(key);
    if (known) known.count += count;
    else this.fired.set(key, { column, rule, kind, count });
  }

  /** JSON fields of the response event, beginning with a comma. */
  responseFields(): string {
    const chunks = this.kept.take();
    const wire = chunks.length === 1 ? chunks[0]!.toString('base64') : Buffer.concat(chunks).toString('base64');
    const columns = this.columns.length === 0 ? '[]' : JSON.stringify(this.columns);
    const masked = this.fired.size === 0 ? '[]' : JSON.stringify([...this.fired.values()]);
    const tag = this.tags.length === 1 ? this.tags[0]! : this.tags.join('; ');
    return `,"request":"${this.id}","rows":${this.rows},"bytes":${this.bytes},"tag":${JSON.stringify(tag)},"columns":${columns},"wire":"${wire}","wire_left_out":${this.left_out},"masked":${masked}`;
  }
}
