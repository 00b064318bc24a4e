/**
 * Statements that differ in constants alone mean the same to the analysis, unless it looks at those constants. Here both are found out:
 * which characters of a text are constants that may be taken out, and which of these an analysis has looked at.
 */
import type { Body } from './node.js';

/** A text without its constants: whole numbers of up to nine digits, and strings of plain ASCII. */
export interface Literals {
  /** the text with a mark in the place of each constant */
  shape: string;
  /** where each begins, in characters, which are bytes */
  at: number[];
  /** each as it is written */
  values: string[];
}

const NUMBER_MARK = '\u0001';
const STRING_MARK = '\u0002';
/** Above this a number may be a Float to the parser. */
const DIGITS_MAX = 9;
/** Constants of one text; beyond, it is worth no place in a cache. */
const LITERALS_MAX = 200;

enum Kind {
  Other = 0,
  Blank = 1,
  Digit = 2,
  Word = 3,
  /** nothing is taken out of a text with one of these: comments, escapes, parameters, all beyond ASCII … */
  Foreign = 4,
}

const kinds = new Uint8Array(128).fill(Kind.Foreign);
for (let c = 33; c < 127; c += 1) kinds[c] = Kind.Other;
for (const blank of ' \t\n\r') kinds[blank.charCodeAt(0)] = Kind.Blank;
for (const digit of '0123456789') kinds[digit.charCodeAt(0)] = Kind.Digit;
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_') kinds[letter.charCodeAt(0)] = Kind.Word;
for (const foreign of '\\$') kinds[foreign.charCodeAt(0)] = Kind.Foreign;

const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const AMPERSAND = 38;
const DASH = 45;
const SLASH = 47;
const STAR = 42;
const DOT = 46;

/** Characters that a constant may stand behind, and before. */
const BEFORE = marks(' \t\n\r=<>(,');
const AFTER = marks(' \t\n\r),;:');

function marks(all: string): Uint8Array {
  const table = new Uint8Array(128);
  for (const one of all) table[one.charCodeAt(0)] = 1;
  return table;
}

/** undefined for texts whose constants can't be told for certain without the parser. */
export function literalsOf(text: string): Literals | undefined {
  const at: number[] = [];
  const values: string[] = [];
  let shape = '';
  let copied = 0;
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    const kind = c < 128 ? kinds[c]! : Kind.Foreign;
    const start = i;
    if (kind === Kind.Foreign) return undefined;
    if (kind === Kind.Word) {
      i = wordEnd(text, i);
      continue;
    }
    if (kind === Kind.Digit) {
      i = numberEnd(text, i);
      if (i - start > DIGITS_MAX || !standsAlone(text, start, i)) continue;
    } else if (c === QUOTE) {
      i = stringEnd(text, i);
      if (i < 0 || isPrefixed(text, start) || continues(text, i)) return undefined;
      if (!standsAlone(text, start, i)) continue;
    } else {
      if (c === DOUBLE_QUOTE) {
        if (isPrefixed(text, start)) return undefined;
        i = quotedEnd(text, i);
        if (i < 0) return undefined;
        continue;
      }
      const next = text.charCodeAt(i + 1);
      if ((c === DASH && next === DASH) || (c === SLASH && next === STAR)) return undefined;
      i += 1;
      continue;
    }
    if (at.length === LITERALS_MAX) return undefined;
    at.push(start);
    values.push(text.slice(start, i));
    shape += text.slice(copied, start) + (c === QUOTE ? STRING_MARK : NUMBER_MARK);
    copied = i;
  }
  return at.length === 0 ? undefined : { shape: shape + text.slice(copied), at, values };
}

const kindAt = (text: string, i: number): Kind => {
  const c = text.charCodeAt(i);
  // Beyond the end there is NaN, which is below nothing.
  return c < 128 ? (kinds[c] as Kind) : Kind.Foreign;
};

