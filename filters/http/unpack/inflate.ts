import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateEnd,
  zlibInflateInit2,
  zlibInflateReset,
} from 'pako';
import { corrupt, PIECE_BYTES, trailing, truncated, type Unpacker, type Write } from './coding.js';

/** zlib's windowBits: with the wrapper of gzip (RFC 1952), of zlib (RFC 1950), without any (RFC 1951) */
const GZIP = 15 + 16;
const ZLIB = 15;
const RAW = -15;

/**
 * gzip, and deflate in both of its readings: RFC 9110, 8.4.1.2 means zlib's wrapper, and many servers send none. Check sums are checked.
 * Several members of gzip in a row are one body.
 */
export class Inflater implements Unpacker {
  private readonly stream = new ZStream();
  private readonly room = Buffer.allocUnsafeSlow(PIECE_BYTES);
  private opened = false;
  private done = false;
  /** the first bytes, until they tell zlib from raw */
  private first: Buffer = Buffer.alloc(0);

  constructor(
    private readonly coding: 'gzip' | 'deflate',
    private readonly write: Write,
  ) {
    if (coding === 'gzip') this.open(GZIP);
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.opened) return this.inflate(chunk);
    this.first = Buffer.concat([this.first, chunk]);
    if (this.first.length >= 2) this.decide();
  }

  end(): void {
    if (!this.opened && this.first.length > 0) this.decide();
    if (!this.done && this.stream.total_in > 0) throw truncated(this.coding);
  }

  free(): void {
    zlibInflateEnd(this.stream);
    this.done = true;
  }

  private decide(): void {
    const { first } = this;
    const zlib = first.length >= 2 && (first[0]! & 0x0f) === 8 && first.readUInt16BE(0) % 31 === 0;
    this.open(zlib ? ZLIB : RAW);
    this.inflate(first);
  }

  private open(windowBits: number): void {
    zlibInflateInit2(this.stream, windowBits);
    this.opened = true;
  }

  private inflate(chunk: Uint8Array): void {
    const { stream } = this;
    stream.input = chunk;
    stream.next_in = 0;
    stream.avail_in = chunk.length;
    do {
      if (this.done) {
        if (this.coding !== 'gzip') throw trailing(this.coding);
        // another member
        zlibInflateReset(stream);
        this.done = false;
      }
      stream.output = this.room as Buffer<ArrayBuffer>;
      stream.next_out = 0;
      stream.avail_out = PIECE_BYTES;
      const status = zlibInflate(stream, Z_NO_FLUSH);
      if (stream.next_out > 0) this.write(this.room.subarray(0, stream.next_out));
      if (status === Z_STREAM_END) this.done = true;
      else if (status === Z_BUF_ERROR && stream.avail_in === 0) return;
      else if (status !== Z_OK) throw corrupt(this.coding, stream.msg);
    } while (stream.avail_in > 0 || (stream.avail_out === 0 && !this.done));
  }
}
