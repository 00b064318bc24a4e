import { isObject } from '../foreign-json.js';
import type { HttpFacts } from '../http/facts.js';
import { readTarget } from '../http/path.js';
import { strictestDecision } from '../policy/decide.js';
import type { Decision, Identity, Policy } from '../policy/types.js';
import type { Why } from './answers.js';
import { type McpParties, McpRequest } from './conversation.js';
import { mcpOperation } from './operation.js';
import { disagreement, type McpOpinion } from './second-opinion.js';
import { eventStream, type McpBody, type McpListener, ServerMessages, wholeJson } from './server-messages.js';
import type { McpMemory } from './tools.js';

/** What exchanges with MCP servers know of each other. */
export interface McpWorld {
  memory: McpMemory;
  /** an event stream of this key is open here, and can be told something */
  hasStream(key: string): boolean;
}

/** What an exchange asks of the others of its session. Keys name the server and who asked. */
export type McpEffect =
  /** this exchange's answer is the stream of this key */
  | { type: 'stream'; key: string }
  /** a message goes to the client on the stream of this key */
  | { type: 'tell'; key: string; message: string }
  /** this exchange holds the requests of these keys */
  | { type: 'holds'; keys: readonly string[] }
  /** the client gave up the request of this key */
  | { type: 'cancel'; key: string };

/** How a refusal is answered. */
export interface Refused {
  status: number;
  type: string;
  body: string;
  effects: McpEffect[];
}

/** Shortest value of a query that may be the name of a session, in characters. */
const SESSION_MIN = 8;

/**
 * What may name a session in where a client of the older transport posts to, however it is spelled and whatever stands beside it: values of the query, or
 * the path where there is none.
 */
function sessionsIn(path: string, query: Record<string, string[]>): string[] {
  const values = Object.values(query).flat();
  return values.length === 0 ? [`p ${path}`] : values.filter((value) => value.length >= SESSION_MIN).map((value) => `v ${spelled(value)}`);
}

/** The same for every client, however it resolves dot segments and escapes. */
function endpointOf(target: string): string {
  const { path, query } = readTarget(target);
  return `e ${path} ${JSON.stringify(query)}`;
}

