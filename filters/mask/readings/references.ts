/** Named references of signs that values are made of, or that stand between them (HTML Living Standard, 13.5); all others stay as they are. */
const NAMED = new Map<string, number>(
  Object.entries({
    amp: '&',
    AMP: '&',
    lt: '<',
    LT: '<',
    gt: '>',
    GT: '>',
    quot: '"',
    QUOT: '"',
    apos: "'",
    nbsp: ' ',
    NonBreakingSpace: ' ',
    ensp: ' ',
    emsp: ' ',
    numsp: ' ',
    puncsp: ' ',
    thinsp: ' ',
    hairsp: ' ',
    Tab: '\t',
    NewLine: '\n',
    commat: '@',
    period: '.',
    comma: ',',
    colon: ':',
    semi: ';',
    sol: '/',
    bsol: '\\',
    lowbar: '_',
    UnderBar: '_',
    hyphen: '-',
    dash: '-',
    ndash: '-',
    mdash: '-',
    minus: '-',
    plus: '+',
    equals: '=',
    num: '#',
    excl: '!',
    quest: '?',
    dollar: '$',
    percnt: '%',
    ast: '*',
    lpar: '(',
    rpar: ')',
    lsqb: '[',
    lbrack: '[',
    rsqb: ']',
    rbrack: ']',
    lcub: '{',
    lbrace: '{',
    rcub: '}',
    rbrace: '}',
    shy: '\u00ad',
    zwj: '\u200d',
    zwnj: '\u200c',
    ZeroWidthSpace: '\u200b',
    NoBreak: '\u2060',
  }).map(([name, sign]) => [name, sign.charCodeAt(0)]),
);
/** Names that readers take without a semicolon behind them. */
const LEGACY = /^(?:amp|lt|gt|quot|nbsp|shy)/i;
const NAME_MAX = Math.max(...[...NAMED.keys()].map((name) => name.length));

/** A character reference that begins at buf[at], an ampersand: its character, and where it ends. */
export const reference = { code: 0, end: 0 };

/**
 * Reads the reference at buf[at] as HTML does: numbers of any length, with or without a semicolon. False where there is none. What is no
 * character (0, surrogates, too large) is none either.
 */
export function readReference(buf: Uint8Array, at: number, end: number): boolean {
  if (buf[at + 1] === 0x23 && at + 2 < end) return numeric(buf, at + 2, end);
  let k = at + 1;
  while (k < end && k - at <= NAME_MAX && isLetter(buf[k]!)) k++;
  const name = String.fromCharCode(...buf.subarray(at + 1, k));
  let code = k < end && buf[k] === 0x3b ? NAMED.get(name) : undefined;
  if (code !== undefined) k++;
  else {
    const legacy = LEGACY.exec(name)?.[0];
    if (legacy === undefined) return false;
    code = NAMED.get(legacy) ?? NAMED.get(legacy.toLowerCase())!;
    k = at + 1 + legacy.length;
  }
  reference.code = code;
  reference.end = k;
  return true;
}

function numeric(buf: Uint8Array, from: number, end: number): boolean {
  const hex = (buf[from]! | 0x20) === 0x78;
  let k = hex ? from + 1 : from;
  const first = k;
  let code = 0;
  for (; k < end; k++) {
    const digit = hexDigit(buf[k]!);
    if (digit < 0 || (!hex && digit > 9)) break;
    code = Math.min(code * (hex ? 16 : 10) + digit, 0x110000);
  }
  if (k === first || code === 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return false;
  reference.code = code;
  reference.end = k < end && buf[k] === 0x3b ? k + 1 : k;
  return true;
}

const isLetter = (b: number): boolean => (b | 0x20) >= 0x61 && (b | 0x20) <= 0x7a;

/** -1 for what is no hexadecimal digit */
export function hexDigit(b: number): number {
  if (b >= 0x30 && b <= 0x39) return b - 0x30;
  const letter = b | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}
