import { MidstreamError } from '../../errors.js';

/**
 * Bytes that the protocol does not allow. Says which message, which field, what was expected and what was there.
 * `expected` and `actual` are sizes, counts, codes or fixed words, never payload: the text may reach a log or a peer.
 */
export function violation(message: string, field: string, expected: number | string, actual: number | string): MidstreamError {
  return new MidstreamError('protocol_violation', `${message}: ${field}: expected ${expected}, actual ${actual}`);
}

/** A named limit that a message would exceed; raised from its header, before anything is allocated. */
export function limitExceeded(message: string, limit: string, max: number, actual: number): MidstreamError {
  return new MidstreamError('limit_exceeded', `${message}: ${limit} is ${max}, the message claims ${actual}`);
}
