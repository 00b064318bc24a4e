import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { asciicastHeader, asciicastLine } from '../../filters/record/asciicast.js';
import type { StoredEvent } from '../../filters/record/chain.js';
import { TerminalCast } from '../../filters/record/terminal-cast.js';
import { timelineLines } from '../../filters/record/timeline.js';
import { readSession } from '../stores/recordings/query.js';
import { action, printable } from './io.js';
import { recordDirectory } from './sessions.js';

async function toJson(events: AsyncIterable<StoredEvent>): Promise<void> {
  let first = true;
  for await (const event of events) {
    process.stdout.write(`${first ? '[' : ',\n'}${JSON.stringify(event)}`);
    first = false;
  }
  process.stdout.write(']\n');
}

/** Events before which a terminal must have begun. */
const TERMINAL_WITHIN = 50;

/** A terminal of exec or attach as it was seen; every other session as its timeline. */
async function toAsciicast(session: string, events: AsyncIterable<StoredEvent>): Promise<void> {
  const before: StoredEvent[] = [];
  const rest = events[Symbol.asyncIterator]();
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    before.push(next.value);
    if (TerminalCast.begins(next.value)) return asTerminal(session, before[0]!, chained(before.slice(-1), rest));
    if (before.length >= TERMINAL_WITHIN) break;
  }
  await asTimeline(session, chained(before, rest));
}

async function* chained(before: readonly StoredEvent[], rest: AsyncIterator<StoredEvent>): AsyncGenerator<StoredEvent> {
  yield* before;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}

async function asTerminal(session: string, first: StoredEvent, events: AsyncIterable<StoredEvent>): Promise<void> {
  const cast = new TerminalCast(session, first);
  for await (const event of events) for (const text of cast.add(event)) process.stdout.write(`${text}\n`);
  for (const text of cast.end()) process.stdout.write(`${text}\n`);
}

async function asTimeline(session: string, events: AsyncIterable<StoredEvent>): Promise<void> {
  let last: number | undefined;
  for await (const event of events) {
    if (last === undefined) process.stdout.write(`${asciicastHeader(session, event)}\n`);
    const text = timelineLines(event, { clean: printable, rows_max: 20, cell_chars_max: 80 })
      .map((line) => `${line}\r\n`)
      .join('');
    process.stdout.write(`${asciicastLine(Math.max(0, event.t - (last ?? 0)), text)}\n`);
    last = Math.max(last ?? 0, event.t);
  }
}

async function exportSession(session: string, options: { record: string; format: string }): Promise<void> {
  const events = readSession(options.record, session);
  if (options.format === 'json') await toJson(events);
  else if (options.format === 'asciicast') await toAsciicast(session, events);
  else throw new MidstreamError('bad_input', `unknown format ${options.format}`, { hint: 'json or asciicast' });
}

export function register(program: Command): void {
  program
    .command('export <session>')
    .description('a session in a form that other tools take: json, or asciicast v3 for terminal players')
    .option('--record <dir>', 'directory of recordings (MIDSTREAM_RECORD)', recordDirectory())
    .option('--format <format>', 'json or asciicast', 'json')
    .option('--json', 'the same as --format json')
    .addHelpText('after', '\nExample:\n  $ midstream export 5f0c2a9e71d84b36a2c7e0d915b84f6a --format asciicast > session.cast')
    .action(action(exportSession));
}
