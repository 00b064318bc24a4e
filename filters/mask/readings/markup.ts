import type { Reader, Reading } from './reading.js';

/** Elements that part what stands before them from what stands behind (HTML Living Standard, 15.3): a value does not go on over their tags. */
const BLOCK = new Set(
  `address article aside blockquote body br button caption center col colgroup dd details dialog dir div dl dt fieldset figcaption figure
   footer form frame h1 h2 h3 h4 h5 h6 head header hgroup hr html iframe img input legend li link main menu meta nav noscript ol optgroup option p pre
   script search section select style summary table tbody td template textarea tfoot th thead title tr ul video`.split(/\s+/),
);
/** Elements whose tags never part anything. Tags of all others do where several follow one another: `</a><b>` ends a field of a record. */
const INLINE = new Set(
  'abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark nobr q s samp small span strike strong sub sup time tt u var wbr'.split(
    ' ',
  ),
);
/** Elements whose inside is no markup (13.1.2). */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'xmp']);
const NAME_MAX = 32;

const LT = 0x3c;
const GT = 0x3e;
const COMMENT = Buffer.from('<!--');
const CDATA = Buffer.from('<![CDATA[');
const COMMENT_END = Buffer.from('-->');
const CDATA_END = Buffer.from(']]>');

/** The text of HTML or XML without its tags, comments and marks of CDATA. Tags that part texts are a line's end, which stands for nothing. */
export const readMarkup: Reader = (buf, start, end, into) => {
  if (!beginsTag(buf, start, end)) return false;
  into.reset(end - start);
  let from = start;
  let at = find(buf, LT, start, end);
  while (at < end) {
    if (!isTag(buf, at, end)) {
      at = find(buf, LT, at + 1, end);
      continue;
    }
    into.copy(buf, from, at);
    from = tags(buf, at, end, into);
    at = find(buf, LT, from, end);
  }
  into.copy(buf, from, end);
  return true;
};

/** Values of attributes that hold references, markup or escapes of their own, each on a line: srcdoc, data of programs, handlers of events. */
export const readAttributes: Reader = (buf, start, end, into) => {
  if (!beginsTag(buf, start, end)) return false;
  into.reset(end - start);
  for (let at = find(buf, LT, start, end); at < end; ) {
    if (!isTag(buf, at, end)) at++;
    else at = buf[at + 1] === 0x21 ? markEnd(buf, at, end) : tagEnd(buf, at, end, into);
    at = find(buf, LT, at, end);
  }
  return into.length > 0;
};

/** further than this a call into native code is faster than a loop, bytes */
const LOOP_BYTES_MAX = 48;

function find(buf: Buffer, b: number, start: number, end: number): number {
  const near = Math.min(end, start + LOOP_BYTES_MAX);
  for (let k = start; k < near; k++) if (buf[k] === b) return k;
  const from = Math.max(start, near);
  const found = from < end ? buf.subarray(from, end).indexOf(b) : -1;
  return found < 0 ? end : from + found;
}

const isLetter = (b: number): boolean => (b | 0x20) >= 0x61 && (b | 0x20) <= 0x7a;
const isBlank = (b: number): boolean => b === 0x20 || b === 0x09 || b === 0x0a || b === 0x0d || b === 0x0c;

function isTag(buf: Buffer, at: number, end: number): boolean {
  if (at + 1 >= end) return false;
  const b = buf[at + 1]!;
  return isLetter(b) || b === 0x21 || b === 0x3f || (b === 0x2f && at + 2 < end && isLetter(buf[at + 2]!));
}

function beginsTag(buf: Buffer, start: number, end: number): boolean {
  for (let at = find(buf, LT, start, end); at < end; at = find(buf, LT, at + 1, end)) if (isTag(buf, at, end)) return true;
  return false;
}

/** Passes over the tags that follow one another from `at` on; gives where the text goes on. */
function tags(buf: Buffer, at: number, end: number, into: Reading): number {
  let k = at;
  let others = 0;
  let parts = false;
  while (k < end && buf[k] === LT && isTag(buf, k, end)) {
    const mark = buf[k + 1] === 0x21;
    if (mark && starts(buf, k, end, CDATA)) {
      k = cdata(buf, k, end, into, parts || others > 1);
      parts = false;
      others = 0;
      continue;
    }
    if (mark || buf[k + 1] === 0x3f) {
      k = markEnd(buf, k, end);
      continue;
    }
    const name = nameOf(buf, k, end);
    const closing = buf[k + 1] === 0x2f;
    k = tagEnd(buf, k, end);
    if (BLOCK.has(name)) parts = true;
    else if (!INLINE.has(name)) others++;
    if (RAW.has(name) && !closing) {
      newline(into, k);
      k = rawEnd(buf, k, end, name, into);
    }
  }
  if (parts || others > 1) newline(into, k);
  return k;
}

