import { LINE_BYTES_MAX } from './facts.js';
import { type CommandLine, readLine } from './lines.js';

const BELL = '\u0007';
const RUB_OUT = '\b \b';

export type Typed =
  /** shown to the one who types */
  | { show: string }
  /** goes to the process as it is: interrupt, quit, suspend, end of input */
  | { key: Buffer }
  | { line: CommandLine };

/**
 * Keys of a terminal whose lines are judged: the shell gets a line whole or not at all, so it is edited here (backspace, ^U, ^W), and keys that
 * would edit it in the shell, where nobody could follow, do nothing.
 */
export class LineEditor {
  private text: string[] = [];
  private bytes = 0;
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private escape = '';
  private afterReturn = false;

  /** @param shows false while a secret is asked for: what is typed then is not shown */
  constructor(private readonly shows: () => boolean) {}

  push(input: Buffer): Typed[] {
    const out: Typed[] = [];
    for (const character of this.decoder.decode(input, { stream: true })) this.key(character, out);
    return out;
  }

  private key(character: string, out: Typed[]): void {
    if (this.escape !== '') return this.inEscape(character, out);
    const code = character.codePointAt(0)!;
    const pair = this.afterReturn && character === '\n';
    this.afterReturn = character === '\r';
    if (pair) return;
    if (character === '\r' || character === '\n') out.push({ line: this.take() });
    else if (code === 0x7f || code === 0x08) this.rubOut(1, out);
    else if (code === 0x15) this.rubOut(this.text.length, out);
    else if (code === 0x17) this.rubOut(this.lastWord(), out);
    else if (code === 0x03 || code === 0x1c || code === 0x1a) {
      this.clear();
      out.push({ key: Buffer.from(character) });
    } else if (code === 0x04 && this.text.length === 0) out.push({ key: Buffer.from(character) });
    else if (code === 0x1b) this.escape = character;
    else if (code < 0x20 || this.bytes >= LINE_BYTES_MAX) out.push({ show: BELL });
    else {
      this.text.push(character);
      this.bytes += Buffer.byteLength(character);
      if (this.shows()) out.push({ show: character });
    }
  }

  /** A control sequence is no text; arrows and the like do nothing. Marks of pasted text are left out. */
  private inEscape(character: string, out: Typed[]): void {
    this.escape += character;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what is looked for
    const whole = /^\u001b(?:\[[0-9;?]*[@-Z\\^-~]|O.|[^[O])$/.test(this.escape);
    if (!whole && this.escape.length < 32) return;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what is looked for
    if (!/^\u001b\[20[01]~$/.test(this.escape)) out.push({ show: BELL });
    this.escape = '';
  }

  private lastWord(): number {
    let at = this.text.length;
    while (at > 0 && this.text[at - 1] === ' ') at--;
    while (at > 0 && this.text[at - 1] !== ' ') at--;
    return this.text.length - at;
  }

  private rubOut(count: number, out: Typed[]): void {
    const gone = this.text.splice(Math.max(0, this.text.length - count));
    this.bytes -= Buffer.byteLength(gone.join(''));
    if (gone.length > 0 && this.shows()) out.push({ show: RUB_OUT.repeat(gone.length) });
  }

  private clear(): void {
    this.text = [];
    this.bytes = 0;
  }

  private take(): CommandLine {
    const bytes = Buffer.from(`${this.text.join('')}\r`);
    this.clear();
    return readLine(bytes);
  }
}
