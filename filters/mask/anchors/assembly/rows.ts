// AssemblyScript, compiled into the same module. Masks rows of a result where each cell is as most are: nothing begins in it, a column rule
// covers it, or it is written in the usual form of a value (whole.ts, whose loops stand here again). Any other row stops the run before it
// and goes the exact way; what is said to be usual here must be usual there, and what is written must be the same.
import {
  ABROAD_AT,
  CARD_DIGITS_AT,
  CELLS_AT,
  CODES_AT,
  COLUMN_BYTES,
  COLUMNS_AT,
  FILE_ENDINGS_AT,
  GROUP_GAPS_AT,
  GROUP_SIZES_AT,
  IN_AT,
  M_CELLS,
  NULL_TEXT_AT,
  PHONE_STATES,
  PHONE_UNKNOWN,
  PHONES_AT,
  PRINTED_FORMS_AT,
  R_CELLS,
  R_CSV,
  ROWS_OUT_AT,
  ROWS_OUT_BYTES,
  ROWS_STATE_AT,
  S_AT,
  S_CODE,
  S_COLUMNS,
  S_DELIMITER,
  S_GROWTH,
  S_IDS,
  S_LENGTH_MAX,
  S_MASKED,
  S_NULL_BYTES,
  S_OUT,
  S_ROWS,
  S_TYPE,
  S_WHY,
  W_CARD,
  W_COVER,
  W_EMAIL,
  W_FIXED,
  W_FLOAT8,
  W_FLOAT8_TEXT,
  W_INT8,
  W_PHONE,
  W_PLAIN,
  W_SKIP,
  WHY_END,
  WHY_FULL,
  WHY_ROW,
} from '../layout';
import { anchors } from './anchors';

const STAR: u32 = 0x2a;
const DOT: u32 = 0x2e;
const MINUS: u32 = 0x2d;
const LOWER_E: u32 = 0x65;
/** sign left out, the first 11 bits of a double of 2^36, the last power below 10^11 */
const FLOAT8_LONG: u16 = (1023 + 36) << 4;
const HEADER = 5;

function state(k: i32): u32 {
  return load<u32>(ROWS_STATE_AT + 4 * k);
}

function say(k: i32, value: u32): void {
  store<u32>(ROWS_STATE_AT + 4 * k, value);
}

function at8(p: usize): u32 {
  return load<u8>(p);
}

function cellStart(i: i32): usize {
  return load<u32>(CELLS_AT + 8 * i);
}

function cellEnd(i: i32): usize {
  return load<u32>(CELLS_AT + 8 * i, 4);
}

function setCell(i: i32, start: usize, end: usize): void {
  store<u32>(CELLS_AT + 8 * i, start as u32);
  store<u32>(CELLS_AT + 8 * i, end as u32, 4);
}

function wayOf(i: i32): i32 {
  return load<u8>(COLUMNS_AT + COLUMN_BYTES * i);
}

let columns = 0;
let shape = 0;
/** where the next byte goes */
let out: usize = 0;

/**
 * Masks the messages that stand whole in [from, end) of the input, one row each, until one must go another way. They are written one after
 * the other, also those that are as they were; the state says the rest.
 */
