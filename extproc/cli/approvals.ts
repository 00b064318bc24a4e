import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import type { GrantedLease, HoldRecord, HoldStatus } from '../../filters/approval/types.js';
import { MidstreamError } from '../../filters/errors.js';
import { hashToken, newToken } from '../console/tokens.js';
import { type AccessOptions, type ApiAccess, ask, findApi, openEvents } from './approvals-client.js';
import { changeLine, leasesText, listText, recordText, statusOf } from './approvals-show.js';
import { action, dim, line, printJson } from './io.js';

interface Common extends AccessOptions {
  json?: boolean;
}

type Answer = HoldRecord & { now_ms: number };

const RECONNECT_MS = 1000;

const withApi = (command: Command): Command =>
  command
    .option('--api <url>', 'address of the approvals API (MIDSTREAM_API); else what `midstream up` left in ./.midstream/api.json')
    .option('--token-file <file>', 'file with your token (MIDSTREAM_TOKEN holds the token itself)')
    .option('--json', 'JSON instead of text');

const examples = `
Examples:
  midstream approvals list
  midstream approvals show 3b1c5e0c9d0f4f6f8b1d2a7e6c5b4a39
  midstream approvals approve 3b1c5e0c9d0f4f6f8b1d2a7e6c5b4a39 --comment "ticket 4711"
  midstream approvals watch --api http://127.0.0.1:8070 --token-file ~/.midstream-token
  midstream approvals token --id alice --group dba`;

/** `midstream approvals …`: what waits for a person, and the decision about it. */
export function register(program: Command): void {
  const approvals = program
    .command('approvals')
    .description('held operations: list them, look at one, approve or deny it; each command has --json')
    .addHelpText('after', examples);
  withApi(approvals.command('list'))
    .description('what waits for a decision, or all held operations')
    .option('--status <status>', 'pending, approved, denied, expired, cancelled or all', 'pending')
    .option('--limit <n>', 'at most so many, the newest', '200')
    .addHelpText('after', '\nExample:\n  midstream approvals list --status all --json')
    .action(action(list));
  withApi(approvals.command('show <hold>'))
    .description('the whole of one operation')
    .addHelpText('after', '\nExample:\n  midstream approvals show 3b1c5e0c9d0f4f6f8b1d2a7e6c5b4a39')
    .action(action(show));
  for (const verdict of ['approve', 'deny'] as const) {
    withApi(approvals.command(`${verdict} <hold>`))
      .description(verdict === 'approve' ? 'let it run, once your approval makes the quorum' : 'refuse it; the agent sees your comment')
      .option('--comment <text>', 'why; it is recorded', '')
      .addHelpText('after', `\nExample:\n  midstream approvals ${verdict} 3b1c5e0c9d0f4f6f8b1d2a7e6c5b4a39 --comment "ticket 4711"`)
      .action(action((hold: string, options: Common & { comment: string }) => decide(verdict, hold, options)));
  }
  withApi(approvals.command('watch'))
    .description('print what waits, then every change as it comes, until Ctrl-C')
    .addHelpText('after', '\nExample:\n  midstream approvals watch --json')
    .action(action(watch));
  withApi(approvals.command('leases'))
    .description('what runs without asking again, by earlier approvals')
    .addHelpText('after', '\nExample:\n  midstream approvals leases --json')
    .action(action(leases));
  withApi(approvals.command('revoke <lease>'))
    .description('take a lease back: the next such operation is held again')
    .addHelpText('after', '\nExample:\n  midstream approvals revoke 8d1e0c9d0f4f6f8b1d2a7e6c5b4a393b')
    .action(action(revoke));
  approvals
    .command('token')
    .description('make a token for an approver; the configuration gets its hash, the person gets the token')
    .requiredOption('--id <id>', 'who it is for; stands on the decisions')
    .option(
      '--group <group>',
      'a group, as rules name it in approve.by (may be repeated)',
      (group: string, before: string[]) => [...before, group],
      [] as string[],
    )
    .option('--expires <date>', 'when it ends, for example 2030-01-31')
    .option('--out <file>', 'write the token to a new file that only you can read, instead of printing it')
    .option('--json', 'JSON instead of text')
    .addHelpText('after', '\nExample:\n  midstream approvals token --id alice --group dba --group security --expires 2030-01-31')
    .action(action(token));
}

async function list(options: Common & { status: string; limit: string }): Promise<void> {
  const access = await findApi(options);
  const { now_ms, approvals } = await fetchList(access, options.status as HoldStatus | 'all', options.limit);
  if (options.json) for (const record of approvals) printJson(record);
  else
    line(
      approvals.length > 0
        ? listText(approvals, now_ms)
        : options.status === 'pending'
          ? 'nothing waits for a decision'
          : 'no held operations',
    );
}

