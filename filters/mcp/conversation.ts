import { strictestDecision } from '../policy/decide.js';
import type { Decision, Identity, Policy } from '../policy/types.js';
import { type McpMessage, readMessages, refusalOf, withoutTools } from './messages.js';

/** What one POST to an MCP server carries. */
export class McpRequest {
  private constructor(
    readonly messages: readonly McpMessage[],
    private readonly batch: boolean,
  ) {}

  /** Throws Error, with a reason that holds nothing of the body, for what is no message. */
  static read(body: unknown): McpRequest {
    const { messages, batch } = readMessages(body);
    return new McpRequest(messages, batch);
  }

  /** `tools/call shell`, one for each message. */
  get operations(): string[] {
    return this.messages.map(
      ({ facts }) => [facts.method, facts.tool || facts.prompt || facts.uri].filter((part) => part !== '').join(' ') || 'answer',
    );
  }

  decide(policy: Policy, identity: Identity, resource: string): Decision {
    return strictestDecision(this.messages.map(({ facts }) => policy.decide({ on: 'mcp', mcp: facts, identity, resource })));
  }

  /** The answer that refuses all of it; undefined where nobody waits for one. */
  refusal(why: { message: string; rule: string; session: string }): string | undefined {
    return refusalOf(this.messages, this.batch, why);
  }

  get listsTools(): boolean {
    return this.messages.some(({ facts }) => facts.method === 'tools/list');
  }
}

/** Takes the tools out of a list that rules refuse by their name alone: what an agent can't call it need not know. */
export function toolFilter(policy: Policy, identity: Identity, resource: string): (type: string, whole: Buffer) => Buffer {
  const hidden = (tool: string): boolean => {
    const mcp = { method: 'tools/call', tool, arguments: undefined, uri: '', prompt: '' };
    const { verdict, matches } = policy.decide({ on: 'mcp', mcp, identity, resource });
    return verdict === 'deny' && matches.some((one) => one.verdict === 'deny' && one.mode === 'enforce' && one.error === undefined);
  };
  return (type, whole) => withoutTools(type, whole, hidden) ?? whole;
}
