import { existsSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { isSessionId } from '../../filters/record/session-id.js';
import { type Problem, type VerifyReport, verifyRecordings } from '../stores/recordings/verify/index.js';
import { action, dim, green, line, printable, printJson, red, yellow } from './io.js';
import { withRecord } from './sessions.js';

interface VerifyOptions {
  record: string;
  json?: boolean;
  publicKey?: string;
  checkpoint?: string[];
}

/** Keys given as such, or a file of them, one a line. */
function keysOf(given: string | undefined): string[] {
  if (given === undefined) return [];
  const text = existsSync(given) ? readFileSync(given, 'utf8') : given;
  const keys = text
    .split('\n')
    .map((key) => key.trim())
    .filter((key) => key !== '' && !key.startsWith('#'));
  if (keys.length === 0)
    throw new MidstreamError('bad_input', 'no verifier key given', {
      hint: 'A key looks like midstream/1a2b3c4d/w1+89abcdef+AZ…; the gateway prints it when it starts.',
    });
  return keys;
}

function checkpoint(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new MidstreamError('not_found', `cannot read the checkpoint ${path}`, { cause: error });
  }
}

/** Where, as exactly as it is known. */
function place(problem: Problem): string {
  const file = problem.file === '' ? `log ${problem.log}` : problem.file;
  const event = problem.session === '' ? '' : ` session ${problem.session}${problem.seq >= 0 ? ` event ${problem.seq}` : ''}`;
  return printable(`${file}${problem.line > 0 ? `:${problem.line}` : ''}${event}`).replaceAll('\n', '\\n');
}

function print(report: VerifyReport): void {
  for (const problem of report.problems) line(`${red(problem.kind)} ${place(problem)}: ${printable(problem.what)}`);
  for (const note of report.notes) line(`${yellow('note')} ${printable(note)}`);
  const counts = `${report.events} events, ${report.sessions} sessions, ${report.segments} segments, ${report.logs} logs, ${report.checkpoints} checkpoints`;
  line(
    report.ok
      ? `${green('verified')} ${dim(counts)}`
      : `${red(`${report.problems.length} problem${report.problems.length === 1 ? '' : 's'}`)} ${dim(counts)}`,
  );
}

async function verify(what: string | undefined, options: VerifyOptions): Promise<void> {
  // A directory is what exists as one; else it is a session in --record.
  const isDirectory = what === undefined || existsSync(what);
  if (!isDirectory && !isSessionId(what)) throw new MidstreamError('not_found', `neither a directory nor a session: ${what}`);
  // A directory's name is a session's name too: where there is no such directory, nothing may be verified but that session.
  if (!isDirectory && !existsSync(options.record))
    throw new MidstreamError(
      'not_found',
      `there is no directory ${what}, and no recordings in ${options.record} that it could be a session of`,
      {
        hint: 'Give the directory, or the one of a session with --record (MIDSTREAM_RECORD).',
      },
    );
  const report = await verifyRecordings(isDirectory ? (what ?? options.record) : options.record, {
    public_keys: keysOf(options.publicKey),
    checkpoints: (options.checkpoint ?? []).map(checkpoint),
    ...(isDirectory ? {} : { session: what }),
  });
  if (options.json) printJson(report);
  else print(report);
  if (!report.ok) process.exitCode = 3;
}

export function register(program: Command): void {
  withRecord(program.command('verify [directory-or-session]'))
    .description(
      'proves that recordings are what was written: finds what was changed, removed, moved or added, and names it; exit code 3 when there is any',
    )
    .option('--public-key <key>', 'verifier key, or a file of them; without it the keys in the directory are taken')
    .option('--checkpoint <file...>', 'checkpoints kept elsewhere, which the recordings must still cover')
    .addHelpText(
      'after',
      '\nExample:\n  $ midstream verify /var/lib/midstream/recordings --public-key auditor.keys --checkpoint 2026-01-31.checkpoint',
    )
    .action(action(verify));
}
