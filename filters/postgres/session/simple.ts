import { MidstreamError } from '../../errors.js';
import type { Frame } from '../wire/frame-reader.js';
import { frontend } from '../wire/types.js';
import { withCopies } from './copies.js';
import { hold } from './hold.js';
import { decisionFields, type Judgement } from './judge.js';
import { entry } from './pending.js';
import { factsWithNames, noteNameChanges } from './prepared.js';
import { refusalOf, refuse } from './refuse.js';
import type { Request } from './request.js';
import { withOpinion } from './second-opinion.js';
import type { Session, Stall } from './session.js';
import { cStringEnd, judgeText } from './text.js';

/** Query: every statement in it is judged, the strictest verdict holds for the message. */
export function onQuery(s: Session, f: Frame): Stall | undefined {
  const textEnd = cStringEnd(f.buf, f.body, f.end, 'the text of Query');
  if (textEnd !== f.end - 1) throw new MidstreamError('protocol_violation', `Query has ${f.end - 1 - textEnd} bytes after its text`);
  const judgement = judgeText(s, f.buf, f.body, textEnd);
  let { decision } = judgement;
  let fields = judgement.decisionFields;
  if (judgement.usesNames) {
    const facts = factsWithNames(s, judgement, 'sent');
    if (facts === undefined) return 'names';
    decision = s.rules!.judge.again(facts, undefined);
    fields = decisionFields(decision, s.rules!.policy.version);
  }
  const copies = withCopies(s, judgement, undefined, decision, fields);
  if (copies === 'wait') return 'catalogue';
  ({ decision, fields } = copies);
  if (s.second !== undefined) ({ decision, fields } = withOpinion(s, judgement.analysis.facts, undefined, decision, fields));
  const request = s.newRequest();
  recordRequest(s, request, 'query', judgement, f);
  s.recordDecision(request, decision, fields);
  if (decision.verdict === 'deny') {
    refuse(s, frontend.Query, request, refusalOf(decision, request));
    return undefined;
  }
  const send = (frame: Frame) => sendQuery(s, frame, judgement, request);
  if (decision.verdict === 'approve' && !s.skipping) {
    return hold(s, { frame: f, kind: frontend.Query, request, judgement, decision, params: undefined, rawParams: undefined, send });
  }
  send(f);
  return undefined;
}

function sendQuery(s: Session, f: Frame, judgement: Judgement, request: Request): void {
  const item = entry(frontend.Query, request);
  item.judgement = judgement;
  s.segment++;
  noteNameChanges(s, item, judgement);
  s.noteOriginChanges(item, judgement.changesOrigins);
  s.expectCopyIn(item, judgement.copiesIn.length);
  s.expect(item);
  // If it fails, what comes behind it is not skipped.
  s.segment++;
  s.out.upstream.pass(f.buf, f.start, f.end);
}

/** The facts go into the first event that has them; later ones name it, so that a hot statement costs little. */
export function recordRequest(
  s: Session,
  request: Request,
  operation: string,
  judgement: Judgement,
  f: Frame,
  more = '',
  original?: Buffer,
): void {
  const known = s.described(judgement.analysis, request.id);
  const facts = known === undefined ? judgement.factsField() : `,"facts_of":"${known}"`;
  s.record(
    'request',
    `,"request":"${request.id}","operation":"${operation}"${judgement.textFields}${facts}${more},"bytes":${f.end - f.start}`,
    true,
    original ?? s.original(f),
  );
}
