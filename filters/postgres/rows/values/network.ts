import { createHash } from 'node:crypto';
import type { ByteSink } from '../byte-sink.js';
import { type Cell, type Cover, KEEP, NULLED, type Outcome, WRITTEN } from '../cell.js';
import type { ValueMasker } from './value.js';

const INET6 = 3; // PGSQL_AF_INET6; PGSQL_AF_INET is 2

/** `count` bytes of the masked address: zeros, or derived from the keyed mask of the text. Undefined for NULL. */
function maskedBytes(cover: Cover, text: Buffer, start: number, end: number, count: number): Buffer | undefined {
  if (cover.as === 'null') return undefined;
  if (cover.as !== 'hash' && cover.as !== 'token') return Buffer.alloc(count);
  const masked = cover.masker.mask(cover.kind, text, start, end);
  return masked && createHash('sha256').update(masked).digest().subarray(0, count);
}

function hit(cell: Cell, text: Buffer, start: number, end: number): Cover | undefined {
  const { finder } = cell;
  if (!cell.sensitive && !finder.mayHold(text, start, end)) return undefined;
  if (finder.find(text, start, end, cell.context) === 0) return undefined;
  cell.countHits();
  return finder.strongest();
}

const hex = (bytes: Buffer, group: number, separator: string): string =>
  (bytes.toString('hex').match(new RegExp(`.{${group}}`, 'g')) ?? []).join(separator);

function coverInetText(cover: Cover, buf: Buffer, start: number, end: number, out: ByteSink): Outcome {
  const six = buf.subarray(start, end).includes(0x3a);
  const bytes = maskedBytes(cover, buf, start, end, six ? 16 : 4);
  if (bytes === undefined) return NULLED;
  const zero = bytes.every((byte) => byte === 0);
  out.ascii(six ? (zero ? '::' : hex(bytes, 4, ':')) : [...bytes].join('.'));
  return WRITTEN;
}

/** inet and cidr in text. */
export const inetText: ValueMasker = {
  looks: (cell) => (cell.sensitive || cell.finder.looksFor('ip_address') ? 'plain' : 'never'),
  detect: (cell, buf, start, end, out) => {
    const cover = hit(cell, buf, start, end);
    return cover === undefined ? KEEP : coverInetText(cover, buf, start, end, out);
  },
  cover: (_cell, cover, buf, start, end, out) => coverInetText(cover, buf, start, end, out),
};

/** family, bits, is_cidr, count, address (network_send). */
function inetOf(buf: Buffer, start: number, end: number): Buffer | undefined {
  if (end - start < 4) return undefined;
  const count = buf[start + 3]!;
  if (end - start !== 4 + count || (count !== 4 && count !== 16)) return undefined;
  const address = buf.subarray(start + 4, end);
  return Buffer.from(count === 4 ? [...address].join('.') : hex(address, 4, ':'), 'latin1');
}

function coverInetBinary(cover: Cover, text: Buffer, buf: Buffer, start: number, out: ByteSink): Outcome {
  const six = buf[start] === INET6;
  const bytes = maskedBytes(cover, text, 0, text.length, six ? 16 : 4);
  if (bytes === undefined) return NULLED;
  out.byte(buf[start]!);
  // A whole address: with fewer bits a cidr would have to be zero to the right of them.
  out.byte(six ? 128 : 32);
  out.byte(buf[start + 2]!);
  out.byte(bytes.length);
  out.copy(bytes, 0, bytes.length);
  return WRITTEN;
}

/** inet and cidr in binary. */
export const inetBinary: ValueMasker = {
  looks: (cell) => (cell.sensitive || cell.finder.looksFor('ip_address') ? 'always' : 'never'),
  detect: (cell, buf, start, end, out) => {
    const text = inetOf(buf, start, end);
    if (text === undefined) return NULLED;
    const cover = hit(cell, text, 0, text.length);
    return cover === undefined ? KEEP : coverInetBinary(cover, text, buf, start, out);
  },
  cover: (_cell, cover, buf, start, end, out) => {
    const text = inetOf(buf, start, end);
    return text === undefined ? NULLED : coverInetBinary(cover, text, buf, start, out);
  },
};

/** macaddr and macaddr8, text and binary. */
export function macValue(bytes: 6 | 8, format: 0 | 1): ValueMasker {
  const textOf = (buf: Buffer, start: number, end: number): Buffer =>
    format === 0 ? buf.subarray(start, end) : Buffer.from(hex(buf.subarray(start, end), 2, ':'), 'latin1');
  const write = (cover: Cover, text: Buffer, out: ByteSink): Outcome => {
    const masked = maskedBytes(cover, text, 0, text.length, bytes);
    if (masked === undefined) return NULLED;
    if (format === 0) out.ascii(hex(masked, 2, ':'));
    else out.copy(masked, 0, masked.length);
    return WRITTEN;
  };
  return {
    looks: (cell) => (!cell.sensitive && !cell.finder.looksFor('mac_address') ? 'never' : format === 0 ? 'plain' : 'always'),
    detect: (cell, buf, start, end, out) => {
      const text = textOf(buf, start, end);
      const cover = hit(cell, text, 0, text.length);
      return cover === undefined ? KEEP : write(cover, text, out);
    },
    cover: (_cell, cover, buf, start, end, out) => write(cover, textOf(buf, start, end), out),
  };
}

/** uuid: random by itself, so no detector reads it; covered it is all zeros, or derived from the keyed mask. */
export function uuidValue(format: 0 | 1): ValueMasker {
  return {
    looks: () => 'never',
    detect: () => KEEP,
    cover: (_cell, cover, buf, start, end, out) => {
      const text = format === 0 ? buf.subarray(start, end) : Buffer.from(hexUuid(buf.toString('hex', start, end)), 'latin1');
      const masked = maskedBytes(cover, text, 0, text.length, 16);
      if (masked === undefined) return NULLED;
      if (format === 0) out.ascii(hexUuid(masked.toString('hex')));
      else out.copy(masked, 0, masked.length);
      return WRITTEN;
    },
  };
}

const hexUuid = (h: string): string => `${h.slice(0, 8)}-${h.slice(8, 12)}-${h.slice(12, 16)}-${h.slice(16, 20)}-${h.slice(20)}`;