export function rows(from: usize, end: usize, kind: i32): void {
  const type = state(S_TYPE);
  const lengthMax = state(S_LENGTH_MAX);
  const growth = state(S_GROWTH) as usize;
  const stop = IN_AT + end;
  columns = state(S_COLUMNS) as i32;
  shape = kind;
  out = ROWS_OUT_AT;
  say(S_CODE, 0);
  let at = IN_AT + from;
  let count: u32 = 0;
  let masked: u32 = 0;
  let why: u32 = WHY_END;
  while (at + HEADER <= stop && at8(at) == type) {
    const length = bswap<u32>(load<u32>(at + 1));
    if (length < 4 || length >= lengthMax || ((stop - at - 1) as u32) < length) break;
    const next = at + 1 + (length as usize);
    if (out + (next - at) + growth > ((ROWS_OUT_AT + ROWS_OUT_BYTES) as usize)) {
      why = WHY_FULL;
      break;
    }
    const head = out;
    const changed = (kind == R_CELLS ? cutCells(at + HEADER, next) : cutFields(at + HEADER, next)) ? write(at, next) : -1;
    if (changed < 0) {
      out = head;
      why = WHY_ROW;
      break;
    }
    if (changed > 0) masked += (out - head) as u32;
    count++;
    at = next;
  }
  say(S_AT, (at - IN_AT) as u32);
  say(S_OUT, (out - ROWS_OUT_AT) as u32);
  say(S_ROWS, count);
  say(S_MASKED, masked);
  say(S_WHY, why);
}

/** Where the cells of a tuple stand; false where it is not one of the layout. */
function cutCells(body: usize, end: usize): bool {
  if (body + 2 > end || ((at8(body) << 8) | at8(body + 1)) != (columns as u32)) return false;
  let at = body + 2;
  for (let i = 0; i < columns; i++) {
    if (at + 4 > end) return false;
    const length = bswap<u32>(load<u32>(at)) as i32;
    at += 4;
    if (length == -1) setCell(i, at, at - 1);
    else {
      if (length < 0 || (length as usize) > end - at) return false;
      setCell(i, at, at + (length as usize));
      at += length as usize;
    }
  }
  return at == end;
}

/** The same for the fields of one line that ends with the message; false where anything in it is escaped or quoted. */
function cutFields(body: usize, end: usize): bool {
  if (body >= end || at8(end - 1) != 0x0a) return false;
  if (end - body == 3 && at8(body) == 0x5c && at8(body + 1) == 0x2e) return false;
  const delimiter = state(S_DELIMITER);
  const between = i8x16.splat(delimiter as i8);
  const special: u32 = shape == R_CSV ? 0x22 : 0x5c;
  const hiding = i8x16.splat(special as i8);
  let index = 0;
  let from = body;
  let window = body;
  while (window < end) {
    const bytes = v128.load(window);
    const lines = v128.or(i8x16.eq(bytes, i8x16.splat(0x0a)), i8x16.eq(bytes, i8x16.splat(0x0d)));
    let mask = i8x16.bitmask(v128.or(v128.or(i8x16.eq(bytes, between), i8x16.eq(bytes, hiding)), lines));
    while (mask != 0) {
      const p = window + (ctz(mask) as usize);
      mask &= mask - 1;
      if (p >= end) break;
      const b = at8(p);
      if (b == special) {
        // the text of NULL may begin with a backslash
        if (shape == R_CSV || p != from || !isNull(from, end)) return false;
        continue;
      }
      if (b == 0x0d || (b == 0x0a && p != end - 1) || index >= columns) return false;
      if (isNull(from, p + 1)) setCell(index++, from, from - 1);
      else setCell(index++, from, p);
      from = p + 1;
    }
    window += 16;
  }
  return index == columns;
}

/** The field that begins at `from` is NULL: its text, and then a delimiter or the line's end. */
function isNull(from: usize, end: usize): bool {
  const length = state(S_NULL_BYTES) as usize;
  if (from + length >= end) return false;
  for (let k: usize = 0; k < length; k++) if (at8(from + k) != load<u8>(NULL_TEXT_AT + k)) return false;
  const b = at8(from + length);
  return b == state(S_DELIMITER) || b == 0x0a;
}

/** Copies 16 bytes at a time: up to 15 more are written, which the next ones write over. */
function copy(from: usize, end: usize): void {
  let to = out;
  for (let p = from; p < end; p += 16) {
    v128.store(to, v128.load(p));
    to += 16;
  }
  out += end - from;
}

