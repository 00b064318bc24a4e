// AssemblyScript, compiled to module.ts by build.mjs. The first stage of the search: 16 bytes at a time it passes over what nothing
// begins at, and of the rest it drops what a look around shows to be nothing. What it gives are places at which the exact checks must
// be called; it may give one too many, never one too few. Each condition here is a weaker form of one there (scan.ts, may-hold.ts).
import {
  BITS_AT,
  CARDS_AT,
  CLASSES_AT,
  CONTEXTS_AT,
  CONTEXTS_COUNT,
  CONTEXTS_MAX,
  ENDING_THREES_AT,
  ENDS_AT,
  ENDINGS_AT,
  GROUPS_AT,
  HASHES_AT,
  HEADS,
  HEADS_AT,
  IDENT_NIBBLES_AT,
  IN_AT,
  K_ASSIGNED,
  K_BIRTH,
  K_CARDS,
  K_IBAN,
  K_IP,
  K_KEYED,
  K_LABELLED,
  K_MAC,
  K_NATIONAL,
  K_PHONE,
  K_REGIONS,
  K_SSN,
  K_WALLET,
  LAST_AT,
  M_CELLS,
  M_CUT,
  M_JSON,
  M_NAMED,
  MIDDLE_THREES_AT,
  NAME_SLOTS,
  NAMES_AT,
  NUMBERS_AT,
  OUT_AT,
  PREFIX_ALNUM,
  PREFIX_BODY_SHIFT,
  PREFIX_BOUND,
  PREFIX_BYTES,
  PREFIX_NAMED,
  PREFIX_TOKEN,
  PREFIXES_AT,
  PRINTED_AT,
  SETS_BYTES,
  SHAPES_AT,
  SLOT_AT,
  SLOT_KINDS,
  SLOT_PAIRS,
  SLOT_SETS,
  WORD_SLOTS,
} from '../layout';

// bytes.ts
const DIGIT: u32 = 1;
const ALPHA: u32 = 2;
const HEX: u32 = 4;
const TOKEN: u32 = 8;
const ALNUM: u32 = 3;
const BASE64: u32 = 16;
const DOMAIN: u32 = 64;
const IDENT: u32 = 128;

// triggers.ts
const T_DIGIT: u32 = 1;
const T_AT: u32 = 2;
const T_COLON: u32 = 4;
const T_SIGN: u32 = 8;
const T_DASH: u32 = 16;
const T_B: u32 = 32;
const T_DOT: u32 = 64;
const T_TOKEN: u32 = 128;
const T_J: u32 = 256;
const T_TILDE: u32 = 512;
const T_COMMA: u32 = 1024;
const T_W: u32 = 2048;
const T_BRACKET: u32 = 4096;
const T_CODED: u32 = 8192;
const T_FOREIGN: u32 = 16384;
const T_KNOWN: u32 = 32767;

// groups.ts
const GROUPS_MAX = 48;
const GROUPS_OVERLAP = 8;
const GAP_MIXED = 256;

const LOOKBACK = 48;
const NAME_MAX = 64;
// tokens.ts
const SWALLOWED_MIN: usize = 24;
const SWALLOWED_MAX: usize = 160;

// the range, as addresses
let lo: usize = 0;
let hi: usize = 0;
/** cells of a protocol stand in it, with their length words */
let cells = false;
/** the name beside the range is evidence */
let named = false;
/** it is JSON, whose strings are searched each for itself */
let json = false;
/** the range goes on behind `hi` */
let cut = false;
/** a run reached `hi` in a range that goes on */
let reached = false;
let kinds: u32 = 0;
let count: usize = 0;

// the run of digits that is read
let groups = 0;
let until: usize = 0;
let more = false;
let context = -1;

// the name that was read last
let nameFrom: usize = 0;
let nameTo: usize = 0;

function at8(p: usize): u32 {
  return load<u8>(p);
}

function classOf(b: u32): u32 {
  return load<u8>(CLASSES_AT + b);
}

function is(p: usize, bits: u32): bool {
  return (classOf(at8(p)) & bits) != 0;
}

function number(k: i32): u32 {
  return load<u32>(NUMBERS_AT + 4 * k);
}

function groupStart(g: i32): usize {
  return load<u32>(GROUPS_AT + 12 * g);
}

function groupEnd(g: i32): usize {
  return load<u32>(GROUPS_AT + 12 * g, 4);
}

function groupGap(g: i32): u32 {
  return load<u32>(GROUPS_AT + 12 * g, 8);
}

function sizeOf(g: i32): i32 {
  return (groupEnd(g) - groupStart(g)) as i32;
}

function emit(p: usize): void {
  store<u16>(OUT_AT + 2 * count, (p - IN_AT) as u16);
  count++;
}

/** places that something is known of, the words before which stand where they are looked for by the exact checks */
let contexts = 0;
/** where the words end whose bits were read last, 0 when they may be other ones than those that the exact checks would read */
let exactAt: usize = 0;
let exactBits: u32 = 0;

/** The same, with what the words before it say if that is known for sure. */
function emitNamed(p: usize): void {
  if (exactAt != 0 && contexts < CONTEXTS_MAX) {
    const entry: usize = CONTEXTS_AT + 8 * contexts;
    store<u16>(entry, count as u16);
    store<u16>(entry, (exactAt - IN_AT) as u16, 2);
    store<u32>(entry, exactBits, 4);
    contexts++;
  }
  emit(p);
}

/**
 * Places in [from, stop) of the range [low, high) at which exact checks are due; their number. Offsets count from the first byte of the
 * memory's input. Where the next block begins stands in the first number behind.
 */
export function anchors(from: usize, stop: usize, low: usize, high: usize, mode: u32): i32 {
  lo = IN_AT + low;
  hi = IN_AT + high;
  cells = (mode & M_CELLS) != 0;
  named = (mode & M_NAMED) != 0;
  json = (mode & M_JSON) != 0;
  cut = (mode & M_CUT) != 0;
  reached = false;
  kinds = load<u32>(SLOT_AT + SLOT_KINDS);
  codedAt = 0;
  count = 0;
  contexts = 0;
  const last = IN_AT + stop;
  const low4 = i8x16.splat(15);
  const zero = i8x16.splat(0);
  const ownLow = v128.load(SLOT_AT + SLOT_SETS);
  const ownHigh = v128.load(SLOT_AT + SLOT_SETS, 16);
  const beforeLow = v128.load(SLOT_AT + SLOT_SETS, 32);
  const beforeHigh = v128.load(SLOT_AT + SLOT_SETS, 48);
  const behindLow = v128.load(SLOT_AT + SLOT_SETS, 64);
  const behindHigh = v128.load(SLOT_AT + SLOT_SETS, 80);
  const moreLow = v128.load(SLOT_AT + SLOT_SETS, SETS_BYTES);
  const moreHigh = v128.load(SLOT_AT + SLOT_SETS, SETS_BYTES + 16);
  const moreBeforeLow = v128.load(SLOT_AT + SLOT_SETS, SETS_BYTES + 32);
  const moreBeforeHigh = v128.load(SLOT_AT + SLOT_SETS, SETS_BYTES + 48);
  const moreBehindLow = v128.load(SLOT_AT + SLOT_SETS, SETS_BYTES + 64);
  const moreBehindHigh = v128.load(SLOT_AT + SLOT_SETS, SETS_BYTES + 80);
  let window = IN_AT + from;
  let next = window;
  while (window < last) {
    const own = v128.load(window);
    const before = v128.load(window - 1);
    const behind = v128.load(window, 1);
    const ownLow4 = v128.and(own, low4);
    const ownHigh4 = i8x16.shr_u(own, 4);
    const beforeLow4 = v128.and(before, low4);
    const beforeHigh4 = i8x16.shr_u(before, 4);
    const behindLow4 = v128.and(behind, low4);
    const behindHigh4 = i8x16.shr_u(behind, 4);
    const hits = v128.and(
      v128.and(
        v128.and(i8x16.swizzle(ownLow, ownLow4), i8x16.swizzle(ownHigh, ownHigh4)),
        v128.and(i8x16.swizzle(beforeLow, beforeLow4), i8x16.swizzle(beforeHigh, beforeHigh4)),
      ),
      v128.and(i8x16.swizzle(behindLow, behindLow4), i8x16.swizzle(behindHigh, behindHigh4)),
    );
    const more = v128.and(
      v128.and(
        v128.and(i8x16.swizzle(moreLow, ownLow4), i8x16.swizzle(moreHigh, ownHigh4)),
        v128.and(i8x16.swizzle(moreBeforeLow, beforeLow4), i8x16.swizzle(moreBeforeHigh, beforeHigh4)),
      ),
      v128.and(i8x16.swizzle(moreBehindLow, behindLow4), i8x16.swizzle(moreBehindHigh, behindHigh4)),
    );
    let mask = i8x16.bitmask(i8x16.ne(v128.or(hits, more), zero));
    let to = window + 16;
    while (mask != 0) {
      const p = window + (ctz(mask) as usize);
      if (p >= last) break;
      mask &= mask - 1;
      next = visit(p);
      if (reached) {
        store<u32>(NUMBERS_AT, (next - IN_AT) as u32);
        store<u32>(NUMBERS_AT + 4 * CONTEXTS_COUNT, contexts as u32);
        return count as i32;
      }
      if (next > p + 1) {
        if (next >= to) {
          to = next;
          break;
        }
        mask &= -1 << ((next - window) as i32);
      }
    }
    window = to;
  }
  store<u32>(NUMBERS_AT, (max(next, last) - IN_AT) as u32);
  store<u32>(NUMBERS_AT + 4 * CONTEXTS_COUNT, contexts as u32);
  return count as i32;
}

