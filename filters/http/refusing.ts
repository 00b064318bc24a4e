import { statusOf } from '../kubernetes/status.js';
import type { McpEffect, McpSide } from '../mcp/side.js';
import type { Answer } from './effects.js';
import { grpcStatusOf, problemOf, type Refusal, sentenceOf } from './problem.js';

type Immediate = Extract<Answer, { part: 'immediate' }>;

/** Who reads a refusal. */
export interface Refused {
  session: string;
  kubernetes: boolean;
  /** native: Envoy puts what is the body in grpc-message; web: the client reads a body */
  grpc: 'native' | 'web' | undefined;
  mcp: McpSide | undefined;
}

/** A refusal as the client's protocol has it, and what other exchanges of its session hear of it. */
export function refusalAnswer(refusal: Refusal, to: Refused): { answer: Immediate; others: readonly McpEffect[] } {
  const message = asMessage(refusal, to);
  const { headers, body } = to.grpc === 'native' ? grpcMessage(refusal, to) : (to.kubernetes ? statusOf : problemOf)(refusal, to.session);
  const answer: Immediate = {
    part: 'immediate',
    ...(message?.answer ?? { status: refusal.status, headers, body }),
    ...(to.grpc !== undefined ? { grpcStatus: grpcStatusOf(refusal.status) } : {}),
    details: `midstream_${refusal.kind}`,
  };
  return { answer, others: message?.others ?? [] };
}

/** People read it in their client's error: a sentence, and no document. */
function grpcMessage(refusal: Refusal, { session }: Refused): { headers: [string, string][]; body: Buffer } {
  return { headers: [['cache-control', 'no-store']], body: Buffer.from(sentenceOf(refusal, session)) };
}

/** An agent of MCP reads a refusal as its own protocol has it: the call was answered. */
function asMessage({ detail, hint, rule, kind }: Refusal, { mcp, session }: Refused) {
  if (kind === 'forbidden' || kind === 'too_large') return undefined;
  const refused = mcp?.refuse({ message: hint === '' ? detail : `${detail} ${hint}`, rule, session });
  if (refused === undefined) return undefined;
  const headers: [string, string][] = [['content-type', refused.type]];
  return { answer: { status: refused.status, headers, body: Buffer.from(refused.body) }, others: refused.effects };
}
