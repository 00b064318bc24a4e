import { isObject, type JsonObject, text } from '../foreign-json.js';
import type { JsonSource } from '../http/json-source.js';
import { type McpFacts, mcpFacts } from './facts.js';

/** A message that was read. */
export interface McpMessage {
  /** a request waits for an answer, a notification does not */
  kind: 'request' | 'notification' | 'answer';
  facts: McpFacts;
  /** of a request: what its answer must carry; undefined for all others */
  id: string | number | undefined;
  /** the same as it stood: JavaScript rounds integers above 2^53 */
  id_text: string;
  /** as it stands in the body */
  value: JsonObject;
}

/** Who sent the messages, and the server's name: what every fact of them shares. */
export type Sender = Pick<McpFacts, 'from' | 'server'>;

/** Messages in one list. */
const MESSAGES_MAX = 100;

/**
 * The messages of a body (JSON-RPC 2.0; MCP, "Base Protocol"): one, or several in a list, which protocol 2025-03-26 allows. Throws Error with
 * a reason that holds nothing of the body for what is none. `source`: what the body was read from.
 */
export function readMessages(body: unknown, sender: Sender, source?: JsonSource): { messages: McpMessage[]; batch: boolean } {
  const batch = Array.isArray(body);
  const list: unknown[] = Array.isArray(body) ? body : [body];
  if (list.length === 0) throw new Error('a list of messages is empty');
  if (list.length > MESSAGES_MAX) throw new Error(`there are more than ${MESSAGES_MAX} messages in one list`);
  return { messages: list.map((one) => readMessage(one, sender, source)), batch };
}

function readMessage(value: unknown, sender: Sender, source: JsonSource | undefined): McpMessage {
  if (!isObject(value) || value['jsonrpc'] !== '2.0') throw new Error('it is no JSON-RPC 2.0 message');
  refuseOtherCase(value, MESSAGE_KEYS);
  const { id, method, params = {} } = value;
  const answers = 'result' in value || 'error' in value;
  if (method === undefined) {
    if (!answers) throw new Error('a message has no method');
    // An error about a request whose id could not be read has none.
    if (!isId(id) && !(id === null && 'error' in value)) throw new Error('an answer has no id');
    return { kind: 'answer', facts: answerFacts(sender, value), id: undefined, id_text: '', value };
  }
  if (answers) throw new Error('a message is a request and an answer at once');
  if (id !== undefined && !isId(id)) throw new Error('an id is neither text nor a number');
  if (typeof method !== 'string') throw new Error('a method is no text');
  if (!/^[\x21-\x7e]{1,200}$/.test(method)) throw new Error('a method has characters that no method has');
  if (!isObject(params)) throw new Error('parameters are no object');
  refuseOtherCase(params, PARAMETER_KEYS);
  const id_text = id === undefined ? '' : (source?.writeEntry(value, 'id') ?? JSON.stringify(id));
  return { kind: id === undefined ? 'notification' : 'request', facts: factsOf(sender, method, params), id, id_text, value };
}

/** By what a result tells which request of a server it answers (MCP, schema 2025-06-18): keys that results of that method have, and no others do. */
const RESULT_KEYS: readonly (readonly [key: string, method: string])[] = [
  ['role', 'sampling/createMessage'],
  ['model', 'sampling/createMessage'],
  ['action', 'elicitation/create'],
  ['roots', 'roots/list'],
];

/**
 * What an agent's answer says. The request that it answers was sent by whichever worker had the stream, so the method is known by the form of the
 * result alone; one that has the form of several is none of them, as is an error.
 */
function answerFacts(sender: Sender, { result }: JsonObject): McpFacts {
  if (sender.from === 'server' || !isObject(result)) return mcpFacts(sender);
  refuseOtherCase(result, ANSWER_KEYS);
  const methods = new Set(RESULT_KEYS.filter(([key]) => key in result).map(([, method]) => method));
  if (methods.size > 1) throw new Error('a result answers several requests at once');
  return mcpFacts({ ...sender, answers: [...methods][0] ?? '', result });
}

const ANSWER_KEYS = new Set([...RESULT_KEYS.map(([key]) => key), 'content']);

/** MCP, "Requests": the id is text or an integer, never null. */
const isId = (id: unknown): id is string | number => typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));

function factsOf(sender: Sender, method: string, params: JsonObject): McpFacts {
  const { name, uri, ref } = params;
  if (method === 'tools/call' && typeof name !== 'string') throw new Error('a tool is called without its name');
  if (typeof name === 'string' && !isName(name)) throw new Error('a name has characters that no name has');
  const args = params['arguments'] ?? {};
  if (!isObject(args)) throw new Error('arguments are no object');
  // completion/complete asks about a prompt or about a template of resources.
  const about = isObject(ref) ? ref : {};
  return {
    ...mcpFacts(sender),
    method,
    tool: method === 'tools/call' ? text(name) : '',
    tool_changed: false,
    arguments: args,
    uri: text(uri) || text(about['uri']),
    prompt: method === 'prompts/get' ? text(name) : text(about['name']),
    params,
  };
}

/**
 * Names of tools and prompts that readers may take for another: with blanks at their ends, with what nobody sees (controls, joiners, halves of a
 * surrogate pair), or written in another form of the same letters (UAX #15).
 */
const isName = (name: string): boolean => name === name.trim().normalize('NFKC') && !UNSEEN.test(name);
const UNSEEN = /[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}]/u;

const MESSAGE_KEYS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);
const PARAMETER_KEYS = new Set(['name', 'arguments', 'uri', 'ref', '_meta']);

/** Some readers (Go's encoding/json) take `Method` for `method`, and of both the last: what is read here must be what they read. */
function refuseOtherCase(value: JsonObject, known: ReadonlySet<string>): void {
  for (const key of Object.keys(value))
    if (!known.has(key) && known.has(key.normalize('NFKC').toLowerCase())) throw new Error('a key is spelled in another case');
}
