import { type BodyMask, BodyMasker, type ContentMasker } from '../masking.js';

/** A whole text with all masks; the same buffer when nothing was found. */
export function maskedText(masks: readonly BodyMask[], bytes: Buffer): Buffer {
  return maskedWhole(masks, 'text/plain', bytes).bytes;
}

export interface MaskedWhole {
  bytes: Buffer;
  /** which rules masked how many values */
  fired: { rule: string; count: number }[];
}

export function maskedWhole(masks: readonly BodyMask[], type: string, bytes: Buffer): MaskedWhole {
  if (masks.length === 0) return { bytes, fired: [] };
  return maskedMessage((_first, write) => new BodyMasker(masks, type, write), bytes);
}

/** How one message is masked, by its first bytes; `write` takes what comes out. */
export type MessageMasking = (first: Buffer, write: (bytes: Buffer) => void) => ContentMasker;

/** The same buffer when nothing was found. */
export function maskedMessage(masking: MessageMasking, message: Buffer): MaskedWhole {
  if (message.length === 0) return { bytes: message, fired: [] };
  const out: Buffer[] = [];
  const masker = masking(message, (piece) => out.push(piece));
  masker.push(message);
  masker.end();
  return masker.hits === 0 ? { bytes: message, fired: [] } : { bytes: Buffer.concat(out), fired: [...masker.fired] };
}

/** Messages name no type: what begins like JSON is masked as JSON, which goes on as text where it turns out to be none. */
export function typeOfMessage(first: Buffer): string {
  let at = 0;
  while (at < first.length && first[at]! <= 0x20) at++;
  const b = first[at];
  return b === 0x7b || b === 0x5b || b === 0x22 ? 'application/json' : 'text/plain';
}
