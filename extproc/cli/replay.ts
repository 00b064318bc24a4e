import { setTimeout as wait } from 'node:timers/promises';
import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { timelineLines } from '../../filters/record/timeline.js';
import { readSession } from '../stores/recordings/query.js';
import { action, line, printable, printJson, yellow } from './io.js';
import { withRecord } from './sessions.js';

interface ReplayOptions {
  record: string;
  json?: boolean;
  speed: string;
  idle?: string;
  atOnce?: boolean;
  rows: string;
}

/** A positive number from an option; bad_input otherwise. */
export function positive(text: string, name: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new MidstreamError('bad_input', `${name} is not a number above 0: ${text}`);
  return value;
}

async function replay(session: string, options: ReplayOptions): Promise<void> {
  const speed = positive(options.speed, '--speed');
  const idle_ms_max = options.idle === undefined ? Number.POSITIVE_INFINITY : positive(options.idle, '--idle') * 1000;
  const rows_max = positive(options.rows, '--rows');
  let broken = false;
  let last = 0;
  const events = readSession(options.record, session, {
    broken: () => {
      broken = true;
    },
  });
  for await (const event of events) {
    const pause_ms = Math.min(Math.max(0, (event.t - last) / 1e6) / speed, idle_ms_max);
    if (!options.atOnce && pause_ms >= 1) await wait(pause_ms);
    last = Math.max(last, event.t);
    if (options.json) printJson(event);
    else for (const text of timelineLines(event, { clean: printable, rows_max, cell_chars_max: 80 })) line(text);
  }
  if (broken) process.stderr.write(`${yellow('this recording is not as it was written; midstream verify says where', process.stderr)}\n`);
}

export function register(program: Command): void {
  withRecord(program.command('replay <session>'))
    .description('plays a session in the terminal at its own pace: requests, decisions, holds, approvals, rows')
    .option('--speed <factor>', 'times faster than it was', '1')
    .option('--idle <seconds>', 'longest pause')
    .option('--at-once', 'without pauses')
    .option('--rows <count>', 'rows shown of each answer', '20')
    .addHelpText('after', '\nExample:\n  $ midstream replay 5f0c2a9e71d84b36a2c7e0d915b84f6a --speed 4 --idle 2')
    .action(action(replay));
}