/** Decides about the byte at p; gives where to go on. */
function visit(p: usize): usize {
  const t: u32 = load<u16>(SLOT_AT + 2 * at8(p));
  if (t == T_TOKEN) {
    if (isPair(p)) emit(p);
    return p + 1;
  }
  if ((t & T_FOREIGN) != 0) {
    const own = at8(p);
    if (own >= 0x80 ? isForeign(own, at8(p + 1), at8(p + 2)) || isLink(own, at8(p - 1), at8(p - 2)) : isLineEnd(at8(p + 1))) {
      emit(p);
      return p + 1;
    }
    if (own >= 0x80) return p + 1;
  }
  if ((t & T_DIGIT) != 0) return digits(p, t);
  if ((t & ~T_KNOWN) != 0 || isAnchor(p, t)) emit(p);
  return p + 1;
}

/** What links a password to its name in sentences of other scripts ends here (world-links.ts). */
function isLink(b: u32, c: u32, d: u32): bool {
  if (b == 0xaf) return (c == 0x81 && d == 0xe3) || (c == 0x98 && d == 0xe6);
  if (b == 0xba) return (c == 0xb8 && d == 0xe4) || (c == 0x82 && d == 0xe7);
  return (b == 0x94 && ((c == 0x8a && d == 0xeb) || (c == 0x80 && d == 0xe2))) || (b == 0x93 && c == 0x80 && d == 0xe2);
}

/** A character of foreign.ts by its first bytes. */
function isForeign(a: u32, b: u32, c: u32): bool {
  if (a == 0xe2) {
    if (b == 0x80) return c <= 0x95 || (c >= 0xaa && c <= 0xaf);
    return b == 0x81 || b == 0x83 || b == 0x88;
  }
  if (a == 0xc2) return b == 0xa0 || b == 0xad;
  if (a == 0xd9) return b >= 0xa0 && b < 0xaa;
  if (a == 0xdb) return b >= 0xb0 && b < 0xba;
  if (a == 0xe0) return (b >= 0xa5 && b <= 0xbc) && c >= 0x90;
  if (a == 0xef) return b == 0xbb || b == 0xb8 || b == 0xbc || b == 0xbd;
  return b == 0x9d && c == 0x9f;
}

/** What may end a line behind the equals sign of quoted-printable, in JSON as an escape. */
function isLineEnd(b: u32): bool {
  return b == 0x0a || b == 0x0d || (json && b == 0x5c);
}

function isAnchor(p: usize, t: u32): bool {
  if ((t & T_TOKEN) != 0 && isPair(p)) return true;
  if ((t & T_COLON) != 0) return colon(p);
  if ((t & T_SIGN) != 0) return names(p);
  if ((t & T_W) != 0 && endsPassword(p)) return true;
  if ((t & T_AT) != 0 && (is(p + 1, DOMAIN) || at8(p + 1) == 0x5b)) return true;
  if ((t & T_BRACKET) != 0 && isSpelled(p)) return true;
  if ((t & T_DASH) != 0 && dash(p)) return true;
  if ((t & T_COMMA) != 0 && comma(p)) return true;
  if ((t & T_DOT) != 0 && at8(p + 5) == 0x2e && isHexRun(p + 1, 4) && isHexRun(p - 4, 4)) return true;
  if ((t & T_J) != 0 && at8(p - 1) == 0x79 && at8(p - 2) == 0x65) return true;
  if ((t & T_B) != 0 && letterB(p)) return true;
  if ((t & T_CODED) != 0 && coded(p)) return true;
  return (t & T_TILDE) != 0 && at8(p - 1) == 0x51;
}

/** The w of `passw…`, or of a word that ends in `pw` or `pwd`. */
function endsPassword(p: usize): bool {
  const b = at8(p - 1);
  if (b == 0x70) return at8(p + 1) <= 0x20 || (at8(p + 1) == 0x64 && at8(p + 2) <= 0x20);
  return b == 0x73 && at8(p - 2) == 0x73 && at8(p - 3) == 0x61 && at8(p - 4) == 0x70;
}

/** Which bit stands for three bytes, in the order of memory (threesBit of anchors.ts). */
function hashOfThree(bytes: u32): u32 {
  return (bytes * 0x9e3779b1) >> 16;
}

/** A prefix of tokens has its anchor at p. */
function isPair(p: usize): bool {
  const around = load<u32>(p - 2);
  const before = hashOfThree(around & 0xffffff);
  if (((load<u8>(ENDING_THREES_AT + (before >> 3)) >> (before & 7)) & 1) == 0) return false;
  const after = hashOfThree(around >> 8);
  if (((load<u8>(MIDDLE_THREES_AT + (after >> 3)) >> (after & 7)) & 1) == 0) return false;
  const pair = (at8(p - 1) << 8) | at8(p);
  if (p == lo || ((load<u8>(SLOT_AT + SLOT_PAIRS + (pair >> 3)) >> (pair & 7)) & 1) == 0) return false;
  let next: u32 = load<u16>(HEADS_AT + 2 * (((pair * 40503) >> 6) & (HEADS - 1)));
  while (next != 0) {
    const rule = PREFIXES_AT + PREFIX_BYTES * next;
    if (load<u16>(rule) == pair) {
      const anchor: u32 = load<u8>(rule, 4);
      const start = p - (anchor & 31);
      const flags: u32 = load<u8>(rule, 5);
      const length = flags & 31;
      let k: u32 = 0;
      while (k < length && at8(start + k) == load<u8>(rule + 6 + k)) k++;
      if (k == length && (flags <= 31 || mayFollow(start, length, flags, anchor >> PREFIX_BODY_SHIFT))) return true;
    }
    next = load<u16>(rule, 2);
  }
  return false;
}

