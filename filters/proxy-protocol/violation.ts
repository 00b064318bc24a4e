import { MidstreamError } from '../errors.js';

/** Bytes that the PROXY protocol does not allow; sizes and codes only, never content. */
export function violation(field: string, expected: number | string, actual: number | string): MidstreamError {
  return new MidstreamError('protocol_violation', `PROXY header: ${field}: expected ${expected}, actual ${actual}`);
}
