import type { JsonObject } from '../foreign-json.js';
import type { McpMessage } from './messages.js';

/** Why something was refused, as the other side reads it. */
export interface Why {
  message: string;
  rule: string;
  /** session id of the request that was refused */
  session: string;
}

/** From the range that JSON-RPC leaves to servers (-32000 to -32099). */
const REFUSED = -32_003;

/** What the agent reads whose messages were refused: the tool's own error, which a model can reason about, or a JSON-RPC error. */
export function refusalsOf(messages: readonly McpMessage[], why: Why): JsonObject[] {
  return messages
    .filter(({ kind }) => kind === 'request')
    .map(({ facts, id }) => {
      if (facts.method === 'tools/call') {
        const said = `${why.message}${why.rule === '' ? '' : ` (rule ${why.rule})`}`;
        return { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: said }], isError: true } };
      }
      return { jsonrpc: '2.0', id, error: { code: REFUSED, message: why.message, data: { rule: why.rule, request: why.session } } };
    });
}

/** A message of the gateway's own as JSON; its id, or that of the request it answers, as it stood there. */
export function writeMessage({ jsonrpc: _, id: __, ...rest }: JsonObject, id_text: string): string {
  return `{"jsonrpc":"2.0","id":${id_text},${JSON.stringify(rest).slice(1)}`;
}

/** A method that no client has, so each answers it with an error of its own (JSON-RPC 2.0, -32601). */
const NO_METHOD = 'midstream/refused';
const MARK = 'midstream-refused:';

/**
 * What a client gets in place of a server's request that is refused: a request that it can only refuse itself. The gateway can't send the server
 * an answer of its own, since an answer is a request of HTTP; so the client's becomes it (restored below). All that it takes is in the id,
 * so that any worker can do it.
 */
export function substituteFor({ id, id_text }: McpMessage, { message, rule }: Why): JsonObject {
  const carried = Buffer.from(JSON.stringify({ id, id_text, message: message.slice(0, MESSAGE_UNITS_MAX), rule })).toString('base64url');
  return { jsonrpc: '2.0', id: `${MARK}${carried}`, method: NO_METHOD };
}

const MESSAGE_UNITS_MAX = 500;

const NUMBER = /^-?(?:0|[1-9]\d{0,400})(?:\.\d{1,400})?(?:[eE][+-]?\d{1,3})?$/;

/**
 * The answer that the server gets for a substitute: its own id again, and why it was refused. undefined for any other message. A client could
 * make one up, and would say no more than what it may say anyhow: no.
 */
export function restored({ kind, value }: McpMessage): { message: JsonObject; id_text: string } | undefined {
  const { id } = value;
  if (kind !== 'answer' || typeof id !== 'string' || !id.startsWith(MARK)) return undefined;
  let carried: unknown;
  try {
    carried = JSON.parse(Buffer.from(id.slice(MARK.length), 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  const { id: own, id_text, message, rule } = (carried ?? {}) as JsonObject;
  if (typeof own !== 'string' && typeof own !== 'number') return undefined;
  // The client may have made it up: it goes into the body only as the number that it is.
  const exact = typeof own === 'number' && typeof id_text === 'string' && NUMBER.test(id_text) ? id_text : JSON.stringify(own);
  const error = { code: REFUSED, message: String(message), data: { rule: String(rule) } };
  return { message: { jsonrpc: '2.0', id: own, error }, id_text: exact };
}
