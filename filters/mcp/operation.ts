import type { Identity, McpOperation } from '../policy/types.js';
import type { McpFacts } from './facts.js';
import { otherUris } from './uris.js';

/** A message as a policy judges it: what it asks for, in every way that a server may take it. */
export function mcpOperation(mcp: McpFacts, { identity, resource }: { identity: Identity; resource: string }): McpOperation {
  return { on: 'mcp', mcp, also: otherUris(mcp.uri).map((uri) => ({ ...mcp, uri })), identity, resource };
}
