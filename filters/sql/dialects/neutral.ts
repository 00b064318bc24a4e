import { createHash } from 'node:crypto';
import type { Dialect } from './dialect.js';
import type { Token } from './tokens.js';

/**
 * The tokens of one statement as a text that PostgreSQL's grammar reads, and every other that knows "names": no comment, no escape, texts whose
 * insides no lexer takes for more than letters, parameters as $n. `quote` is what stands around names.
 */
export function neutral(tokens: readonly Token[], dialect: Dialect, form: 'postgres' | 'own'): string {
  const parameters = new Map<string, number>();
  const words: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    // Words that stood side by side must not become another word together.
    const spaced = words.length > 0 && (form === 'postgres' || token.spaced) ? ' ' : '';
    if (form === 'postgres') {
      const known = rewritten(tokens, i, dialect);
      if (known !== undefined) {
        words.push(`${spaced}${known.text}`);
        i += known.taken - 1;
        continue;
      }
    }
    words.push(spaced + plain(token, dialect, form, parameters));
  }
  return words.join('');
}

function plain(token: Token, dialect: Dialect, form: 'postgres' | 'own', parameters: Map<string, number>): string {
  switch (token.kind) {
    case 'text':
      return `'${harmless(token.value)}'`;
    case 'name':
      return form === 'postgres' ? quoted(token.value, dialect) : ownName(token.value, dialect);
    case 'parameter': {
      if (form === 'own') return dialect.name === 'bigquery' ? token.value : '?';
      const key = token.value === '?' || token.value === '%s' ? `?${parameters.size}` : token.value;
      const n = parameters.get(key) ?? parameters.size + 1;
      parameters.set(key, n);
      return `$${n}`;
    }
    default:
      return token.value;
  }
}

/** The same text, the same stand-in; patterns and simple words stay what they are. */
const harmless = (text: string): string =>
  /^[A-Za-z0-9 _.,:/@%+*=<>()-]{0,200}$/.test(text) ? text : `t${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;

/** A path between one pair of backticks is a path (BigQuery); names are in small letters, as facts are. */
function quoted(name: string, dialect: Dialect): string {
  const parts = dialect.backticks && dialect.name === 'bigquery' ? name.split('.') : [name];
  return parts.map((part) => `"${part.toLowerCase().replaceAll('"', '""')}"`).join('.');
}

function ownName(name: string, dialect: Dialect): string {
  const quote = dialect.backticks ? '`' : '"';
  return /^[\w .$-]+$/.test(name)
    ? quote + name + quote
    : `${quote}t${createHash('sha256').update(name).digest('hex').slice(0, 8)}${quote}`;
}

const NOW = /^current_(date|time|timestamp|datetime|user)$/i;
const UNITS = /^(microsecond|millisecond|second|minute|hour|day|week|month|quarter|year)s?$/i;

/** What other dialects write in another way than PostgreSQL, where the meaning is the same for every fact. */
function rewritten(tokens: readonly Token[], i: number, dialect: Dialect): { text: string; taken: number } | undefined {
  const [token, next, third] = [tokens[i]!, tokens[i + 1], tokens[i + 2]];
  if (token.kind === 'word') {
    if (/^(safe|try)_cast$/i.test(token.value) && next?.value === '(') return { text: 'CAST', taken: 1 };
    if (NOW.test(token.value) && next?.value === '(' && third?.value === ')') return { text: 'CURRENT_DATE', taken: 3 };
    if (/^interval$/i.test(token.value) && next !== undefined && third?.kind === 'word' && UNITS.test(third.value)) {
      if (next.kind === 'number') return { text: `INTERVAL '${next.value} ${third.value}'`, taken: 3 };
      if (next.kind === 'text' || next.kind === 'parameter') return { text: `INTERVAL '1 ${third.value}'`, taken: 3 };
    }
    // A condition on rows like HAVING, and for facts the same.
    if (/^qualify$/i.test(token.value)) return { text: 'HAVING', taken: 1 };
    if (/^(safe_)?(offset|ordinal)$/i.test(token.value) && tokens[i - 1]?.value === '[' && next?.value === '(')
      return { text: 'abs', taken: 1 };
    if (/^table$/i.test(token.value) && next?.value === '(' && /^(from|join|,|lateral)$/i.test(tokens[i - 1]?.value ?? ''))
      return { text: 'ROWS FROM', taken: 1 };
    return undefined;
  }
  if (token.kind !== 'sign') return undefined;
  // All columns is more than all but some.
  if (
    token.value === '*' &&
    next?.kind === 'word' &&
    /^(except|exclude)$/i.test(next.value) &&
    third?.value === '(' &&
    tokens[i + 3]?.kind !== 'sign'
  ) {
    const list = columnList(tokens, i + 2);
    if (list !== undefined) return { text: '*', taken: list + 2 };
  }
  if (token.value === '==' || token.value === '<=>') return { text: '=', taken: 1 };
  if (token.value === '&&') return { text: 'AND', taken: 1 };
  if (token.value === '||' && dialect.bars_are_or) return { text: 'OR', taken: 1 };
  if (token.value === '[' && !subscript(tokens[i - 1])) return { text: 'ARRAY[', taken: 1 };
  return undefined;
}

/** How many tokens `(a, b)` takes that begins at `from`; undefined for anything else than names in it. */
function columnList(tokens: readonly Token[], from: number): number | undefined {
  for (let i = from + 1; i < tokens.length; i++) {
    const { kind, value } = tokens[i]!;
    if (value === ')' && kind === 'sign') return i + 1 - from;
    const wanted =
      (i - from) % 2 === 1 ? (kind === 'word' && !/^(select|with|values|table)$/i.test(value)) || kind === 'name' : value === ',';
    if (!wanted) return undefined;
  }
  return undefined;
}

/** A bracket behind this takes an element of it; else it makes a list. */
const subscript = (before: Token | undefined): boolean =>
  before !== undefined &&
  (before.kind === 'name' ||
    before.kind === 'parameter' ||
    before.value === ')' ||
    before.value === ']' ||
    (before.kind === 'word' &&
      !/^(select|in|and|or|not|by|when|then|else|on|where|values|distinct|limit|between|like|return|unnest|as)$/i.test(before.value)));
