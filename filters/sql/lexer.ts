/**
 * A lexer of PostgreSQL's surface: just enough to tell code from comments, strings and quoted names
 * (standard_conforming_strings on, which the session machine pins). Only used on text that the parser has accepted.
 */

export interface Token {
  /** word, quoted ("…" with U& too), string (any literal), parameter, other (one operator character or number) */
  type: 'word' | 'quoted' | 'string' | 'other';
  start: number;
  end: number;
}

const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const DOLLAR = /\$([A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
const SPACE = /[ \t\n\r\f\v]+/y;
const LINE_COMMENT = /--[^\n\r]*/y;
const NUMBER = /[0-9][0-9A-Za-z_.]*/y;

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Cuts the text into tokens; comments and white space fall away. */
export function tokenize(text: string): Token[] {
  const out: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const skipped = skipBlank(text, at);
    if (skipped > at) {
      at = skipped;
      continue;
    }
    const token = tokenAt(text, at);
    out.push(token);
    at = token.end;
  }
  return out;
}

/** The end of the white space or comment that starts here. */
function skipBlank(text: string, at: number): number {
  const space = matchAt(SPACE, text, at);
  if (space !== undefined) return at + space.length;
  const line = matchAt(LINE_COMMENT, text, at);
  if (line !== undefined) return at + line.length;
  if (!text.startsWith('/*', at)) return at;
  let depth = 0;
  let i = at;
  while (i < text.length) {
    if (text.startsWith('/*', i)) {
      depth += 1;
      i += 2;
    } else if (text.startsWith('*/', i)) {
      depth -= 1;
      i += 2;
      if (depth === 0) return i;
    } else i += 1;
  }
  return text.length;
}

function tokenAt(text: string, at: number): Token {
  const char = text[at]!;
  if (char === "'") return { type: 'string', start: at, end: quoteEnd(text, at, "'", false) };
  if (char === '"') return { type: 'quoted', start: at, end: quoteEnd(text, at, '"', false) };
  if (char === '$') {
    const tag = matchAt(DOLLAR, text, at);
    if (tag !== undefined) {
      const end = text.indexOf(tag, at + tag.length);
      return { type: 'string', start: at, end: end < 0 ? text.length : end + tag.length };
    }
    const digits = /\$[0-9]+/y;
    const parameter = matchAt(digits, text, at);
    return { type: 'other', start: at, end: at + (parameter?.length ?? 1) };
  }
  const prefixed = prefixedLiteral(text, at);
  if (prefixed !== undefined) return prefixed;
  const word = matchAt(WORD, text, at);
  if (word !== undefined) return { type: 'word', start: at, end: at + word.length };
  const number = matchAt(NUMBER, text, at);
  return { type: 'other', start: at, end: at + (number?.length ?? 1) };
}

/** E'…', B'…', X'…', N'…', U&'…' and U&"…". */
function prefixedLiteral(text: string, at: number): Token | undefined {
  const two = text.slice(at, at + 3);
  if (/^[eE]'/.test(two)) return { type: 'string', start: at, end: quoteEnd(text, at + 1, "'", true) };
  if (/^[bBxXnN]'/.test(two)) return { type: 'string', start: at, end: quoteEnd(text, at + 1, "'", false) };
  if (/^[uU]&'/.test(two)) return { type: 'string', start: at, end: quoteEnd(text, at + 2, "'", false) };
  if (/^[uU]&"/.test(two)) return { type: 'quoted', start: at, end: quoteEnd(text, at + 2, '"', false) };
  return undefined;
}

function quoteEnd(text: string, at: number, quote: string, escapes: boolean): number {
  let i = at + 1;
  while (i < text.length) {
    if (escapes && text[i] === '\\') i += 2;
    else if (text[i] !== quote) i += 1;
    else if (text[i + 1] === quote) i += 2;
    else return i + 1;
  }
  return text.length;
}

const OPERATOR = /^[-+*/<>=~!@#%^&|`?]$/;

/** Characters of one operator stay together; names, numbers and operators are set apart; brackets, dots and commas cling. */
export function needsBlank(before: string, part: string, apart: boolean): boolean {
  const operators = [OPERATOR.test(before), OPERATOR.test(part)];
  if (operators[0] && operators[1]) return apart;
  if (operators[0] || operators[1]) return before !== '(' && part !== ')' && !(before === '.' || part === ',' || part === ';');
  if (before === ':' || part === ':' || before === '.' || part === '.') return false;
  return !(before === '(' || before === '[' || part === '(' || part === '[' || /^[),;\]]$/.test(part));
}

/** Splits 'a."B".c' the way PostgreSQL reads names in strings: unquoted parts go to lower case. */
export function splitIdentifier(text: string): string[] {
  const out: string[] = [];
  for (const token of tokenize(text)) {
    const part = text.slice(token.start, token.end);
    if (token.type === 'word') out.push(part.toLowerCase());
    else if (token.type === 'quoted' && part.startsWith('"')) out.push(part.slice(1, -1).replaceAll('""', '"'));
  }
  return out;
}
