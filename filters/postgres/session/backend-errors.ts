import { maskFields } from '../rows/fields.js';
import { decodeErrorResponse, errorField } from '../wire/error-fields.js';
import type { Frame } from '../wire/frame-reader.js';
import { frontend } from '../wire/types.js';
import { onServerRefusal } from './agent-login.js';
import { currentRequest, pass } from './backend-pass.js';
import { certainSyncFollows, doubtSyncs, dropDoubtful } from './copy-syncs.js';
import { withoutCovered } from './covered-text.js';
import type { Entry } from './pending.js';
import { isRefusalAnswer, refusalError } from './refuse.js';
import type { Session } from './session.js';

export function errorResponse(s: Session, f: Frame): boolean {
  const fields = decodeErrorResponse(f.buf, f.body, f.end);
  const covered = withoutCovered(s, f, fields);
  if (covered === 'wait') return false;
  const text = (name: 'severity' | 'severity_plain' | 'code' | 'message') => errorField(fields, name)?.toString('utf8') ?? '';
  const severity = text('severity_plain') || text('severity');
  const fatal = severity === 'FATAL' || severity === 'PANIC';
  if (onServerRefusal(s, text('code'))) return true;
  if (!fatal) dropDoubtful(s);
  const head = s.pending.head();
  const { maskText } = s.rules!;
  if (head?.refusal !== undefined && isRefusalAnswer(head, f.buf, f.body, f.end)) {
    pass(s, f, refusalError(head.refusal), head.request);
    const { sqlstate, message } = head.refusal;
    s.record(
      'error',
      `,"request":"${head.request!.id}","severity":"ERROR","sqlstate":"${sqlstate}","message":${JSON.stringify(maskText(message))},"own":true`,
      false,
    );
  } else {
    pass(s, f, covered?.bytes ?? (s.rules!.masks && maskFields(f.buf, f.start, f.body, f.end, s.rules!.masks)), head?.request);
    const message = maskText(covered?.message ?? text('message'));
    const error = { request: head?.request?.id ?? '', severity, sqlstate: text('code'), message, own: false };
    s.record('error', `,${JSON.stringify(error).slice(1, -1)}`, false, s.original(f));
  }
  if (head === undefined || fatal) return true;
  afterError(s, head);
  return true;
}

/** What an error leaves of the queue ("Extended Query"): after it the server skips everything up to Sync. */
function afterError(s: Session, head: Entry): void {
  if (head.request) head.request.failed = true;
  const wasCopy = head.copyIn === 'active';
  s.dropped(head);
  if (head.portal) head.portal.describing = false;
  if (head.kind === frontend.Query || head.kind === frontend.FunctionCall) {
    if (wasCopy) doubtSyncs(s, head);
    return;
  }
  let item: Entry | undefined = head;
  while (item !== undefined && item.kind !== frontend.Sync) {
    s.pending.shift();
    s.dropped(item);
    if (item.portal) item.portal.describing = false;
    if (item.request && !item.injected) s.recordResponse(item.request, item.request.failed ? '' : ',"skipped":true');
    item = s.pending.head();
  }
  s.skipping = item === undefined;
  if (wasCopy && item?.ignoredByCopy) {
    if (certainSyncFollows(s)) return doubtSyncs(s, undefined);
    // The server had most likely read these Syncs before the data that failed, and skips what comes next; if not, more answers come.
    for (; item?.ignoredByCopy; item = s.pending.head()) {
      s.pending.shift();
      s.spareSyncs++;
    }
    s.skipping = s.pending.length === 0;
  }
}

export function noticeResponse(s: Session, f: Frame): boolean {
  const fields = decodeErrorResponse(f.buf, f.body, f.end);
  const covered = withoutCovered(s, f, fields);
  if (covered === 'wait') return false;
  pass(s, f, covered?.bytes ?? (s.rules!.masks && maskFields(f.buf, f.start, f.body, f.end, s.rules!.masks)), currentRequest(s));
  const message = s.rules!.maskText(covered?.message ?? errorField(fields, 'message')?.toString('utf8') ?? '');
  const notice = {
    request: currentRequest(s)?.id ?? '',
    severity: errorField(fields, 'severity_plain')?.toString('utf8') ?? '',
    sqlstate: errorField(fields, 'code')?.toString('utf8') ?? '',
    message,
    own: false,
  };
  s.record('notice', `,${JSON.stringify(notice).slice(1, -1)}`, false, s.original(f));
  return true;
}
