/** Lines that are remembered, and the UTF-16 units of a name and a value. */
const LINES_MAX = 500;
const LINE_UNITS_MAX = 160;

/**
 * What was made of headers, for when the same come again. All is forgotten when there are LINES_MAX of them. By name, then by value: a key that joins
 * both would be a string of its own, hashed for each look.
 */
export class LineMemo<T> {
  private readonly names = new Map<string, Map<string, T>>();
  private count = 0;

  constructor(private readonly make: (name: string, value: string) => T) {}

  get(name: string, value: string): T {
    let values = this.names.get(name);
    const known = values?.get(value);
    if (known !== undefined) return known;
    const made = this.make(name, value);
    if (name.length + value.length > LINE_UNITS_MAX) return made;
    if (this.count >= LINES_MAX) {
      this.names.clear();
      this.count = 0;
      values = undefined;
    }
    if (values === undefined) {
      values = new Map();
      this.names.set(name, values);
    }
    values.set(value, made);
    this.count++;
    return made;
  }
}