/** What stands beside the prefix at `start` lets it begin a token. */
function mayFollow(start: usize, length: usize, flags: u32, body: u32): bool {
  if ((flags & PREFIX_NAMED) == PREFIX_NAMED) return !isSigned(start + length);
  if ((flags & PREFIX_BOUND) != 0 && start > lo && is(start - 1, ALNUM) && !(cells && isNearLength(start))) return false;
  const bits = (flags & PREFIX_ALNUM) != 0 ? ALNUM : (flags & PREFIX_TOKEN) != 0 ? TOKEN : 0;
  if (bits == 0) return true;
  for (let k: u32 = 0; k < body; k++) if (!is(start + length + k, bits)) return false;
  return true;
}

/** A sign follows the name that is read from p on, as most names have it: other checks are called for that (named.ts). */
function isSigned(p: usize): bool {
  let q = p;
  while (q < hi && q - p < 16 && is(q, IDENT)) q++;
  const b = at8(q);
  if (b == 0x3a || b == 0x3d) return true;
  if (!isQuote(b)) return false;
  const next = at8(q + 1);
  return next == 0x3a || next == 0x3d;
}

// ---- encoded text (encoded.ts)

/** What follows the M that begins the digits 0 to 3 in base64: D, T, j, z, where another digit is behind them. */
function isDigit64(b: u32): bool {
  return b == 0x44 || b == 0x54 || b == 0x6a || b == 0x7a;
}

/** A percent-encoded byte of ASCII, or a run of base64 that begins as text does. */
function coded(p: usize): bool {
  if (at8(p) == 0x25) return at8(p + 1) >= 0x32 && at8(p + 1) <= 0x37 && is(p + 2, HEX);
  if (at8(p) == 0x4d && !isDigit64(at8(p + 1))) return false;
  return (is(p - 1, BASE64) || is(p + 1, BASE64)) && isText64(p);
}

/** a place in a run of base64 that was asked about, and what was found: the same run is not read back again */
let codedAt: usize = 0;
let codedText = false;

/** The run of base64 that p is in begins as text does; a run that may begin before the range is not told. */
function isText64(p: usize): bool {
  let start = p;
  while (start > lo && start != codedAt && is(start - 1, BASE64)) start--;
  if (start != codedAt) codedText = beginsAsText(start);
  codedAt = p;
  return codedText;
}

function beginsAsText(start: usize): bool {
  if (start == IN_AT || (cells && isNearLength(start))) return true;
  const b = at8(start) as i32;
  if (b < 0x41 || b > 0x66 || (b > 0x5a && b < 0x61)) return false;
  for (let k: usize = 0; k < 12; k += 4) {
    const first = value64(at8(start + k));
    const second = value64(at8(start + k + 1));
    const third = value64(at8(start + k + 2));
    const fourth = value64(at8(start + k + 3));
    if (first > 31 || second > 63 || third > 63 || fourth > 63) return false;
    if (!isPrinted((first << 2) | (second >> 4)) || !isPrinted(((second << 4) & 0xff) | (third >> 2))) return false;
    if (!isPrinted(((third << 6) & 0xff) | fourth)) return false;
  }
  return true;
}

function value64(b: u32): u32 {
  if (b >= 0x61 && b <= 0x7a) return b - 0x47;
  if (b >= 0x41 && b <= 0x5a) return b - 0x41;
  if (b >= 0x30 && b <= 0x39) return b + 4;
  return b == 0x2b ? 62 : b == 0x2f ? 63 : 255;
}

function isPrinted(b: u32): bool {
  return (b >= 0x20 && b < 0x7f) || b == 0x0a || b == 0x0d || b == 9;
}

function isHexRun(p: usize, n: i32): bool {
  for (let k = 0; k < n; k++) if (!is(p + k, HEX)) return false;
  return true;
}

function isQuote(b: u32): bool {
  return b == 0x22 || b == 0x27 || b == 0x60;
}

// ---- signs and letters

function isSpelled(p: usize): bool {
  let q = p + 1;
  if (at8(q) == 0x20) q++;
  return at8(q) == 0x40 || ((at8(q) | 0x20) == 0x61 && (at8(q + 1) | 0x20) == 0x74);
}

function letterB(p: usize): bool {
  const a = at8(p + 1) | 0x20;
  const b = at8(p + 2) | 0x20;
  // bearer, basic, BIC
  if ((a == 0x65 && b == 0x61) || (a == 0x61 && b == 0x73) || (a == 0x69 && b == 0x63)) return true;
  if ((kinds & K_BIRTH) == 0) return false;
  // born, birth, bday
  if ((a == 0x6f && b == 0x72) || (a == 0x69 && b == 0x72) || (a == 0x64 && b == 0x61)) return true;
  // dob, d.o.b
  const c = at8(p - 1) | 0x20;
  const d = at8(p - 2) | 0x20;
  return (c == 0x6f && d == 0x64) || (c == 0x2e && d == 0x6f);
}

function comma(p: usize): bool {
  if (p == lo || !isQuote(at8(p - 1)) || (json && at8(p - 1) == 0x22)) return false;
  const open = at8(p + 1) == 0x20 ? p + 2 : p + 1;
  const quote = at8(open);
  if (!isQuote(quote)) return false;
  // a value of less than seven bytes is none; most of what follows a comma is a key and shorter
  const quotes = i8x16.bitmask(i8x16.eq(v128.load(open, 1), i8x16.splat(quote as i8)));
  const length = ctz(quotes | 0x10000) as usize;
  if (length < 7 && at8(open + length) != 0x5c) return false;
  return assigns(p);
}

function dash(p: usize): bool {
  const next = at8(p + 1);
  if (at8(p + 3) == 0x2d && at8(p + 6) == 0x2d && isHexRun(p + 1, 2)) return true;
  if (next == 0x2d && at8(p + 4) == 0x2d && at8(p + 5) == 0x42) return true;
  const own = p > lo ? at8(p - 1) : 0;
  const before = json && own == 0x22 ? 0 : own;
  const near = cells && isNearLength(p);
  if (before > 0x20 && before != 0x2d && !near) return false;
  // -u, -user, -p, -a, -w, -P
  if (next == 0x75 || next == 0x70 || next == 0x61 || next == 0x77 || next == 0x50) return true;
  if (before != 0x2d && !near) return false;
  let end = p + 1;
  const limit = min(hi, p + NAME_MAX);
  while (end < limit && is(end, IDENT)) end++;
  return end > p + 2 && at8(end) == 0x20 && (evidenceOf(p + 1, end) & number(1)) != 0;
}

function colon(p: usize): bool {
  const next = p + 1 < hi ? at8(p + 1) : 0;
  if (next == 0x2f && at8(p + 2) == 0x2f) return true;
  if (next == 0x2a && at8(p + 2) == 0x3a) return true;
  // `/p:` (options.ts)
  if (at8(p - 1) == 0x70 && at8(p - 2) == 0x2f) return true;
  if (next >= 0x30 && next <= 0x39 && isPort(p + 1)) return true;
  if ((kinds & (K_IP | K_MAC)) != 0) {
    if (next == 0x3a) {
      if (is(p + 2, HEX) || is(p - 1, HEX)) return true;
    } else if (is(p + 1, HEX) && colons(p)) return true;
  }
  return names(p);
}

/** Four or five digits and a colon. */
function isPort(p: usize): bool {
  let q = p;
  while (q < p + 6 && is(q, DIGIT)) q++;
  return at8(q) == 0x3a && q - p >= 4;
}

function colons(p: usize): bool {
  let n = 0;
  let size = 0;
  const limit = min(hi, p + 45);
  for (let q = p; q < limit; q++) {
    if (at8(q) == 0x3a) {
      if (q > p && at8(q - 1) == 0x3a) return true;
      if (++n >= 5) return true;
      size = 0;
    } else if (!is(q, HEX) || ++size > 4) break;
  }
  return false;
}

