import { gzip } from 'pako';
import { unpackWhole } from '../../http/unpack/index.js';

/** The longest release that is looked into, bytes of it as JSON. etcd takes 1.5 MiB of it packed. */
const RELEASE_BYTES_MAX = 8 * 1024 * 1024;
const LIMITS = { unpacked_bytes_max: RELEASE_BYTES_MAX, unpacked_ratio_max: 200 };

export interface Packed {
  bytes: Buffer;
  /** base64 of base64, as it stands in a Secret */
  twice: boolean;
}

/** The first bytes of gzip in base64: how Helm keeps its releases. Once more encoded, as they stand in Secrets, they begin with `SDRzS`. */
export function isPacked(value: string): boolean {
  return value.length > 64 && (value.startsWith('H4sI') || value.startsWith('SDRzS'));
}

/** What is packed in the text; undefined for what can't be unpacked, or is too long. */
export function unpacked(value: string): Packed | undefined {
  const twice = value.startsWith('SDRzS');
  const inner = twice ? Buffer.from(value, 'base64').toString('latin1') : value;
  try {
    return { bytes: unpackWhole('gzip', Buffer.from(inner, 'base64'), LIMITS), twice };
  } catch {
    return undefined;
  }
}

export function packed({ bytes, twice }: Packed): string {
  const once = Buffer.from(gzip(bytes, { level: 1 })).toString('base64');
  return twice ? Buffer.from(once).toString('base64') : once;
}
