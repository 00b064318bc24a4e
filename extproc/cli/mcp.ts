import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import type { KnownTool } from '../stores/mcp/sqlite.js';
import { action, dim, green, line, printable, printJson, table, yellow } from './io.js';
import { recordDirectory } from './sessions.js';

interface Flags {
  store: string;
  json?: boolean;
}

/** `midstream mcp tools`: what servers said of their tools, and what was accepted of it. */
export function register(program: Command): void {
  const examples = '\nExamples:\n  midstream mcp tools list --json\n  midstream mcp tools accept 127.0.0.1:3001 lookup';
  const tools = program
    .command('mcp')
    .description('what the gateway remembers of MCP servers')
    .addHelpText('after', examples)
    .command('tools')
    .description('tools, and what was accepted of them; each command has --json')
    .addHelpText('after', examples);
  const with_ = (command: Command): Command =>
    command
      .option('--store <file>', 'the gateway’s memory', join(recordDirectory(), '..', 'mcp.db'))
      .option('--json', 'JSON instead of text');
  with_(tools.command('list').description('all tools that servers listed, changed ones first'))
    .addHelpText('after', '\nExample:\n  midstream mcp tools list')
    .action(action(list));
  with_(tools.command('accept').description('take what a server says of a tool now for right'))
    .argument('<server>', 'as `list` shows it')
    .argument('[tool]', 'all changed ones otherwise')
    .addHelpText('after', '\nExample:\n  midstream mcp tools accept 127.0.0.1:3001 lookup')
    .action(action(accept));
}

const isChanged = (tool: KnownTool): boolean => tool.accepted !== tool.seen;

async function list({ store, json }: Flags): Promise<void> {
  const { openMcpStore } = await import('../stores/mcp/sqlite.js');
  const memory = openMcpStore(store, { create: false });
  const all = memory.list().sort((a, b) => Number(isChanged(b)) - Number(isChanged(a)));
  memory.close();
  if (json) return printJson({ tools: all.map((tool) => ({ ...tool, changed: isChanged(tool) })) });
  if (all.length === 0) return line('No server has listed a tool yet.');
  const rows = all.map((tool) => [
    tool.server,
    tool.tool,
    isChanged(tool) ? yellow('changed') : green('accepted'),
    tool.seen.slice(0, 12),
    isChanged(tool) ? `since ${tool.last_changed}` : tool.accepted_by === '' ? `first seen ${tool.first_seen}` : `by ${tool.accepted_by}`,
  ]);
  line(table(rows.map((row) => row.map(printable))));
}

async function accept(server: string, tool: string | undefined, { store, json }: Flags): Promise<void> {
  const { openMcpStore } = await import('../stores/mcp/sqlite.js');
  const memory = openMcpStore(store, { create: false });
  const accepted = memory.accept(server, tool ?? '', userInfo().username);
  const known = memory.list().some((one) => one.server === server && (tool === undefined || one.tool === tool));
  memory.close();
  if (!known)
    throw new MidstreamError('not_found', `no server ${server} has listed ${tool === undefined ? 'a tool' : `a tool ${tool}`}`, {
      hint: 'midstream mcp tools list shows them.',
    });
  if (json) return printJson({ accepted });
  if (accepted.length === 0) return line(dim('Nothing had changed.'));
  for (const one of accepted) line(`${green('accepted')} ${printable(one.tool)} of ${printable(one.server)} (${one.seen.slice(0, 12)})`);
}
