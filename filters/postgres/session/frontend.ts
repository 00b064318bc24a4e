import { MidstreamError } from '../../errors.js';
import type { Frame } from '../wire/frame-reader.js';
import { frontend } from '../wire/types.js';
import { duringAgentLogin } from './agent-login.js';
import { checkChannelBinding } from './channel-binding.js';
import { mayHaveEatenSyncs } from './copy-syncs.js';
import { onBind, onClose, onDescribe, onExecute, onParse } from './extended.js';
import { onFunctionCall } from './function-call.js';
import { type Entry, entry } from './pending.js';
import type { Request } from './request.js';
import type { Session, Stall } from './session.js';
import { onQuery } from './simple.js';
import { onStartup } from './startup.js';

/** Handles one message of the client; a stall means that it must be given again later. */
export function onFrontend(s: Session, f: Frame): Stall | undefined {
  if (s.phase === 'startup') return onStartup(s, f);
  if (s.phase === 'login' || (s.phase === 'auth' && s.login !== undefined)) return duringAgentLogin(s, f);
  if (s.phase === 'auth') return duringLogin(s, f);
  if (s.pending.length >= PIPELINE_MESSAGES_MAX && isAnswered(f.type)) return 'answers';
  s.coverage.inspected_bytes += f.end - f.start;
  switch (f.type) {
    case frontend.CopyData:
      return copyData(s, f);
    case frontend.CopyDone:
    case frontend.CopyFail:
      return copyEnd(s, f);
    case frontend.Sync:
      empty(f, 'Sync');
      return sync(s, f);
    case frontend.Flush:
    case frontend.Terminate:
      empty(f, f.type === frontend.Flush ? 'Flush' : 'Terminate');
      s.out.upstream.pass(f.buf, f.start, f.end);
      return undefined;
  }
  if (copyState(s) === 'active') {
    throw new MidstreamError('protocol_violation', 'only CopyData, CopyDone and CopyFail may be sent while COPY FROM STDIN is under way', {
      hint: 'end the COPY first',
    });
  }
  // Whether the server reads the next message as a message or stumbles over it depends on whether the COPY begins: wait.
  if (copyState(s) === 'maybe' || mayHaveEatenSyncs(s)) return 'copy';
  switch (f.type) {
    case frontend.Query:
      return onQuery(s, f);
    case frontend.Parse:
      return onParse(s, f);
    case frontend.Bind:
      return onBind(s, f);
    case frontend.Execute:
      return onExecute(s, f);
    case frontend.Describe:
      return onDescribe(s, f);
    case frontend.Close:
      return onClose(s, f);
    case frontend.FunctionCall:
      return onFunctionCall(s, f);
  }
  throw new MidstreamError('protocol_violation', 'a password message came after the login was over');
}

/** The server answers a Sync that has a body with an error and waits for another Sync: its answers would be counted wrongly from there on. */
function empty(f: Frame, name: string): void {
  if (f.end !== f.body) throw new MidstreamError('protocol_violation', `${name} has no body, actual ${f.end - f.body} bytes`);
}

/**
 * Messages whose answers are outstanding: each is remembered with what it asks (half a kilobyte, as a rule). What comes behind them waits as the bytes
 * that it is. The server never keeps so many answers to itself: it sends them when they fill its buffer, 8 KiB.
 */
export const PIPELINE_MESSAGES_MAX = 32_768;

function isAnswered(type: number): boolean {
  switch (type) {
    case frontend.CopyData:
    case frontend.CopyDone:
    case frontend.CopyFail:
    case frontend.Flush:
    case frontend.Terminate:
      return false;
  }
  return true;
}

/** Before the server is ready only the exchange of credentials passes; all else waits its turn. */
function duringLogin(s: Session, f: Frame): Stall | undefined {
  if (f.type === frontend.PasswordMessage) checkChannelBinding(s, f);
  if (f.type === frontend.PasswordMessage || f.type === frontend.Terminate) {
    s.out.upstream.pass(f.buf, f.start, f.end);
    return undefined;
  }
  return 'auth';
}

/** The newest COPY FROM STDIN that still takes what the client sends: not known yet, under way, or none. */
function copyState(s: Session): 'no' | 'maybe' | 'active' {
  const item = openCopy(s);
  return item === undefined ? 'no' : item.copyIn;
}

/** The entry for which fewer ends were sent than COPYs may begin. */
function openCopy(s: Session): Entry | undefined {
  if (s.copies === 0) return undefined;
  let open: Entry | undefined;
  for (const item of s.pending) if (item.copyIn !== 'no' && item.copyEnds < item.copiesLeft) open = item;
  return open;
}

function copyData(s: Session, f: Frame): undefined {
  s.midUp = f.piece === 'first' || f.piece === 'middle';
  const head = s.pending.head();
  const item = head?.copyIn === 'active' ? head : openCopy(s);
  item?.request?.copy(f.buf, f.body, f.end);
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}

function copyEnd(s: Session, f: Frame): undefined {
  const item = openCopy(s);
  if (item !== undefined) {
    item.copyEnds++;
    if (item.request) recordCopied(s, item.request);
  }
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}

/** What the client sent in a COPY FROM STDIN, masked like the text of a statement. */
export function recordCopied(s: Session, request: Request): void {
  const { bytes, kept, left_out } = request.takeCopied();
  const binary = kept.subarray(0, BINARY_COPY.length).equals(BINARY_COPY);
  // A value that is cut could escape its detector: whole lines only.
  const lines = left_out === 0 ? kept : kept.subarray(0, kept.lastIndexOf(0x0a) + 1);
  const text = binary ? '' : s.rules!.maskText(lines.toString('utf8'));
  const fields = {
    request: request.id,
    operation: 'copy_data',
    text,
    fingerprint: '',
    bytes,
    left_out: binary ? bytes : bytes - lines.length,
  };
  s.record('request', `,${JSON.stringify(fields).slice(1, -1)}`, false, s.options.originals ? kept : undefined);
}

/** First bytes of the binary format ("COPY", file formats). */
const BINARY_COPY = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');

function sync(s: Session, f: Frame): undefined {
  s.segment++;
  const item = entry(frontend.Sync);
  item.ignoredByCopy = copyState(s) !== 'no';
  s.skipping = false;
  s.pending.push(item);
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}
