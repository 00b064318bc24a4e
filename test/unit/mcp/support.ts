import { openMcpStore } from '../../../extproc/stores/mcp/sqlite.js';
import type { McpWorld } from '../../../filters/mcp/side.js';
import type { Identity } from '../../../filters/policy/types.js';
import { Driver } from '../http/support.js';

export const json: [string, string][] = [
  ['content-type', 'application/json'],
  ['accept', 'application/json, text/event-stream'],
];
export const sse: [string, string][] = [['content-type', 'text/event-stream']];

export const call = (name: string, args: object = {}, id: string | number = 1) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

export const identity = (id: string): Identity => ({
  id,
  kind: 'spiffe',
  issuer: 'example.org',
  groups: [],
  claims: {},
  source: '127.0.0.1:7',
  proof: 'mtls',
});

/** A world of one gateway: what its exchanges remember, and the streams that are said to be open. */
export function newWorld(): McpWorld & { streams: Set<string> } {
  const streams = new Set<string>();
  return { memory: openMcpStore(':memory:'), streams, hasStream: (key) => streams.has(key) };
}

/** An exchange with an MCP server. */
export const exchange = (policy: string, world: McpWorld = newWorld(), peer: Identity | undefined = undefined, forwards = false): Driver =>
  new Driver(policy, peer, false, world, undefined, { forwards });
