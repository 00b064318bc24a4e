import { MidstreamError } from '../errors.js';

/** Levels of a document. The API server's own objects have about 20. */
const DEPTH_MAX = 200;

/** A value of a JSON document (RFC 8259), by where it stands: buf[start, end). */
export type JsonNode =
  | { type: 'object'; start: number; end: number; entries: JsonEntry[] }
  | { type: 'array'; start: number; end: number; items: JsonNode[] }
  | { type: 'string'; start: number; end: number; escaped: boolean }
  | { type: 'number' | 'word'; start: number; end: number };

export interface JsonEntry {
  /** the quoted name */
  key: { start: number; end: number };
  name: string;
  known: Key;
  value: JsonNode;
}

/** A name, and what was found out about it: objects have the same ones again and again. */
export interface Key {
  name: string;
  /** undefined: nobody looked yet */
  clean: boolean | undefined;
  sensitive: boolean | undefined;
}

/** The longest name that is kept, bytes. There are 4096 places for them. */
const KEY_BYTES_MAX = 64;

/** Names that were read before are not read again. */
export class KeyTable {
  private readonly slots: { key: Key; bytes: Buffer }[] = [];

  /** `end` is behind the closing quote. */
  get(buf: Buffer, start: number, end: number, escaped: boolean): Key {
    const length = end - start - 2;
    if (escaped || length > KEY_BYTES_MAX) return { name: stringOf(buf, { start, end }), clean: undefined, sensitive: undefined };
    let hash = length;
    for (let at = start + 1; at < end - 1; at++) hash = (Math.imul(hash, 31) + buf[at]!) | 0;
    const slot = Math.imul(hash, 0x9e3779b1) >>> 20;
    const found = this.slots[slot];
    if (found !== undefined && found.bytes.length === length && same(found.bytes, buf, start + 1)) return found.key;
    const bytes = Buffer.from(buf.subarray(start + 1, end - 1));
    const key = { name: bytes.toString('utf8'), clean: undefined, sensitive: undefined };
    this.slots[slot] = { key, bytes };
    return key;
  }
}

function same(bytes: Buffer, buf: Buffer, at: number): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== buf[at + i]) return false;
  return true;
}

/** Reads one whole document. Throws MidstreamError bad_input for what is none, limit_exceeded for what is nested too deep; neither holds anything of it. */
export function readTree(buf: Buffer, keys = new KeyTable()): JsonNode {
  const reader = new TreeReader(buf, keys);
  const root = reader.value(0);
  reader.blanks();
  if (reader.at !== buf.length) throw broken();
  return root;
}

const broken = () => new MidstreamError('bad_input', 'it is not JSON');

class TreeReader {
  at = 0;

  constructor(
    private readonly buf: Buffer,
    private readonly keys: KeyTable,
  ) {}

  value(depth: number): JsonNode {
    if (depth > DEPTH_MAX) throw new MidstreamError('limit_exceeded', `it is nested deeper than ${DEPTH_MAX} levels`);
    this.blanks();
    const b = this.buf[this.at];
    if (b === 0x7b) return this.object(depth);
    if (b === 0x5b) return this.array(depth);
    if (b === 0x22) return this.string();
    return this.scalar();
  }

  blanks(): void {
    const { buf } = this;
    let at = this.at;
    for (let b = buf[at]; b === 0x20 || b === 0x0a || b === 0x0d || b === 0x09; b = buf[at]) at++;
    this.at = at;
  }

  private object(depth: number): JsonNode {
    const start = this.at++;
    const entries: JsonEntry[] = [];
    this.blanks();
    if (this.buf[this.at] === 0x7d) return { type: 'object', start, end: ++this.at, entries };
    for (;;) {
      this.blanks();
      if (this.buf[this.at] !== 0x22) throw broken();
      const key = this.string();
      this.blanks();
      if (this.buf[this.at++] !== 0x3a) throw broken();
      const known = this.keys.get(this.buf, key.start, key.end, key.escaped);
      entries.push({ key, name: known.name, known, value: this.value(depth + 1) });
      this.blanks();
      const b = this.buf[this.at++];
      if (b === 0x7d) return { type: 'object', start, end: this.at, entries };
      if (b !== 0x2c) throw broken();
    }
  }

  private array(depth: number): JsonNode {
    const start = this.at++;
    const items: JsonNode[] = [];
    this.blanks();
    if (this.buf[this.at] === 0x5d) return { type: 'array', start, end: ++this.at, items };
    for (;;) {
      items.push(this.value(depth + 1));
      this.blanks();
      const b = this.buf[this.at++];
      if (b === 0x5d) return { type: 'array', start, end: this.at, items };
      if (b !== 0x2c) throw broken();
    }
  }

  private string(): { type: 'string'; start: number; end: number; escaped: boolean } {
    const { buf } = this;
    const start = this.at;
    const { length } = buf;
    let at = start + 1;
    let escaped = false;
    while (at < length) {
      const b = buf[at]!;
      if (b === 0x22) break;
      if (b === 0x5c) {
        escaped = true;
        at += 2;
      } else at++;
    }
    if (at >= length) throw broken();
    this.at = at + 1;
    return { type: 'string', start, end: this.at, escaped };
  }

  private scalar(): JsonNode {
    const start = this.at;
    let at = start;
    for (let b = this.buf[at]; b !== undefined && isScalar(b); b = this.buf[at]) at++;
    this.at = at;
    if (isPlainNumber(this.buf, start, at)) return { type: 'number', start, end: at };
    const text = this.buf.toString('latin1', start, at);
    if (text === 'true' || text === 'false' || text === 'null') return { type: 'word', start, end: at };
    if (!/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) throw broken();
    return { type: 'number', start, end: at };
  }
}

/** Whole, and without a sign or a zero before it: most are. */
function isPlainNumber(buf: Buffer, start: number, end: number): boolean {
  if (start === end || (buf[start] === 0x30 && end - start > 1)) return false;
  for (let at = start; at < end; at++) if (buf[at]! < 0x30 || buf[at]! > 0x39) return false;
  return true;
}

function isScalar(b: number): boolean {
  return (b >= 0x30 && b <= 0x39) || (b >= 0x61 && b <= 0x7a) || b === 0x2d || b === 0x2b || b === 0x2e || b === 0x45;
}

/** What a quoted string says. Throws MidstreamError bad_input for an escape that is none. */
export function stringOf(buf: Buffer, { start, end }: { start: number; end: number }): string {
  const raw = buf.toString('utf8', start + 1, end - 1);
  if (!raw.includes('\\')) return raw;
  try {
    // A raw control character is no JSON; what a server sends all the same is read as it is.
    return JSON.parse(`"${raw.replace(CONTROL, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`) as string;
  } catch {
    throw broken();
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROL = /[\0-\x1f]/g;

/** What the entry of that name says, where it is text; of several the last, as most readers take it. */
export function textOf(buf: Buffer, node: JsonNode | undefined, name: string): string {
  if (node?.type !== 'object') return '';
  const value = node.entries.findLast((entry) => entry.name === name)?.value;
  return value?.type === 'string' ? stringOf(buf, value) : '';
}