// ---- names

/** what is known of a name that was read before */
const SECRET: u32 = 1;
const KEYED: u32 = 2;
const HEADER: u32 = 4;

/** where what is known of the name read last stands; 0: it is not kept, for it is too long, or may be part of something else */
let known: usize = 0;

/**
 * Reads the name that ends before `end`. Names come again and again: what is known of one is kept, and found by its bytes. Most are
 * shorter than sixteen.
 */
function readName(end: usize): void {
  known = 0;
  const bytes = v128.load(end - 16);
  const hits = v128.and(
    i8x16.swizzle(v128.load(IDENT_NIBBLES_AT), v128.and(bytes, i8x16.splat(15))),
    i8x16.swizzle(i8x16(1, 2, 4, 8, 16, 32, 64, -128, 0, 0, 0, 0, 0, 0, 0, 0), i8x16.shr_u(bytes, 4)),
  );
  const length = clz(~(i8x16.bitmask(i8x16.ne(hits, i8x16.splat(0))) << 16));
  nameFrom = end - length;
  nameTo = end;
  if (length == 0 || length == 16 || nameFrom < lo || (cells && isNearLength(nameFrom))) return;
  const name = v128.and(bytes, v128.load(LAST_AT + length));
  const mixed = (i64x2.extract_lane(name, 0) * 0x9e3779b97f4a7c15) ^ i64x2.extract_lane(name, 1);
  const slot = NAMES_AT + 32 * ((((mixed * 0x9e3779b97f4a7c15) as u64) >> 56) as usize);
  if (!i8x16.all_true(i8x16.eq(v128.load(slot), name))) {
    v128.store(slot, name);
    const bits = evidenceOf(nameFrom, end);
    store<u32>(slot, bits, 16);
    let what: u32 = (bits & number(1)) != 0 ? SECRET : 0;
    if (length < 3 || isEnding(end)) what |= KEYED;
    if (isHeader(end)) what |= HEADER;
    store<u32>(slot, what, 20);
  }
  known = slot;
}

/** The last three letters of what ends before `end` are those of labels (labels.ts). */
function isEnding(end: usize): bool {
  const a = at8(end - 3) & 31;
  const b = at8(end - 2) & 31;
  const c = at8(end - 1) & 31;
  return load<u8>(ENDINGS_AT + ((a << 10) | (b << 5) | c)) != 0;
}

/** What ends before `end` may be Cookie, Private-Lines, response, kind. */
function isHeader(end: usize): bool {
  const c = at8(end - 1) | 0x20;
  // the kind of a manifest
  if (c == 0x64) return at8(end - 1) == 0x64 && at8(end - 2) == 0x6e && at8(end - 3) == 0x69 && at8(end - 4) == 0x6b;
  if (c == 0x73) return at8(end - 5) == 0x4c;
  if (c != 0x65) return false;
  const b = at8(end - 2) | 0x20;
  return (b == 0x69 && (at8(end - 6) | 0x20) == 0x63) || (b == 0x73 && at8(end - 8) == 0x72);
}

/** The key before the sign may be a label (labels.ts). */
function isKey(op: usize): bool {
  let end = op;
  if (end > lo && at8(end - 1) == 0x20) end--;
  if (end > lo && (at8(end - 1) == 0x22 || at8(end - 1) == 0x27)) end--;
  if (end > lo && at8(end - 1) == 0x5c) end--;
  if (end < lo + 3 || !isEnding(end)) return false;
  // `name` alone is none
  const start = end - 4;
  if (start < lo || (at8(start) | 0x20) != 0x6e || (at8(end - 1) | 0x20) != 0x65 || (cells && isNearLength(start))) return true;
  if (start == lo) return false;
  const before = at8(start - 1);
  return (classOf(before) & ALNUM) != 0 || before == 0x5f || before == 0x2d || before == 0x2e || before == 0x20 || before == 0x2f;
}

/** What stands before the sign gives what is behind it a meaning. */
function names(op: usize): bool {
  const b = at8(op - 1);
  // between strings, or the first byte of one
  if (json && b == 0x22) return false;
  const quoted = b == 0x22 || b == 0x27;
  const end = quoted ? op - 1 : op;
  const equals = at8(op) == 0x3d;
  if (end > lo) {
    readName(end);
    if (known != 0 && (nameFrom == lo || at8(nameFrom - 1) < 0x80) && !(equals && (isNameGap(at8(nameFrom - 1)) || b == 0x2e || b == 0x2d || b == 0x21))) {
      const what = load<u32>(known, 20);
      if (what == 0) return false;
      if ((what & SECRET) != 0 && (kinds & K_ASSIGNED) != 0) return true;
      if ((what & HEADER) != 0) return true;
      if ((what & KEYED) == 0) return false;
      return (kinds & K_KEYED) != 0 && isKey(op);
    }
  }
  if (isHeader(end)) return true;
  if ((kinds & K_KEYED) != 0 && isKey(op)) return true;
  return (kinds & K_ASSIGNED) != 0 && assigns(op);
}

/** A word of the name before the sign speaks of secrets (assignment.ts). */
function assigns(op: usize): bool {
  const b = op > lo ? at8(op - 1) : 0;
  const head = at8(op) == 0x3d && (b == 0x2e || b == 0x2b || b == 0x7c || b == 0x2d || b == 0x21);
  const sign = head ? (b == 0x7c && op - 2 > lo && at8(op - 2) == 0x7c ? op - 2 : op - 1) : op;
  if (wordBefore(sign)) return true;
  if (nameFrom == nameTo || nameFrom < lo + 2 || at8(op) != 0x3d || at8(nameFrom - 1) != 0x20) return false;
  return wordBefore(nameFrom);
}

function wordBefore(op: usize): bool {
  const naming = number(1);
  let p = op;
  const gapFloor = max(lo, op - 12);
  while (p > gapFloor && isNameGap(at8(p - 1))) p--;
  // `password[32]`
  if (p < op && at8(p) == 0x5d) {
    let q = p;
    while (q > gapFloor && is(q - 1, DIGIT)) q--;
    if (q > gapFloor && at8(q - 1) == 0x5b) p = q - 1;
  }
  const end = p;
  // a word of another script (password-words.ts)
  if (end > lo && at8(end - 1) >= 0x80) return true;
  readName(end);
  if (nameFrom > lo && at8(nameFrom - 1) >= 0x80) return true;
  if (known != 0) return (load<u32>(known, 20) & SECRET) != 0;
  const floor = max(lo, end - NAME_MAX);
  while (p > floor && is(p - 1, IDENT)) p--;
  nameFrom = p;
  nameTo = end;
  if (p > lo && at8(p - 1) >= 0x80) return true;
  if (p == end) return false;
  if ((evidenceOf(p, end) & naming) != 0) return true;
  if (cells && mayBeCellStart(p))
    for (let k: usize = 1; k <= 3 && p + k < end; k++) if ((evidenceOf(p + k, end) & naming) != 0) return true;
  return false;
}

function isNameGap(b: u32): bool {
  return b == 0x20 || b == 0x09 || b == 0x22 || b == 0x27 || b == 0x5d || b == 0x3a || b == 0x3f || b == 0x60 || b == 0x5c || b == 0x2b;
}

// ---- words (words.ts, evidence.ts)

function bitsAt(hash: i32): u32 {
  let slot: u32 = ((hash as u32) ^ ((hash as u32) >> 15)) & (WORD_SLOTS - 1);
  while (true) {
    const bits = load<u32>(BITS_AT + 4 * slot);
    if (bits == 0 || load<i32>(HASHES_AT + 4 * slot) == hash) return bits;
    slot = (slot + 1) & (WORD_SLOTS - 1);
  }
}

