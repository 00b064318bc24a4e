import { MidstreamError } from '../../errors.js';
import type { ResponseHead } from './head.js';
import { fieldOf, listOf } from './head.js';

const CHUNK_LINE_BYTES_MAX = 1024;
const TRAILER_BYTES_MAX = 16 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/** The body of an answer that upgraded nothing: by its length, in chunks, or to the end of the connection (RFC 9112 section 6). */
export class BodyReader {
  private state: 'length' | 'chunk' | 'chunk_end' | 'size' | 'trailer' | 'close' | 'done';
  private left = 0;
  private line = '';
  private trailer_bytes = 0;

  /** Throws protocol_violation where its length can be read in two ways. */
  constructor({ status, headers }: ResponseHead) {
    const codings = listOf(headers, 'transfer-encoding');
    const lengths = new Set(listOf(headers, 'content-length'));
    if (status === 204 || status === 304) this.state = 'done';
    else if (codings.length > 0) {
      if (codings.length > 1 || codings[0]!.toLowerCase() !== 'chunked' || lengths.size > 0)
        throw wrong('the length of the answer is not clear');
      this.state = 'size';
    } else if (lengths.size > 0) {
      const length = fieldOf(headers, 'content-length').split(',')[0]!.trim();
      if (lengths.size > 1 || !/^\d{1,15}$/.test(length)) throw wrong('the length of the answer is not clear');
      this.left = Number(length);
      this.state = this.left === 0 ? 'done' : 'length';
    } else this.state = 'close';
  }

  get done(): boolean {
    return this.state === 'done';
  }

  /** The bytes of the body in this chunk; what follows the body is dropped. */
  push(chunk: Buffer): Buffer[] {
    const out: Buffer[] = [];
    let at = 0;
    while (at < chunk.length && this.state !== 'done') {
      if (this.state === 'close') {
        out.push(chunk.subarray(at));
        return out;
      }
      if (this.state === 'length' || this.state === 'chunk') {
        const part = chunk.subarray(at, at + this.left);
        out.push(part);
        at += part.length;
        this.left -= part.length;
        if (this.left === 0) this.state = this.state === 'length' ? 'done' : 'chunk_end';
      } else this.byte(chunk[at++]!);
    }
    return out;
  }

  /** The server has closed. Throws where the body is not whole. */
  end(): void {
    if (this.state === 'close') this.state = 'done';
    if (this.state !== 'done') throw wrong('the answer broke off');
  }

  private byte(b: number): void {
    if (b !== LF) {
      if (this.line.endsWith('\r')) throw wrong('a line of the answer ends with a bare CR');
      this.line += String.fromCharCode(b);
      if (this.line.length > CHUNK_LINE_BYTES_MAX)
        throw new MidstreamError('limit_exceeded', `a line of the answer is longer than ${CHUNK_LINE_BYTES_MAX} bytes`);
      return;
    }
    if (this.line.charCodeAt(this.line.length - 1) !== CR) throw wrong('a line of the answer ends without CR');
    const line = this.line.slice(0, -1);
    this.line = '';
    if (this.state === 'chunk_end') {
      if (line !== '') throw wrong('a chunk is longer than it said');
      this.state = 'size';
    } else if (this.state === 'size') {
      const size = /^([0-9a-fA-F]{1,12})[\t ]*(;.*)?$/.exec(line)?.[1];
      if (size === undefined) throw wrong('the size of a chunk is none');
      this.left = Number.parseInt(size, 16);
      this.state = this.left === 0 ? 'trailer' : 'chunk';
    } else if (line === '') this.state = 'done';
    else {
      this.trailer_bytes += line.length;
      if (this.trailer_bytes > TRAILER_BYTES_MAX)
        throw new MidstreamError('limit_exceeded', `the trailers are longer than ${TRAILER_BYTES_MAX} bytes`);
    }
  }
}

const wrong = (what: string): MidstreamError => new MidstreamError('protocol_violation', what);