/** A float8 of twelve bytes and more, as the server writes it, that may be a whole number of so many digits. */
function isLongFloat(from: usize, to: usize): bool {
  if (at8(to - 4) == LOWER_E) return at8(to - 3) != MINUS;
  for (let p = from; p < to; p++) if (at8(p) == DOT) return false;
  return true;
}

/** Writes the row that was cut; -1 where it must go another way, else whether something was masked. */
function write(start: usize, end: usize): i32 {
  const head = out;
  let copied = start;
  let changed = false;
  for (let i = 0; i < columns; i++) {
    const way = wayOf(i);
    if (way == W_SKIP) continue;
    if (way == W_PLAIN) {
      const first = cellStart(i);
      while (i + 1 < columns && wayOf(i + 1) == W_PLAIN) i++;
      const last = max(cellEnd(i), cellStart(i));
      if (first < last && anchors(first - IN_AT, last - IN_AT, first - IN_AT, last - IN_AT, M_CELLS) != 0) return -1;
      continue;
    }
    const from = cellStart(i);
    const to = cellEnd(i);
    if (to < from) continue;
    if (way == W_INT8) {
      const upper = load<u32>(from);
      if (to - from != 8 || (upper != 0 && upper != 0xffffffff)) return -1;
      continue;
    }
    if (way == W_FLOAT8) {
      if (to - from != 8 || (bswap<u16>(load<u16>(from)) & 0x7ff0) >= FLOAT8_LONG) return -1;
      continue;
    }
    if (way == W_FLOAT8_TEXT) {
      if (to - from >= 12 && isLongFloat(from, to)) return -1;
      continue;
    }
    if (way == W_FIXED) {
      if (to - from != load<u16>(COLUMNS_AT + COLUMN_BYTES * i, 2)) return -1;
      continue;
    }
    copy(copied, from);
    const at = out;
    if (!mask(i, way, from, to)) return -1;
    if (shape == R_CELLS) store<u32>(at - 4, bswap<u32>((out - at) as u32));
    copied = to;
    changed = true;
  }
  copy(copied, end);
  if (!changed) return 0;
  store<u32>(head + 1, bswap<u32>((out - head - 1) as u32));
  for (let i = 0; i < columns; i++) {
    const way = wayOf(i);
    if (way >= W_COVER && way <= W_PHONE && cellEnd(i) >= cellStart(i)) {
      const fired = COLUMNS_AT + COLUMN_BYTES * i + 8;
      store<u32>(fired, load<u32>(fired) + 1);
    }
  }
  return 1;
}

/** Writes the masked form of a cell; false where it is not written as most are. */
function mask(i: i32, way: i32, from: usize, to: usize): bool {
  if (way == W_EMAIL && !isAddress(from, to)) return false;
  if (way == W_CARD && !isCard(from, to)) return false;
  if (way == W_PHONE && !isInternational(from, to)) return false;
  const column = COLUMNS_AT + COLUMN_BYTES * i;
  if (load<u8>(column, 1) != 0) {
    const constant = load<u32>(column, 4) as usize;
    copy(constant, constant + (load<u16>(column, 2) as usize));
    return true;
  }
  if (way == W_EMAIL) {
    if (domain - from > 2) store<u8>(out++, at8(from));
    for (let k = 0; k < 3; k++) store<u8>(out++, STAR);
    copy(domain - 1, to);
  } else if (way == W_CARD) keepEnds(from, to, 0, 4);
  else keepEnds(from, to, codeDigits, 2);
  return true;
}

/** Stars for the digits save the first and the last few; never more than half of them stay (partial.ts). */
function keepEnds(from: usize, to: usize, first: i32, last: i32): void {
  if (2 * (first + last) > digits) {
    first = min(first, digits >> 2);
    last = min(last, digits >> 2);
  }
  const tail = digits - last;
  let n = 0;
  for (let p = from; p < to; p++) {
    const b = at8(p);
    if (b - 0x30 <= 9) {
      store<u8>(out++, n < first || n >= tail ? b : STAR);
      n++;
    } else store<u8>(out++, b);
  }
}

