import { MidstreamError } from '../errors.js';
import type { Answer } from './effects.js';
import type { ExchangeInput } from './exchange-options.js';

/**
 * An answer to a request that never came here: a filter in front of this one gave it (ext_authz, which has recorded it), and nothing of the
 * server is in it. It passes as it is, and its recording is not this exchange's. Throws MidstreamError where a request comes behind it.
 */
export function foreignAnswer(input: ExchangeInput): Answer | undefined {
  switch (input.type) {
    case 'response_headers':
    case 'response_trailers':
      return { part: input.type };
    case 'response_body':
      return { part: 'response_body', chunks: [input.body], end: input.end };
    case 'request_headers':
    case 'request_body':
    case 'request_trailers':
      throw new MidstreamError('protocol_violation', 'a request came behind its answer');
  }
  return undefined;
}
