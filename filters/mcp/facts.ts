/** One JSON-RPC message between an agent and an MCP server, as a policy sees it. */
export interface McpFacts {
  /** who sent it: the agent (client) or the server */
  from: 'client' | 'server';
  /** the server, by the gateway's own name for it */
  server: string;
  /** initialize, tools/list, tools/call, resources/read, sampling/createMessage, …; empty for an answer */
  method: string;
  /** an agent's answer: the method of the server that it answers, by the form of the result; else empty, as it is for an error */
  answers: string;
  /** an agent's answer: the result; else an empty object. undefined: can't be had */
  result: unknown;
  /** tools/call: the tool */
  tool: string;
  /** tools/call: what the server says of this tool is not what was accepted of it */
  tool_changed: boolean;
  /** tools/call, prompts/get: the arguments; an empty object where none are given. undefined: can't be had */
  arguments: unknown;
  /** resources/read and its like: the resource asked for */
  uri: string;
  /** prompts/get: the prompt */
  prompt: string;
  /** all parameters as they are; an empty object where none are given. undefined: can't be had */
  params: unknown;
}

/** Facts with nothing in them but what is given. */
export const mcpFacts = (given: Partial<McpFacts>): McpFacts => ({
  from: 'client',
  server: '',
  method: '',
  answers: '',
  result: {},
  tool: '',
  tool_changed: false,
  arguments: {},
  uri: '',
  prompt: '',
  params: {},
  ...given,
});
