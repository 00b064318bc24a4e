/**
 * The one error class. `code` is from a closed union so that every surface (FATAL of a protocol, problem details,
 * file:line of a policy, exit code of a command) can map it without looking at words.
 * `message` is safe to show: no payload, no credential. The cause is for the log, after masking, never for the wire.
 */
export type ReasonCode =
  | 'protocol_violation' // bytes that the protocol does not allow at this place
  | 'limit_exceeded' // a named limit was hit
  | 'unparsed' // a statement or body that could not be understood
  | 'policy_denied'
  | 'policy_invalid' // a policy file that does not load
  | 'approval_denied'
  | 'approval_expired'
  | 'approval_cancelled'
  | 'config_invalid'
  | 'unavailable' // a store or a peer that is needed can't be reached
  | 'storage_full'
  | 'tampered' // a recording that does not verify
  | 'not_found'
  | 'unauthenticated'
  | 'forbidden'
  | 'conflict'
  | 'bad_input'
  | 'internal';

export class MidstreamError extends Error {
  readonly code: ReasonCode;
  /** What the person can do about it, one sentence; empty when there is nothing to add. */
  readonly hint: string;

  constructor(code: ReasonCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'MidstreamError';
    this.code = code;
    this.hint = options.hint ?? '';
  }
}
