import type { ByteSink } from '../byte-sink.js';

const NEGATIVE = 0x4000;
const HEADER_BYTES = 8;
/** Postgres has at most 131,072 digits before the point; weights are in groups of four. */
const GROUPS_MAX = 0x8000;
const ZERO_GROUPS_MAX = 8;

/** The decimal text of a binary numeric; undefined when the bytes are none. NaN and the infinities read as text of their own. */
export function decodeNumeric(buf: Buffer, start: number, end: number): Buffer | undefined {
  if (end - start < HEADER_BYTES) return undefined;
  const groups = buf.readUInt16BE(start);
  const weight = buf.readInt16BE(start + 2);
  const sign = buf.readUInt16BE(start + 4);
  const scale = buf.readUInt16BE(start + 6);
  if (end - start !== HEADER_BYTES + 2 * groups || groups > GROUPS_MAX) return undefined;
  if (sign !== 0 && sign !== NEGATIVE) return Buffer.from('NaN', 'latin1');
  const group = (i: number): string => {
    const at = i >= 0 && i < groups ? start + HEADER_BYTES + 2 * i : -1;
    return (at < 0 ? '0' : String(buf.readUInt16BE(at))).padStart(4, '0');
  };
  const whole: string[] = [];
  // What follows the last group is zeros; a weight of thousands must not make a long text of ten bytes.
  const last = Math.min(weight, groups + ZERO_GROUPS_MAX);
  for (let i = 0; i <= last; i++) whole.push(group(i));
  const fraction: string[] = [];
  for (let i = weight + 1; fraction.length * 4 < scale && i < groups + ZERO_GROUPS_MAX; i++) fraction.push(group(i));
  const digits = whole.join('').replace(/^0+(?=\d)/, '') || '0';
  const tail = fraction.join('').slice(0, scale);
  return Buffer.from(`${sign === NEGATIVE ? '-' : ''}${digits}${tail === '' ? '' : `.${tail}`}`, 'latin1');
}

/** Writes a whole, non-negative number of at most 16 digits. */
export function encodeNumeric(digits: string, out: ByteSink): void {
  const padded = digits.padStart(Math.ceil(digits.length / 4) * 4, '0');
  const groups: number[] = [];
  for (let i = 0; i < padded.length; i += 4) groups.push(Number(padded.slice(i, i + 4)));
  while (groups.length > 0 && groups[0] === 0) groups.shift();
  const weight = Math.max(0, groups.length - 1);
  while (groups.length > 0 && groups[groups.length - 1] === 0) groups.pop();
  out.int16(groups.length);
  out.int16(weight);
  out.int16(0);
  out.int16(0);
  for (const group of groups) out.int16(group);
}