// ---- usual forms (whole.ts)

/** digits of the value, where the domain of an address begins, digits of the calling code */
let digits = 0;
let domain: usize = 0;
let codeDigits = 0;

const sizes: usize = GROUP_SIZES_AT;
const gaps: usize = GROUP_GAPS_AT;
const card: usize = CARD_DIGITS_AT;

/** Groups of such sizes may be an identifier of some country (mayBePrinted of national-id.ts). */
function mayBeId(count: i32): bool {
  if (state(S_IDS) == 0) return false;
  for (let g = 0; g + 1 < count; g++) {
    for (let form = PRINTED_FORMS_AT; at8(form) != 0; form += 16) {
      const n = at8(form) as i32;
      if (g + n > count) continue;
      let k = 0;
      while (k < n) {
        if (load<u32>(sizes + 4 * (g + k)) != load<u8>(form + 1 + k)) break;
        if (k + 1 < n && load<u32>(gaps + 4 * (g + k)) != load<u8>(form + 8 + k)) break;
        k++;
      }
      if (k < n) continue;
      if (g + n == count || load<u32>(gaps + 4 * (g + n - 1)) != load<u32>(gaps + 4 * g)) return true;
    }
  }
  return false;
}

function isCard(start: usize, end: usize): bool {
  const length = (end - start) as i32;
  let size = 16;
  let n = length;
  if (length == 19) {
    const gap = at8(start + 4);
    if ((gap != 0x20 && gap != 0x2d) || at8(start + 9) != gap || at8(start + 14) != gap) return false;
    if (load<u16>(start + 5) == 0x3030 && mayDialAbroad(start + 7)) return false;
    for (let g = 0; g < 4; g++) {
      store<u32>(sizes + 4 * g, 4);
      store<u32>(gaps + 4 * g, gap);
    }
    if (mayBeId(4)) return false;
    size = 4;
    n = 16;
  } else if (length != 16 && length != 15) return false;
  let p = start;
  let left = size;
  let same = true;
  let sum: u32 = 0;
  // every second digit from the last but one on counts twice (ISO/IEC 7812, annex B)
  let twice = (n & 1) == 0;
  const first = at8(start) - 0x30;
  for (let k = 0; k < n; k++) {
    if (left == 0) {
      p++;
      left = size;
    }
    const d = at8(p++) - 0x30;
    if (d > 9) return false;
    store<u8>(card + k, d);
    if (d != first) same = false;
    const value = twice ? 2 * d : d;
    sum += value > 9 ? value - 9 : value;
    twice = !twice;
    left--;
  }
  digits = n;
  return !same && sum % 10 == 0 && isUsualNetwork(n);
}

/** dialsAbroad of whole.ts, by how many digits numbers have: true for more. `at` is behind the `00`. */
function mayDialAbroad(at: usize): bool {
  let code: u32 = 0;
  for (let n = 1; n <= 3; n++) {
    const d = at8(at) - 0x30;
    if (d > 9) return true;
    code = code * 10 + d;
    if (code == 0) return false;
    if (load<u8>(CODES_AT + code) != 0) return ((load<u8>(ABROAD_AT + (code >> 3)) >> (code & 7)) & 1) != 0;
    at += n == 2 ? 2 : 1;
  }
  return false;
}

/** networkScore of cards.ts, where it is 0.9. */
function isUsualNetwork(length: i32): bool {
  const first = at8(card);
  const two = first * 10 + at8(card + 1);
  const four = two * 100 + at8(card + 2) * 10 + at8(card + 3);
  if (length == 15) return two == 34 || two == 37;
  if (first == 4) return true;
  if (first == 5) return two >= 51 && two <= 55;
  if (first == 2) return (four >= 2221 && four <= 2720) || (four >= 2200 && four <= 2204);
  if (first == 3) return two == 35;
  if (first == 6) return four == 6011 || two == 65 || (four >= 6440 && four <= 6499) || two == 62 || two == 60;
  return four == 9792;
}

