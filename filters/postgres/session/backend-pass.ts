import { MidstreamError } from '../../errors.js';
import type { Frame } from '../wire/frame-reader.js';
import { messageName } from '../wire/types.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/** Ways of the server's messages to the client, shared by those who read them. */

export function unexpected(_s: Session, f: Frame): MidstreamError {
  return new MidstreamError('protocol_violation', `the server sent ${messageName('backend', f.type)} where the gateway did not expect it`, {
    hint: 'connect again; if it happens again, report the statement',
  });
}

export const currentRequest = (s: Session): Request | undefined => s.pending.head()?.request;

/** Sends a message on, masked where `masked` is given, and keeps it with the request that it answers. */
export function pass(s: Session, f: Frame, masked: Buffer | undefined, request: Request | undefined = undefined): void {
  if (masked === undefined) {
    s.out.downstream.pass(f.buf, f.start, f.end);
    s.coverage.inspected_bytes += f.end - f.start;
    request?.capture(f.buf, f.start, f.end);
    request?.captureOriginal(f.buf, f.start, f.end);
  } else {
    s.out.downstream.add(masked);
    s.coverage.inspected_bytes += f.end - f.start;
    s.coverage.masked_bytes += masked.length;
    request?.capture(masked, 0, masked.length);
    request?.captureOriginal(f.buf, f.start, f.end);
  }
}

export function countFired(request: Request, rows: Session['rows']): void {
  if (rows === undefined || rows === 'clean' || rows === 'none') return;
  for (const hit of rows.takeFired()) request.count(hit.column, hit.rule, hit.kind, hit.count);
}

/** What was appended to the sink behind `from` goes to the client. */
export function sendMasked(s: Session, from: number, request: Request): void {
  const { rowSink } = s;
  if (rowSink.length === from) return;
  s.out.downstream.addFrom(rowSink, from, rowSink.length);
  s.coverage.masked_bytes += rowSink.length - from;
  request.captureCopy(rowSink.buf, from, rowSink.length);
}

/**
 * Consecutive messages of the server that stand whole in buf[start, at) go to the client at once: as they are, or, where
 * `from` is given, as they were appended to the sink behind it.
 */
export function sendRun(s: Session, buf: Buffer, start: number, at: number, from: number | undefined, request: Request): void {
  if (from === undefined) {
    s.out.downstream.pass(buf, start, at);
    request.captureAll(buf, start, at, false);
  } else if (s.rowSink.length > from) {
    const { rowSink } = s;
    s.out.downstream.addFrom(rowSink, from, rowSink.length);
    request.captureAll(rowSink.buf, from, rowSink.length, true);
  }
  request.captureOriginals(buf, start, at);
  s.coverage.inspected_bytes += at - start;
  s.back.skipTo(at);
}
