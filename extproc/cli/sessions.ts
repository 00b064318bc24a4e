import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import type { SessionFilter, SessionSummary } from '../../filters/record/search.js';
import { timelineLines } from '../../filters/record/timeline.js';
import { listSessions, readSession, searchSessions } from '../stores/recordings/query.js';
import { action, dim, line, printable, printJson, table } from './io.js';

/** Where recordings are when nobody says. */
export const recordDirectory = (): string => process.env.MIDSTREAM_RECORD ?? './.midstream/recordings';

/** `--record` and `--json`, the same for every command that reads recordings. */
export const withRecord = (command: Command): Command =>
  command
    .option('--record <dir>', 'directory of recordings (MIDSTREAM_RECORD)', recordDirectory())
    .option('--json', 'JSON instead of text');

export interface FilterOptions {
  record: string;
  json?: boolean;
  since?: string;
  until?: string;
  identity?: string;
  resource?: string;
  rule?: string;
  table?: string;
  verdict?: string;
}

/** Which sessions of the recordings. */
export const withFilter = (command: Command): Command =>
  withRecord(command)
    .option('--since <time>', 'sessions that began at or after: ISO 8601, or 30m, 12h, 7d ago')
    .option('--until <time>', 'sessions that began at or before')
    .option('--identity <part>', 'part of the identity, any case')
    .option('--resource <part>', 'part of the resource, any case')
    .option('--rule <name>', 'a rule that matched')
    .option('--table <table>', 'a table that a statement named: table or schema.table')
    .option('--verdict <verdict>', 'allow, approve or deny');

const unit_ms: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A moment, absolute or so long before `now_ms`; bad_input for anything else. */
export function parseTime(text: string, now_ms: number): number {
  const ago = /^(\d{1,9})([smhd])$/.exec(text);
  const moment = ago ? now_ms - Number(ago[1]) * unit_ms[ago[2]!]! : Date.parse(text);
  if (Number.isNaN(moment))
    throw new MidstreamError('bad_input', `not a time: ${text}`, {
      hint: 'Give ISO 8601 (2026-01-31T12:00:00Z) or how long ago (30m, 12h, 7d).',
    });
  return moment;
}

export function filterOf(options: FilterOptions): SessionFilter {
  const { since, until, identity, resource, rule, table, verdict } = options;
  if (verdict !== undefined && !['allow', 'approve', 'deny'].includes(verdict))
    throw new MidstreamError('bad_input', `not a verdict: ${verdict}`, { hint: 'allow, approve or deny' });
  const filter: SessionFilter = {};
  if (since !== undefined) filter.since_ms = parseTime(since, Date.now());
  if (until !== undefined) filter.until_ms = parseTime(until, Date.now());
  return Object.assign(
    filter,
    Object.fromEntries(Object.entries({ identity, resource, rule, table, verdict }).filter(([, value]) => value !== undefined)),
  );
}

function seconds(summary: SessionSummary): string {
  return `${(summary.duration_ms / 1000).toFixed(1)} s`;
}

/** One line of text: what was recorded can't make a second one. */
export const oneLine = (text: string): string => printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');

async function list(options: FilterOptions): Promise<void> {
  const sessions = await listSessions(options.record, filterOf(options));
  if (options.json) {
    for (const summary of sessions) printJson(summary);
    return;
  }
  if (sessions.length === 0) {
    line('no sessions');
    return;
  }
  const rows = sessions.map((s) =>
    [
      s.session,
      s.start,
      seconds(s),
      s.resource,
      s.identity,
      `${s.requests}`,
      `${s.denied}`,
      `${s.held}`,
      `${s.rows}`,
      s.closed || 'open',
    ].map(oneLine),
  );
  line(table([['SESSION', 'START', 'LASTED', 'RESOURCE', 'IDENTITY', 'REQUESTS', 'DENIED', 'HELD', 'ROWS', 'CLOSED'], ...rows]));
}

async function show(session: string, options: { record: string; json?: boolean }): Promise<void> {
  for await (const event of readSession(options.record, session)) {
    if (options.json) printJson(event);
    else for (const text of timelineLines(event, { clean: printable, rows_max: 5, cell_chars_max: 40 })) line(text);
  }
}

async function search(text: string | undefined, options: FilterOptions): Promise<void> {
  const filter = filterOf(options);
  if (text === undefined || text === '') {
    if (Object.keys(filter).length === 0)
      throw new MidstreamError('bad_input', 'nothing to search for', { hint: 'Give a text, or a filter such as --identity.' });
    await list(options);
    return;
  }
  let hits = 0;
  for await (const hit of searchSessions(options.record, text, filter)) {
    hits += 1;
    if (options.json) printJson(hit);
    else
      line(
        `${hit.session} ${dim(`#${hit.seq}`)} ${hit.type}${hit.request ? ` ${oneLine(hit.request)}` : ''} ${dim(`(${oneLine(hit.where)})`)} ${excerpt(hit.text, text)}`,
      );
  }
  if (hits === 0 && !options.json) line('nothing found');
}

/** What stands around the first place where the text was found. */
function excerpt(whole: string, wanted: string): string {
  const at = whole.toLowerCase().indexOf(wanted.toLowerCase());
  const [from, to] = [Math.max(0, at - 40), Math.min(whole.length, at + wanted.length + 60)];
  return oneLine(`${from > 0 ? '…' : ''}${whole.slice(from, to)}${to < whole.length ? '…' : ''}`);
}

export function register(program: Command): void {
  const sessions = program
    .command('sessions')
    .description('recorded sessions: list, show, search; each command has --json')
    .addHelpText(
      'after',
      `
Examples:
  midstream sessions list --since 24h --verdict deny
  midstream sessions search payouts --json`,
    );
  withFilter(sessions.command('list'))
    .description('sessions, the oldest first')
    .addHelpText('after', '\nExample:\n  $ midstream sessions list --since 24h --verdict deny')
    .action(action(list));
  withRecord(sessions.command('show <session>'))
    .description('every event of one session; with --json as recorded')
    .addHelpText('after', '\nExample:\n  $ midstream sessions show 5f0c2a9e71d84b36a2c7e0d915b84f6a')
    .action(action(show));
  withFilter(sessions.command('search [text]'))
    .description(
      'events that hold a text: statements, parameters, rows as the client saw them, errors, comments; or sessions by filters alone',
    )
    .addHelpText('after', '\nExample:\n  $ midstream sessions search "drop database" --identity billing-agent')
    .action(action(search));
}