/** bytes that one mask of their classes holds */
const MASKED: usize = 64;

// the bytes that were masked last, one bit each: letters, digits, capitals, dots
let letters: u64 = 0;
let numerals: u64 = 0;
let capitals: u64 = 0;
let dotsOf: u64 = 0;
let beyond = false;

/** Reads the classes of buf[start, end), at most MASKED bytes. */
function maskOf(start: usize, end: usize): void {
  letters = 0;
  numerals = 0;
  capitals = 0;
  dotsOf = 0;
  let high: u64 = 0;
  let at: u64 = 0;
  for (let p = start; p < end; p += 16) {
    const bytes = v128.load(p);
    const small = v128.or(bytes, i8x16.splat(0x20));
    letters |= bits16(i8x16.lt_u(i8x16.sub(small, i8x16.splat(0x61)), i8x16.splat(26))) << at;
    numerals |= bits16(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10))) << at;
    capitals |= bits16(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x41)), i8x16.splat(26))) << at;
    dotsOf |= bits16(i8x16.eq(bytes, i8x16.splat(0x2e))) << at;
    high |= bits16(bytes) << at;
    at += 16;
  }
  const all: u64 = (-1 as u64) >> ((MASKED - (end - start)) as u64);
  letters &= all;
  numerals &= all;
  capitals &= all;
  dotsOf &= all;
  beyond = (high & all) != 0;
}

/** The highest bit of each of sixteen bytes. */
function bits16(bytes: v128): u64 {
  return ((i8x16.bitmask(bytes) as u32) & 0xffff) as u64;
}

/** The bits of a word, of one with digits behind it, of one with letters before it (words.ts): those that make a name secret are enough. */
function wordBits(start: usize, end: usize): u32 {
  let bits = plainBits(start, end);
  if (at8(end - 1) < 0x3a) {
    let to = end - 1;
    while (to > start && at8(to - 1) < 0x3a) to--;
    if (to - start > 1) bits |= wordBits(start, to) & number(1);
  } else if (end - start > 5 && isSuffix(start, end)) bits |= number(1);
  return bits;
}

function letter(p: usize): u32 {
  return at8(p) | 0x20;
}

/** `…password`, `…passwd`, `…secret`, `…token`, `…apikey`; one too many costs time. */
function isSuffix(start: usize, end: usize): bool {
  const last = letter(end - 1);
  const third = letter(end - 3);
  const fourth = letter(end - 4);
  // …word and …sswd
  if (last == 0x64) return (third == 0x6f && fourth == 0x77) || (letter(end - 2) == 0x77 && third == 0x73 && fourth == 0x73);
  // …cret
  if (last == 0x74) return third == 0x72 && fourth == 0x63;
  // …oken
  if (last == 0x6e) return third == 0x6b && fourth == 0x6f;
  // …ikey
  return last == 0x79 && third == 0x6b && fourth == 0x69;
}

/** The bits of the word buf[start, end), of two letters and more; what no word of that length begins and ends with is not hashed. */
function plainBits(start: usize, end: usize): u32 {
  const length = (end - start) as u32;
  const key = ((length & 31) << 10) | ((at8(start) & 31) << 5) | (at8(end - 1) & 31);
  if (((load<u8>(ENDS_AT + (key >> 3)) >> (key & 7)) & 1) == 0) return 0;
  let hash: i32 = 0;
  for (let k = start; k < end; k++) {
    const b = at8(k);
    hash = hash * 257 + (b >= 0x41 ? b | 0x20 : b);
  }
  return bitsAt(hash);
}

/** The bits of letters with a dot behind each (`D.N.I.`), two and more of them. */
function dottedBits(start: usize, end: usize): u32 {
  let bits: u32 = 0;
  let dotted: i32 = 0;
  let length = 0;
  let lower = false;
  for (let k = start; k < end; k++) {
    const b = at8(k);
    const letter = is(k, ALPHA);
    if (!letter && !(length > 0 && b >= 0x30 && b <= 0x39)) {
      if (length == 1 && b == 0x2e) {
        const first = dotted == 0;
        dotted = dotted * 66049 + ((at8(k - 1) | 0x20) as i32) * 257 + 0x2e;
        if (!first && !(k + 2 < end && is(k + 1, ALPHA) && at8(k + 2) == 0x2e)) bits |= bitsAt(dotted);
      } else dotted = 0;
      length = 0;
      lower = false;
      continue;
    }
    const upper = letter && b < 0x61;
    if (upper && length > 0) {
      const next = k + 1 < end ? at8(k + 1) : 0;
      if (lower || (next >= 0x61 && next <= 0x7a)) length = 0;
    }
    length++;
    lower = letter && !upper;
  }
  return bits;
}

/** The same where no digit stands right before such a letter; `singles` are the letters alone with a dot behind them. */
function chainBits(start: usize, singles: u64): u32 {
  let bits: u32 = 0;
  let left = singles;
  while (left != 0) {
    let at = ctz(left);
    let dotted: i32 = 0;
    let length = 0;
    while (at < 64 && ((left >> at) & 1) != 0) {
      dotted = dotted * 66049 + ((at8(start + (at as usize)) | 0x20) as i32) * 257 + 0x2e;
      left &= ~((1 as u64) << at);
      at += 2;
      length++;
    }
    if (length > 1) bits |= bitsAt(dotted);
  }
  return bits;
}

/** The bits of all words in buf[start, end), at most MASKED bytes, as words.ts cuts it into words. */
function evidenceOf(start: usize, end: usize): u32 {
  if (end - start > MASKED) return 0xffffffff;
  maskOf(start, end);
  let bits = maskedBits(start, end);
  // words of other scripts (world-words.ts) are not read here: they may say anything that words say of numbers
  if (beyond) bits |= number(2) | number(4) | number(14);
  // words that mean something together: both halves are in the second number, what they mean in the first
  if ((bits & number(7)) == number(7)) bits |= number(8);
  if ((bits & number(9)) != 0 && (bits & (number(10) | number(13))) != 0) bits |= number(11);
  if ((bits & number(10)) != 0 && (bits & number(12)) != 0) bits |= number(15);
  return bits;
}

function maskedBits(start: usize, end: usize): u32 {
  let bits: u32 = 0;
  let left = letters | numerals;
  const lower = letters & ~capitals;
  // a capital behind a small letter, or before one
  const humps = capitals & ((lower << 1) | (lower >> 1));
  const dotted = letters & (dotsOf >> 1);
  if ((dotted & (dotted >> 2)) != 0) {
    if ((dotted & (numerals << 1)) != 0) bits |= dottedBits(start, end);
    else bits |= chainBits(start, dotted & (~(letters << 1) | humps));
  }
  while (left != 0) {
    const first = ctz(left);
    const rest = ~(left >> first);
    const last = rest == 0 ? 64 : first + ctz(rest);
    // digits before the first letter are no part of the word
    const own = letters >> first;
    let from = own == 0 ? last : first + ctz(own);
    if (from < last) {
      let cuts = humps & (((-2 as u64) << from) & ((-1 as u64) >> (64 - last)));
      while (cuts != 0) {
        const to = ctz(cuts);
        cuts &= cuts - 1;
        if (to - from > 1) bits |= wordBits(start + (from as usize), start + (to as usize));
        from = to;
      }
      if (last - from > 1) bits |= wordBits(start + (from as usize), start + (last as usize));
    }
    if (last >= 64) break;
    left &= (-1 as u64) << last;
  }
  return bits;
}

function isText(b: u32): bool {
  return b >= 0x20 || b == 9 || b == 10 || b == 13;
}

