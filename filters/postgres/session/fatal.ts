import { MidstreamError, type ReasonCode } from '../../errors.js';
import { buildErrorResponse } from '../wire/error-fields.js';
import type { Session } from './session.js';

/** SQLSTATE of a FATAL for each reason (appendix "PostgreSQL Error Codes"). */
const sqlstates: Partial<Record<ReasonCode, string>> = {
  protocol_violation: '08P01',
  limit_exceeded: '54000',
  unparsed: '42601',
  policy_denied: '42501',
  forbidden: '28000',
  unauthenticated: '28000',
  storage_full: '53100',
  unavailable: '57P03',
};

/**
 * The server's side ended before its first byte. PostgreSQL always answers a startup packet, so it is down, or something on the way
 * to it is; the driver would otherwise show a closed connection alone.
 */
export function serverSilent(s: Session): void {
  const hint = 'Is it up, and is its address right? The next connection is tried afresh.';
  fatal(s, new MidstreamError('unavailable', 'the database server cannot be reached', { hint }), '08006');
}

/** Ends the connection with a FATAL error that the driver can show; the cause stays in the log. */
export function fatal(s: Session, error: MidstreamError, sqlstate?: string): void {
  const code = sqlstate ?? sqlstates[error.code] ?? 'XX000';
  const bytes = buildErrorResponse({
    severity: 'FATAL',
    code,
    message: `midstream: ${error.message}`,
    ...(error.hint === '' ? {} : { hint: error.hint }),
  });
  // Half of a large message may be out already; an error inside of it would be read as its bytes.
  if (!s.midDown) s.out.downstream.add(bytes);
  s.record('error', `,"request":"","severity":"FATAL","sqlstate":"${code}","message":${JSON.stringify(error.message)},"own":true`, true);
  s.out.close = { reason: error.code };
  s.out.cause = error.code === 'internal' || error.cause !== undefined ? error : undefined;
  s.finish(`${error.code}: ${error.message}`);
}
