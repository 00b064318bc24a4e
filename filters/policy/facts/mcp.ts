import type { McpFacts } from '../../mcp/facts.js';
import type { FactDoc } from './doc.js';

export const mcp = {
  from: {
    type: 'string',
    values: ['client', 'server'],
    description:
      'Who sent the message: client (the agent) or server. What a server asks and is refused never reaches the agent; the server gets an error. It can’t wait for an approval.',
    example: 'mcp.from == "server" && mcp.method == "sampling/createMessage"',
  },
  server: { type: 'string', description: 'The server, as the gateway calls it: its resource.', example: 'mcp.server == "crm"' },
  method: {
    type: 'string',
    description:
      'initialize, tools/list, tools/call, resources/read, prompts/get, completion/complete, …; of a server sampling/createMessage, elicitation/create, roots/list, notifications/…; empty for an answer of the agent.',
    example: 'mcp.method == "resources/read"',
  },
  answers: {
    type: 'string',
    description:
      'An answer of the agent: the method of the server that it answers (sampling/createMessage, elicitation/create, roots/list), told by the form of its result; empty for an error and for all other messages.',
    example: 'mcp.answers == "elicitation/create" && mcp.result.action == "accept"',
  },
  result: {
    type: 'map<string, dyn>',
    description: 'An answer of the agent: its result, as it is. Asking for something that is missing is an error: guard with has().',
    example: 'mcp.answers == "sampling/createMessage" && has(mcp.result.model)',
  },
  tool: {
    type: 'string',
    description: 'tools/call: name of the tool. A tool that is denied by its name is not listed either.',
    example: 'mcp.tool in ["shell", "exec"]',
  },
  tool_changed: {
    type: 'bool',
    description:
      'tools/call: what the server says of the tool (description, schemas, annotations) is not what was accepted: the first seen, or `midstream mcp tools accept`.',
    example: 'mcp.tool_changed',
  },
  arguments: {
    type: 'map<string, dyn>',
    description: 'tools/call, prompts/get: the arguments. Asking for one that is missing is an error: guard with has().',
    example: 'mcp.tool == "transfer" && has(mcp.arguments.amount) && mcp.arguments.amount > 100',
  },
  uri: { type: 'string', description: 'resources/read and its like: the resource.', example: 'mcp.uri.startsWith("file:///etc/")' },
  prompt: { type: 'string', description: 'prompts/get, completion/complete: the prompt.', example: 'mcp.prompt == "review"' },
  params: {
    type: 'map<string, dyn>',
    description: 'All parameters of the message, as they are. Asking for one that is missing is an error: guard with has().',
    example: 'mcp.method == "elicitation/create" && has(mcp.params.message) && mcp.params.message.matches("(?i)password")',
  },
} satisfies Record<keyof McpFacts, FactDoc>;
