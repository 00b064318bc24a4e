import { isObject, type JsonObject, text } from '../foreign-json.js';
import { mcpFacts } from './facts.js';
import type { McpMessage } from './messages.js';

/** What Envoy's own filter read of a request (`http.mcp`): the first message that it saw. */
export interface McpOpinion {
  method: string;
  params: JsonObject;
}

/** What its filter calls an answer to the server. */
const ANSWER = '__jsonrpc_response';

/** Reads its metadata; undefined where it says nothing of a message. */
export function opinionOf(metadata: unknown): McpOpinion | undefined {
  if (!isObject(metadata) || typeof metadata['method'] !== 'string') return undefined;
  const { method, params } = metadata;
  return { method: method === ANSWER ? '' : text(method), params: isObject(params) ? params : {} };
}

/** Of the parameters, those that rules go by; Envoy forwards no more of them. */
const NAMES = ['name', 'uri'] as const;

/**
 * The message that Envoy saw, where none of those that were read here is it: judged as well, so that the stricter reading holds. It may
 * know less than there is (no arguments); what it does not know is not had. undefined: both read the same.
 */
export function disagreement({ method, params }: McpOpinion, read: readonly McpMessage[], server: string): McpMessage | undefined {
  const same = read.some(({ facts, value }) => {
    const own = isObject(value['params']) ? value['params'] : {};
    return facts.method === method && NAMES.every((name) => params[name] === undefined || params[name] === own[name]);
  });
  if (same) return undefined;
  const facts = mcpFacts({
    server,
    method,
    tool: method === 'tools/call' ? text(params['name']) : '',
    uri: text(params['uri']),
    prompt: method === 'prompts/get' ? text(params['name']) : '',
    arguments: isObject(params['arguments']) ? params['arguments'] : undefined,
    params: undefined,
  });
  return { kind: 'request', facts, id: undefined, id_text: '', value: { method, params } };
}