/** The request target of an endpoint that the stream at `base` names (RFC 3986 section 5.2); its host is that of the stream, whatever it says. */
function postedTo(endpoint: string, base: string): string {
  const local = endpoint.trim().replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/?#]*/i, (host) => (host === endpoint.trim() ? '/' : ''));
  const named = local.replace(/#.*$/s, '');
  if (named.startsWith('/')) return named;
  const [of = '/'] = base.split('?', 1);
  if (named === '' || named.startsWith('?')) return endpoint === local ? of + named : `/${named}`;
  return of.slice(0, of.lastIndexOf('/') + 1) + named;
}

/** UUIDs are taken in capitals, in braces and without their hyphens (Python's UUID, which the SDK reads sessions with). */
const spelled = (value: string): string =>
  value
    .normalize('NFKC')
    .toLowerCase()
    .replace(/urn:|uuid:|[^\p{L}\p{N}]/gu, '');

/** The part of an exchange that is MCP's: the session it belongs to, the messages of its request, the reading of its answer. */
export class McpSide {
  private readonly parties: McpParties;
  private readonly owner: string;
  private request: McpRequest | undefined;
  private opinion: McpOpinion | undefined;
  private progress = 0;

  constructor(
    private readonly world: McpWorld,
    policy: Policy,
    identity: Identity,
    private readonly resource: string,
    private readonly facts: HttpFacts,
  ) {
    this.parties = { policy, identity, resource, memory: world.memory };
    this.owner = JSON.stringify([identity.kind, identity.issuer, identity.id]);
  }

  /** A message is due even where there is no body. */
  get posts(): boolean {
    return this.facts.method === 'POST';
  }

  /** False where a session that it names was opened by somebody else, or where it may name two. */
  get mayUse(): boolean {
    const { memory } = this.world;
    const named = this.named;
    // MCP, "Session Management": visible ASCII. Two lines of the header are joined by a comma and a blank, and servers take one of them.
    if (named !== undefined && !/^s [\x21-\x7e]+$/.test(named)) return false;
    const names = [named, this.endpoint, ...sessionsIn(this.facts.path, this.facts.query)];
    return names.every((session) => {
      const owner = session === undefined ? undefined : memory.ownerOf(this.resource, session);
      return owner === undefined || owner === this.owner;
    });
  }

  /** Why the body is no message; empty when it is one. */
  read(body: unknown, bytes?: Buffer): string {
    const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(this.facts.headers['content-type'] ?? '')?.[1] ?? 'utf-8';
    // Servers decode UTF-7 where it is named, and read another text.
    if (!/^(utf-?8|us-ascii)$/i.test(charset)) return 'a message of MCP is UTF-8';
    try {
      this.request = McpRequest.read(body, this.parties, bytes);
      return '';
    } catch (error) {
      return `the body is no MCP message: ${(error as Error).message}`;
    }
  }

  get operations(): readonly string[] {
    return this.request?.operations ?? [];
  }

  /** Tools that are called and are no more what was accepted of them. */
  get changedTools(): readonly string[] {
    return this.request?.messages.filter(({ facts }) => facts.tool_changed).map(({ facts }) => facts.tool) ?? [];
  }

  get body(): Buffer | undefined {
    return this.request?.body;
  }

  /** see McpRequest */
  get names(): readonly string[] {
    return this.request?.names ?? [];
  }

  /** see McpRequest */
  get unnumbered(): string | undefined {
    return this.request?.unnumbered;
  }

  /** What Envoy itself read of the request. */
  second(opinion: McpOpinion): void {
    this.opinion = opinion;
  }

  /** What Envoy read otherwise, in words; empty where it did not. */
  disagreement = '';

  decide(): Decision | undefined {
    const own = this.request?.decide();
    const other = this.opinion && disagreement(this.opinion, this.request?.messages ?? [], this.resource);
    if (other === undefined) return own;
    if (other.facts.tool !== '') other.facts.tool_changed = this.world.memory.toolChanged(this.resource, other.facts.tool);
    this.disagreement = `Envoy read ${[other.facts.method || 'an answer', other.facts.tool || other.facts.uri].filter((part) => part !== '').join(' ')}`;
    const also = this.parties.policy.decide(mcpOperation(other.facts, this.parties));
    return own === undefined ? also : strictestDecision([own, also]);
  }

  /** What reads the answer; undefined: nothing of it is a message. */
  reader(contentType: string, status: number, listener: McpListener): McpBody | undefined {
    const { held_bytes_max } = this.parties.policy.limits;
    // As the most careless client reads a media type.
    const type = contentType.toLowerCase();
    const messages = new ServerMessages(this.parties, listener);
    if (type.includes('text/event-stream')) return eventStream(messages, held_bytes_max);
    if (this.request === undefined || !type.includes('json')) return undefined;
    return wholeJson(messages, held_bytes_max, this.request.asks && status >= 200 && status < 300);
  }

  /** The answer's headers are here: sessions and streams become known. */
  answered(status: number, session: string, contentType: string): McpEffect[] {
    const { memory } = this.world;
    const { named } = this;
    const accepted = status >= 200 && status < 300;
    if (session !== '') this.begins(session);
    // One that nobody is known of is theirs whom the server lets use it: who guesses one that is not there yet gets nothing.
    if (named !== undefined && accepted && this.facts.method === 'DELETE') memory.unbind(this.resource, named);
    else if (named !== undefined && accepted) memory.bind(this.resource, named, this.owner);
    // The stream of a GET is the session's own; those of POSTs end with their answer.
    if (this.facts.method !== 'GET' || this.named === undefined || !contentType.toLowerCase().includes('text/event-stream')) return [];
    return [{ type: 'stream', key: this.key(this.named) }];
  }

  /** The server gives a session to somebody who named none: it is theirs, whoever was there before. */
  private begins(session: string): void {
    const { memory } = this.world;
    const name = `s ${session}`;
    const owner = memory.ownerOf(this.resource, name);
    if (this.named === undefined && owner !== undefined && owner !== this.owner) memory.unbind(this.resource, name);
    memory.bind(this.resource, name, this.owner);
  }

  /** The older transport's stream names where its client posts to. */
  streams(target: string): McpEffect[] {
    const post = postedTo(target, this.facts.target);
    const { path, query } = readTarget(post);
    const session = endpointOf(post);
    for (const name of sessionsIn(path, query)) this.world.memory.bind(this.resource, name, this.owner);
    this.world.memory.bind(this.resource, session, this.owner);
    return [{ type: 'stream', key: this.key(session) }];
  }

  /** A refusal as the client's protocol has it; undefined: nobody waits for an answer. */
  refuse(why: Why): Refused | undefined {
    const { request } = this;
    const body = request?.refusal(why);
    if (request === undefined || body === undefined) return undefined;
    const json = { type: 'application/json', body, effects: [] };
    const older = this.older;
    if (older === undefined) return { status: 200, ...json };
    // Its client reads nothing of what a POST is answered, save that it failed.
    if (!this.world.hasStream(older)) return { status: 403, ...json };
    const effects = request.refusals(why).map((message): McpEffect => ({ type: 'tell', key: older, message }));
    return { status: 202, type: 'text/plain', body: 'Accepted', effects };
  }

  /** A person is asked: the client may cancel until then. */
  holds(): McpEffect[] {
    const keys = (this.request?.messages ?? []).flatMap(({ id }) => (id === undefined ? [] : this.requestKey(id)));
    return keys.length === 0 ? [] : [{ type: 'holds', keys }];
  }

  /** Its answer may be begun as an event stream while it waits: one request, whose sender takes streams and asked for progress. */
  get takesStream(): boolean {
    const messages = this.request?.messages ?? [];
    const accepts = (this.facts.headers['accept'] ?? '').toLowerCase();
    return messages.length === 1 && this.older === undefined && accepts.includes('text/event-stream') && this.tokens.length === 1;
  }

  /** What whoever asked for progress is told while the request waits (MCP, "Progress"). */
  waits(rule: string): string[] {
    this.progress++;
    // It must increase, over what the server tells afterwards as well: that begins at 0 or above.
    const params = JSON.stringify({ progress: -1 / this.progress, message: `Waits for an approval (rule ${rule}).` });
    return this.tokens.map(
      (token) => `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},${params.slice(1)}}`,
    );
  }

  /** The same on the session's own stream, where it is open. */
  tells(messages: readonly string[]): McpEffect[] {
    const key = this.older ?? (this.named === undefined ? undefined : this.key(this.named));
    if (key === undefined || !this.world.hasStream(key)) return [];
    return messages.map((message) => ({ type: 'tell', key, message }));
  }

  private get tokens(): string[] {
    return this.request?.tokens ?? [];
  }

  /** What the client gives up (MCP, "Cancellation"). */
  cancels(): McpEffect[] {
    return (this.request?.messages ?? []).flatMap(({ facts, value }): McpEffect[] => {
      if (facts.method !== 'notifications/cancelled' || !isObject(value['params'])) return [];
      return this.requestKey(value['params']['requestId']).map((key) => ({ type: 'cancel', key }));
    });
  }

  private get named(): string | undefined {
    const id = this.facts.headers['mcp-session-id'];
    return id === undefined ? undefined : `s ${id}`;
  }

  private get endpoint(): string {
    return endpointOf(this.facts.target);
  }

  /** Key of the older transport's stream that answers this POST; undefined where it is none of it. */
  private get older(): string | undefined {
    if (this.named !== undefined || this.world.memory.ownerOf(this.resource, this.endpoint) === undefined) return undefined;
    return this.key(this.endpoint);
  }

  private key(session: string): string {
    return JSON.stringify([this.resource, this.owner, session]);
  }

  /** Without a session nobody knows whose request an id names. */
  private requestKey(id: unknown): string[] {
    const session = this.older ?? (this.named === undefined ? undefined : this.key(this.named));
    return session === undefined ? [] : [`${session} ${JSON.stringify(id)}`];
  }
}
