import { ALNUM, ALPHA, ascii, CLASS, DIGIT, startsWith } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { BODIES } from './bodies.js';
import { CALLS, type Call, callAt } from './calls.js';
import { checksumHolds } from './checksums.js';
import { COMMANDS, type Command, commandAt } from './commands.js';
import { mayBeNamed, NAME_STEMS, namedAt } from './named.js';
import { PIPED, pipedAt } from './piped.js';
import { anchorOf, commonness } from './token-anchors.js';
import { VENDOR_TOKENS, type VendorToken } from './token-table.js';

/** Bytes of one alphabet one after the other, in the search that they were read in. */
interface Run {
  round: number;
  from: number;
  to: number;
}

/** by alphabet, what was read last */
const runs = new Map(Object.values(BODIES).map((body): [Uint8Array, Run] => [body, { round: 0, from: 0, to: 0 }]));

/**
 * Tokens with a vendor's prefix. The scan stops at a rare byte of the prefix (its anchor); which prefixes could be meant
 * follows from the anchor and the byte before it.
 */
interface Rule extends VendorToken {
  id: number;
  bytes: Uint8Array;
  /** offset of the anchor inside the prefix */
  anchor: number;
  holds: Uint8Array | undefined;
  /** bits of CLASS, or the mask of a body of its own */
  accepts: Uint8Array;
  run: Run;
  precedes: Uint8Array | undefined;
  behind: readonly Part[];
  glued_to: Uint8Array | undefined;
  ended_by: Uint8Array | undefined;
  /** no token: what stands here leads to a password */
  literal: boolean;
  /** it is a word of a secret's name */
  named: boolean;
  /** no token either: a password follows */
  command: Command | undefined;
  /** nor here: a command reads one from standard input */
  piped: boolean;
  /** letters alone up to its anchor: behind digits the first stage passes over it */
  swallowed: boolean;
  /** nor here: a call takes one among its arguments */
  call: Call | undefined;
}

/** A part of a token behind its body. */
interface Part {
  sign: Uint8Array;
  accepts: Uint8Array;
  min: number;
  max: number;
}

/** 0: no prefix has this pair; else the index into BUCKETS plus one */
const BUCKET_BY_PAIR = new Uint16Array(65536);
/** a bit for each pair that some prefix has: asked for every byte that may be an anchor, and small enough to stay near */
const PAIRS = new Uint8Array(8192);
const BUCKETS: Rule[][] = [];
/** every byte that some prefix is anchored on */
const ANCHOR_BYTES = new Uint8Array(256);

compile();

function compile(): void {
  for (const token of [
    ...VENDOR_TOKENS,
    ...NAME_STEMS.map(nameRule),
    ...[...COMMANDS, ...CALLS].map(({ literal }) => nameRule(literal)),
    ...PIPED.map(nameRule),
  ]) {
    const bytes = ascii(token.prefix);
    const anchor = anchorOf(token.prefix);
    const rule: Rule = {
      ...token,
      id: kindId(token.kind),
      bytes,
      anchor,
      holds: token.contains === undefined ? undefined : ascii(token.contains),
      accepts: BODIES[token.body],
      run: runs.get(BODIES[token.body])!,
      precedes: token.before === undefined ? undefined : BODIES[token.before.body],
      behind: (token.rest ?? []).map(({ sign, body, min, max }) => ({ sign: ascii(sign), accepts: BODIES[body], min, max })),
      glued_to: token.glued === undefined ? undefined : ascii(token.glued),
      ended_by: token.unless === undefined ? undefined : ascii(token.unless),
      literal: token.example === '',
      named: token.example === '' && NAME_STEMS.includes(token.prefix),
      command: token.example === '' ? COMMANDS.find(({ literal }) => literal === token.prefix) : undefined,
      piped: token.example === '' && PIPED.includes(token.prefix),
      swallowed: /^[A-Za-z]+$/.test(token.prefix.slice(0, anchor + 1)),
      call: token.example === '' ? CALLS.find(({ literal }) => literal === token.prefix) : undefined,
    };
    const last = bytes[anchor]!;
    ANCHOR_BYTES[last] = 1;
    const pair = (bytes[anchor - 1]! << 8) | last;
    PAIRS[pair >> 3]! |= 1 << (pair & 7);
    if (BUCKET_BY_PAIR[pair] === 0) {
      BUCKETS.push([]);
      BUCKET_BY_PAIR[pair] = BUCKETS.length;
    }
    BUCKETS[BUCKET_BY_PAIR[pair]! - 1]!.push(rule);
  }
}

