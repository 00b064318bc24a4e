import { packed, unpacked } from './packed.js';
import { coverRelease } from './release.js';

/** A release with what its Secrets hold covered. */
export interface OpenedRelease {
  /** as JSON */
  bytes: Buffer;
  /** values that are covered */
  covered: number;
  /** as it stood there */
  pack(bytes: Buffer): string;
}

/** Looks into what Helm keeps in a Secret or a ConfigMap; undefined where that is no release, or one that can't be read for certain. */
export function openedRelease(text: string, mark: (value: Buffer) => string): OpenedRelease | undefined {
  const found = unpacked(text);
  const release = found && coverRelease(found.bytes, mark);
  return release && { ...release, pack: (bytes) => packed({ bytes, twice: found.twice }) };
}
