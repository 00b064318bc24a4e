import type { BodyMask } from '../../http/masking.js';
import { maskText } from '../../mask/text.js';
import { CHARACTERS, textInBase64 } from './base64.js';

/** A longer run of base64 is passed as it is, bytes. */
const RUN_BYTES_MAX = 16 * 1024;

const PADDING = 0x3d;
const WORDS = /[A-Za-z0-9+/]+={0,2}/g;

/** Looks into words of base64 in a text that streams: what detectors find in one is masked, and the word is base64 again. */
export class Base64Words {
  private run: Buffer[] = [];
  /** bytes held */
  held = 0;
  /** the run is longer than is looked into */
  private long = false;

  constructor(
    private readonly masks: readonly BodyMask[],
    private readonly fired: (rule: string) => void,
    private readonly write: (bytes: Buffer) => void,
  ) {}

  push(chunk: Buffer): void {
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      const start = at;
      while (at < chunk.length && (CHARACTERS[chunk[at]!] === 1 || chunk[at] === PADDING)) at++;
      if (at === chunk.length) {
        this.pass(chunk.subarray(from, start));
        this.hold(Buffer.from(chunk.subarray(start)));
        return;
      }
      if (at > start || this.held > 0 || this.long) {
        this.pass(chunk.subarray(from, start));
        this.hold(chunk.subarray(start, at));
        this.settle();
        from = at;
      }
      while (at < chunk.length && CHARACTERS[chunk[at]!] === 0 && chunk[at] !== PADDING) at++;
    }
    this.pass(chunk.subarray(from));
  }

  end(): void {
    this.settle();
  }

  private pass(bytes: Buffer): void {
    if (bytes.length > 0) this.write(bytes);
  }

  private hold(bytes: Buffer): void {
    if (this.long) return this.pass(bytes);
    this.run.push(bytes);
    this.held += bytes.length;
    if (this.held <= RUN_BYTES_MAX) return;
    this.long = true;
    this.release();
  }

  /** The run is over. */
  private settle(): void {
    this.long = false;
    if (this.held === 0) return;
    const word = this.run.length === 1 ? this.run[0]! : Buffer.concat(this.run);
    // `mail=d3Jp…`: what stands before an equals sign is a word of its own.
    const said = word.toString('latin1');
    const looked = said.replace(WORDS, (one) => this.looked(one));
    this.run = [looked === said ? word : Buffer.from(looked, 'latin1')];
    this.release();
  }

  private looked(word: string): string {
    const inner = textInBase64(word);
    const masked = inner && this.masked(inner);
    return masked === undefined ? word : masked.toString('base64');
  }

  private release(): void {
    for (const part of this.run) this.pass(part);
    this.run = [];
    this.held = 0;
  }

  private masked(text: Buffer): Buffer | undefined {
    let bytes = text;
    for (const { name, detector, masker } of this.masks) {
      if (!detector.mayHold(bytes, 0, bytes.length)) continue;
      const next = maskText(detector, masker, bytes, 0, bytes.length);
      if (next === undefined) continue;
      this.fired(name);
      bytes = next;
    }
    return bytes === text ? undefined : bytes;
  }
}