function nameRule(prefix: string): VendorToken {
  return { kind: 'password', description: '', example: '', prefix, body: 'alnum', min: 0, max: 0 };
}

/** True when no prefix has its anchor at `at`: what the scans ask first, a call for each capital letter is too much. */
export function isNoAnchor(buf: Uint8Array, at: number): boolean {
  const pair = (buf[at - 1]! << 8) | buf[at]!;
  return ((PAIRS[pair >> 3]! >> (pair & 7)) & 1) === 0;
}

/** The bytes at which tokensAt has to be called for these kinds. */
export function tokenAnchors(wanted: Uint8Array): number[] {
  const anchors = new Set<number>();
  for (const bucket of BUCKETS) for (const rule of bucket) if (wanted[rule.id] === 1) anchors.add(rule.bytes[rule.anchor]!);
  return [...anchors];
}

/** All prefixes, where their anchors stand, and what may stand beside them. */
export function tokenPrefixes(): readonly Readonly<
  Pick<Rule, 'bytes' | 'anchor' | 'named' | 'literal' | 'precedes' | 'accepts' | 'min' | 'glued_to'>
>[] {
  return BUCKETS.flat();
}

/** The pairs of bytes, first * 256 + second, that end with an anchor of some wanted kind. */
export function tokenPairs(wanted: Uint8Array): number[] {
  const pairs: number[] = [];
  for (const bucket of BUCKETS)
    for (const rule of bucket) if (wanted[rule.id] === 1) pairs.push((rule.bytes[rule.anchor - 1]! << 8) | rule.bytes[rule.anchor]!);
  return pairs;
}

/** For anchors that are common letters, the rarest first: the byte before, the anchor, the byte behind if the prefix has one. */
export function tokenTriples(wanted: Uint8Array): (readonly [before: number, own: number, behind: number | undefined])[] {
  return BUCKETS.flat()
    .filter((rule) => wanted[rule.id] === 1 && commonness(rule.bytes[rule.anchor]!) >= 0)
    .sort((a, b) => commonness(a.bytes[a.anchor]!) - commonness(b.bytes[b.anchor]!))
    .map(({ bytes, anchor }) => [bytes[anchor - 1]!, bytes[anchor]!, bytes[anchor + 1]] as const);
}

/** Looks for a token whose prefix has its anchor at `at`. */
export function tokensAt(s: Search, at: number): void {
  if (at === s.lo) return;
  const bucket = BUCKET_BY_PAIR[(s.buf[at - 1]! << 8) | s.buf[at]!]!;
  if (bucket === 0) return;
  for (const rule of BUCKETS[bucket - 1]!) tryRule(s, rule, at - rule.anchor);
}

function tryRule(s: Search, rule: Rule, start: number): void {
  const { buf } = s;
  if (start < s.lo || s.wanted[rule.id] === 0 || !startsWith(buf, start, rule.bytes)) return;
  if (rule.command !== undefined) {
    commandAt(s, rule.command, start, start + rule.bytes.length);
    return;
  }
  if (rule.piped) {
    pipedAt(s, start, start + rule.bytes.length);
    return;
  }
  if (rule.call !== undefined) {
    if (!(rule.swallowed && followsDigits(buf, start, s.lo))) callAt(s, rule.call, start + rule.bytes.length);
    return;
  }
  if (rule.named) {
    namedAt(s, start + rule.bytes.length);
    return;
  }
  const from = rule.precedes === undefined ? start : bodyBefore(s, rule, start);
  if (from < 0) return;
  const inside = (CLASS[buf[from]!]! & ALNUM) !== 0;
  if (inside && from > s.lo && (CLASS[buf[from - 1]!]! & ALNUM) !== 0 && !isGlued(s, rule, from)) return;
  const body = start + rule.bytes.length;
  const limit = Math.min(s.hi, body + rule.max + 1);
  let end = runEnd(s, rule, body, limit);
  // what parts a UUID parts it from what is behind it, too
  if (rule.behind.length > 0) end = Math.min(end, body + rule.max);
  // a dot or a dash that ends a sentence is no part of the token
  while (rule.behind.length === 0 && end > body && (buf[end - 1] === 0x2e || (end - body > rule.min && buf[end - 1] === 0x2d))) end--;
  const length = end - body;
  if (length < rule.min || length > rule.max) return;
  const bodyEnd = end;
  for (const part of rule.behind) {
    end = partEnd(s, part, end);
    if (end < 0) return;
  }
  if (end < s.hi && (CLASS[buf[end]!]! & ALNUM) !== 0) return;
  if (rule.ended_by !== undefined && startsWith(buf, end, rule.ended_by)) return;
  if (rule.holds !== undefined && !contains(buf, body, bodyEnd, rule.holds)) return;
  if (length > 3 && isOneByte(buf, body, bodyEnd)) return;
  if (rule.digits === true && !hasDigit(buf, body, bodyEnd)) return;
  if (rule.plain === undefined && !(rule.precedes === undefined ? isVaried(buf, body, bodyEnd) : isVaried(buf, from, start))) return;
  // a wrong checksum means a made-up or mistyped token: less sure, but what looks so much like a secret stays masked
  const sure = rule.checksum === undefined ? 0.95 : checksumHolds(rule.checksum, buf, start, body, bodyEnd) ? 1 : 0.6;
  s.found(rule.id, from, end, sure);
}

