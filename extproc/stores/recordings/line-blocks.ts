import type { WireField } from '../../../filters/record/events.js';

/** Bytes of a block. */
const BLOCK_BYTES = 128 * 1024;
/** Blocks that are kept for later; more than these come from a burst, which is over. */
const SPARE_MAX = 2;
/** Above this a line is counted before it is written, below it is reckoned at the most it can be: three bytes for each UTF-16 unit. */
const RECKONED_UNITS_MAX = 4096;

const LINE_FEED = 0x0a;
const CLOSING_BRACE = 0x7d;

/** Writes the beginning of a line, and is told the whole of it. */
export interface LineHead {
  /** most bytes that the next writeHead() writes */
  headRoom(): number;
  /** returns where it ends */
  writeHead(block: Buffer, start: number): number;
  /** the line's bytes, without the line feed */
  written(line: Uint8Array): void;
}

/** Raw bytes that become a string at a time: it is gone before the next collection. Three bytes are four characters, without padding between. */
const BASE64_PIECE_BYTES = 3 * 4096;

/** Most bytes that a string takes in UTF-8. */
function roomOf(text: string): number {
  return text.length <= RECKONED_UNITS_MAX ? text.length * 3 : Buffer.byteLength(text);
}

const three = Buffer.alloc(3);

/** Writes the chunks, as if they were one, in base64; returns where it ends. */
function writeBase64(chunks: readonly Uint8Array[], out: Buffer, start: number): number {
  let at = start;
  // bytes in `three`, which wait for the next chunk
  let held = 0;
  for (const chunk of chunks) {
    let from = 0;
    if (held > 0) {
      while (held < 3 && from < chunk.length) three[held++] = chunk[from++]!;
      if (held < 3) continue;
      at += out.write(three.toString('base64'), at, 'latin1');
      held = 0;
    }
    const whole = chunk.length - ((chunk.length - from) % 3);
    for (; from < whole; from += BASE64_PIECE_BYTES) {
      const piece = Buffer.from(chunk.buffer, chunk.byteOffset + from, Math.min(BASE64_PIECE_BYTES, whole - from));
      at += out.write(piece.toString('base64'), at, 'latin1');
    }
    for (from = whole; from < chunk.length; from++) three[held++] = chunk[from]!;
  }
  return held === 0 ? at : at + out.write(three.toString('base64', 0, held), at, 'latin1');
}

/**
 * Lines in the form in which they are written: what many lines need is a few blocks that are used again.
 */
export class LineBlocks {
  private filled: Buffer[] = [];
  private block: Buffer | undefined;
  private used = 0;
  private spare: Buffer[] = [];

  get empty(): boolean {
    return this.used === 0 && this.filled.length === 0;
  }

  /**
   * Appends a line and its line feed; returns their length in bytes. The line is what `source` writes first, then `json`, then, where there
   * is one, the wire field, and a brace.
   */
  add(source: LineHead, json: string, wire: WireField | undefined): number {
    let raw = 0;
    if (wire !== undefined) for (const chunk of wire.chunks) raw += chunk.length;
    const rest = wire === undefined ? 0 : Math.ceil(raw / 3) * 4 + roomOf(wire.rest);
    const block = this.room(source.headRoom() + roomOf(json) + rest + 2);
    const start = this.used;
    let at = source.writeHead(block, start);
    if (json !== '') at += block.write(json, at);
    if (wire !== undefined) {
      at = writeBase64(wire.chunks, block, at);
      at += block.write(wire.rest, at);
    }
    block[at++] = CLOSING_BRACE;
    source.written(block.subarray(start, at));
    return this.ended(block, at - start);
  }

  /** The block in which so many bytes have room behind `used`. */
  private room(bytes: number): Buffer {
    if (this.block !== undefined && this.used + bytes <= this.block.length) return this.block;
    this.close();
    this.block = bytes > BLOCK_BYTES ? Buffer.allocUnsafeSlow(bytes) : (this.spare.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
    return this.block;
  }

  private ended(block: Buffer, bytes: number): number {
    block[this.used + bytes] = LINE_FEED;
    this.used += bytes + 1;
    return bytes + 1;
  }

  /** Everything so far, oldest first. The caller gives it back: to done() when it is written, to again() when it is not. */
  take(): Buffer[] {
    this.close();
    const taken = this.filled;
    this.filled = [];
    return taken;
  }

  done(taken: readonly Buffer[]): void {
    for (const { buffer } of taken) {
      if (buffer.byteLength === BLOCK_BYTES && this.spare.length < SPARE_MAX) this.spare.push(Buffer.from(buffer));
    }
  }

  /** What was taken stands before what came since. */
  again(taken: Buffer[]): void {
    this.close();
    this.filled = taken.concat(this.filled);
  }

  private close(): void {
    if (this.block !== undefined && this.used > 0) this.filled.push(this.block.subarray(0, this.used));
    else if (this.block !== undefined) this.spare.push(this.block);
    this.block = undefined;
    this.used = 0;
  }
}
