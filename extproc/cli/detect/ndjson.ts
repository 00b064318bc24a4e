import type { Hit } from '../../../filters/mask/types.js';
import type { Wanted } from '../detect.js';
import { openInput } from './input.js';
import { Output } from './output.js';

/** A longer line is answered with an error and passed over without being kept, bytes. */
const LINE_BYTES_MAX = 256 * 1024 * 1024;
const NEWLINE = 0x0a;

/**
 * Reads lines {"text": …} and answers each with a line {"hits": […]}, in order; a bad line is answered with
 * {"error": …, "line": …} and the rest go on. Resolves to false when a line was bad.
 */
export async function detectLines(paths: readonly string[], wanted: Wanted): Promise<boolean> {
  const answers = new LineAnswers(wanted);
  const output = new Output();
  for (const path of paths) {
    const input = await openInput(path);
    let kept: Buffer[] = [];
    let bytes = 0;
    const take = (piece: Buffer): void => {
      bytes += piece.length;
      if (bytes <= LINE_BYTES_MAX) kept.push(piece);
    };
    const answer = (): string => {
      const line = kept.length === 1 ? kept[0]! : Buffer.concat(bytes <= LINE_BYTES_MAX ? kept : []);
      const said = bytes > LINE_BYTES_MAX ? answers.bad(`the line is longer than ${LINE_BYTES_MAX} bytes`) : answers.to(line);
      kept = [];
      bytes = 0;
      return said;
    };
    for await (const chunk of input.chunks()) {
      let at = 0;
      for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, at)) {
        take(chunk.subarray(at, end));
        at = end + 1;
        if (output.add(answer())) await output.drain();
      }
      if (at < chunk.length) take(Buffer.from(chunk.subarray(at)));
      // whoever asks line by line gets the answer before the next question
      await output.drain();
    }
    if (bytes > 0) output.add(answer());
  }
  await output.drain();
  return answers.good;
}

class LineAnswers {
  good = true;
  private line = 0;
  private scratch = Buffer.allocUnsafeSlow(64 * 1024);

  constructor(private readonly wanted: Wanted) {}

  to(bytes: Buffer): string {
    let text: unknown;
    let name: unknown;
    try {
      // U+FEFF at the beginning of a file is no part of its first line
      const from = this.line === 0 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
      const given = JSON.parse(bytes.toString('utf8', from)) as { text?: unknown; name?: unknown } | null;
      text = given?.text;
      name = given?.name;
    } catch (error) {
      return this.bad(error instanceof SyntaxError ? 'the line is no JSON' : 'the line is too long');
    }
    if (typeof text !== 'string') return this.bad('the line has no "text" that is a string');
    if (name !== undefined && typeof name !== 'string') return this.bad('"name" is no string');
    this.line++;
    return this.hitsOf(text, name);
  }

  bad(why: string): string {
    this.good = false;
    this.line++;
    return `${JSON.stringify({ error: why, line: this.line })}\n`;
  }

  private hitsOf(text: string, name: string | undefined): string {
    const { detector, score_min } = this.wanted;
    // three bytes for a unit at most; a lone surrogate becomes U+FFFD, which is three bytes and one unit
    if (this.scratch.length < 3 * text.length) this.scratch = Buffer.allocUnsafeSlow(Math.max(3 * text.length, 2 * this.scratch.length));
    const length = this.scratch.write(text, 'utf8');
    const found = detector.find(this.scratch, 0, length, name === undefined ? undefined : { name });
    if (found.length === 0) return '{"hits":[]}\n';
    const hits = length === text.length ? found : inUnits(this.scratch, found);
    let said = '';
    for (const { kind, start, end, score } of hits) {
      if (score >= score_min) said += `${said === '' ? '' : ','}{"kind":"${kind}","start":${start},"end":${end},"score":${score}}`;
    }
    return `{"hits":[${said}]}\n`;
  }
}

/** Offsets in bytes of UTF-8 become offsets in UTF-16 units: a lead byte begins one unit, that of four bytes two. */
export function inUnits(buf: Buffer, hits: readonly Hit[]): Hit[] {
  let at = 0;
  let units = 0;
  const unitsAt = (end: number): number => {
    for (; at < end; at++) {
      const b = buf[at]!;
      if (b < 0x80 || b >= 0xc0) units += b >= 0xf0 ? 2 : 1;
    }
    return units;
  };
  return hits.map((hit) => ({ ...hit, start: unitsAt(hit.start), end: unitsAt(hit.end) }));
}
