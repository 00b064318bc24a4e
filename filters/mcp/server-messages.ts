import { MidstreamError } from '../errors.js';
import { isObject, type JsonObject, text } from '../foreign-json.js';
import { decodeUtf8 } from '../http/charset.js';
import { JsonSource } from '../http/json-source.js';
import type { Decision } from '../policy/types.js';
import { substituteFor } from './answers.js';
import { type MaskBytes, maskContents } from './contents.js';
import type { McpParties } from './conversation.js';
import { mcpFacts } from './facts.js';
import { type McpMessage, readMessages } from './messages.js';
import { mcpOperation } from './operation.js';
import { type SseEvent, SseReader, withoutBreaks, writeEvent } from './sse.js';
import { listedTools, toolHash } from './tools.js';

/** What the exchange is told of a server's messages, in their order. */
export interface McpListener {
  session: string;
  /** a request of the server, or a notification that is refused; the number counts them */
  judged(number: number, message: McpMessage, decision: Decision): void;
  /** tools that are new, or other than they were */
  tools(event: { server: string; tools: { name: string; hash: string; state: string }[] }): void;
  /** the older transport: where the client is to post its messages to */
  endpoint(target: string): void;
  opaque(reason: string, bytes: number): void;
  mask: MaskBytes;
}

/** Judges what a server sends: its own requests and notifications, lists of tools, contents in base64. */
export class ServerMessages {
  private count = 0;

  constructor(
    private readonly parties: McpParties,
    private readonly listener: McpListener,
  ) {}

  /** What goes on to the client in place of a text of JSON, empty for nothing; undefined: the very bytes do. Throws Error for what is no message. */
  take(text: string): string | undefined {
    const source = new JsonSource(text);
    const { messages, batch } = readMessages(source.value, { from: 'server', server: this.parties.resource }, source);
    const kept: JsonObject[] = [];
    let changed = false;
    for (const message of messages) {
      const next = message.kind === 'answer' ? message.value : this.judge(message);
      if (next !== message.value) changed = true;
      if (next === undefined) continue;
      if (this.listTools(next)) changed = true;
      if (maskContents(next, this.listener.mask, (reason, bytes) => this.listener.opaque(reason, bytes))) changed = true;
      kept.push(next);
    }
    if (!changed) return undefined;
    return kept.length === 0 ? '' : source.write(batch ? kept : kept[0]);
  }

  /** A request that is refused becomes one that the client can only refuse; a notification goes. */
  private judge(message: McpMessage): JsonObject | undefined {
    const decision = this.parties.policy.decide(mcpOperation(message.facts, this.parties));
    const refused = decision.verdict !== 'allow';
    if (refused || message.kind === 'request') this.listener.judged(++this.count, message, decision);
    if (!refused) return message.value;
    if (message.kind === 'notification') return undefined;
    const why = decision.verdict === 'approve' ? 'This needs an approval, which what a server asks can not wait for.' : decision.message;
    return substituteFor(message, { message: why, rule: decision.rule, session: this.listener.session });
  }

  /** Takes the tools out that rules refuse by their name alone: what an agent can't call it need not know, nor read what is said of it. */
  private listTools(message: JsonObject): boolean {
    const listed = listedTools(message);
    if (listed === undefined) return false;
    const { memory, resource } = this.parties;
    const seen = listed.tools.map((tool) => ({ name: text(tool['name']), hash: toolHash(tool) }));
    const states = memory.sawTools(resource, seen);
    const told = seen.map((one, i) => ({ ...one, state: states[i]! })).filter(({ state }) => state !== 'same');
    if (told.length > 0) this.listener.tools({ server: resource, tools: told });
    const all = listed.result['tools'] as unknown[];
    const kept = all.filter((tool) => {
      if (!isObject(tool)) return true;
      const at = listed.tools.indexOf(tool);
      return at < 0 || !this.hidden(seen[at]!.name, states[at] === 'changed');
    });
    listed.result['tools'] = kept;
    return kept.length < all.length;
  }

  private hidden(tool: string, tool_changed: boolean): boolean {
    const { policy, resource } = this.parties;
    const mcp = mcpFacts({ server: resource, method: 'tools/call', tool, tool_changed, arguments: undefined, params: undefined });
    const { verdict, matches } = policy.decide(mcpOperation(mcp, this.parties));
    return verdict === 'deny' && matches.some((one) => one.verdict === 'deny' && one.mode === 'enforce' && one.error === undefined);
  }

  /** The bytes of one event that go on. */
  event(given: SseEvent): Buffer {
    const event = withoutBreaks(given);
    const { type, data } = event;
    const raw = event === given ? given.raw : writeEvent(event, data);
    if (data === undefined || data === '') return raw;
    if (type === 'endpoint') {
      this.listener.endpoint(data);
      return raw;
    }
    let next: string | undefined;
    try {
      next = this.take(data);
    } catch (error) {
      if (error instanceof MidstreamError) throw error;
      // Clients read messages in events of this type alone.
      if (type === '' || type === 'message') this.unreadable(error as Error);
      return raw;
    }
    if (next === undefined) return raw;
    return writeEvent(event, next === '' ? undefined : next);
  }

  /** The whole of an answer that is JSON. `asked`: a message must come. */
  whole(bytes: Buffer, asked: boolean): Buffer {
    let next: string | undefined;
    try {
      const text = decodeUtf8(bytes);
      if (text === undefined) throw new Error('it is not UTF-8');
      next = this.take(text);
    } catch (error) {
      if (error instanceof MidstreamError) throw error;
      if (asked) this.unreadable(error as Error);
      return bytes;
    }
    return next === undefined ? bytes : Buffer.from(next);
  }

  private unreadable(why: Error): void {
    if (this.parties.policy.unparsed === 'allow') return;
    throw new MidstreamError('bad_input', `the server sent what is no message of MCP: ${why.message}`);
  }
}

/** What a body's bytes go through before they are masked. */
export interface McpBody {
  /** it lets nothing go before the end */
  readonly whole: boolean;
  push(bytes: Buffer): Buffer;
  end(): Buffer;
}

/** For an event stream: each event goes on as soon as it is whole. */
export function eventStream(messages: ServerMessages, bytes_max: number): McpBody {
  const reader = new SseReader(bytes_max);
  return {
    whole: false,
    push: (bytes) => {
      try {
        return Buffer.concat(reader.push(bytes).map((event) => messages.event(event)));
      } catch (error) {
        throw error instanceof MidstreamError
          ? error
          : new MidstreamError('limit_exceeded', `${(error as Error).message} (limits.held_bytes_max)`);
      }
    },
    // No client reads an event that did not end.
    end: () => Buffer.alloc(0),
  };
}

/** For JSON, which is read whole. */
export function wholeJson(messages: ServerMessages, bytes_max: number, asked: boolean): McpBody {
  const parts: Buffer[] = [];
  let length = 0;
  return {
    whole: true,
    push: (bytes) => {
      length += bytes.length;
      if (length > bytes_max)
        throw new MidstreamError(
          'limit_exceeded',
          `the answer is longer than ${bytes_max} bytes, and must be read whole (limits.held_bytes_max)`,
        );
      parts.push(Buffer.from(bytes));
      return Buffer.alloc(0);
    },
    end: () => (length === 0 ? Buffer.alloc(0) : messages.whole(Buffer.concat(parts), asked)),
  };
}
