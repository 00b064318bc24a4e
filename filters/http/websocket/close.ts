import { CONTROL_BYTES_MAX, FrameError } from './frames.js';
import { validUtf8 } from './utf8.js';

/** Bytes of a reason: a close frame holds 125, two of them the code. */
export const REASON_BYTES_MAX = CONTROL_BYTES_MAX - 2;

export interface Close {
  /** undefined: the frame was empty */
  code: number | undefined;
  reason: string;
}

/** RFC 6455 section 7.4, with the codes that IANA lists since. */
const mayBeSent = (code: number): boolean =>
  (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || (code >= 3000 && code <= 4999);

/** Throws FrameError 1002 or 1007. */
export function readClose(payload: Buffer): Close {
  if (payload.length === 0) return { code: undefined, reason: '' };
  if (payload.length === 1) throw new FrameError(1002, 'a close frame has half of a code');
  const code = payload.readUInt16BE(0);
  if (!mayBeSent(code)) throw new FrameError(1002, `a close frame has the code ${code}, which may not be sent`);
  const reason = payload.subarray(2);
  if (!validUtf8(reason)) throw new FrameError(1007, 'the reason of a close frame is not UTF-8');
  return { code, reason: reason.toString('utf8') };
}

/** Payload of a close frame; a reason that is too long is cut where a character ends. */
export function closePayload({ code, reason }: Close): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const text = Buffer.from(reason, 'utf8');
  let end = Math.min(text.length, REASON_BYTES_MAX);
  while (end > 0 && end < text.length && (text[end]! & 0xc0) === 0x80) end--;
  const payload = Buffer.alloc(2 + end);
  payload.writeUInt16BE(code, 0);
  text.copy(payload, 2, 0, end);
  return payload;
}
