import { ALNUM, ascii, CLASS, startsWithNoCase } from '../bytes.js';
import type { Search } from '../search.js';
import { isQuote, quotedEnd } from './extent.js';
import { judgeValue } from './judge.js';
import { lineFrom } from './lines.js';
import type { Name } from './named.js';
import { MEDIUM, NO_SECRET, nameAt, strengthOf } from './names.js';
import { skipBlank } from './shapes.js';

/**
 * Columns that are called like a secret: lines of CSV, tables of Markdown, `INSERT INTO t (a, password) VALUES (1, 'x')` and COPY of SQL.
 * The names stand first; what stands in the same place behind them is the value.
 */

/** how far behind its header's beginning a table is read, bytes: what a stream keeps as evidence holds it */
const TABLE_REACH = 2048;
const HEADER_MAX = 512;
const CELL_NAME_MAX = 40;
const COLUMNS_MAX = 64;

/** What parts cells of a row: `API_KEY,x`, `| API_KEY | x |`. */
export function isCellSign(b: number): boolean {
  return b === 0x2c || b === 0x3b || b === 0x7c;
}

/** strength and evidence of the columns of the header that was read last */
const strengths = new Uint8Array(COLUMNS_MAX);
const evidence = new Int32Array(COLUMNS_MAX);
let columns = 0;

/** The table whose header the name stands in. A header is read once, and none within a table. */
export function tableAt(s: Search, { start, end, strength }: Name): void {
  const { buf, lo } = s;
  if (strength < MEDIUM || start < s.tableUntil) return;
  const listed = listStart(s, start);
  if (listed >= 0) {
    s.tableUntil = end;
    valuesOf(s, listed);
    return;
  }
  const from = lineFrom(s, s.headerLine, start, HEADER_MAX, false);
  if (from > lo && buf[from - 1] !== 0x0a) return;
  const sign = signOf(buf, from, end);
  if (sign === 0) return;
  const body = header(s, from, sign);
  s.tableUntil = Math.max(s.tableUntil, body < 0 ? end : body);
  if (body >= 0) rows(s, from, body, sign);
}

/** What parts the cells of the header's line: what stands behind the name, or before it where the name is the last. */
function signOf(buf: Uint8Array, from: number, end: number): number {
  let p = from;
  while (buf[p] === 0x20) p++;
  if (buf[p] === 0x7c) return 0x7c;
  let q = isQuote(buf[end]!) ? end + 1 : end;
  if (buf[q] === 0x2c || buf[q] === 0x3b || buf[q] === 9 || buf[q] === 0x7c) return buf[q]!;
  if (buf[q] === 0x0d) q++;
  if (buf[q] !== 0x0a) return 0;
  for (q = end; q > from; q--) if (buf[q - 1] === 0x2c || buf[q - 1] === 0x3b || buf[q - 1] === 9) return buf[q - 1]!;
  return 0;
}

/** Reads the header that begins at `from`: words alone, two columns and more. Where its rows begin; -1 when it is none. */
function header(s: Search, from: number, sign: number): number {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + HEADER_MAX);
  let p = from;
  const bar = sign === 0x7c;
  if (bar) {
    while (buf[p] === 0x20) p++;
    p++;
  }
  columns = 0;
  let cell = p;
  let letters = 0;
  for (; p < limit; p++) {
    const b = buf[p]!;
    if (b === sign || b === 0x0a || b === 0x0d) {
      if (letters === 0 && !(bar && b !== sign)) return -1;
      if (letters > 0) {
        if (columns === COLUMNS_MAX || p - cell > CELL_NAME_MAX) return -1;
        column(s, cell, p);
      }
      cell = p + 1;
      letters = 0;
      if (b !== sign) break;
    } else if ((CLASS[b]! & ALNUM) !== 0 || b >= 0x80) letters++;
    else if (!(b === 0x20 || b === 0x5f || b === 0x2d || b === 0x2e || b === 0x2f || isQuote(b) || (bar && b === 0x2a))) return -1;
    // a sentence with commas has words beside one another
    else if (b === 0x20 && !bar && letters > 0 && (CLASS[buf[p + 1] ?? 0]! & ALNUM) !== 0 && sign !== 9 && !isQuote(buf[cell]!)) return -1;
  }
  s.steps += p - from;
  if (p >= limit || columns < (bar ? 1 : 2)) return -1;
  if (buf[p] === 0x0d) p++;
  return buf[p] === 0x0a ? p + 1 : -1;
}

