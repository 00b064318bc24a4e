import { askedFields } from '../mcp/recorded.js';
import type { McpSide } from '../mcp/side.js';
import type { BegunStream } from './begun-stream.js';
import type { Effects, Header } from './effects.js';
import type { HttpRules } from './exchange-options.js';
import { maskPacked } from './masking.js';
import type { BodyFilter } from './response.js';

/** What reading the answer of an MCP server needs of its exchange. */
export interface McpAnswerWorld {
  session: string;
  /** the answer that the gateway has begun itself, for progress */
  begun: BegunStream | undefined;
  out: () => Effects;
  record: (type: string, event: object, gating?: boolean) => void;
  /** something that the server asked was refused */
  denied: () => void;
  opaque: (reason: string, bytes: number) => void;
}

/** Reads what an MCP server answers, message by message; undefined where there is nothing to read. */
export function mcpAnswer(mcp: McpSide, headers: readonly Header[], rules: HttpRules, world: McpAnswerWorld): BodyFilter | undefined {
  const of = (name: string): string => headers.find(([one]) => one === name)?.[1] ?? '';
  const status = Number(of(':status'));
  world.begun?.answered(status, of('content-type'));
  world.out().others.push(...mcp.answered(status, of('mcp-session-id'), of('content-type')));
  const fired = new Map<string, number>();
  const body = mcp.reader(of('content-type'), status, {
    session: world.session,
    judged: (number, message, decision) => {
      const { request, decided } = askedFields(`s${number}`, message, decision, rules);
      if (request !== undefined) world.record('request', request);
      world.record('decision', decided, true);
      world.out().decisions.push(decision);
      if (decision.verdict !== 'allow') world.denied();
    },
    tools: (event) => world.record('mcp.tools', event, true),
    endpoint: (target) => world.out().others.push(...mcp.streams(target)),
    opaque: world.opaque,
    mask: (type, bytes) => maskPacked(rules.masks, type, bytes, fired),
  });
  if (body === undefined) return undefined;
  return {
    whole: body.whole,
    push: (bytes) => body.push(bytes),
    end: () => body.end(),
    get fired() {
      return [...fired].map(([rule, count]) => ({ rule, count }));
    },
  };
}
