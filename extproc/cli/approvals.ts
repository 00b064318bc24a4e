import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { HoldRecord } from '../../filters/approval/types.js';
import { MidstreamError, type ReasonCode } from '../../filters/errors.js';
import { hashToken } from '../console/tokens.js';
import { action, bold, cyan, dim, green, line, printable, printJson, red, table, yellow } from './io.js';

interface Flags {
  api?: string;
  tokenFile?: string;
  json?: boolean;
  status?: string;
  comment?: string;
  id?: string;
  group?: string[];
}

/** Held operations, from the terminal: everything goes through the approvals API, with a token of one's own. */
export function register(program: Command): void {
  const group = program
    .command('approvals')
    .description('held operations: list, show, approve, deny, watch')
    .addHelpText('after', '\nExample:\n  midstream approvals list\n  midstream approvals approve 5f0c… --comment "checked with Ada"');
  const command = (name: string, description: string, example: string) =>
    group
      .command(name)
      .description(description)
      .option('--api <url>', 'base URL of the approvals API ($MIDSTREAM_API); else what a gateway on this machine wrote to .midstream/api.json')
      .option('--token-file <file>', 'file that holds your token ($MIDSTREAM_TOKEN holds the token itself)')
      .option('--json', 'JSON for scripts')
      .addHelpText('after', `\nExample:\n  midstream approvals ${example}`);
  command('list', 'what is held, newest first', 'list --status pending').option('--status <status>', 'pending, approved, denied, expired, cancelled or all', 'pending').action(action(list));
  command('show <hold>', 'one operation, whole', 'show 5f0c…').action(action(show));
  for (const verdict of ['approve', 'deny'] as const) {
    command(`${verdict} <hold>`, verdict === 'approve' ? 'let it go on' : 'refuse it', `${verdict} 5f0c… --comment "checked"`)
      .option('--comment <text>', 'why; the agent reads it when it is refused')
      .action(action((hold: string, flags: Flags) => decide(hold, verdict, flags)));
  }
  command('watch', 'print what happens as it happens, until Ctrl-C', 'watch').action(action(watch));
  group
    .command('token')
    .description('make a token for an approver: the line for midstream.yaml, and the token, which is shown once')
    .requiredOption('--id <id>', 'who it is for')
    .option('--group <group...>', 'groups of that person')
    .option('--json', 'JSON for scripts')
    .addHelpText('after', '\nExample:\n  midstream approvals token --id alice --group dba')
    .action(action(token));
}

interface Api {
  url: string;
  token: string;
}

/** Where the API is, and who we are there. */
function connection(flags: Flags): Api {
  const found = discovered();
  const url = flags.api ?? process.env['MIDSTREAM_API'] ?? found?.url;
  if (url === undefined || url === '') throw new MidstreamError('bad_input', 'no approvals API is known', { hint: 'give --api URL, or run this where a gateway wrote .midstream/api.json' });
  const file = flags.tokenFile ?? (flags.api === undefined ? found?.token_file : undefined);
  const token = flags.tokenFile === undefined ? (process.env['MIDSTREAM_TOKEN'] ?? readToken(file)) : readToken(file);
  return { url: url.replace(/\/+$/, ''), token };
}

function discovered(): { url: string; token_file: string } | undefined {
  const file = join('.midstream', 'api.json');
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as { url: string; token_file: string };
  } catch {
    throw new MidstreamError('bad_input', `${file} can't be read`, { hint: 'is the gateway yours? Else give --api and --token-file.' });
  }
}

function readToken(file: string | undefined): string {
  if (file === undefined) throw new MidstreamError('unauthenticated', 'no token is given', { hint: 'set $MIDSTREAM_TOKEN or give --token-file FILE' });
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    throw new MidstreamError('unauthenticated', `the token file ${file} can't be read`);
  }
}

async function call(flags: Flags, method: 'GET' | 'POST', path: string, body?: object): Promise<Response> {
  const { url, token } = connection(flags);
  let response: Response;
  try {
    response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  } catch (error) {
    throw new MidstreamError('unavailable', `the approvals API at ${url} does not answer`, { hint: 'is the gateway running?', cause: error });
  }
  if (response.ok) return response;
  const problem = (await response.json().catch(() => ({}))) as { detail?: string; code?: ReasonCode; hint?: string };
  throw new MidstreamError(problem.code ?? 'unavailable', problem.detail ?? `the approvals API answered ${response.status}`, { hint: problem.hint ?? '' });
}