function column(s: Search, from: number, to: number): void {
  let start = from;
  let end = to;
  const { buf } = s;
  while (start < end && (buf[start]! <= 0x20 || isQuote(buf[start]!) || buf[start] === 0x2a)) start++;
  while (end > start && (buf[end - 1]! <= 0x20 || isQuote(buf[end - 1]!) || buf[end - 1] === 0x2a)) end--;
  const bits = nameAt(buf, end, start);
  const strength = strengthOf(bits);
  strengths[columns] = strength < MEDIUM ? NO_SECRET : strength;
  evidence[columns++] = bits;
}

/** The rows of the table, as long as they have as many cells as its header. */
function rows(s: Search, from: number, body: number, sign: number): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + TABLE_REACH);
  const bar = sign === 0x7c;
  let p = body;
  if (bar) {
    // the line under a header of Markdown
    while (p < limit && (buf[p] === 0x20 || buf[p] === 0x7c || buf[p] === 0x2d || buf[p] === 0x3a)) p++;
    if (buf[p] === 0x0d) p++;
    if (p === body || buf[p] !== 0x0a || buf[p - 1] === 0x0a) return;
    p++;
  }
  rowsOf(s, p, limit, sign);
}

function rowsOf(s: Search, from: number, limit: number, sign: number): void {
  let p = from;
  while (p < limit) {
    const next = row(s, p, limit, sign);
    if (next < 0) break;
    p = next;
  }
  s.tableUntil = Math.max(s.tableUntil, p);
}

/** where the cells of a row begin and end */
const starts = new Int32Array(COLUMNS_MAX);
const ends = new Int32Array(COLUMNS_MAX);

/** Judges the cells of one row; where the next begins, -1 when it is no row of the table. */
function row(s: Search, from: number, limit: number, sign: number): number {
  const { buf, hi } = s;
  const bar = sign === 0x7c;
  let p = from;
  if (bar) {
    while (buf[p] === 0x20) p++;
    if (buf[p] !== 0x7c) return -1;
    p++;
  }
  let n = 0;
  let cell = p;
  for (; ; p++) {
    if (p >= limit && p < hi) return -1;
    const b = p < hi ? buf[p]! : 0x0a;
    if (b === sign || b === 0x0a) {
      if (!(bar && b === 0x0a && skipBlank(buf, cell, p) === p)) {
        if (n === columns) return -1;
        starts[n] = cell;
        ends[n++] = p;
      }
      cell = p + 1;
      if (b === 0x0a) break;
    } else if (b === 0x22 && p === cell && !bar) {
      p++;
      while (p < limit && p < hi && buf[p] !== 0x22 && buf[p] !== 0x0a) p++;
      // a quote that nothing closes: what stands here ends the cell
      if (p >= hi || buf[p] !== 0x22) p--;
    }
  }
  s.steps += p - from;
  if (n !== columns) return -1;
  for (let k = 0; k < n; k++) if (strengths[k] !== NO_SECRET) judgeCell(s, starts[k]!, ends[k]!, strengths[k]!, evidence[k]!);
  return p + 1;
}

function judgeCell(s: Search, from: number, to: number, strength: number, bits: number): void {
  const { buf } = s;
  let start = from;
  let end = to;
  while (start < end && buf[start]! <= 0x20) start++;
  while (end > start && buf[end - 1]! <= 0x20) end--;
  if (end - start > 1 && isQuote(buf[start]!) && buf[end - 1] === buf[start]) {
    start++;
    end--;
  }
  // `\N` of COPY is NULL; words beside one another are a description
  if (end - start === 2 && buf[start] === 0x5c && buf[start + 1] === 0x4e) return;
  for (let k = start; k < end; k++) if (buf[k] === 0x20) return;
  if (end > start) judgeValue(s, start, end, strength, bits, true, 1);
}

