import type { Identity, McpOperation } from '../policy/types.js';
import type { McpFacts } from './facts.js';
import { looksLike } from './look-alikes.js';
import { otherUris } from './uris.js';

/** A message as a policy judges it: what it asks for, in every way that a server may take it, and by the names that its own may be taken for. */
export function mcpOperation(mcp: McpFacts, { identity, resource }: { identity: Identity; resource: string }): McpOperation {
  const tool = looksLike(mcp.tool);
  const prompt = looksLike(mcp.prompt);
  const alike =
    tool === undefined && prompt === undefined ? {} : { alike: { ...mcp, tool: tool ?? mcp.tool, prompt: prompt ?? mcp.prompt } };
  return { on: 'mcp', mcp, also: otherUris(mcp.uri).map((uri) => ({ ...mcp, uri })), ...alike, identity, resource };
}
