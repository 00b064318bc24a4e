import { Command } from 'commander';
import { MidstreamError } from '../../filters/errors.js';
import { exitCodes, report } from './io.js';
import { packageVersion } from './version.js';

type Registering = { register(program: Command): void };

/**
 * Each command's file exports `register(program)`; groups (policy, approvals, sessions, envoy) make their own parent command. Only the file of
 * the command that was asked for is loaded, so that a short command does not wait for the parser, the detectors and gRPC; help needs all.
 */
const commands: readonly [name: string, load: () => Promise<Registering>][] = [
  ['up', () => import('./up.js')],
  ['serve', () => import('./serve.js')],
  ['policy', () => import('./policy.js')],
  ['detect', () => import('./detect.js')],
  ['facts', () => import('./facts.js')],
  ['envoy', () => import('./envoy.js')],
  ['identity', () => import('./identity.js')],
  ['demo', () => import('./demo.js')],
  ['approvals', () => import('./approvals.js')],
  ['mcp', () => import('./mcp.js')],
  ['sessions', () => import('./sessions.js')],
  ['replay', () => import('./replay.js')],
  ['verify', () => import('./verify.js')],
  ['export', () => import('./export.js')],
  ['unseal', () => import('./unseal.js')],
];

/** Every command with all of its options, as help shows them. */
export async function registerAll(program: Command): Promise<void> {
  for (const [, load] of commands) (await load()).register(program);
}

/** What commander says of a mistake in the arguments; with --json as every other error. */
function writeUsageError(said: string, write: (text: string) => void): void {
  // A value may be a secret, however its option is misspelled.
  const text = said.replace(/^(error: unknown option '-[^=']*)=.*'/s, "$1=…'");
  if (!process.argv.includes('--json')) write(text);
  else if (text.startsWith('error: '))
    report(new MidstreamError('bad_input', text.slice('error: '.length).trim().replaceAll('\n', ' '), { hint: 'See --help.' }), true);
}

export async function main(argv: string[]): Promise<void> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const program = new Command('midstream')
    .description('Governs data in transit between agent runtimes and what they talk to, as an extension of Envoy.')
    .version(packageVersion())
    .showHelpAfterError(process.argv.includes('--json') ? false : '(see --help)')
    // As every other mistake in what was asked (io.ts), so that a script can tell it from what a command found.
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitCodes.bad_input))
    .configureOutput({ outputError: writeUsageError })
    .configureHelp({ showGlobalOptions: true });
  const asked = commands.find(([name]) => name === argv[2]);
  if (asked === undefined) await registerAll(program);
  else (await asked[1]()).register(program);
  await program.parseAsync(argv);
}
