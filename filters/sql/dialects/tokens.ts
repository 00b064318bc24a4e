import type { Dialect } from './dialect.js';

export type TokenKind = 'word' | 'name' | 'text' | 'number' | 'parameter' | 'sign' | 'semicolon';

/** One token, in a form that every grammar reads alike. */
export interface Token {
  kind: TokenKind;
  /** word: as written; name: between its quotes; text: its value; else as written */
  value: string;
  /** white space or a comment stood before it */
  spaced: boolean;
}

/** Why a text can't be cut into tokens with certainty. Holds nothing of it. */
export class TokenFailure extends Error {}

/** Longest of these first. */
const SIGNS = ['<=>', '->>', '::', '==', '<=', '>=', '<>', '!=', '||', '&&', '->', '=>', ':=', '<<', '>>', '@>', '<@', '!~', '~*'];

/**
 * Cuts a text into tokens by the rules of its own dialect, so that where texts, names and comments end does not depend on a parser made for
 * another one. Throws TokenFailure where servers of the dialect might see something else.
 */
export function tokensOf(text: string, dialect: Dialect): Token[] {
  return new Cutter(text, dialect).run();
}

/** The same as far as it goes: the tokens before what would have been thrown for. */
export function tokensBefore(text: string, dialect: Dialect): Token[] {
  const cutter = new Cutter(text, dialect);
  try {
    return cutter.run();
  } catch (error) {
    if (error instanceof TokenFailure) return cutter.out;
    throw error;
  }
}

class Cutter {
  readonly out: Token[] = [];
  private at = 0;
  private spaced = false;

  constructor(
    private readonly text: string,
    private readonly dialect: Dialect,
  ) {}

  run(): Token[] {
    while (this.at < this.text.length) this.step();
    return this.out;
  }

  private step(): void {
    const { text, dialect, at } = this;
    const c = text[at]!;
    if (/[ \t\r\n\f]/.test(c)) {
      this.at++;
      this.spaced = true;
      return;
    }
    if (c < ' ' || c === '\x7f') throw new TokenFailure('it holds a control character');
    if (this.comment()) return;
    if (c === "'" || (c === '"' && dialect.double_quoted_texts)) return this.quotedText(at, false);
    if (c === '"') return this.quotedName('"', '"');
    if (c === '`') {
      if (!dialect.backticks) throw new TokenFailure('it has a backtick, which is none of its dialect');
      return this.quotedName('`', '`');
    }
    if (c === '[' && dialect.brackets) return this.quotedName('[', ']');
    if (c === '$' && this.dollar()) return;
    if (/[0-9]/.test(c) || (c === '.' && /[0-9]/.test(text[at + 1] ?? ''))) return this.number();
    if (/[A-Za-z_\u0080-\uffff]/.test(c)) return this.word();
    if (this.parameter(c)) return;
    if (c === ';') return this.push('semicolon', ';', 1);
    const sign = SIGNS.find((one) => text.startsWith(one, at)) ?? c;
    if (!/^[-+*/%<>=!|&^~.,()[\]{}:?@]+$/.test(sign)) throw new TokenFailure('it holds a sign that is not known');
    this.push('sign', sign, sign.length);
  }

  private push(kind: TokenKind, value: string, length: number): void {
    this.out.push({ kind, value, spaced: this.spaced });
    this.spaced = false;
    this.at += length;
  }