/** A line's end that stands for no byte. There is room for it: the tag before it was longer. */
const newline = (into: Reading, at: number): void => into.add(0x0a, at, at);

function starts(buf: Buffer, at: number, end: number, sign: Buffer): boolean {
  return at + sign.length <= end && buf.compare(sign, 0, sign.length, at, at + sign.length) === 0;
}

function cdata(buf: Buffer, at: number, end: number, into: Reading, parted: boolean): number {
  if (parted) newline(into, at);
  const from = at + CDATA.length;
  const close = buf.subarray(from, end).indexOf(CDATA_END);
  into.copy(buf, from, close < 0 ? end : from + close);
  return close < 0 ? end : from + close + CDATA_END.length;
}

/** Where a comment, declaration or processing instruction ends. */
function markEnd(buf: Buffer, at: number, end: number): number {
  const comment = starts(buf, at, end, COMMENT);
  const close = comment ? buf.subarray(at + 2, end).indexOf(COMMENT_END) : buf.subarray(at, end).indexOf(GT);
  return close < 0 ? end : comment ? at + 2 + close + COMMENT_END.length : at + close + 1;
}

function nameOf(buf: Buffer, at: number, end: number): string {
  const from = buf[at + 1] === 0x2f ? at + 2 : at + 1;
  let k = from;
  while (k < end && k - from < NAME_MAX && !isBlank(buf[k]!) && buf[k] !== GT && buf[k] !== 0x2f) k++;
  return known(buf, from, k);
}

/** Names that were met, each in its place by its letters: documents have few. */
const NAMES = new Array<string>(256).fill('');

/** The name in small letters. */
function known(buf: Buffer, from: number, to: number): string {
  let hash = 0;
  for (let k = from; k < to; k++) hash = Math.imul(hash ^ buf[k]!, 0x01000193);
  const slot = (hash ^ (hash >>> 15)) & (NAMES.length - 1);
  const name = NAMES[slot]!;
  let k = 0;
  while (k < name.length && from + k < to && name.charCodeAt(k) === small(buf[from + k]!)) k++;
  if (k === name.length && k === to - from) return name;
  const written = buf.toString('latin1', from, to).toLowerCase();
  NAMES[slot] = written;
  return written;
}

/** -1 for what is no ASCII: those letters are not told here. */
const small = (b: number): number => (b >= 0x41 && b <= 0x5a ? b | 0x20 : b < 0x80 ? b : -1);

/** Where the tag at `at` ends. Quotes count behind an equals sign alone (13.2.5.35). Values that hold something to undo go to `into`. */
function tagEnd(buf: Buffer, at: number, end: number, into?: Reading): number {
  let k = at + 1;
  let equals = false;
  while (k < end) {
    const b = buf[k]!;
    if (b === GT) return k + 1;
    if (equals && !isBlank(b)) {
      const quoted = b === 0x22 || b === 0x27;
      const from = quoted ? k + 1 : k;
      let to = from;
      if (quoted) to = find(buf, b, from, end);
      else while (to < end && !isBlank(buf[to]!) && buf[to] !== GT) to++;
      if (into !== undefined && holdsMore(buf, from, to)) {
        into.copy(buf, from, to);
        newline(into, to);
      }
      k = quoted ? to + 1 : to;
      equals = false;
    } else {
      if (b === 0x3d) equals = true;
      k++;
    }
  }
  return end;
}

function holdsMore(buf: Buffer, from: number, to: number): boolean {
  for (let k = from; k < to; k++) if (buf[k] === 0x26 || buf[k] === LT || buf[k] === 0x5c) return true;
  return false;
}

/** Copies what stands in an element whose inside is no markup; gives where its end tag begins. */
function rawEnd(buf: Buffer, from: number, end: number, name: string, into: Reading): number {
  let at = find(buf, LT, from, end);
  while (at < end && !(buf[at + 1] === 0x2f && nameOf(buf, at, end) === name)) at = find(buf, LT, at + 1, end);
  into.copy(buf, from, at);
  return at;
}
