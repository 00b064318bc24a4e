import type { Decision } from '../../policy/types.js';
import { buildErrorResponse } from '../wire/error-fields.js';
import { frontend } from '../wire/types.js';
import { type Entry, entry, type Refusal } from './pending.js';
import type { Request } from './request.js';
import type { Session } from './session.js';

/**
 * Refusal by substitution (postgres.md): the server is sent a word that it must refuse, in a message of a kind that keeps
 * the order of answers, the skipping up to Sync and the transaction's state its own. The error that comes back is rewritten.
 */
export function refuse(s: Session, kind: number, request: Request, refusal: Omit<Refusal, 'word'>): void {
  const word = `__midstream_${s.options.newId().slice(0, 24)}`;
  const simple = kind === frontend.Query || kind === frontend.FunctionCall;
  const item = entry(simple ? frontend.Query : frontend.Parse, request);
  item.refusal = { ...refusal, word };
  if (simple) s.segment++;
  s.expect(item);
  s.out.upstream.add(simple ? queryOf(word) : parseOf(word));
}

export function refusalOf(decision: Decision, request: Request): Omit<Refusal, 'word'> {
  return {
    sqlstate: '42501',
    message: decision.message || `refused by policy rule "${decision.rule}"`,
    detail: `Rule: ${decision.rule}. Request: ${request.id}.`,
    hint: decision.hint || 'Ask the owners of the policy if you need this operation.',
  };
}

/** The ErrorResponse that the client reads in place of the server's complaint about the word. */
export function refusalError(refusal: Refusal): Buffer {
  return buildErrorResponse({
    severity: 'ERROR',
    code: refusal.sqlstate,
    message: refusal.message,
    ...(refusal.detail === '' ? {} : { detail: refusal.detail }),
    ...(refusal.hint === '' ? {} : { hint: refusal.hint }),
  });
}

export const isRefusalAnswer = (item: Entry, buf: Buffer, body: number, end: number): boolean => {
  const at = buf.indexOf(item.refusal!.word, body, 'latin1');
  return at >= 0 && at < end;
};

function queryOf(word: string): Buffer {
  const out = Buffer.alloc(6 + word.length);
  out[0] = frontend.Query;
  out.writeInt32BE(5 + word.length, 1);
  out.write(word, 5, 'latin1');
  return out;
}

/** A Parse under the word's own name, so that the unnamed statement of the client stays as it is. */
function parseOf(word: string): Buffer {
  const out = Buffer.alloc(5 + 2 * (word.length + 1) + 2);
  out[0] = frontend.Parse;
  out.writeInt32BE(out.length - 1, 1);
  out.write(word, 5, 'latin1');
  out.write(word, 5 + word.length + 1, 'latin1');
  return out;
}
