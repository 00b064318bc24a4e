import { MidstreamError } from '../errors.js';

/** Text and bytes of IP addresses, without a socket library. */

function bad(text: string): MidstreamError {
  return new MidstreamError('bad_input', `${JSON.stringify(text.slice(0, 64))} is not an IP address of the family it is used for`);
}

export function formatIp4(bytes: Uint8Array): string {
  return bytes.join('.');
}

/** 4 bytes of a dotted quad; leading zeros are refused, because readers disagree about what they mean. */
export function parseIp4(text: string): Buffer {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((p) => /^(?:0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256)) throw bad(text);
  return Buffer.from(parts.map(Number));
}

/** RFC 5952: lower case, no leading zeros, the longest run of zero groups (two or more, the first of equals) as `::`. */
export function formatIp6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number));
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) return `::ffff:${formatIp4(bytes.subarray(12, 16))}`;
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length += 1;
    if (length > best.length) best = { at: i, length };
  }
  const hex = (part: number[]) => part.map((g) => g.toString(16)).join(':');
  if (best.at < 0) return hex(groups);
  return `${hex(groups.slice(0, best.at))}::${hex(groups.slice(best.at + best.length))}`;
}

/** 16 bytes of an IPv6 text, with `::` and an embedded dotted quad; no zone. */
export function parseIp6(text: string): Buffer {
  const halves = text.split('::');
  if (halves.length > 2) throw bad(text);
  const [head, tail] = halves.map((half, i) => groups(half, i === halves.length - 1, text));
  if (head === undefined) throw bad(text);
  if (tail === undefined) {
    if (head.length !== 8) throw bad(text);
    return pack(head);
  }
  const missing = 8 - head.length - tail.length;
  if (missing < 1) throw bad(text);
  return pack([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

function groups(half: string, last: boolean, text: string): number[] {
  if (half === '') return [];
  const parts = half.split(':');
  return parts.flatMap((part, i) => {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const quad = parseIp4(part);
      return [quad.readUInt16BE(0), quad.readUInt16BE(2)];
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(part)) throw bad(text);
    return [Number.parseInt(part, 16)];
  });
}

function pack(all: number[]): Buffer {
  const bytes = Buffer.alloc(16);
  for (const [i, group] of all.entries()) bytes.writeUInt16BE(group, 2 * i);
  return bytes;
}