/** Where the list of columns begins that the name at `at` stands in: behind `(`, with names and commas alone between. -1 where there is none. */
function listStart(s: Search, at: number): number {
  const floor = Math.max(s.lo, at - HEADER_MAX);
  if (at < s.listAt) return Math.max(-1, listBegins(s.buf, at, floor));
  // what stands before the place that was asked about last is known
  const stop = Math.max(floor, s.listAt);
  let from = listBegins(s.buf, at, stop);
  if (from === READ_ALL) from = stop > floor && s.listFrom > floor ? s.listFrom : -1;
  s.listAt = at;
  s.listFrom = from;
  return from;
}

const READ_ALL = -2;

/** The same, -2 where all from `floor` on may belong to it. */
function listBegins(buf: Uint8Array, at: number, floor: number): number {
  let p = at;
  while (p > floor) {
    const b = buf[p - 1]!;
    if (b === 0x28) return p;
    if (
      !(
        (CLASS[b]! & ALNUM) !== 0 ||
        b === 0x5f ||
        b === 0x2c ||
        b === 0x20 ||
        b === 0x0a ||
        b === 0x0d ||
        b === 9 ||
        isQuote(b) ||
        b === 0x5b ||
        b === 0x5d
      )
    )
      return -1;
    p--;
  }
  return READ_ALL;
}

const VALUES = ascii('values');
const FROM_STDIN = ascii('from stdin');

/** `(id, password) VALUES (1, 'x'), (2, 'y')`, `(id, password) FROM stdin` and lines of COPY: the columns begin at `from`. */
function valuesOf(s: Search, from: number): void {
  const { buf, hi } = s;
  const limit = Math.min(hi, from + TABLE_REACH);
  columns = 0;
  let p = from;
  let cell = p;
  for (; p < limit && buf[p] !== 0x28; p++) {
    if (buf[p] !== 0x2c && buf[p] !== 0x29) continue;
    if (columns === COLUMNS_MAX) return;
    let end = p;
    while (end > cell && (buf[end - 1]! <= 0x20 || isQuote(buf[end - 1]!) || buf[end - 1] === 0x5d)) end--;
    column(s, cell, end);
    cell = p + 1;
    if (buf[p] === 0x29) break;
  }
  s.steps += p - from;
  if (p >= limit || buf[p] !== 0x29) return;
  p = skipBlank(buf, p + 1, limit);
  if (startsWithNoCase(buf, p, FROM_STDIN)) return copied(s, from, p + FROM_STDIN.length);
  if (!startsWithNoCase(buf, p, VALUES)) return;
  p = skipBlank(buf, p + VALUES.length, limit);
  while (p < limit && buf[p] === 0x28) {
    p = tuple(s, p + 1, limit);
    if (p < 0) return;
    p = skipBlank(buf, p, limit);
    if (buf[p] !== 0x2c) break;
    p = skipBlank(buf, p + 1, limit);
  }
  s.tableUntil = Math.max(s.tableUntil, p);
}

/** Lines of COPY behind its command, as pg_dump(1) writes them: cells with tabs between, to a line that is `\\.` alone. */
function copied(s: Search, from: number, at: number): void {
  const { buf } = s;
  const limit = Math.min(s.hi, from + TABLE_REACH);
  let p = at;
  while (p < limit && buf[p] !== 0x0a) p++;
  s.steps += p - at;
  if (p < limit) rowsOf(s, p + 1, limit, 9);
}

/** One row of values; where it ends, -1 where that is not in reach. */
function tuple(s: Search, from: number, limit: number): number {
  const { buf } = s;
  let n = 0;
  let depth = 0;
  let p = from;
  for (; p < limit; p++) {
    const b = buf[p]!;
    if (b === 0x27) {
      const end = quotedEnd(s, p + 1, 0x27, false);
      const whole = (buf[end + 1] === 0x2c || buf[end + 1] === 0x29) && depth === 0;
      if (buf[end] !== 0x27) return -1;
      if (whole && n < columns && strengths[n] !== NO_SECRET) judgeValue(s, p + 1, end, strengths[n]!, evidence[n]!, true, 0);
      p = end;
    } else if (b === 0x28) depth++;
    else if (b === 0x2c && depth === 0) n++;
    else if (b === 0x29 && depth-- === 0) break;
  }
  s.steps += p - from;
  return p < limit ? p + 1 : -1;
}