function wordEnd(text: string, from: number): number {
  let i = from + 1;
  while (i < text.length && (kindAt(text, i) === Kind.Word || kindAt(text, i) === Kind.Digit)) i += 1;
  return i;
}

/** The end of all that may belong to a number: `1e5`, `0x1F`, `1_000`, `1.5`. */
function numberEnd(text: string, from: number): number {
  let i = from + 1;
  while (i < text.length && (text.charCodeAt(i) === DOT || kindAt(text, i) === Kind.Word || kindAt(text, i) === Kind.Digit)) i += 1;
  return i;
}

/** The end of '…' without doubled quotes, escapes and line ends in it; -1 for any other. */
function stringEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return text.charCodeAt(i + 1) === QUOTE ? -1 : i + 1;
    if (c < 32 || c > 126 || c === 92) return -1;
  }
  return -1;
}

function quotedEnd(text: string, from: number): number {
  for (let i = from + 1; i < text.length; i += 1) {
    const c = text.charCodeAt(i);
    if (c === DOUBLE_QUOTE) {
      if (text.charCodeAt(i + 1) !== DOUBLE_QUOTE) return i + 1;
      i += 1;
    } else if (c < 32 || c > 126) return -1;
  }
  return -1;
}

/** E'…', U&'…', N'…' and the like. */
function isPrefixed(text: string, at: number): boolean {
  if (at === 0) return false;
  const before = text.charCodeAt(at - 1);
  return before === AMPERSAND || kindAt(text, at - 1) === Kind.Word || kindAt(text, at - 1) === Kind.Digit;
}

/** 'one' 'and more' on the next line is one constant. */
function continues(text: string, at: number): boolean {
  let i = at;
  while (i < text.length && kindAt(text, i) === Kind.Blank) i += 1;
  return text.charCodeAt(i) === QUOTE;
}

function standsAlone(text: string, start: number, end: number): boolean {
  if (start > 0 && BEFORE[text.charCodeAt(start - 1)] !== 1) return false;
  if (end < text.length && AFTER[text.charCodeAt(end)] !== 1) return false;
  for (let i = start; i < end && text.charCodeAt(start) !== QUOTE; i += 1) if (kindAt(text, i) !== Kind.Digit) return false;
  return true;
}

/** Notes which constants of a parse tree an analysis reads. */
export class Watched {
  /** by number of the constant */
  readonly read = new Set<number>();

  /** Puts a trap on each constant; false when some of them is no A_Const of its own in the tree, and so could be read unseen. */
  watch(tree: unknown, at: readonly number[]): boolean {
    const left = new Map(at.map((place, i) => [place, i]));
    const found = new Set<number>();
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      if (Array.isArray(value)) {
        for (const item of value) visit(item);
        return;
      }
      const constant = (value as Body)['A_Const'] as Body | undefined;
      if (constant === undefined) {
        for (const key in value) visit((value as Body)[key]);
        return;
      }
      // The first byte has the location 0, which is left out.
      const number = left.get((constant['location'] as number | undefined) ?? 0);
      if (number === undefined) return;
      found.add(number);
      this.trap(constant, number);
    };
    visit(tree);
    return found.size === at.length;
  }

  private trap(constant: Body, number: number): void {
    const name = constant['ival'] === undefined ? 'sval' : 'ival';
    const inner = constant[name];
    if (typeof inner !== 'object' || inner === null) {
      this.read.add(number);
      return;
    }
    const seen = () => {
      this.read.add(number);
    };
    // `{ ival: { ival: 5 } }`; zero and the empty string have an empty body, so asking what there is counts as reading too.
    constant[name] = new Proxy(inner as Body, {
      get: (body, key) => {
        seen();
        return Reflect.get(body, key);
      },
      has: (body, key) => {
        seen();
        return Reflect.has(body, key);
      },
      ownKeys: (body) => {
        seen();
        return Reflect.ownKeys(body);
      },
    });
  }
}