async function list(flags: Flags): Promise<void> {
  const query = flags.status === undefined || flags.status === 'all' ? '' : `?status=${encodeURIComponent(flags.status)}`;
  const { approvals } = (await (await call(flags, 'GET', `/v1/approvals${query}`)).json()) as { approvals: HoldRecord[] };
  if (flags.json) return printJson({ approvals });
  if (approvals.length === 0) return line(dim('nothing is held'));
  const rows = approvals.map((record) => {
    const { operation: o } = record;
    const left = record.status === 'pending' ? `${Math.max(0, Math.round((o.expires_ms - Date.now()) / 1000))} s left` : '';
    return [o.hold, record.status, `${Math.round((Date.now() - o.created_ms) / 1000)} s ago`, left, printable(o.identity.id), o.rule, oneLine(o.text)];
  });
  line(table([['HOLD', 'STATUS', 'AGE', 'LEFT', 'WHO', 'RULE', 'STATEMENT'], ...rows]));
}

const oneLine = (text: string) => printable(text.replace(/\s+/g, ' ')).slice(0, 100);

async function show(hold: string, flags: Flags): Promise<void> {
  const record = (await (await call(flags, 'GET', `/v1/approvals/${encodeURIComponent(hold)}`)).json()) as HoldRecord;
  if (flags.json) return printJson(record);
  print(record);
}

function print(record: HoldRecord): void {
  const { operation: o } = record;
  line(`${bold(o.hold)}  ${painted(record.status)}`);
  line(`  who       ${printable(o.identity.id)} (${o.identity.proof}) as ${printable(o.user)}, from ${printable(o.identity.source)}`);
  line(`  where     ${printable(o.resource)}, database ${printable(o.database)}`);
  line(`  rule      ${o.rule}${o.message ? `: ${printable(o.message)}` : ''}`);
  line(`  asked     ${new Date(o.created_ms).toISOString()}, until ${new Date(o.expires_ms).toISOString()}`);
  line(`  decides   ${o.terms.by.join(' or ') || 'any approver'}, ${o.terms.quorum} needed${o.terms.lease ? `, then ${o.terms.lease.uses} more of the same ${o.terms.lease.same} without asking` : ''}`);
  line(`  session   ${o.session}, request ${o.request}`);
  line(`\n${cyan(printable(o.text))}`);
  for (const [i, value] of o.params.entries()) line(dim(`  $${i + 1} = ${value === null ? 'NULL' : printable(value)}`));
  for (const d of record.decisions) line(`  ${d.verdict === 'approve' ? green('approve') : red('deny')} by ${printable(d.by)} at ${new Date(d.at_ms).toISOString()}${d.comment ? `: ${printable(d.comment)}` : ''}`);
  if (record.reason) line(`  ${printable(record.reason)}`);
}

function painted(status: HoldRecord['status']): string {
  if (status === 'approved') return green(status);
  return status === 'pending' ? yellow(status) : red(status);
}

async function decide(hold: string, verdict: 'approve' | 'deny', flags: Flags): Promise<void> {
  const record = (await (await call(flags, 'POST', `/v1/approvals/${encodeURIComponent(hold)}/${verdict}`, flags.comment === undefined ? {} : { comment: flags.comment })).json()) as HoldRecord;
  if (flags.json) return printJson(record);
  const { decisions, operation, status } = record;
  const more = status === 'pending' ? `, ${operation.terms.quorum - decisions.filter((d) => d.verdict === 'approve').length} more needed` : '';
  line(`${painted(status)}${more}: ${oneLine(operation.text)}`);
}

async function watch(flags: Flags): Promise<void> {
  const response = await call(flags, 'GET', '/v1/approvals/events');
  if (!flags.json) process.stderr.write(`${dim('watching; Ctrl-C ends', process.stderr)}\n`);
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    rest += decoder.decode(chunk, { stream: true });
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      const data = /^data: (.+)$/m.exec(event)?.[1];
      if (!/^event: approval$/m.test(event) || data === undefined) continue;
      const record = JSON.parse(data) as HoldRecord;
      if (flags.json) printJson(record);
      else line(`${painted(record.status).padEnd(9)}  ${record.operation.hold}  ${printable(record.operation.identity.id)}  ${record.operation.rule}  ${oneLine(record.operation.text)}`);
    }
  }
  throw new MidstreamError('unavailable', 'the approvals API ended the stream', { hint: 'is the gateway still running?' });
}

function token(flags: Flags): void {
  const value = `mst_${randomBytes(24).toString('base64url')}`;
  const entry = { id: flags.id!, groups: flags.group ?? [], hash: hashToken(value) };
  if (flags.json) return printJson({ token: value, ...entry });
  line(`token (shown once): ${bold(value)}`);
  line(`\nfor approvals.api.tokens in midstream.yaml:\n  - { id: ${JSON.stringify(entry.id)}, groups: [${entry.groups.map((g) => JSON.stringify(g)).join(', ')}], hash: "${entry.hash}" }`);
}