/** the words that evidenceStart found are those that the exact checks read */
let sure = false;

/** Where the words begin that evidenceBefore reads: behind what ends a text, or before the value's own quote and the key's. */
function evidenceStart(p: usize): usize {
  const floor = max(lo, p - LOOKBACK);
  const from = p - LOOKBACK;
  let stops: u64 = 0;
  let quotes: u64 = 0;
  let ends: u64 = 0;
  for (let at: u64 = 0; at < (LOOKBACK as u64); at += 16) {
    const bytes = v128.load(from + (at as usize));
    const low = i8x16.lt_u(bytes, i8x16.splat(0x20));
    const end = i8x16.eq(bytes, i8x16.splat(0x0a));
    const blank = v128.or(end, v128.or(i8x16.eq(bytes, i8x16.splat(9)), i8x16.eq(bytes, i8x16.splat(13))));
    const signs = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(0x5d)), i8x16.eq(bytes, i8x16.splat(0x3b))),
      v128.or(i8x16.eq(bytes, i8x16.splat(0x7b)), i8x16.eq(bytes, i8x16.splat(0x7d))),
    );
    stops |= bits16(v128.or(v128.andnot(low, blank), signs)) << at;
    quotes |= bits16(i8x16.eq(bytes, i8x16.splat(0x22))) << at;
    ends |= bits16(end) << at;
  }
  // an empty line; the last byte alone is none
  stops |= ends & (ends << 1) & ~((1 as u64) << ((LOOKBACK - 1) as u64));
  // the value's own quote may stand a few bytes before; the exact checks ask whether it does where a second one stands before that
  const second = withoutLast(quotes);
  stops |= withoutLast(second);
  const start = max(floor, from + ((64 - clz(stops)) as usize));
  sure = second == 0 || from + ((63 - clz(second)) as usize) < start;
  return start;
}

function withoutLast(bits: u64): u64 {
  return bits == 0 ? bits : bits ^ ((1 as u64) << (63 - clz(bits)));
}

function evidenceBefore(p: usize): u32 {
  return evidenceOf(evidenceStart(p), p);
}

/** What is known of the key, if `"key":` or `"key":"` stands before p, a blank perhaps between: then no other words count. */
function keyOf(p: usize): usize {
  let q = p;
  if (at8(q - 1) == 0x22) q--;
  if (at8(q - 1) == 0x20) q--;
  if (q < lo + 4 || at8(q - 1) != 0x3a || at8(q - 2) != 0x22) return 0;
  readName(q - 2);
  return known != 0 && nameFrom > lo && at8(nameFrom - 1) == 0x22 ? known : 0;
}

/** Evidence of the words before p, in cells also as if up to three of the first bytes belonged to a length word. */
function contextOf(p: usize): u32 {
  exactAt = cells ? 0 : p;
  exactBits = 0;
  if (p == lo || !isText(at8(p - 1))) return 0;
  const key = keyOf(p);
  if (key != 0) {
    exactBits = load<u32>(key, 16);
    return exactBits;
  }
  let bits = evidenceBefore(p);
  exactBits = bits;
  if (!sure || beyond) exactAt = 0;
  if (!cells) return bits;
  const floor = max(lo, p - LOOKBACK);
  let k = p - 1;
  while (k >= floor && isText(at8(k))) k--;
  if (k >= floor) for (let skip: usize = 2; skip <= 4 && k + skip < p; skip++) bits |= evidenceOf(k + skip, p);
  return bits;
}

function runContext(): u32 {
  if (context < 0) {
    let bits = contextOf(groupStart(0));
    // a word that ends in digits is one word
    if (groups > 1 && groupStart(0) > lo && is(groupStart(0) - 1, ALPHA)) bits |= contextOf(groupStart(1));
    context = (bits & 0x7fffffff) as i32;
  }
  return context;
}

// ---- cells (may-hold.ts)

function isNearLength(p: usize): bool {
  return (
    (p > lo && at8(p - 1) == 0) || (p >= lo + 2 && at8(p - 2) == 0) || (p >= lo + 3 && at8(p - 3) == 0) || (p >= lo + 4 && at8(p - 4) == 0)
  );
}

function mayBeCellStart(p: usize): bool {
  if (!cells || !isNearLength(p)) return false;
  let zero = p - 1;
  while (at8(zero) != 0) zero--;
  const cell = zero + 2;
  if (cell > p || zero < lo + 2 || at8(zero - 1) != 0 || at8(zero - 2) != 0) return true;
  const end = cell + at8(zero + 1);
  if (end > hi + 14) return true;
  const b = at8(end);
  return !(b == 0 || b == 0xff || (b == 0x44 && at8(end + 1) == 0));
}

// ---- digits

function isGap(b: u32): bool {
  return b == 0x20 || b == 0x2d || b == 0x2e || b == 0x28 || b == 0x29 || b == 0x2f;
}

function gapCode(b: u32): u32 {
  return b == 0x20 ? 0 : b == 0x2d ? 1 : b == 0x2e ? 2 : b == 0x2f ? 3 : b == 0x28 ? 4 : b == 0x29 ? 5 : 6;
}

function stopAt(p: usize): usize {
  emit(p);
  reached = true;
  return p + 1;
}

/** A run of digits that begins at p: it is given when it may be something. Gives where the search goes on behind it. */
function digits(p: usize, t: u32): usize {
  exactAt = 0;
  const letter = p > lo && is(p - 1, ALPHA);
  let end = p + 1;
  while (end < hi && is(end, DIGIT)) end++;
  if (cut && end + 64 > hi) return stopAt(p);
  const after = end < hi ? at8(end) : 0;
  const uuid = uuidEnd(p);
  if (uuid != 0) return uuid;
  const slash = after == 0x2f && (isPair(end + 1) || isPair(end + 2));
  const wanted = named || slash || ((t & T_TOKEN) != 0 && isPair(p)) || (t & ~(T_DIGIT | T_TOKEN)) != 0;
  if (!isGap(after) && !letter && end - p < 6) {
    if ((classOf(after) & ALPHA) == 0) {
      if (wanted) emitNamed(p);
      return end;
    }
    return word(p, p, end, wanted);
  }
  if (!wanted && !letter && end - p < 6) {
    if (after == 0x2e) {
      const resume = decimal(p, end);
      if (resume != 0) return resume;
    } else if (after == 0x2d && end - p == 4 && p > lo && !mayBeCellStart(p)) {
      const resume = timestamp(p);
      if (resume != 0) return resume;
    }
  }
  readGroups(p);
  if (cut && until + 64 > hi) return stopAt(p);
  const hold = wanted || run(p);
  if (more) {
    emitNamed(p);
    return groupStart(groups - GROUPS_OVERLAP);
  }
  if (!letter && !(until < hi && is(until, ALPHA))) {
    if (hold) emitNamed(p);
    return until;
  }
  return word(p, groupStart(groups - 1), until, hold);
}

/** Where a UUID (RFC 9562) ends whose first digit stands at p, in its first eight; 0 when there is none. */
function uuidEnd(p: usize): usize {
  let start = p;
  while (start > lo && p - start < 8 && is(start - 1, HEX)) start--;
  if (at8(start + 8) != 0x2d || at8(start + 13) != 0x2d || at8(start + 18) != 0x2d || at8(start + 23) != 0x2d) return 0;
  const end = start + 36;
  if (
    end > hi ||
    p >= start + 8 ||
    hexMask(start) != 0b1101111011111111 ||
    hexMask(start + 16) != 0b1111111101111011 ||
    hexMask(start + 20) != 0b1111111111110111
  )
    return 0;
  if (start > lo && is(start - 1, ALNUM)) return 0;
  return end < hi && (is(end, ALNUM) || at8(end) == 0x2d) ? 0 : end;
}

