import { createHash } from 'node:crypto';
import { isObject, type JsonObject, text } from '../foreign-json.js';

/** What a server said of one tool. */
export interface ToolSeen {
  name: string;
  /** SHA-256 of all that it says of it, hex */
  hash: string;
}

/** What became of a tool since it was accepted: seen for the first time (and so accepted), the same, or another. */
export type ToolState = 'new' | 'same' | 'changed';

/** What is remembered of servers, over restarts. Synchronous, as decisions are; throws MidstreamError when it can't be asked. */
export interface McpMemory {
  /** tells of a list that a server gave; the state of each, in their order */
  sawTools(server: string, tools: readonly ToolSeen[]): ToolState[];
  /** what the server last said of this tool is not what was accepted */
  toolChanged(server: string, tool: string): boolean;
  /** who opened a session of the server; undefined where nobody is known */
  ownerOf(server: string, session: string): string | undefined;
  /** a session is theirs from now on; the first one keeps it */
  bind(server: string, session: string, owner: string): void;
  /** it is over */
  unbind(server: string, session: string): void;
}

/** The same for the same tool, in whatever order its keys come. Everything counts that a model is told: title, schemas, annotations too; `_meta` is for programs. */
export function toolHash({ _meta, ...tool }: JsonObject): string {
  return createHash('sha256').update(canonical(tool)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${pairs.join()}}`;
}

/** The tools that the answer to tools/list names; undefined for any other message. A tool without a name is left out: nobody can call it. */
export function listedTools(message: JsonObject): { result: JsonObject; tools: JsonObject[] } | undefined {
  const { result } = message;
  if (!isObject(result) || !Array.isArray(result['tools'])) return undefined;
  return { result, tools: result['tools'].filter((tool): tool is JsonObject => isObject(tool) && text(tool['name']) !== '') };
}
