import { classes, escapes, inverse, posix, type Ranges, withCases } from './pattern-classes.js';

/** The syntax of patterns: RE2's, without captures' meaning (a test asks only whether there is a match) and without Unicode properties. */
export type PatternNode =
  | { type: 'empty' }
  | { type: 'set'; test: (code: number) => boolean }
  | { type: 'assert'; what: 'begin' | 'end' | 'line-begin' | 'line-end' | 'word' | 'not-word' }
  | { type: 'sequence'; items: PatternNode[] }
  | { type: 'choice'; items: PatternNode[] }
  | { type: 'repeat'; item: PatternNode; min: number; max: number };

const PATTERN_LENGTH_MAX = 1000;
const REPEAT_MAX = 1000;
const DEPTH_MAX = 50;

class PatternParser {
  private at = 0;
  private depth = 0;
  private fold = false;
  private dotAll = false;
  private multiline = false;
  private readonly characters: string[];

  constructor(source: string) {
    this.characters = [...source];
  }

  whole(): PatternNode {
    const node = this.choice();
    if (this.at < this.characters.length) throw new RangeError('a ) too many');
    return node;
  }

  private peek(ahead = 0): string | undefined {
    return this.characters[this.at + ahead];
  }

  private take(): string {
    const character = this.characters[this.at++];
    if (character === undefined) throw new RangeError('the pattern ends too early');
    return character;
  }

  private accept(text: string): boolean {
    const wanted = [...text];
    if (!wanted.every((character, i) => this.peek(i) === character)) return false;
    this.at += wanted.length;
    return true;
  }

  private choice(): PatternNode {
    if (++this.depth > DEPTH_MAX) throw new RangeError('groups are nested too deep');
    const flags = [this.fold, this.dotAll, this.multiline] as const;
    const items = [this.sequence()];
    while (this.accept('|')) items.push(this.sequence());
    [this.fold, this.dotAll, this.multiline] = flags;
    this.depth--;
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { type: 'choice', items };
  }

  private sequence(): PatternNode {
    const items: PatternNode[] = [];
    while (this.peek() !== undefined && this.peek() !== '|' && this.peek() !== ')') items.push(this.repeated(this.atom()));
    return items.length === 0 ? { type: 'empty' } : { type: 'sequence', items };
  }

  private repeated(item: PatternNode): PatternNode {
    const bounds = this.bounds();
    if (bounds === undefined) return item;
    this.accept('?'); // lazy or greedy is the same to a test
    if (this.bounds() !== undefined) throw new RangeError('two repetitions in a row');
    return { type: 'repeat', item, ...bounds };
  }