/** The letters that may stand before such a token do, and no other before them. */
function isGlued({ buf, lo }: Search, { glued_to: text }: Rule, from: number): boolean {
  if (text === undefined || from - text.length < lo || !startsWith(buf, from - text.length, text)) return false;
  return from - text.length === lo || (CLASS[buf[from - text.length - 1]!]! & ALNUM) === 0;
}

/** Where a part of a token ends that begins at `at`; -1 when it does not stand there. */
function partEnd(s: Search, { sign, accepts, min, max }: Part, at: number): number {
  const { buf } = s;
  if (!startsWith(buf, at, sign)) return -1;
  const from = at + sign.length;
  const limit = Math.min(s.hi, from + max + 1);
  let end = from;
  while (end < limit && accepts[buf[end]!] === 1) end++;
  s.steps += end - at;
  while (end - from > min && (buf[end - 1] === 0x2e || buf[end - 1] === 0x2d)) end--;
  return end - from < min || end - from > max ? -1 : end;
}

/** Where bytes of the rule's alphabet end from `at` on, at most `limit`. What was read for one token is not read again for the next. */
function runEnd(s: Search, { accepts, run }: Rule, at: number, limit: number): number {
  const { buf } = s;
  const known = run.round === s.round && at >= run.from && at <= run.to;
  const first = known ? run.to : at;
  let end = first;
  while (end < limit && accepts[buf[end]!] === 1) end++;
  s.steps += end - first + 1;
  run.round = s.round;
  if (!known) run.from = at;
  run.to = end;
  return Math.min(end, limit);
}

/** Where a token begins whose literal at `start` is in its middle; -1 when what stands before is no part of one. */
function bodyBefore(s: Search, rule: Rule, start: number): number {
  const { min, max } = rule.before!;
  const floor = Math.max(s.lo, start - max - 1);
  let from = start;
  while (from > floor && rule.precedes![s.buf[from - 1]!] === 1) from--;
  s.steps += start - from;
  return start - from < min || start - from > max ? -1 : from;
}

function contains(buf: Uint8Array, start: number, end: number, text: Uint8Array): boolean {
  const [first] = text;
  for (let k = start; k + text.length <= end; k++) if (buf[k] === first && startsWith(buf, k, text)) return true;
  return false;
}

function hasDigit(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! >= 0x30 && buf[k]! <= 0x39) return true;
  return false;
}

/** `XXXXXXXX`, `00000000` */
function isOneByte(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start + 1; k < end; k++) if (buf[k] !== buf[start]) return false;
  return true;
}

const seen = new Int32Array(256);
let stamp = 0;