/** Which of sixteen bytes are hex digits. */
function hexMask(p: usize): i32 {
  const bytes = v128.load(p);
  const digits = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  const letters = i8x16.lt_u(i8x16.sub(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x61)), i8x16.splat(6));
  return i8x16.bitmask(v128.or(digits, letters));
}

/** `123.45` with nothing behind it that belongs to the run: where it ends; 0 when it may be something. */
function decimal(p: usize, dot: usize): usize {
  let end = dot + 1;
  while (end < hi && is(end, DIGIT)) end++;
  if (end == dot + 1) return end < hi && isGap(at8(end)) ? 0 : dot;
  if (end < hi && (isGap(at8(end)) || is(end, ALPHA))) return 0;
  const digits = end - p - 1;
  if (digits < 6 && end - p < 6) return end;
  if (digits >= 12) return 0;
  const key = keyOf(p);
  if (key == 0 || digits >= 7) return 0;
  return (load<u32>(key, 16) & words()) == 0 ? end : 0;
}

/**
 * `2024-05-01T10:20:30.123Z` (RFC 3339) behind a key or at a line's beginning: where the search goes on. 0 when it is none, or when the
 * words before may make something of its digits.
 */
function timestamp(p: usize): usize {
  if (is(p - 1, IDENT) || at8(p - 1) == 0x2b || at8(p - 1) == 0x28) return 0;
  const bytes = v128.load(p);
  const digits = i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10)));
  if ((digits & 0xffff) != 0b1101101101101111) return 0;
  const t = at8(p + 10);
  if (at8(p + 7) != 0x2d || (t != 0x54 && t != 0x20) || at8(p + 13) != 0x3a || at8(p + 16) != 0x3a) return 0;
  const century = at8(p) * 256 + at8(p + 1);
  if (century != 0x3139 && century != 0x3230) return 0;
  if (!is(p + 17, DIGIT) || !is(p + 18, DIGIT)) return 0;
  let end = p + 19;
  if (at8(end) == 0x2e) {
    end++;
    while (end < hi && is(end, DIGIT)) end++;
    if (end < p + 21 || end > p + 29) return 0;
  }
  if (end > hi || (cut && end + 64 > hi)) return 0;
  const zone = at8(end) == 0x5a;
  if (zone) end++;
  if (end < hi && (is(end, ALNUM) || at8(end) == 0x3a || (!zone && isGap(at8(end))))) return 0;
  if (end > hi) return 0;
  return (contextOf(p) & words()) == 0 ? end : 0;
}

function readGroups(from: usize): void {
  let n = 0;
  let p = from;
  more = false;
  while (true) {
    let q = p + 1;
    while (q < hi && is(q, DIGIT)) q++;
    const group = GROUPS_AT + 12 * n;
    store<u32>(group, p as u32);
    store<u32>(group, q as u32, 4);
    let r = q;
    while (r < hi && r - q < 3 && isGap(at8(r))) r++;
    if (r == q || r >= hi || !is(r, DIGIT)) {
      store<u32>(group, 0, 8);
      groups = n + 1;
      until = q;
      return;
    }
    store<u32>(group, r - q == 1 ? at8(q) : GAP_MIXED, 8);
    n++;
    p = r;
    if (n == GROUPS_MAX) {
      groups = n;
      until = r;
      more = true;
      return;
    }
  }
}

function run(p: usize): bool {
  let total = 0;
  let longest = 0;
  let dots = 0;
  for (let g = 0; g < groups; g++) {
    const size = sizeOf(g);
    total += size;
    if (size > longest) longest = size;
    if (groupGap(g) == 0x2e) dots++;
  }
  context = -1;
  if (total >= 4 && dots >= 3 && (kinds & K_IP) != 0) {
    // addresses ask for the words before them
    runContext();
    return true;
  }
  if ((kinds & K_MAC) != 0 && isMac()) return true;
  if (total < 6) return (kinds & K_LABELLED) != 0 && total >= 3 && isLong(p) && isNamed();
  if (more || (total >= 7 && mayBeCellStart(p)) || isNamed()) return true;
  if ((kinds & K_CARDS) != 0 && total >= 12 && isCard(total)) return true;
  if ((kinds & K_SSN) != 0 && isSsn()) return true;
  if ((kinds & K_PHONE) != 0 && isPhone(p, total)) return true;
  return (kinds & K_NATIONAL) != 0 && !isBesideUuid(p, until) && isNational(longest);
}

function isMac(): bool {
  for (let g = 0; g < groups; g++) {
    const end = groupEnd(g);
    const b = at8(end);
    if (b == 0x2e) {
      if (at8(end + 5) == 0x2e && isHexRun(end + 1, 4)) return true;
    } else if ((b == 0x2d || b == 0x3a) && at8(end + 3) == b && at8(end + 6) == b && at8(end + 9) == b) return true;
  }
  return false;
}

/** What no letter touches of the run is six bytes and more (labelled.ts). */
function isLong(p: usize): bool {
  const right = until < hi && is(until, ALPHA) && !(cells && at8(until) == 0x44 && at8(until + 1) == 0);
  const left = p > lo && is(p - 1, ALPHA) && !(cells && isNearLength(p));
  const first = left && groups > 1 ? groupStart(1) : groupStart(0);
  const end = right && !more ? (groups > 1 ? groupEnd(groups - 2) : first) : groupEnd(groups - 1);
  return end >= first + 6;
}

/** evidence that can make something of digits */
function words(): u32 {
  return number(2) | number(3) | number(4) | number(5);
}

/** Words before the run, or before the minus in front of it, say what digits are. */
function isNamed(): bool {
  if ((runContext() & words()) != 0) return true;
  const p = groupStart(0) - 1;
  return p > lo && at8(p) == 0x2d && (contextOf(p) & words()) != 0;
}

function isCard(total: i32): bool {
  // in groups that no network prints, behind a word for cards
  if (total >= 15 && groups > 1 && (runContext() & number(14)) != 0) return true;
  let left = total;
  for (let g = 0; g < groups; g++) {
    const size = sizeOf(g);
    if (size >= 12 && !isInUuid(groupStart(g))) return true;
    if (left < 12) return false;
    if (size <= 8 && g + 1 < groups) {
      const second = sizeOf(g + 1);
      if (second < 16 && load<u8>(CARDS_AT + 16 * size + second) != 0) return true;
    }
    left -= size;
  }
  return false;
}

function isInUuid(p: usize): bool {
  if (p < lo + 6 || at8(p - 1) != 0x2d || at8(p - 6) != 0x2d) return false;
  for (let k = p - 5; k < p - 1; k++) if (!is(k, ALNUM)) return false;
  return true;
}

function isSsn(): bool {
  for (let g = 0; g + 2 < groups; g++) if (sizeOf(g + 1) == 2 && sizeOf(g) == 3 && sizeOf(g + 2) == 4) return true;
  return false;
}

function isPhone(p: usize, total: i32): bool {
  if (p > lo && (at8(p - 1) == 0x2b || (at8(p - 1) == 0x28 && at8(p - 2) == 0x2b))) return true;
  if (total < 7) return false;
  let left = total;
  for (let g = 0; g < groups; g++) {
    const size = sizeOf(g);
    const start = groupStart(g);
    if (left >= 10 && size >= 2 && at8(start) == 0x30 && at8(start + 1) == 0x30) return true;
    left -= size;
    if (size == 3 && g + 2 < groups && sizeOf(g + 1) == 3 && sizeOf(g + 2) == 4) return true;
  }
  if (isFollowed()) return true;
  return (kinds & K_REGIONS) != 0 && isRegional(p);
}