  private comment(): boolean {
    const { text, dialect, at } = this;
    if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2);
      if (end < 0) throw new TokenFailure('a comment has no end');
      const inside = text.slice(at + 2, end);
      // Some nest comments and some do not; MySQL runs what stands behind the !.
      if (inside.includes('/*')) throw new TokenFailure('a comment stands in a comment');
      if (inside.startsWith('!') || inside.startsWith('M!')) throw new TokenFailure('it has a comment that servers run');
      this.at = end + 2;
      this.spaced = true;
      return true;
    }
    const dashes = text.startsWith('--', at);
    if (!dashes && !dialect.line_comments.some((sign) => text.startsWith(sign, at))) return false;
    if (dashes && dialect.dashes_need_blank && !/^(\s|$)/.test(text.slice(at + 2, at + 3)))
      throw new TokenFailure('two dashes stand without a blank');
    const end = text.indexOf('\n', at);
    const line = end < 0 ? text.slice(at) : text.slice(at, end);
    // A lone carriage return, or a line separator of Unicode, ends the line for some.
    if (/\r(?!$)|[\u0085\u2028\u2029\v\f]/.test(line)) throw new TokenFailure('a comment holds an end of a line that is not everybody’s');
    this.at = end < 0 ? text.length : end + 1;
    this.spaced = true;
    return true;
  }

  /** A text from its quote at `at` on; what it means is undone as far as no two servers differ on it. */
  private quotedText(from: number, raw: boolean): void {
    const { text, dialect } = this;
    const quote = text[from]!;
    const triple = dialect.triple_quotes && text.startsWith(quote.repeat(3), from);
    const close = triple ? quote.repeat(3) : quote;
    let value = '';
    for (let i = from + close.length; ; ) {
      if (i >= text.length) throw new TokenFailure('a text has no end');
      if (text.startsWith(close, i)) {
        // Spark ends a raw text here, whatever stands before; others go on behind a backslash, and at a second quote.
        if (raw && dialect.raw_ends_at_quote && (text[i - 1] === '\\' || text[i + 1] === quote))
          throw new TokenFailure('a raw text has a quote in it, or a backslash before its end');
        const doubled = !triple && !dialect.triple_quotes && text[i + 1] === quote;
        if (!doubled) {
          this.push('text', value, i + close.length - this.at);
          return;
        }
        value += quote;
        i += 2;
      } else if (text[i] === '\\' && dialect.backslashes && !(raw && dialect.raw_ends_at_quote)) {
        // In a raw text it keeps the quote behind it from ending, too.
        value += raw ? text.slice(i, i + 2) : (text[i + 1] ?? '');
        i += 2;
      } else value += text[i++];
    }
  }

  private quotedName(open: string, close: string): void {
    const { text } = this;
    let value = '';
    for (let i = this.at + open.length; ; ) {
      if (i >= text.length) throw new TokenFailure('a name has no end');
      if (text[i] === close) {
        if (text[i + 1] !== close) {
          if (value === '') throw new TokenFailure('a name is empty');
          this.push('name', value, i + 1 - this.at);
          return;
        }
        value += close;
        i += 2;
      } else if (text[i] === '\\' && open === '`') throw new TokenFailure('a name has a backslash');
      else value += text[i++];
    }
  }

  private dollar(): boolean {
    const { text, dialect, at } = this;
    const tag = /^\$([A-Za-z_]\w*)?\$/.exec(text.slice(at, at + 70))?.[0];
    if (tag === undefined) return false;
    if (!dialect.dollars) throw new TokenFailure('it has a dollar sign, which is none of its dialect');
    const end = text.indexOf(tag, at + tag.length);
    if (end < 0) throw new TokenFailure('a text has no end');
    this.push('text', text.slice(at + tag.length, end), end + tag.length - at);
    return true;
  }

  private number(): void {
    const found = /^(0[xX][0-9a-fA-F]+|\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?)/.exec(this.text.slice(this.at))![0];
    const next = this.text[this.at + found.length] ?? '';
    if (/[A-Za-z_$]/.test(next)) {
      // Some take 1from for 1 FROM, and names may begin with a digit for others.
      const suffix = this.dialect.name === 'databricks' ? /^(BD|[LSYDF])(?![\w$])/i.exec(this.text.slice(this.at + found.length)) : null;
      if (suffix === null) throw new TokenFailure('a number goes on in letters');
      this.push('number', found, found.length + suffix[0].length);
      return;
    }
    this.push('number', found, found.length);
  }

  private word(): void {
    const { text, dialect, at } = this;
    const found = /^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/.exec(text.slice(at))![0];
    const next = text[at + found.length];
    if ((next === "'" || (next === '"' && dialect.double_quoted_texts)) && found.length < 3) {
      const prefix = found.toLowerCase();
      if (!dialect.prefixes.includes(prefix)) throw new TokenFailure('a text has a sign before it that is not known');
      return this.quotedText(at + found.length, prefix.includes('r'));
    }
    this.push('word', found, found.length);
  }

  private parameter(c: string): boolean {
    const { text, dialect, at } = this;
    const rest = text.slice(at, at + 200);
    if (c === ':' && dialect.colon_paths && this.follows()) {
      const path = /^:[A-Za-z_][\w$]*(\.[A-Za-z_][\w$]*|\[[^\]'"]*\]|\['[^'\\]*'\])*/.exec(rest);
      if (path === null) return false;
      // What is read out of a column is the column as far as anybody asks here.
      this.at += path[0].length;
      return true;
    }
    const typed = dialect.name === 'clickhouse' ? /^\{[A-Za-z_]\w*:[ ]*([A-Za-z]\w*)(\([\w, ()]*\))?\}/.exec(rest) : null;
    if (typed !== null) {
      if (/^identifier$/i.test(typed[1]!)) throw new TokenFailure('a name is a parameter');
      this.push('parameter', typed[0], typed[0].length);
      return true;
    }
    const named = /^(\?\d*|@@?[A-Za-z_][\w$.]*|:[A-Za-z_]\w*|:\d+|\$\d+|\$[A-Za-z_]\w*|%\([A-Za-z_]\w*\)s|%s)/.exec(rest);
    // a::b is a cast, a[1:n] a slice; an @ may name a stage.
    if (named === null || (c === ':' && text[at + 1] === ':')) return false;
    if (dialect.name === 'snowflake' && c === '@') return false;
    this.push('parameter', named[0], named[0].length);
    return true;
  }

  /** Something that a path can be read out of stands right before. */
  private follows(): boolean {
    const last = this.out[this.out.length - 1];
    return last !== undefined && !this.spaced && (last.kind === 'word' || last.kind === 'name' || last.value === ']' || last.value === ')');
  }
}
