import { BASE64, CLASS, HEX } from '../bytes.js';

export function allDigits(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! < 0x30 || buf[k]! > 0x39) return false;
  return true;
}

export function hasBlank(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if (buf[k]! <= 0x20) return true;
  return false;
}

/** The first place from here on that is no blank; `limit` where there is none. */
export function skipBlank(buf: Uint8Array, from: number, limit: number): number {
  let p = from;
  while (p < limit && buf[p]! <= 0x20) p++;
  return p;
}

export function isPath(buf: Uint8Array, start: number, end: number): boolean {
  if (buf[start] === 0x2f || buf[start] === 0x2e || buf[start] === 0x7e) return true;
  for (let k = start; k + 2 < end && k < start + 12; k++) if (buf[k] === 0x3a && buf[k + 1] === 0x2f && buf[k + 2] === 0x2f) return true;
  return false;
}

export function isBase64(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & BASE64) === 0 && buf[k] !== 0x3d) return false;
  return true;
}

export function isHexOnly(buf: Uint8Array, start: number, end: number): boolean {
  for (let k = start; k < end; k++) if ((CLASS[buf[k]!]! & HEX) === 0) return false;
  return true;
}

export function isUuid(buf: Uint8Array, start: number, end: number): boolean {
  return end - start === 36 && buf[start + 8] === 0x2d && buf[start + 13] === 0x2d && buf[start + 18] === 0x2d && buf[start + 23] === 0x2d;
}