function isRegional(p: usize): bool {
  const first = p > lo && is(p - 1, ALPHA) && !(cells && isNearLength(p)) ? 1 : 0;
  if (first >= groups || isDate(first) || isFraction(first)) return false;
  return at8(groupStart(first)) == 0x30 || (groups - first > 1 && sizeOf(first) < 7);
}

/** A word behind the run may say that it is a number to call. */
function isFollowed(): bool {
  let p = until;
  while (p < hi && p - until < 3) {
    const b = at8(p);
    if (b != 0x20 && b != 0x2d && b != 0x28 && b != 0x2c && b != 0x3b) break;
    p++;
  }
  return p > until && p < hi && (is(p, ALPHA) || at8(p) == 0x23) && !isDate(0) && !isFraction(0);
}

/** A date as RFC 3339 has it; others are not told from numbers here. */
function isDate(g: i32): bool {
  if (groups - g < 3 || sizeOf(g) != 4 || sizeOf(g + 1) > 2 || sizeOf(g + 2) != 2) return false;
  const gap = groupGap(g);
  if (gap != groupGap(g + 1) || gap == 0x20 || gap == GAP_MIXED) return false;
  const first = at8(groupStart(g));
  const second = at8(groupStart(g) + 1);
  return (first == 0x31 && second == 0x39) || (first == 0x32 && second == 0x30);
}

function isFraction(g: i32): bool {
  const from = groupStart(g);
  if (from >= lo + 2 && at8(from - 1) == 0x3a && is(from - 2, DIGIT)) return true;
  return groups - g == 2 && groupGap(g) == 0x2e;
}

function isNational(longest: i32): bool {
  if (longest >= (number(6) as i32)) return true;
  for (let g = 0; g + 1 < groups; g++) {
    const first = sizeOf(g);
    const second = sizeOf(g + 1);
    const code = gapCode(groupGap(g));
    if (first < 16 && second < 16 && code < 6 && load<u8>(PRINTED_AT + (first * 16 + second) * 8 + code) != 0) return true;
  }
  return false;
}

// ---- words with digits in them

function isUuidPart(p: usize): bool {
  return at8(p) == 0x2d && at8(p + 5) == 0x2d && isHexRun(p + 1, 4);
}

function isBesideUuid(start: usize, end: usize): bool {
  return (start >= lo + 6 && isUuidPart(start - 6)) || (end + 6 <= hi && isUuidPart(end));
}

/** The words that the run at p is part of. Gives where the search goes on. */
function word(p: usize, lastGroup: usize, from: usize, hold: bool): usize {
  let end = from;
  while (end < hi && is(end, ALNUM)) end++;
  if (cut && end + 64 > hi) return stopAt(p);
  if (hold || (end - p >= 4 && is(p - 1, ALPHA) && isText64(p)) || isWord(p, lastGroup, end) || (end - p >= SWALLOWED_MIN && holdsPair(p + 1, min(end, p + SWALLOWED_MAX)))) emitNamed(p);
  return cells && mayBeCellStart(p) ? from : end;
}

/** A capital in [from, end) is the anchor of a prefix of tokens. */
function holdsPair(from: usize, end: usize): bool {
  for (let p = from; p < end; p += 16) {
    const bytes = v128.load(p);
    let mask = i8x16.bitmask(i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x41)), i8x16.splat(26))) as u32;
    while (mask != 0) {
      const q = p + (ctz(mask) as usize);
      if (q >= end) return false;
      if (isPair(q)) return true;
      mask &= mask - 1;
    }
  }
  return false;
}

function isWord(p: usize, lastGroup: usize, end: usize): bool {
  let start = p;
  const floor = max(lo, p - 40);
  while (start > floor && is(start - 1, ALPHA)) start--;
  let first = p;
  while (first < hi && is(first, ALNUM)) first++;
  const near = cells && isNearLength(start);
  if ((kinds & K_IBAN) != 0 && p >= lo + 2 && is(p - 1, ALPHA) && is(p - 2, ALPHA)) {
    // what has four hex digits beside it is a UUID's part only behind a dash or with eight digits
    const inner = (first - start == 8 || at8(start - 1) == 0x2d) && isBesideUuid(start, first);
    if ((cells || p - start == 2) && is(p + 1, DIGIT) && (near || !inner)) {
      // a sure one is asked for the words before it (saysMore of numbers.ts)
      if (exactAt == 0) contextOf(groupStart(groups > 1 ? 1 : 0));
      return true;
    }
  }
  if ((kinds & (K_LABELLED | K_NATIONAL | K_WALLET)) == 0) return false;
  const skips: usize = near ? 3 : 0;
  for (let skip: usize = 0; skip <= skips; skip++) if (start + skip < first && isOwnWord(start + skip, first)) return true;
  return lastGroup != p && isOwnWord(lastGroup, end);
}

function isOwnWord(start: usize, end: usize): bool {
  const length = (end - start) as i32;
  if (cells && at8(end - 1) == 0x44 && at8(end) == 0 && isForm(start, end - 1, length - 1)) return true;
  if (isForm(start, end, length)) return true;
  // what the words before name
  if (length > 27 && (length < 42 || length > 46)) return false;
  if (length < 6 && !(length >= 3 && at8(end) == 0x2d)) return false;
  if (isBesideUuid(start, end)) return length != 8 && at8(start - 1) != 0x2d && (contextOf(start) & number(5)) != 0;
  return (contextOf(start) & words()) != 0;
}

function isForm(start: usize, end: usize, length: i32): bool {
  if (length >= 25) return (kinds & K_WALLET) != 0 && isWallet(start, length);
  if (length == 17) return isVin(start) || hasShape(start, length);
  if (length == 4) {
    if (at8(end) == 0x2d && at8(end + 4) == 0x2d) return true;
    const before = at8(start - 1);
    return (before == 0x2d || before == 0x2b) && hasDigits(start, 3) && is(start + 3, ALPHA) && !isBesideUuid(start, end);
  }
  return length >= 6 && hasShape(start, length) && !isBesideUuid(start, end);
}

function hasDigits(start: usize, n: i32): bool {
  for (let k = 0; k < n; k++) if (!is(start + k, DIGIT)) return false;
  return true;
}

/** Vehicles of America, whose numbers need no word before them: a digit first, no small letters, digits last. */
function isVin(start: usize): bool {
  const first = at8(start);
  return first >= 0x31 && first <= 0x35 && hasDigits(start + 13, 4);
}

function hasShape(start: usize, length: i32): bool {
  let letters: u32 = 0;
  for (let k = 0; k < length; k++) if (is(start + k, ALPHA)) letters |= 1 << k;
  let shape: usize = SHAPES_AT;
  while (true) {
    const size = load<i32>(shape);
    if (size == 0) return false;
    if (size == length && (letters & load<u32>(shape, 4)) == load<u32>(shape, 4) && (letters & load<u32>(shape, 8)) == 0) return true;
    shape += 12;
  }
}

function isWallet(start: usize, length: i32): bool {
  const first = at8(start);
  const a = first | 0x20;
  const b = at8(start + 1) | 0x20;
  if (first == 0x30 && b == 0x78) return true;
  if ((a == 0x62 || a == 0x74) && (b == 0x63 || b == 0x62) && at8(start + 2) == 0x31) return true;
  if (a == 0x6c && b == 0x74 && at8(start + 3) == 0x31) return true;
  if (length > 36) return false;
  let upper = false;
  let lower = false;
  for (let k = 0; k < length; k++) {
    const c = at8(start + k);
    if (c == 0x30 || c == 0x4f || c == 0x49 || c == 0x6c) return false;
    if (c >= 0x61) lower = true;
    else if (c >= 0x41) upper = true;
  }
  return upper && lower;
}
