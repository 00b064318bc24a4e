import type { Frame } from '../wire/frame-reader.js';
import { decodeFunctionCall } from '../wire/function-call.js';
import { frontend } from '../wire/types.js';
import { hold } from './hold.js';
import { entry } from './pending.js';
import { refusalOf, refuse } from './refuse.js';
import type { Session, Stall } from './session.js';
import { recordRequest } from './simple.js';

/** libpq's large-object interface calls these by OID; they are fixed in pg_proc.dat, so no catalogue is needed for them. */
const builtin = new Map<number, string>([
  [715, 'lo_create'],
  [764, 'lo_import'],
  [765, 'lo_export'],
  [767, 'lo_import'],
  [952, 'lo_open'],
  [953, 'lo_close'],
  [954, 'loread'],
  [955, 'lowrite'],
  [956, 'lo_lseek'],
  [957, 'lo_creat'],
  [958, 'lo_tell'],
  [964, 'lo_unlink'],
  [1004, 'lo_truncate'],
  [3170, 'lo_lseek64'],
  [3171, 'lo_tell64'],
  [3172, 'lo_truncate64'],
  [3457, 'lo_from_bytea'],
  [3458, 'lo_get'],
  [3459, 'lo_get'],
  [3460, 'lo_put'],
]);

/** FunctionCall: judged as a call of that function; its facts are those of the SELECT that calls it. */
export function onFunctionCall(s: Session, f: Frame): Stall | undefined {
  const call = decodeFunctionCall(f.buf, f.body, f.end);
  const name = nameOf(s, call.function_oid);
  if (name === undefined) return 'catalogue';
  const { judge, maskText } = s.rules!;
  const judgement =
    name === ''
      ? judge.unparsed(`a call of function OID ${call.function_oid}, which could not be resolved`, `function ${call.function_oid}`)
      : judge.judge(`select ${name}()`);
  const request = s.newRequest();
  const params = call.arguments.map((a, i) =>
    a === null
      ? null
      : (call.formats[call.formats.length === 1 ? 0 : i] ?? 0) === 0
        ? maskText(a.toString('utf8'))
        : `(${a.length} bytes, binary)`,
  );
  recordRequest(s, request, 'function_call', judgement, f, `,"params":${JSON.stringify(params)}`);
  s.recordDecision(request, judgement.decision, judgement.decisionFields);
  if (judgement.decision.verdict === 'deny') {
    refuse(s, frontend.FunctionCall, request, refusalOf(judgement.decision, request));
    return undefined;
  }
  const send = (frame: Frame) => {
    s.segment++;
    s.expect(entry(frontend.FunctionCall, request));
    s.out.upstream.pass(frame.buf, frame.start, frame.end);
  };
  if (judgement.decision.verdict === 'approve' && !s.skipping) {
    return hold(s, {
      frame: f,
      kind: frontend.FunctionCall,
      request,
      judgement,
      decision: judgement.decision,
      params,
      rawParams: Buffer.from(f.buf.subarray(f.body, f.end)),
      send,
    });
  }
  send(f);
  return undefined;
}

/** Quoted schema.name; '' when it can't be known; undefined while it is looked up. */
function nameOf(s: Session, oid: number): string | undefined {
  const known = builtin.get(oid);
  if (known !== undefined) return `pg_catalog.${known}`;
  const found = s.catalogue?.functionByOid(oid);
  if (found === undefined && s.catalogue !== undefined) {
    s.lookup({ functions: [oid] });
    return undefined;
  }
  if (found === undefined || found === 'unknown') return '';
  const quote = (part: string) => `"${part.replaceAll('"', '""')}"`;
  return `${quote(found.schema)}.${quote(found.name)}`;
}
