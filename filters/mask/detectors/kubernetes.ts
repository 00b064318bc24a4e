import { ascii, CLASS, IDENT, startsWith } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { skipBlank } from './shapes.js';
import { isPlaceholder } from './values.js';

const SECRET_VALUE = kindId('kubernetes_secret');
const KIND = ascii('kind');
const SECRET = ascii('ecret');
const DATA = ascii('data');
const STRING_DATA = ascii('stringData');

/** how far from the kind of a manifest its data may begin, in bytes */
const REACH = 64 * 1024;

/**
 * The values under `data` and `stringData` of a Secret (kubernetes.io/docs/concepts/configuration/secret), in YAML and JSON; `colon` is the
 * one behind `kind`. Keys may stand in any order, so the manifest is read before and behind it.
 */
export function secretAt(s: Search, colon: number): void {
  if (s.wanted[SECRET_VALUE] === 0 || colon < s.manifestUntil || !isSecretKind(s.buf, colon, s.lo, s.hi)) return;
  const quoted = s.buf[colon - 1] === 0x22;
  const key = colon - KIND.length - (isQuote(s.buf[colon - 1]!) ? 2 : 0);
  if (quoted && inBraces(s.buf, key, s.lo)) json(s, key);
  else yaml(s, key);
}

/** `kind: Secret`, `"kind":"Secret"`: no more is looked at by the gate. */
export function isSecretKind(buf: Uint8Array, colon: number, lo: number, hi: number): boolean {
  const end = isQuote(buf[colon - 1]!) ? colon - 1 : colon;
  if (end - KIND.length < lo || buf[end - 1] !== 0x64 || !startsWith(buf, end - KIND.length, KIND)) return false;
  let p = colon + 1;
  while (p < hi && p - colon < 4 && (buf[p] === 0x20 || isQuote(buf[p]!))) p++;
  if (p + 6 > hi || (buf[p]! | 0x20) !== 0x73 || !startsWith(buf, p + 1, SECRET)) return false;
  return p + 6 === hi || (CLASS[buf[p + 6]!]! & IDENT) === 0;
}

function isQuote(b: number): boolean {
  return b === 0x22 || b === 0x27;
}

/** JSON has a brace or a comma before a key, perhaps with blanks between. */
function inBraces(buf: Uint8Array, key: number, lo: number): boolean {
  let p = key - 1;
  while (p >= lo && buf[p]! <= 0x20) p--;
  return p >= lo && (buf[p] === 0x7b || buf[p] === 0x2c);
}

/** All members of the object that the key at `at` is in: back to its brace, then forward over its members. */
function json(s: Search, at: number): void {
  const { buf } = s;
  const floor = Math.max(s.manifestUntil, at - REACH);
  let depth = 0;
  let open = at - 1;
  for (; open >= floor; open--) {
    const b = buf[open]!;
    if (b === 0x22 && buf[open - 1] !== 0x5c) {
      open--;
      while (open > floor && !(buf[open] === 0x22 && buf[open - 1] !== 0x5c)) open--;
    } else if (b === 0x7d || b === 0x5d) depth++;
    else if (b === 0x7b || b === 0x5b) {
      if (depth === 0) break;
      depth--;
    }
  }
  s.steps += at - open;
  members(s, open + 1, Math.min(s.hi, at + REACH));
}

/** Keys of one object from `from` on; under `data` and `stringData` every string is a value. */
function members(s: Search, from: number, limit: number): void {
  const { buf } = s;
  let depth = 0;
  let inData = -1;
  let key = -1;
  let p = from;
  for (; p < limit && depth >= 0; p++) {
    const b = buf[p]!;
    if (b === 0x22) {
      const start = p + 1;
      p = stringEnd(buf, start, limit);
      let next = p + 1;
      while (next < limit && buf[next]! <= 0x20) next++;
      if (buf[next] === 0x3a) {
        key = start;
        continue;
      }
      if (inData >= 0 && depth > inData) note(s, start, p);
    } else if (b === 0x7b || b === 0x5b) {
      if (depth === 0 && key >= 0 && isData(buf, key)) inData = 0;
      depth++;
    } else if (b === 0x7d || b === 0x5d) {
      depth--;
      if (depth === inData) inData = -1;
    }
  }
  s.steps += p - from;
  s.manifestUntil = p;
}

function stringEnd(buf: Uint8Array, from: number, limit: number): number {
  let p = from;
  while (p < limit && buf[p] !== 0x22) p += buf[p] === 0x5c ? 2 : 1;
  return Math.min(p, limit);
}

function isData(buf: Uint8Array, key: number): boolean {
  return (
    (startsWith(buf, key, DATA) && !isIdent(buf[key + DATA.length])) ||
    (startsWith(buf, key, STRING_DATA) && !isIdent(buf[key + STRING_DATA.length]))
  );
}

function isIdent(b: number | undefined): boolean {
  return b !== undefined && (CLASS[b]! & IDENT) !== 0;
}

