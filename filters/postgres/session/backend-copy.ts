import { CopyOutMasker } from '../rows/copy-out.js';
import { decodeCopyOutResponse } from '../wire/copy-response.js';
import type { Frame } from '../wire/frame-reader.js';
import { endOfRun } from '../wire/runs.js';
import { frontend } from '../wire/types.js';
import { currentRequest, pass, sendMasked, sendRun, unexpected } from './backend-pass.js';
import { originsInDoubt, planCovered } from './layouts.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

export function copyInResponse(s: Session, f: Frame): boolean {
  const head = s.pending.head();
  if (head === undefined || head.refusal !== undefined || (head.kind !== frontend.Query && head.kind !== frontend.Execute))
    throw unexpected(s, f);
  if (head.copyIn === 'no') s.expectCopyIn(head, 1);
  head.copyIn = 'active';
  pass(s, f, undefined, head.request);
  return true;
}

export function copyOutResponse(s: Session, f: Frame): boolean {
  const head = s.pending.head();
  if (head === undefined || head.refusal !== undefined || (head.kind !== frontend.Query && head.kind !== frontend.Execute))
    throw unexpected(s, f);
  const masks = s.rules!.masks;
  if (masks === undefined) s.copyOut = { masker: undefined };
  else {
    const at = head.kind === frontend.Query ? head.at : 0;
    const shape = head.judgement?.analysis.top[at]?.copy;
    if (shape === undefined) throw unexpected(s, f);
    const response = decodeCopyOutResponse(f.buf, f.body, f.end);
    const doubt = originsInDoubt(s, masks);
    if (doubt === undefined) return false;
    const masker = doubt
      ? new CopyOutMasker(shape, planCovered(response, masks))
      : CopyOutMasker.plan(shape, response, masks, s.catalogue, s.typesInDoubt);
    if (masker instanceof CopyOutMasker) s.copyOut = { masker };
    else {
      s.lookup(masker);
      return false;
    }
  }
  pass(s, f, undefined, head.request);
  return true;
}

export function copyData(s: Session, f: Frame): boolean {
  if (s.copyOut === undefined) throw unexpected(s, f);
  const { masker } = s.copyOut;
  const request = currentRequest(s)!;
  if (f.piece === 'whole') return copyRun(s, f, request, masker);
  if (masker !== undefined) throw unexpected(s, f);
  if (f.piece === 'first') s.midDown = true;
  pass(s, f, undefined, request);
  return true;
}

/** All CopyData messages of the chunk at once. */
function copyRun(s: Session, f: Frame, request: Request, masker: CopyOutMasker | undefined): boolean {
  const { rowSink, back } = s;
  const max = s.options.limits.message_bytes_max;
  const from = rowSink.length;
  let at = f.end;
  let changed = false;
  if (masker === undefined) at = endOfRun(f.buf, f.type, at, back.chunkEnd, max);
  else {
    const run = masker.pushAll(f.buf, f.start, back.chunkEnd, max, rowSink);
    if (run.at === f.start) throw unexpected(s, f);
    ({ at, changed } = run);
    s.coverage.masked_bytes += run.masked;
  }
  sendRun(s, f.buf, f.start, at, changed ? from : undefined, request);
  return true;
}

export function copyDone(s: Session, f: Frame): boolean {
  if (s.copyOut === undefined) throw unexpected(s, f);
  const request = currentRequest(s)!;
  const { masker } = s.copyOut;
  if (masker !== undefined) {
    const from = s.rowSink.length;
    masker.end(s.rowSink);
    sendMasked(s, from, request);
    for (const hit of masker.takeFired()) request.count(hit.column, hit.rule, hit.kind, hit.count);
    request.rows += masker.rows;
    s.totals.rows += masker.rows;
  }
  s.copyOut = undefined;
  pass(s, f, undefined, request);
  return true;
}