function fetchList(access: ApiAccess, status: HoldStatus | 'all', limit = '200'): Promise<{ now_ms: number; approvals: HoldRecord[] }> {
  const query = new URLSearchParams({ limit, ...(status === 'all' ? {} : { status }) });
  return ask(access, `/v1/approvals?${query}`);
}

async function show(hold: string, options: Common): Promise<void> {
  const { now_ms, ...record } = await ask<Answer>(await findApi(options), `/v1/approvals/${encodeURIComponent(hold)}`);
  if (options.json) printJson(record);
  else line(recordText(record, now_ms));
}

async function decide(verdict: 'approve' | 'deny', hold: string, options: Common & { comment: string }): Promise<void> {
  const { now_ms: _, ...record } = await ask<Answer>(await findApi(options), `/v1/approvals/${encodeURIComponent(hold)}/${verdict}`, {
    comment: options.comment,
  });
  if (options.json) printJson(record);
  else if (record.status === 'pending')
    line(`approved by you; ${record.decisions.length} of ${record.operation.terms.quorum} approvals are there`);
  else line(statusOf(record));
}

async function leases(options: Common): Promise<void> {
  const { now_ms, leases: all } = await ask<{ now_ms: number; leases: GrantedLease[] }>(await findApi(options), '/v1/leases');
  if (options.json) for (const lease of all) printJson(lease);
  else line(all.length > 0 ? leasesText(all, now_ms) : 'no leases');
}

async function revoke(lease: string, options: Common): Promise<void> {
  const answer = await ask<object>(await findApi(options), `/v1/leases/${encodeURIComponent(lease)}/revoke`, {});
  if (options.json) printJson(answer);
  else line('revoked: the next such operation is held again');
}

async function watch(options: Common): Promise<void> {
  const access = await findApi(options);
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal);
  try {
    for (let connected = false; !stop.signal.aborted; ) {
      try {
        await watchOnce(access, options.json === true, stop.signal, () => (connected = true));
      } catch (error) {
        // The first try tells what is wrong, and so does a token that is refused; a connection that breaks later is made again.
        if (stop.signal.aborted) return;
        if (!connected || (error instanceof MidstreamError && error.code !== 'unavailable')) throw error;
      }
      if (stop.signal.aborted) return;
      process.stderr.write(`${dim('the connection ended; connecting again', process.stderr)}\n`);
      await sleep(RECONNECT_MS, undefined, { signal: stop.signal }).catch(() => {});
    }
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, onSignal);
  }
}

async function watchOnce(access: ApiAccess, json: boolean, signal: AbortSignal, connected: () => void): Promise<void> {
  const print = (record: HoldRecord) => (json ? printJson(record) : line(changeLine(record, new Date())));
  // The stream is open before the list is read, so that nothing falls between them.
  const stream = await openEvents<HoldRecord>(access, signal);
  const { approvals } = await fetchList(access, 'pending');
  connected();
  for (const record of approvals.reverse()) print(record);
  for await (const record of stream) print(record);
}

interface TokenFlags {
  id: string;
  group: string[];
  expires?: string;
  out?: string;
  json?: boolean;
}

function token(flags: TokenFlags): void {
  const { id, group, expires, out } = flags;
  if (id.trim() === '')
    throw new MidstreamError('bad_input', '--id is empty', { hint: 'Name the person or program that the token is for.' });
  const isDate = expires === undefined || (/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z)?$/.test(expires) && !Number.isNaN(Date.parse(expires)));
  if (!isDate)
    throw new MidstreamError('bad_input', `--expires ${expires} is no date`, { hint: 'Write it as 2030-01-31 or 2030-01-31T12:00:00Z.' });
  const made = newToken();
  const entry = { id, groups: group, hash: hashToken(made), ...(expires === undefined ? {} : { expires }) };
  if (out !== undefined) writeToken(out, made);
  if (flags.json) {
    printJson({ ...(out === undefined ? { token: made } : { token_file: out }), entry });
    return;
  }
  line(dim('# into the configuration, under approvals.api.tokens:'));
  line(`- ${flow(entry)}`);
  line(out === undefined ? dim(`# for ${id}, shown this once:`) : dim(`# the token is in ${out}`));
  if (out === undefined) line(made);
}

/** YAML in one line: JSON's strings are YAML's. */
const flow = (entry: object): string =>
  `{ ${Object.entries(entry)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join(', ')} }`;

function writeToken(file: string, made: string): void {
  try {
    writeFileSync(file, `${made}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    const there = (error as NodeJS.ErrnoException).code === 'EEXIST';
    throw new MidstreamError('bad_input', there ? `${file} is there already` : `${file} can't be written`, { cause: error });
  }
}
