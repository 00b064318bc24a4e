import { Command } from 'commander';
import { register as registerApprovals } from './approvals.js';
import { register as registerDemo } from './demo.js';
import { register as registerDetect } from './detect.js';
import { register as registerEnvoy } from './envoy.js';
import { register as registerExport } from './export.js';
import { register as registerFacts } from './facts.js';
import { register as registerPolicy } from './policy.js';
import { register as registerReplay } from './replay.js';
import { register as registerServe } from './serve.js';
import { register as registerSessions } from './sessions.js';
import { register as registerUnseal } from './unseal.js';
import { register as registerUp } from './up.js';
import { register as registerVerify } from './verify.js';
import { packageVersion } from './version.js';

/** Each command file exports `register(program)`; groups (policy, approvals, sessions, envoy) make their own parent command. */
const commands: ((program: Command) => void)[] = [
  registerUp,
  registerServe,
  registerPolicy,
  registerDetect,
  registerFacts,
  registerEnvoy,
  registerDemo,
  registerApprovals,
  registerSessions,
  registerReplay,
  registerVerify,
  registerExport,
  registerUnseal,
];

export async function main(argv: string[]): Promise<void> {
  // A reader that has seen enough (`| head`) is no error.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const program = new Command('midstream')
    .description('Governs data in transit between agent runtimes and what they talk to, as an extension of Envoy.')
    .version(packageVersion())
    .showHelpAfterError('(see --help)')
    .configureHelp({ showGlobalOptions: true });
  for (const register of commands) register(program);
  await program.parseAsync(argv);
}
