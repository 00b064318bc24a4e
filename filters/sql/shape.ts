/** The shape of a statement: the same for statements that differ in constants, spelling and comments only. */
import { createHash } from 'node:crypto';
import { needsBlank, tokenize } from './lexer.js';
import type { Body } from './node.js';

/** Fields that say where something stood, not what it is. */
const PLACES = new Set([
  'location',
  'stmt_location',
  'stmt_len',
  'name_location',
  'list_start',
  'list_end',
  'rexpr_list_start',
  'rexpr_list_end',
]);

/** Lists whose length is data: IN (1, 2, 3), ARRAY[1, 2], VALUES rows. */
const DATA_LISTS = new Set(['items', 'elements', 'valuesLists']);

/** 16 hex digits over the tree without constants, parameters and places. */
export function fingerprintOf(tree: unknown): string {
  return digest(tree, false);
}

/** 16 hex digits over the tree with its constants: the same only for statements that say the very same. */
export function exactFingerprintOf(tree: unknown): string {
  return digest(tree, true);
}

function digest(tree: unknown, exact: boolean): string {
  const parts: string[] = [];
  write(tree, '', parts, exact);
  return createHash('sha256').update(parts.join('')).digest('hex').slice(0, 16);
}

function write(value: unknown, key: string, out: string[], exact: boolean): void {
  if (Array.isArray(value)) {
    writeList(value, !exact && DATA_LISTS.has(key), out, exact);
    return;
  }
  if (typeof value !== 'object' || value === null) {
    out.push(JSON.stringify(value) ?? 'null');
    return;
  }
  const body = value as Body;
  if (!exact && (body.A_Const !== undefined || body.ParamRef !== undefined)) {
    out.push('?');
    return;
  }
  out.push('{');
  for (const name in body) {
    if (PLACES.has(name)) continue;
    out.push(name, ':');
    write(body[name], name, out, exact);
    out.push(',');
  }
  out.push('}');
}

/** In lists of data, neighbours of the same shape count once. */
function writeList(list: unknown[], data: boolean, out: string[], exact: boolean): void {
  out.push('[');
  let before = '';
  for (const item of list) {
    const start = out.length;
    write(item, '', out, exact);
    if (!data) {
      out.push(',');
      continue;
    }
    const shape = out.slice(start).join('');
    if (shape === before) out.length = start;
    else out.push(',');
    before = shape;
  }
  out.push(']');
}

/**
 * The text with every literal replaced by $n (from the first number that the text does not use itself), comments left out
 * and white space made alike. Unlike PostgreSQL's own normalisation it leaves no literal in utility statements either,
 * such as the password of CREATE ROLE.
 */
export function normalizeText(text: string, parameters: number): string {
  let next = parameters + 1;
  let out = '';
  let before = '';
  let last = 0;
  let lastWasString = false;
  for (const token of tokenize(text)) {
    let part = text.slice(token.start, token.end);
    if (token.type === 'string' || /^[0-9]/.test(part)) {
      // Strings in several pieces are one literal.
      if (token.type === 'string' && lastWasString) {
        last = token.end;
        continue;
      }
      lastWasString = token.type === 'string';
      part = `$${next}`;
      next += 1;
    } else lastWasString = false;
    if (before !== '' && needsBlank(before, part, token.start > last)) out += ' ';
    out += part;
    before = part;
    last = token.end;
  }
  return out;
}
