import { R_CELLS } from '../../mask/anchors/layout.js';
import type { RowShape } from '../../mask/anchors/rows.js';
import { backend } from '../wire/types.js';
import { violation } from '../wire/violation.js';
import { ByteSink } from './byte-sink.js';
import { KEEP, NULLED } from './cell.js';
import type { CopyColumns, CopyFormat } from './copy-out.js';

/** "COPY", Binary Format: the signature, flags, and the length of the header's extension. */
const SIGNATURE = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const FIXED_BYTES = SIGNATURE.length + 8;

/** COPY in binary: header, tuples of counted fields, trailer. */
export class CopyBinary implements CopyFormat {
  changed = false;
  count = 0;
  private state: 'header' | 'tuples' | 'done' = 'header';
  private readonly masked = new ByteSink(1024);

  readonly shape: RowShape = { kind: R_CELLS, type: backend.CopyData, delimiter: 0, null_text: Buffer.alloc(0) };

  constructor(private readonly columns: CopyColumns) {}

  get between(): boolean {
    return this.state === 'tuples';
  }

  hides(): boolean {
    return false;
  }

  /** Every tuple is walked: its lengths must be checked anyhow, and the walk is as cheap as a look. */
  clean(): boolean {
    return false;
  }

  rows(buf: Buffer, start: number, _resume: number, end: number, out: ByteSink): number {
    let at = start;
    if (this.state === 'header') {
      at = this.header(buf, at, end, out);
      if (this.state === 'header') return start;
    }
    while (this.state === 'tuples') {
      const stop = this.tupleEnd(buf, at, end);
      if (stop < 0) return at;
      this.tuple(buf, at, stop, out);
      at = stop;
    }
    if (this.state === 'done' && at < end) throw violation('CopyData', 'bytes behind the trailer', 0, end - at);
    return at;
  }

  tail(_buf: Buffer, start: number, end: number): void {
    throw violation('CopyData', 'end of COPY', 'a whole tuple', `${end - start} bytes of one`);
  }

  private header(buf: Buffer, start: number, end: number, out: ByteSink): number {
    const have = Math.min(SIGNATURE.length, end - start);
    if (SIGNATURE.compare(buf, start, start + have, 0, have) !== 0) throw violation('CopyData', 'signature', 'PGCOPY', 'something else');
    if (end - start < FIXED_BYTES) return start;
    const extension = buf.readInt32BE(start + SIGNATURE.length + 4);
    if (extension < 0) throw violation('CopyData', 'header extension', 'at least 0', extension);
    const stop = start + FIXED_BYTES + extension;
    if (stop > end) return start;
    out.copy(buf, start, stop);
    this.state = 'tuples';
    return stop;
  }

  /** Where the tuple that begins at `start` ends; -1 when it is not whole. */
  private tupleEnd(buf: Buffer, start: number, end: number): number {
    if (start + 2 > end) return -1;
    const count = buf.readInt16BE(start);
    if (count === -1) return start + 2;
    if (count !== this.columns.length) throw violation('CopyData', 'fields in a tuple', this.columns.length, count);
    let at = start + 2;
    for (let i = 0; i < count; i++) {
      if (at + 4 > end) return -1;
      const length = buf.readInt32BE(at);
      if (length < -1) throw violation('CopyData', 'field length', 'at least -1', length);
      at += 4 + Math.max(0, length);
      if (at > end) return -1;
    }
    return at;
  }

  private tuple(buf: Buffer, start: number, stop: number, out: ByteSink): void {
    if (buf.readInt16BE(start) === -1) {
      this.state = 'done';
      out.copy(buf, start, stop);
      return;
    }
    this.count++;
    const { columns, masked } = this;
    let copied = start;
    let at = start + 2;
    for (let i = 0; i < columns.length; i++) {
      const length = buf.readInt32BE(at);
      const from = at + 4;
      at = from + Math.max(0, length);
      if (length < 0) continue;
      masked.reset();
      const outcome = columns.mask(i, buf, from, at, masked);
      if (outcome === KEEP) continue;
      this.changed = true;
      out.copy(buf, copied, from - 4);
      out.int32(outcome === NULLED ? -1 : masked.length);
      if (outcome !== NULLED) out.copy(masked.buf, 0, masked.length);
      copied = at;
    }
    out.copy(buf, copied, stop);
  }
}
