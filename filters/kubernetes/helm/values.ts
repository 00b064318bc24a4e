/** A shorter value is a word like any other where it stands in text, UTF-16 units. */
const IN_TEXT_MIN = 8;
/** A shorter value of a chart's is a word like any other, UTF-16 units. */
const PART_MIN = 4;
/** What is looked for times where it is looked for, units times units: half a second of one core. */
const WORK_MAX = 2_000_000_000;

/** What Secrets of a release hold, to be found wherever else it stands in it. */
export class SecretValues {
  /** one behind the other */
  private readonly all: string;
  /** the longest first */
  private readonly needles: string[];
  private work = 0;

  constructor(values: readonly Buffer[]) {
    const exact = new Set<string>();
    const needles = new Set<string>();
    for (const value of values) {
      const said = value.toString('utf8').trim();
      for (const form of [said, value.toString('base64'), Buffer.from(said).toString('base64')]) {
        if (form === '') continue;
        exact.add(form);
        if (form.length >= IN_TEXT_MIN) needles.add(form);
      }
    }
    this.all = [...exact].join('\0');
    this.needles = [...needles].sort((a, b) => b.length - a.length);
  }

  /** A value of the chart's is one of theirs, or a part of one. Throws Error where there is too much to look for. */
  holds(value: string): boolean {
    const said = value.trim();
    if (said.length < PART_MIN) return false;
    this.spend(this.all.length);
    return this.all.includes(said);
  }

  /** The text with each of them covered. Throws Error where there is too much to look for. */
  hide(text: string, mark: (value: Buffer) => string): string {
    this.spend(this.needles.length * text.length);
    let hidden = text;
    for (const needle of this.needles) if (hidden.includes(needle)) hidden = hidden.replaceAll(needle, () => mark(Buffer.from(needle)));
    return hidden;
  }

  private spend(units: number): void {
    this.work += units;
    if (this.work > WORK_MAX) throw new Error('the release has too much in it');
  }
}
