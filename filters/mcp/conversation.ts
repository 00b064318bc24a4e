import { isObject } from '../foreign-json.js';
import { decodeUtf8 } from '../http/charset.js';
import { JsonSource, type LeftOut } from '../http/json-source.js';
import { strictestDecision } from '../policy/decide.js';
import type { Decision, Identity, Policy } from '../policy/types.js';
import { refusalsOf, restored, type Why, writeMessage } from './answers.js';
import { type McpMessage, readMessages } from './messages.js';
import { mcpOperation } from './operation.js';
import type { McpMemory } from './tools.js';

/** Who speaks with which server, under which policy. */
export interface McpParties {
  policy: Policy;
  identity: Identity;
  /** the server, by the gateway's own name for it */
  resource: string;
  memory: McpMemory;
}

/** What one POST to an MCP server carries. */
export class McpRequest {
  private constructor(
    readonly messages: readonly McpMessage[],
    private readonly batch: boolean,
    private readonly parties: McpParties,
    private readonly source: JsonSource | undefined,
    /** the body as the server must get it, where that is another than the client sent */
    readonly body: Buffer | undefined,
  ) {}

  /** `bytes`: the body as it came. Throws Error, with a reason that holds nothing of the body, for what is no message. */
  static read(body: unknown, parties: McpParties, bytes?: Buffer): McpRequest {
    const source = sourceOf(bytes);
    const { messages, batch } = readMessages(source?.value ?? body, { from: 'client', server: parties.resource }, source);
    for (const { facts } of messages) if (facts.tool !== '') facts.tool_changed = parties.memory.toolChanged(parties.resource, facts.tool);
    const answers = messages.map((message) => restored(message));
    const changed = answers.some((answer) => answer !== undefined);
    const written = messages.map(({ value }, i) => {
      const answer = answers[i];
      return answer === undefined ? (source?.write(value) ?? JSON.stringify(value)) : writeMessage(answer.message, answer.id_text);
    });
    return new McpRequest(messages, batch, parties, source, changed ? Buffer.from(asBody(written, batch)) : undefined);
  }

  /** `tools/call shell`, one for each message. */
  get operations(): string[] {
    return this.messages.map(
      ({ facts }) =>
        [facts.method, facts.tool || facts.prompt || facts.uri].filter((part) => part !== '').join(' ') || `answer ${facts.answers}`.trim(),
    );
  }

  decide(): Decision {
    return strictestDecision(this.messages.map(({ facts }) => this.parties.policy.decide(mcpOperation(facts, this.parties))));
  }

  /** The answers that refuse all of it, one for each request, as JSON. */
  refusals(why: Why): string[] {
    const requests = this.messages.filter(({ kind }) => kind === 'request');
    return refusalsOf(requests, why).map((answer, i) => writeMessage(answer, requests[i]!.id_text));
  }

  /** The same as one body; undefined where nobody waits for an answer. */
  refusal(why: Why): string | undefined {
    const answers = this.refusals(why);
    return answers.length === 0 ? undefined : asBody(answers, this.batch);
  }

  /** What it asks for, apart from the numbers that clients give their requests; undefined where it is packed, so that only its bytes say it. */
  get unnumbered(): string | undefined {
    const { source, messages } = this;
    return source && JSON.stringify(messages.map(({ kind, value }) => source.writeWithout(value, kind === 'request' ? NUMBERS : {})));
  }

  /** Who asked for progress: their tokens, as JSON. */
  get tokens(): string[] {
    return this.messages.flatMap(({ kind, value: { params } }) => {
      const meta = isObject(params) ? params['_meta'] : undefined;
      const token = isObject(meta) ? meta['progressToken'] : undefined;
      if (kind !== 'request' || !isObject(meta) || (typeof token !== 'string' && typeof token !== 'number')) return [];
      return [this.source?.writeEntry(meta, 'progressToken') ?? JSON.stringify(token)];
    });
  }

  /** What its answers and their progress are told apart by, as JSON: ids, and tokens of progress. */
  get names(): string[] {
    return [...this.messages.flatMap(({ kind, id_text }) => (kind === 'request' ? [id_text] : [])), ...this.tokens];
  }

  /** somebody waits for its answer */
  get asks(): boolean {
    return this.messages.some(({ kind }) => kind === 'request');
  }
}

/** Of a request: names that its client makes up for it, under which it is answered and told of progress. */
const NUMBERS: LeftOut = { id: true, params: { _meta: { progressToken: true } } };

const asBody = (messages: readonly string[], batch: boolean): string => (batch ? `[${messages.join()}]` : messages[0]!);

/** What the body was read from; undefined where it is packed, or no JSON as it stands. */
function sourceOf(bytes: Buffer | undefined): JsonSource | undefined {
  const text = bytes === undefined ? undefined : decodeUtf8(bytes);
  if (text === undefined) return undefined;
  try {
    return new JsonSource(text.replace(/^\ufeff/, ''));
  } catch {
    return undefined;
  }
}