  private bounds(): { min: number; max: number } | undefined {
    if (this.accept('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.accept('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.accept('?')) return { min: 0, max: 1 };
    const found = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.characters.slice(this.at, this.at + 12).join(''));
    if (found === null) return undefined;
    this.at += found[0].length;
    const min = Number(found[1]);
    const max = found[2] === undefined ? min : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]);
    if (max < min) throw new RangeError('a repetition whose end is before its beginning');
    if (min > REPEAT_MAX || (max !== Number.POSITIVE_INFINITY && max > REPEAT_MAX))
      throw new RangeError(`a repetition of more than ${REPEAT_MAX}`);
    return { min, max };
  }

  private atom(): PatternNode {
    const character = this.take();
    switch (character) {
      case '(':
        return this.group();
      case '[':
        return this.set(this.bracket());
      case '.':
        return this.set(this.dotAll ? [[0, 0x10ffff]] : inverse([[10, 10]]));
      case '^':
        return { type: 'assert', what: this.multiline ? 'line-begin' : 'begin' };
      case '$':
        return { type: 'assert', what: this.multiline ? 'line-end' : 'end' };
      case '\\':
        return this.escape();
      case '*':
      case '+':
      case '?':
        throw new RangeError(`${character} has nothing to repeat`);
      default:
        return this.literal(character);
    }
  }

  private group(): PatternNode {
    if (this.accept('?')) {
      const rest = this.characters.slice(this.at, this.at + 64).join('');
      const name = /^P?<[A-Za-z_]\w*>/.exec(rest);
      const flags = /^([ims]*)(-[ims]+)?(:|\))/.exec(rest);
      if (name !== null) this.at += name[0].length;
      else if (flags !== null) return this.flagged(flags);
      else throw new RangeError('look-around and other extensions of groups are not known here');
    }
    return this.closed();
  }

  private closed(): PatternNode {
    const node = this.choice();
    if (!this.accept(')')) throw new RangeError('a ( is not closed');
    return node;
  }

  private flagged(found: RegExpExecArray): PatternNode {
    this.at += found[0].length;
    const before = [this.fold, this.dotAll, this.multiline] as const;
    const set = (letters: string, value: boolean) => {
      if (letters.includes('i')) this.fold = value;
      if (letters.includes('s')) this.dotAll = value;
      if (letters.includes('m')) this.multiline = value;
    };
    set(found[1] ?? '', true);
    set(found[2] ?? '', false);
    if (found[3] === ')') return { type: 'empty' };
    const node = this.closed();
    [this.fold, this.dotAll, this.multiline] = before;
    return node;
  }

  private escape(): PatternNode {
    const character = this.take();
    if (character === 'b') return { type: 'assert', what: 'word' };
    if (character === 'B') return { type: 'assert', what: 'not-word' };
    if (character === 'A') return { type: 'assert', what: 'begin' };
    if (character === 'z') return { type: 'assert', what: 'end' };
    if (/[1-9]/.test(character)) throw new RangeError('references to groups are not known here');
    const ranges = this.escapedClass(character);
    return ranges === undefined ? this.literal(this.escapedCharacter(character)) : this.set(ranges);
  }

  private escapedClass(character: string): Ranges | undefined {
    const ranges = classes[character.toLowerCase()];
    if (ranges === undefined) return undefined;
    return character === character.toLowerCase() ? ranges : inverse(ranges);
  }

  private escapedCharacter(character: string): string {
    const control = escapes[character];
    if (control !== undefined) return String.fromCodePoint(control);
    if (character === 'x') {
      const found = /^([0-9a-fA-F]{2}|\{[0-9a-fA-F]{1,6}\})/.exec(this.characters.slice(this.at, this.at + 8).join(''));
      const code = found === null ? Number.NaN : Number.parseInt(found[0].replace(/[{}]/g, ''), 16);
      if (found === null || code > 0x10ffff) throw new RangeError('\\x needs two hexadecimal digits, or {…}');
      this.at += found[0].length;
      return String.fromCodePoint(code);
    }
    if (/[A-Za-z0-9]/.test(character)) throw new RangeError(`the escape \\${character} is not known here`);
    return character;
  }

  private bracket(): Ranges {
    const negative = this.accept('^');
    const ranges: Ranges = [];
    for (let first = true; first || this.peek() !== ']'; first = false) {
      if (this.peek() === undefined) throw new RangeError('a [ is not closed');
      ranges.push(...this.bracketItem());
    }
    this.take();
    const folded = this.fold ? withCases(ranges) : ranges;
    return negative ? inverse(folded) : folded;
  }

  private bracketItem(): Ranges {
    const named = /^\[:(\^?)([a-z]+):\]/.exec(this.characters.slice(this.at, this.at + 14).join(''));
    if (named !== null) {
      const ranges = posix[named[2] ?? ''];
      if (ranges === undefined) throw new RangeError(`the class [:${named[2]}:] is not known`);
      this.at += named[0].length;
      return named[1] === '^' ? inverse(ranges) : ranges;
    }
    const low = this.bracketCharacter();
    if (typeof low !== 'number') return low;
    if (this.peek() !== '-' || this.peek(1) === ']' || this.peek(1) === undefined) return [[low, low]];
    this.take();
    const high = this.bracketCharacter();
    if (typeof high !== 'number' || high < low) throw new RangeError('a range in [ ] whose end is before its beginning');
    return [[low, high]];
  }

  private bracketCharacter(): number | Ranges {
    const character = this.take();
    if (character !== '\\') return character.codePointAt(0) ?? 0;
    const escaped = this.take();
    return this.escapedClass(escaped) ?? this.escapedCharacter(escaped).codePointAt(0) ?? 0;
  }

  private literal(character: string): PatternNode {
    const code = character.codePointAt(0) ?? 0;
    return this.set(this.fold ? withCases([[code, code]]) : [[code, code]]);
  }

  private set(ranges: Ranges): PatternNode {
    const [only] = ranges;
    if (ranges.length === 1 && only !== undefined) {
      const [a, b] = only;
      return { type: 'set', test: (code) => code >= a && code <= b };
    }
    return { type: 'set', test: (code) => ranges.some(([a, b]) => code >= a && code <= b) };
  }
}

/** Parses a pattern; RangeError says in words what is wrong with it. */
export function parsePattern(source: string): PatternNode {
  if (source.length > PATTERN_LENGTH_MAX) throw new RangeError(`the pattern is longer than ${PATTERN_LENGTH_MAX} characters`);
  return new PatternParser(source).whole();
}
