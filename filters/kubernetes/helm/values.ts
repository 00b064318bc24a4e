/** A shorter value is a word like any other where it stands in text, UTF-16 units. */
const IN_TEXT_MIN = 8;
/** A shorter value of a chart's is a word like any other, UTF-16 units. */
const PART_MIN = 4;
/** Values of a chart times what Secrets hold, units: half a second of one core. */
const WORK_MAX = 2_000_000_000;

/** What Secrets of a release hold, to be found wherever else it stands in it. */
export class SecretValues {
  /** one behind the other */
  private readonly all: string;
  /** by their first units, the longest first */
  private readonly groups = new Map<string, string[]>();
  /** whether one begins with two units of that hash */
  private readonly starts = new Uint8Array(0x10000);
  private work = 0;

  constructor(values: readonly Buffer[]) {
    const forms = new Set<string>();
    for (const value of values) {
      const said = value.toString('utf8').trim();
      for (const form of [said, value.toString('base64'), Buffer.from(said).toString('base64')]) if (form !== '') forms.add(form);
    }
    this.all = [...forms].join('\0');
    for (const form of [...forms].sort((a, b) => b.length - a.length)) {
      if (form.length < IN_TEXT_MIN) continue;
      this.starts[hash(form, 0)] = 1;
      const begin = form.slice(0, IN_TEXT_MIN);
      this.groups.set(begin, [...(this.groups.get(begin) ?? []), form]);
    }
  }

  /** A value of the chart's is one of theirs, or a part of one. Throws Error where there is too much to look for. */
  holds(value: string): boolean {
    const said = value.trim();
    if (said.length < PART_MIN) return false;
    this.work += this.all.length;
    if (this.work > WORK_MAX) throw new Error('the release has too many values');
    return this.all.includes(said);
  }

  /** The text with each of them covered. */
  hide(text: string, mark: (value: Buffer) => string): string {
    const parts: string[] = [];
    let from = 0;
    for (let at = 0; at + IN_TEXT_MIN <= text.length; at++) {
      if (this.starts[hash(text, at)] === 0) continue;
      const found = this.groups.get(text.slice(at, at + IN_TEXT_MIN))?.find((one) => text.startsWith(one, at));
      if (found === undefined) continue;
      parts.push(text.slice(from, at), mark(Buffer.from(found)));
      from = at + found.length;
      at = from - 1;
    }
    return from === 0 ? text : parts.join('') + text.slice(from);
  }
}

const hash = (text: string, at: number): number => (text.charCodeAt(at) * 251 + text.charCodeAt(at + 1)) & 0xffff;
