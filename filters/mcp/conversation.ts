import { strictestDecision } from '../policy/decide.js';
import type { Decision, Identity, Policy } from '../policy/types.js';
import { refusalsOf, restored, type Why } from './answers.js';
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
    /** the body as the server must get it, where that is another than the client sent */
    readonly body: Buffer | undefined,
  ) {}

  /** Throws Error, with a reason that holds nothing of the body, for what is no message. */
  static read(body: unknown, parties: McpParties): McpRequest {
    const { messages, batch } = readMessages(body, { from: 'client', server: parties.resource });
    for (const { facts } of messages) if (facts.tool !== '') facts.tool_changed = parties.memory.toolChanged(parties.resource, facts.tool);
    const answers = messages.map((message) => restored(message));
    const changed = answers.some((answer) => answer !== undefined);
    const values = messages.map(({ value }, i) => answers[i] ?? value);
    return new McpRequest(messages, batch, parties, changed ? Buffer.from(JSON.stringify(batch ? values : values[0])) : undefined);
  }

  /** `tools/call shell`, one for each message. */
  get operations(): string[] {
    return this.messages.map(
      ({ facts }) => [facts.method, facts.tool || facts.prompt || facts.uri].filter((part) => part !== '').join(' ') || 'answer',
    );
  }

  decide(): Decision {
    return strictestDecision(this.messages.map(({ facts }) => this.parties.policy.decide(mcpOperation(facts, this.parties))));
  }

  /** The answers that refuse all of it, one for each request. */
  refusals(why: Why): object[] {
    return refusalsOf(this.messages, why);
  }

  /** The same as one body; undefined where nobody waits for an answer. */
  refusal(why: Why): string | undefined {
    const answers = this.refusals(why);
    return answers.length === 0 ? undefined : JSON.stringify(this.batch ? answers : answers[0]);
  }

  /** somebody waits for its answer */
  get asks(): boolean {
    return this.messages.some(({ kind }) => kind === 'request');
  }
}
