import type { McpFacts } from './facts.js';

/** A message that was read: its facts, and the id that an answer must carry; undefined for a notification or an answer. */
export interface McpMessage {
  facts: McpFacts;
  id: string | number | undefined;
}

type Fields = Record<string, unknown>;
const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/**
 * The messages of a body (JSON-RPC 2.0; MCP, "Base Protocol"): one, or several in a list, which protocol 2025-03-26 allows. Throws Error with
 * a reason that holds nothing of the body for what is none.
 */
export function readMessages(body: unknown): { messages: McpMessage[]; batch: boolean } {
  const batch = Array.isArray(body);
  const list: unknown[] = Array.isArray(body) ? body : [body];
  if (list.length === 0) throw new Error('a list of messages is empty');
  if (list.length > MESSAGES_MAX) throw new Error(`there are more than ${MESSAGES_MAX} messages in one request`);
  return { messages: list.map(readMessage), batch };
}

const MESSAGES_MAX = 100;

function readMessage(message: unknown): McpMessage {
  if (!isObject(message) || message['jsonrpc'] !== '2.0') throw new Error('it is no JSON-RPC 2.0 message');
  const { id, method, params = {} } = message;
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') throw new Error('an id is neither text nor a number');
  if (method === undefined) {
    if (!('result' in message) && !('error' in message)) throw new Error('a message has no method');
    return { facts: { method: '', tool: '', arguments: {}, uri: '', prompt: '' }, id: undefined };
  }
  if (typeof method !== 'string') throw new Error('a method is no text');
  if (!isObject(params)) throw new Error('parameters are no object');
  if (method === 'tools/call' && typeof params['name'] !== 'string') throw new Error('a tool is called without its name');
  const args = params['arguments'] ?? {};
  if (!isObject(args)) throw new Error('arguments are no object');
  return {
    facts: {
      method,
      tool: method === 'tools/call' ? text(params['name']) : '',
      arguments: args,
      uri: text(params['uri']),
      prompt: method === 'prompts/get' ? text(params['name']) : '',
    },
    id,
  };
}

/** What the agent reads whose messages were refused: the tool's own error, which a model can reason about, or a JSON-RPC error. */
export function refusalOf(
  messages: readonly McpMessage[],
  batch: boolean,
  why: { message: string; rule: string; session: string },
): string | undefined {
  const answers = messages
    .filter(({ id }) => id !== undefined)
    .map(({ facts, id }) => {
      if (facts.method === 'tools/call') {
        const said = `${why.message}${why.rule === '' ? '' : ` (rule ${why.rule})`}`;
        return { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: said }], isError: true } };
      }
      return { jsonrpc: '2.0', id, error: { code: REFUSED, message: why.message, data: { rule: why.rule, request: why.session } } };
    });
  if (answers.length === 0) return undefined;
  return JSON.stringify(batch ? answers : answers[0]);
}

/** From the range that JSON-RPC leaves to servers (-32000 to -32099). */
const REFUSED = -32_003;

/**
 * The answer to tools/list without the tools that are hidden; `type` is its media type, JSON or an event stream. undefined: nothing is hidden.
 * Throws Error for an answer that can't be read.
 */
export function withoutTools(type: string, whole: Buffer, hidden: (tool: string) => boolean): Buffer | undefined {
  if (type !== 'text/event-stream') {
    const value: unknown = JSON.parse(whole.toString('utf8'));
    return prune(value, hidden) ? Buffer.from(JSON.stringify(value)) : undefined;
  }
  let changed = false;
  // Events end with an empty line; what several data lines say is joined (WHATWG HTML, 9.2.6).
  const events = whole.toString('utf8').split(/(\r\n\r\n|\n\n|\r\r)/);
  for (let i = 0; i < events.length; i += 2) {
    const lines = events[i]!.split(/\r\n|\n|\r/);
    const data = lines.filter((line) => line.startsWith('data:')).map((line) => line.slice(line[5] === ' ' ? 6 : 5));
    if (data.length === 0) continue;
    const value: unknown = JSON.parse(data.join('\n'));
    if (!prune(value, hidden)) continue;
    changed = true;
    events[i] = [...lines.filter((line) => !line.startsWith('data:')), `data: ${JSON.stringify(value)}`].join('\n');
  }
  return changed ? Buffer.from(events.join('')) : undefined;
}

function prune(value: unknown, hidden: (tool: string) => boolean): boolean {
  let changed = false;
  for (const message of Array.isArray(value) ? value : [value]) {
    const result = isObject(message) ? message['result'] : undefined;
    if (!isObject(result) || !Array.isArray(result['tools'])) continue;
    const kept = result['tools'].filter((tool) => !(isObject(tool) && hidden(text(tool['name']))));
    if (kept.length === result['tools'].length) continue;
    result['tools'] = kept;
    changed = true;
  }
  return changed;
}
