/** Constant strings: what an expression yields, where that can be known without a server. */
import { type Body, listOf, qualified, scalarText, stringsOf, unwrap } from './node.js';

/** Longest text that folding builds; repeat() and the like stop there. */
const FOLDED_CHARS_MAX = 1_000_000;

/** The constant text of an expression; undefined when it is not constant, or NULL, or not understood. */
export function foldString(value: unknown): string | undefined {
  const text = fold(value);
  return text === undefined || text.length > FOLDED_CHARS_MAX ? undefined : text;
}

function fold(value: unknown): string | undefined {
  const node = unwrap(value);
  if (node === undefined) return undefined;
  const [type, body] = node;
  switch (type) {
    case 'A_Const':
      return scalarText(value);
    case 'TypeCast':
      return foldCast(body);
    case 'CollateClause':
    case 'NamedArgExpr':
      return fold(body.arg);
    case 'A_Expr': {
      if (body.kind !== 'AEXPR_OP' || stringsOf(body.name).pop() !== '||') return undefined;
      const left = fold(body.lexpr);
      const right = left === undefined ? undefined : fold(body.rexpr);
      return left === undefined || right === undefined ? undefined : bounded(left + right);
    }
    case 'CoalesceExpr':
      return fold(listOf(body.args)[0]);
    case 'FuncCall':
      return foldCall(body);
    default:
      return undefined;
  }
}

function bounded(text: string): string | undefined {
  return text.length > FOLDED_CHARS_MAX ? undefined : text;
}

/** Casts that leave a text as it is. */
function foldCast(body: Body): string | undefined {
  const type = stringsOf((body.typeName as Body | undefined)?.names).pop() ?? '';
  const plain = ['text', 'varchar', 'regclass', 'name', 'unknown', 'bool', 'int4', 'int8', 'oid', 'regproc', 'json', 'jsonb'];
  if (!plain.includes(type) || listOf((body.typeName as Body | undefined)?.typmods).length > 0) return undefined;
  return fold(body.arg);
}

type Folder = (args: string[]) => string | undefined;

const FOLDERS: Readonly<Record<string, Folder>> = {
  concat: (args) => args.join(''),
  concat_ws: (args) => args.slice(1).join(args[0] ?? ''),
  format: (args) => foldFormat(args),
  quote_ident: (args) => (args.length === 1 ? quoteIdent(args[0]!) : undefined),
  quote_literal: (args) => (args.length === 1 ? quoteLiteral(args[0]!) : undefined),
  quote_nullable: (args) => (args.length === 1 ? quoteLiteral(args[0]!) : undefined),
  lower: (args) => args[0]?.toLowerCase(),
  upper: (args) => args[0]?.toUpperCase(),
  btrim: (args) => (args.length === 1 ? args[0]!.replace(/^ +| +$/g, '') : undefined),
  ltrim: (args) => (args.length === 1 ? args[0]!.replace(/^ +/, '') : undefined),
  rtrim: (args) => (args.length === 1 ? args[0]!.replace(/ +$/, '') : undefined),
  reverse: (args) => (args.length === 1 ? [...args[0]!].reverse().join('') : undefined),
  replace: (args) => (args.length === 3 && args[1] !== '' ? args[0]!.replaceAll(args[1]!, () => args[2]!) : undefined),
  translate: (args) => (args.length === 3 ? translate(args[0]!, args[1]!, args[2]!) : undefined),
  chr: (args) => codePoint(Number(args[0])),
  repeat: (args) => repeat(args[0] ?? '', Number(args[1])),
  left: (args) => slice(args[0] ?? '', 0, Number(args[1])),
  substr: (args) => substring(args),
  substring: (args) => substring(args),
  convert_from: (args) => (/^utf-?8$/i.test(args[1] ?? '') ? bytesText(args[0] ?? '') : undefined),
  decode: (args) => decodeBytes(args[0] ?? '', (args[1] ?? '').toLowerCase()),
};

function foldCall(body: Body): string | undefined {
  const { schema, name } = qualified(stringsOf(body.funcname));
  if (schema !== '' && schema !== 'pg_catalog') return undefined;
  const folder = Object.hasOwn(FOLDERS, name) ? FOLDERS[name] : undefined;
  if (folder === undefined || body.over !== undefined || body.agg_filter !== undefined) return undefined;
  const args: string[] = [];
  for (const arg of listOf(body.args)) {
    const text = fold(arg);
    if (text === undefined) return undefined;
    args.push(text);
  }
  const out = folder(args);
  return out === undefined ? undefined : bounded(out);
}

function quoteIdent(text: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}

function quoteLiteral(text: string): string {
  const quoted = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${quoted.replaceAll('\\', '\\\\')}'` : `'${quoted}'`;
}

/** format() with %s, %I, %L, %% and n$ positions; widths are not understood. */
function foldFormat(args: string[]): string | undefined {
  let next = 1;
  let known = true;
  const out = (args[0] ?? '').replace(/%(?:(\d+)\$)?([sIL%])|%/g, (_match, place: string | undefined, kind: string | undefined) => {
    if (kind === '%') return '%';
    const at = place === undefined ? next : Number(place);
    next = at + 1;
    const value = args[at];
    if (kind === undefined || value === undefined) {
      known = false;
      return '';
    }
    if (kind === 's') return value;
    return kind === 'I' ? quoteIdent(value) : quoteLiteral(value);
  });
  return known ? out : undefined;
}

function translate(text: string, from: string, to: string): string {
  const source = [...from];
  const target = [...to];
  return [...text]
    .map((char) => {
      const at = source.indexOf(char);
      return at < 0 ? char : (target[at] ?? '');
    })
    .join('');
}

function codePoint(value: number): string | undefined {
  return Number.isInteger(value) && value > 0 && value <= 0x10ffff ? String.fromCodePoint(value) : undefined;
}

function repeat(text: string, times: number): string | undefined {
  if (!Number.isInteger(times) || text.length * times > FOLDED_CHARS_MAX) return undefined;
  return times <= 0 ? '' : text.repeat(times);
}

function slice(text: string, from: number, to: number): string | undefined {
  return Number.isInteger(to) && to >= 0 ? [...text].slice(from, to).join('') : undefined;
}

function substring(args: string[]): string | undefined {
  const start = Number(args[1]);
  if (!Number.isInteger(start) || args[0] === undefined) return undefined;
  const chars = [...args[0]];
  if (args[2] === undefined) return chars.slice(Math.max(0, start - 1)).join('');
  const length = Number(args[2]);
  if (!Number.isInteger(length) || length < 0) return undefined;
  return chars.slice(Math.max(0, start - 1), Math.max(0, start - 1 + length)).join('');
}

/** decode() gives bytes; here as PostgreSQL's hex form. */
function decodeBytes(text: string, format: string): string | undefined {
  if (format === 'hex') return `\\x${text.replace(/\s/g, '')}`;
  if (format === 'base64') return `\\x${Buffer.from(text, 'base64').toString('hex')}`;
  return undefined;
}

function bytesText(text: string): string | undefined {
  const hex = /^\\x([0-9a-f]*)$/i.exec(text)?.[1];
  return hex === undefined || hex.length % 2 === 1 ? undefined : Buffer.from(hex, 'hex').toString('utf8');
}
