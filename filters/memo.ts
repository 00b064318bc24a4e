/** What was made of a text, kept for when the same text comes again. All is forgotten when there are `max` of them: what is in use comes back at once. */
export class Memo<T> {
  private readonly made = new Map<string, T>();

  /** Of a text longer than `units_max` (UTF-16 units) nothing is kept. */
  constructor(
    private readonly max: number,
    private readonly units_max = Number.POSITIVE_INFINITY,
  ) {}

  get(text: string, make: (text: string) => T): T {
    const known = this.made.get(text);
    if (known !== undefined) return known;
    const made = make(text);
    if (text.length > this.units_max) return made;
    if (this.made.size >= this.max) this.made.clear();
    this.made.set(text, made);
    return made;
  }
}