/** A body with few different characters (`xxxxxxxx`, `0000`) is a placeholder, one of words is a name. */
function isVaried(buf: Uint8Array, start: number, end: number): boolean {
  stamp++;
  let distinct = 0;
  let digits = 0;
  let lower = 0;
  let upper = 0;
  let dashes = 0;
  for (let k = start; k < end && k < start + 64; k++) {
    const b = buf[k]!;
    if (b >= 0x30 && b <= 0x39) digits++;
    else if (b >= 0x61 && b <= 0x7a) lower++;
    else if (b >= 0x41 && b <= 0x5a) upper++;
    else dashes++;
    if (seen[b] !== stamp) {
      seen[b] = stamp;
      distinct++;
    }
  }
  const length = Math.min(64, end - start);
  // words: `xoxb-my-bot-token`, `hf_some_long_function_name`
  if (digits === 0 && (upper < 2 || lower < 2 || dashes > 2)) return false;
  // `sk_ASN1_STRING_TABLE_new`: an identifier of a program
  if (digits < 2 && length > 16 && dashes < length / 4 && (dashes > 2 || (dashes > 1 && digits === 0))) return false;
  return distinct >= Math.min(7, length / 2);
}

/**
 * True when a prefix stands with its anchor at `at` and enough of a body follows: a gate, so no boundary is checked.
 * `lo` and `hi` bound what may be read.
 */
export function mayBeToken(buf: Uint8Array, at: number, lo: number, hi: number, wanted: Uint8Array): boolean {
  if (at === lo) return false;
  const bucket = BUCKET_BY_PAIR[(buf[at - 1]! << 8) | buf[at]!]!;
  if (bucket === 0) return false;
  for (const rule of BUCKETS[bucket - 1]!) {
    const start = at - rule.anchor;
    if (wanted[rule.id] === 0 || start < lo || !startsWith(buf, start, rule.bytes)) continue;
    const body = start + rule.bytes.length;
    if (rule.command !== undefined || rule.piped || rule.call !== undefined) return true;
    if (rule.named) {
      if (mayBeNamed(buf, body, hi)) return true;
      continue;
    }
    const need = Math.min(rule.min, 12);
    let end = body;
    while (end < hi && end < body + need && rule.accepts[buf[end]!] === 1) end++;
    if (end - body >= need) return true;
  }
  return false;
}

/** run of letters and digits, passed over with the digits in it, in which a token may stand: how long it is at least, and is read at most */
const SWALLOWED_MIN = 24;
const SWALLOWED_MAX = 160;

/** Where the run of letters and digits ends that the digit at `from` is in, within what is read of it. */
function swallowedEnd(buf: Uint8Array, from: number, hi: number): number {
  const limit = Math.min(hi, from + SWALLOWED_MAX);
  let end = from + 1;
  while (end < limit && (CLASS[buf[end]!]! & ALNUM) !== 0) end++;
  return end;
}

/**
 * Tokens whose anchor is passed over with the digit at `from`: capitals within a long word, and digits behind slashes. The first stage asks
 * the same (anchors.ts).
 */
export function swallowedTokensAt(s: Search, from: number): void {
  const { buf, hi } = s;
  if (buf[from + 1] === 0x2f) for (let k = from + 2; k < from + 4 && k < hi; k++) tokensAt(s, k);
  const end = swallowedEnd(buf, from, hi);
  if (end - from < SWALLOWED_MIN) return;
  s.steps += end - from;
  for (let k = from + 1; k < end; k++) if (isCapital(buf[k]!)) tokensAt(s, k);
}

/** The first stage reads letters behind digits with the digits, and stops at none of them: a name that goes on so (`G00SetPassword(`) is none. */
function followsDigits(buf: Uint8Array, start: number, lo: number): boolean {
  let k = start - 1;
  while (k >= lo && (CLASS[buf[k]!]! & ALPHA) !== 0) k--;
  return k >= lo && (CLASS[buf[k]!]! & DIGIT) !== 0;
}

/** The gate's question for the same. */
export function mayBeSwallowed(buf: Uint8Array, from: number, lo: number, hi: number, wanted: Uint8Array): boolean {
  if (buf[from + 1] === 0x2f) for (let k = from + 2; k < from + 4 && k < hi; k++) if (mayBeToken(buf, k, lo, hi, wanted)) return true;
  const end = swallowedEnd(buf, from, hi);
  if (end - from < SWALLOWED_MIN) return false;
  for (let k = from + 1; k < end; k++) if (isCapital(buf[k]!) && mayBeToken(buf, k, lo, hi, wanted)) return true;
  return false;
}

function isCapital(b: number): boolean {
  return b >= 0x41 && b <= 0x5a;
}
