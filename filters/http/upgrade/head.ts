import { MidstreamError } from '../../errors.js';
import type { Header } from '../effects.js';

/** Longest head that is read, bytes; Envoy itself takes 60 KiB. */
export const HEAD_BYTES_MAX = 64 * 1024;
const HEADERS_MAX = 200;

export interface RequestHead {
  method: string;
  target: string;
  headers: Header[];
}

export interface ResponseHead {
  status: number;
  headers: Header[];
}

const END = Buffer.from('\r\n\r\n');
/** RFC 9110 section 5.6.2 */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 section 5.5: visible characters, blanks, tabs and bytes from 0x80 on */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\x7e\x80-\xff]+) HTTP\/1\.1$/;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/**
 * Collects the head of an HTTP/1.1 message (RFC 9112), in whatever chunks it comes, and reads it strictly: lines end with CRLF, no folded lines, no
 * blank before a colon. Throws MidstreamError protocol_violation or limit_exceeded.
 */
export class HeadReader {
  private buf: Buffer = Buffer.alloc(0);

  /** For the next head of the same connection. */
  reset(): void {
    this.buf = Buffer.alloc(0);
  }

  /** The head without its empty line, and what followed it; undefined while more is needed. */
  push(chunk: Buffer): { head: Buffer; rest: Buffer } | undefined {
    const from = Math.max(0, this.buf.length - END.length + 1);
    this.buf = this.buf.length === 0 ? chunk : Buffer.concat([this.buf, chunk]);
    const end = this.buf.indexOf(END, from);
    if ((end < 0 ? this.buf.length : end) > HEAD_BYTES_MAX)
      throw new MidstreamError('limit_exceeded', `the head of a message is longer than ${HEAD_BYTES_MAX} bytes`);
    if (end < 0) return undefined;
    return { head: this.buf.subarray(0, end), rest: this.buf.subarray(end + END.length) };
  }
}

export function readRequestHead(head: Buffer): RequestHead {
  const [line = '', ...fields] = head.toString('latin1').split('\r\n');
  const match = REQUEST_LINE.exec(line);
  if (match === null) throw wrong('the request line is none of HTTP/1.1');
  return { method: match[1]!, target: match[2]!, headers: readFields(fields) };
}

export function readResponseHead(head: Buffer): ResponseHead {
  const [line = '', ...fields] = head.toString('latin1').split('\r\n');
  const match = STATUS_LINE.exec(line);
  if (match === null) throw wrong('the status line is none of HTTP/1.1');
  return { status: Number(match[1]), headers: readFields(fields) };
}

function readFields(lines: readonly string[]): Header[] {
  if (lines.length > HEADERS_MAX) throw new MidstreamError('limit_exceeded', `there are more than ${HEADERS_MAX} headers`);
  return lines.map((line) => {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon));
    const value = line.slice(colon + 1).replace(/^[\t ]+|[\t ]+$/g, '');
    if (!TOKEN.test(name)) throw wrong('the name of a header is none');
    if (!VALUE.test(value)) throw wrong(`the header ${name.toLowerCase()} has a control character`);
    return [name.toLowerCase(), value];
  });
}

/** Values of a header, all its lines joined. */
export function fieldOf(headers: readonly Header[], name: string): string {
  return headers
    .filter(([one]) => one === name)
    .map(([, value]) => value)
    .join(', ');
}

/** Elements of a header that is a list (RFC 9110 section 5.6.1), without quotes being looked at. */
export const listOf = (headers: readonly Header[], name: string): string[] =>
  fieldOf(headers, name)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** The changes of an answer on a head: take away, then put in place of, then add. */
export function changed(
  headers: readonly Header[],
  {
    set = [],
    append = [],
    remove = [],
  }: { set?: readonly Header[] | undefined; append?: readonly Header[] | undefined; remove?: readonly string[] | undefined },
): Header[] {
  const gone = new Set([...remove, ...set.map(([name]) => name)]);
  return [...headers.filter(([name]) => !gone.has(name)), ...set, ...append];
}

/** A head as bytes. Throws MidstreamError internal for what would not be read as the same again. */
export function writeHead(line: string, headers: readonly Header[]): Buffer {
  for (const [name, value] of headers)
    if (!TOKEN.test(name) || !VALUE.test(value))
      throw new MidstreamError('internal', `the header ${JSON.stringify(name)} can't be written`);
  return Buffer.from(`${line}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`, 'latin1');
}

const wrong = (what: string): MidstreamError => new MidstreamError('protocol_violation', what);