function isInternational(start: usize, end: usize): bool {
  if (end - start < 8 || end - start > 22 || at8(start) != 0x2b) return false;
  let code: u32 = 0;
  let table: usize = 0;
  let now: u32 = 0;
  let n = 0;
  let first = 0;
  let dashes = false;
  let count = 0;
  let size = 0;
  for (let p = start + 1; p < end; p++) {
    const b = at8(p);
    const d = b - 0x30;
    if (d <= 9) {
      n++;
      size++;
      if (table != 0) {
        const next = load<u16>(table + 20 * (now & 0x7fff) + 2 * d);
        if (next == PHONE_UNKNOWN) say(S_CODE, code);
        if (next == 0 || next == PHONE_UNKNOWN) return false;
        now = next;
        continue;
      }
      code = code * 10 + d;
      if (code == 0 || n > 3) return false;
      const slot = load<u8>(CODES_AT + code);
      if (slot == 1) say(S_CODE, code);
      if (slot == 1 || (slot == 0 && n == 3)) return false;
      if (slot > 1) {
        table = PHONES_AT + 20 * PHONE_STATES * ((slot - 2) as usize);
        now = 1;
        codeDigits = n;
      }
      continue;
    }
    if ((b != 0x20 && b != 0x2d) || size == 0 || table == 0) return false;
    if (b == 0x2d) dashes = true;
    if (first == 0) first = size;
    store<u32>(sizes + 4 * count, size);
    store<u32>(gaps + 4 * count, b);
    count++;
    // what a social security number looks like
    if (size == 2 && count > 1 && load<u32>(sizes + 4 * (count - 2)) == 3) return false;
    size = 0;
  }
  if (table == 0 || size == 0 || (now & 0x8000) == 0) return false;
  store<u32>(sizes + 4 * count, size);
  digits = n;
  if (count > 0 && mayBeId(count + 1)) return false;
  if (n <= 11) return true;
  if (first == 0) return n == 12 && at8(start + 1) != 0x35 && at8(start + 1) != 0x36;
  return !dashes && first <= 3 && n - first <= 11;
}

function isAddress(start: usize, end: usize): bool {
  let p = start;
  let word = 0;
  let n = 0;
  let born = false;
  for (; p < end; p++) {
    const b = at8(p);
    if (b >= 0x61 && b <= 0x7a) {
      word++;
      if (b == 0x62) born = true;
    } else if (b - 0x30 <= 9) {
      if (n > 0 && at8(p - 1) - 0x30 > 9) return false;
      n++;
      word++;
    } else if (b == 0x2e) {
      if (word == 0) return false;
      word = 0;
    } else break;
    if (word > 19) return false;
  }
  if (p >= end || at8(p) != 0x40 || word == 0 || n > 5 || p - start > 40) return false;
  if (born && n > 3) return false;
  domain = p + 1;
  let dot: usize = 0;
  word = 0;
  for (p++; p < end; p++) {
    const b = at8(p);
    if (b >= 0x61 && b <= 0x7a) word++;
    else if ((b == 0x2e || b == 0x2d) && word > 0) {
      if (b == 0x2e) dot = p;
      word = 0;
    } else return false;
    if (word > 19) return false;
  }
  if (dot == 0 || word < 2 || (word as usize) != end - dot - 1) return false;
  if (word > 5) return true;
  let hash: u32 = 0;
  for (let k = dot + 1; k < end; k++) hash = (hash ^ at8(k)) * 16777619;
  hash = (hash ^ (hash >> 15)) & 4095;
  return ((load<u8>(FILE_ENDINGS_AT + (hash >> 3)) >> (hash & 7)) & 1) == 0;
}
