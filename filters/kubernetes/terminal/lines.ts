import { validUtf8 } from '../../http/websocket/utf8.js';
import { LINE_BYTES_MAX } from './facts.js';

/** A line as it goes to the process, and as it is judged. */
export interface CommandLine {
  bytes: Buffer;
  line: string;
  unparsed: string;
}

/** Input that is piped, cut into lines. Lines that a backslash joins (POSIX sh, 2.2.1) are one. */
export class PipedLines {
  private open: Buffer = Buffer.alloc(0);
  private scanned = 0;

  get held(): number {
    return this.open.length;
  }

  push(bytes: Buffer): CommandLine[] {
    this.open = this.open.length === 0 ? Buffer.from(bytes) : Buffer.concat([this.open, bytes]);
    const lines: CommandLine[] = [];
    for (;;) {
      const end = this.open.indexOf(0x0a, this.scanned);
      if (end < 0) {
        this.scanned = this.open.length;
        if (this.open.length > LINE_BYTES_MAX) lines.push(this.take(this.open.length));
        return lines;
      }
      this.scanned = end + 1;
      if (!joined(this.open, end) || end >= LINE_BYTES_MAX) lines.push(this.take(end + 1));
    }
  }

  /** What is left without a line end. */
  end(): CommandLine | undefined {
    return this.open.length === 0 ? undefined : this.take(this.open.length);
  }

  private take(end: number): CommandLine {
    const bytes = this.open.subarray(0, end);
    this.open = this.open.subarray(end);
    this.scanned = 0;
    return readLine(bytes);
  }
}

/** An odd number of backslashes stands before the line end. */
function joined(buf: Buffer, end: number): boolean {
  let at = end;
  while (at > 0 && buf[at - 1] === 0x5c) at--;
  return (end - at) % 2 === 1;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/;

export function readLine(bytes: Buffer): CommandLine {
  if (bytes.length > LINE_BYTES_MAX) return { bytes, line: '', unparsed: `the line is longer than ${LINE_BYTES_MAX} bytes` };
  if (!validUtf8(bytes)) return { bytes, line: '', unparsed: 'the line is not UTF-8' };
  const line = bytes
    .toString('utf8')
    .replace(/(?<!\\)((?:\\\\)*)\\\n/g, '$1')
    .replace(/\r?\n$/, '')
    .replace(/\r$/, '');
  // Shells drop some of them, so that what runs is another line than what was read.
  return { bytes, line, unparsed: CONTROL.test(line) ? 'the line has control characters' : '' };
}