function note(s: Search, start: number, end: number): void {
  if (end - start > 0 && !isPlaceholder(s.buf, start, end)) s.found(SECRET_VALUE, start, end, 0.9);
}

/** Lines of the document around the key at `at`; those under `data:` that are indented further are its values. */
function yaml(s: Search, at: number): void {
  const { buf } = s;
  const level = indentOf(buf, lineStart(buf, at, s.lo), at);
  let from = lineStart(buf, at, s.lo);
  const floor = Math.max(s.manifestUntil, at - REACH);
  while (from > floor && !isSeparator(buf, from) && !isItem(buf, from, level)) from = lineStart(buf, from - 1, s.lo);
  const limit = Math.min(s.hi, at + REACH);
  let inData = false;
  // indentation of the key whose block is read, -1 outside of one
  let block = -1;
  let p = from;
  while (p < limit) {
    let end = p;
    while (end < limit && buf[end] !== 0x0a) end++;
    if (p > at && (isSeparator(buf, p) || isItem(buf, p, level))) break;
    const indent = indentOf(buf, p, end);
    if (p + indent < end && buf[p + indent] !== 0x23) {
      if (block >= 0 && indent > block) line(s, p + indent, end);
      else if (inData && indent > level) block = pair(s, p + indent, end) ? indent : -1;
      else {
        block = -1;
        inData = indent === level && isData(buf, p + indent);
        if (inData) end = flow(s, p + indent, end, limit);
      }
    }
    p = end + 1;
  }
  s.steps += p - from;
  s.manifestUntil = p;
}

/** The dash of the list item whose keys have this indentation. */
function isItem(buf: Uint8Array, at: number, level: number): boolean {
  if (level < 2 || buf[at + level - 2] !== 0x2d) return false;
  for (let p = at; p < at + level - 2; p++) if (buf[p] !== 0x20) return false;
  return true;
}

function lineStart(buf: Uint8Array, at: number, lo: number): number {
  let p = at;
  while (p > lo && buf[p - 1] !== 0x0a) p--;
  return p;
}

/** blanks before the first key of a line; the dash of a list counts as one */
function indentOf(buf: Uint8Array, start: number, end: number): number {
  let p = start;
  while (p < end && (buf[p] === 0x20 || buf[p] === 9 || (buf[p] === 0x2d && buf[p + 1] === 0x20))) p++;
  return p - start;
}

/** `---` between documents */
function isSeparator(buf: Uint8Array, at: number): boolean {
  return buf[at] === 0x2d && buf[at + 1] === 0x2d && buf[at + 2] === 0x2d;
}

/**
 * `data: {user: Ym9i, password: eA==}` in flow style (YAML 1.2.2, 7.4), over one line or more. Where the line ends that closes it; `end`, that
 * of the key's own line, where no brace stands behind the key.
 */
function flow(s: Search, key: number, end: number, limit: number): number {
  const { buf } = s;
  let p = key;
  while (p < end && buf[p] !== 0x3a) p++;
  p = skipBlank(buf, p + 1, end);
  if (p >= end || buf[p] !== 0x7b) return end;
  let value = -1;
  for (p++; p < limit; p++) {
    const b = buf[p]!;
    if (isQuote(b)) {
      const start = p + 1;
      p = start;
      while (p < limit && buf[p] !== b) p += buf[p] === 0x5c && b === 0x22 ? 2 : 1;
      if (value >= 0) note(s, start, Math.min(p, limit));
      value = -1;
    } else if (b === 0x3a && (buf[p + 1]! <= 0x20 || isQuote(buf[p - 1]!))) value = p + 1;
    else if (b === 0x2c || b === 0x7d) {
      if (value >= 0) line(s, skipBlank(buf, value, p), p);
      value = -1;
      if (b === 0x7d) break;
    }
  }
  while (p < limit && buf[p] !== 0x0a) p++;
  return p;
}

function line(s: Search, start: number, end: number): void {
  let last = end;
  while (last > start && s.buf[last - 1]! <= 0x20) last--;
  note(s, start, last);
}

/** `key: value`; true where a block follows (`key: |`). */
function pair(s: Search, start: number, end: number): boolean {
  const { buf } = s;
  let last = end;
  while (last > start && buf[last - 1]! <= 0x20) last--;
  let p = start;
  while (p < last && ((CLASS[buf[p]!]! & IDENT) !== 0 || isQuote(buf[p]!))) p++;
  if (p < last && buf[p] === 0x3a && (p + 1 === last || buf[p + 1]! <= 0x20)) {
    p++;
    while (p < last && buf[p]! <= 0x20) p++;
    if (p === last || buf[p] === 0x7c || buf[p] === 0x3e) return true;
  } else p = start;
  if (isQuote(buf[p]!) && last - p > 1 && buf[last - 1] === buf[p]) note(s, p + 1, last - 1);
  else note(s, p, last);
  return false;
}
