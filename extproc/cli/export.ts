import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { asciicastHeader, asciicastLine } from '../../filters/record/asciicast.js';
import type { StoredEvent } from '../../filters/record/chain.js';
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

async function toAsciicast(session: string, events: AsyncIterable<StoredEvent>): Promise<void> {
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
