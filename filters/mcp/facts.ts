/** One JSON-RPC message from the agent to an MCP server, as a policy sees it. */
export interface McpFacts {
  /** initialize, tools/list, tools/call, resources/read, …; empty for an answer to the server */
  method: string;
  /** tools/call: the tool */
  tool: string;
  /** tools/call, prompts/get: the arguments; an empty object where none are given. undefined: can't be had */
  arguments: unknown;
  /** resources/read and its like: the resource asked for */
  uri: string;
  /** prompts/get: the prompt */
  prompt: string;
}
