/** Inclusive ranges of code points. */
export type Ranges = [number, number][];

const digits: Ranges = [[48, 57]];
const word: Ranges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const space: Ranges = [
  [9, 10],
  [12, 13],
  [32, 32],
];
/** \d, \w, \s: of ASCII only, as in RE2 */
export const classes: Record<string, Ranges> = { d: digits, w: word, s: space };
/** Escapes that stand for one control character. */
export const escapes: Record<string, number> = { n: 10, r: 13, t: 9, f: 12, v: 11, a: 7 };

/** [:alpha:] and the like */
export const posix: Record<string, Ranges> = {
  alpha: [
    [65, 90],
    [97, 122],
  ],
  digit: digits,
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  upper: [[65, 90]],
  lower: [[97, 122]],
  space: [
    [9, 13],
    [32, 32],
  ],
  word,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
};

/** Every code point that is in none of the ranges. */
export const inverse = (ranges: Ranges): Ranges => {
  const result: Ranges = [];
  let from = 0;
  for (const [a, b] of [...ranges].sort((x, y) => x[0] - y[0])) {
    if (a > from) result.push([from, a - 1]);
    from = Math.max(from, b + 1);
  }
  result.push([from, 0x10ffff]);
  return result;
};

/** The ranges with the other case of their letters. Only the letters of ASCII are folded: names and keywords are in it. */
export function withCases(ranges: Ranges): Ranges {
  const result: Ranges = [...ranges];
  for (const [a, b] of ranges) {
    const overlap = (from: number, to: number, shift: number) => {
      if (Math.max(a, from) <= Math.min(b, to)) result.push([Math.max(a, from) + shift, Math.min(b, to) + shift]);
    };
    overlap(65, 90, 32);
    overlap(97, 122, -32);
  }
  return result;
}
