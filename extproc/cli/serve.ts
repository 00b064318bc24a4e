import type { Command } from 'commander';
import { loadConfig } from '../config/load.js';
import { createLog } from '../log.js';
import { type Serving, serve } from '../serve/index.js';
import { cyan, dim, line, printJson, serving } from './io.js';
import { runUntilStopped, stopAsked } from './until-stopped.js';
import { packageVersion } from './version.js';
import { workersOption } from './workers-option.js';

interface Flags {
  config: string;
  workers?: string;
  json?: boolean;
}

const example = `
Example:
  midstream serve --config midstream.yaml
  midstream envoy render --config midstream.yaml > envoy.yaml && envoy --config-path envoy.yaml

SIGHUP reads the policy again (a change of its file is seen without it). SIGTERM and SIGINT stop: health says NOT_SERVING, held
operations are refused, connections end with an error that drivers know, the recording is closed. Envoy must know each worker, so
give \`midstream envoy render\` the same number: by --workers, or by gateway.workers in the file, which both read.`;

export function register(program: Command): void {
  program
    .command('serve')
    .description('Run the gateway beside an Envoy that runs elsewhere, in the foreground.')
    .requiredOption('--config <file>', 'midstream.yaml')
    .option('--workers <n>', 'processes, in place of gateway.workers of the file')
    .option('--json', 'one JSON line when ready')
    .addHelpText('after', example)
    .action(serving(run));
}

async function run(flags: Flags): Promise<void> {
  const config = await loadConfig(flags.config, workersOption(flags.workers));
  const log = createLog(config.log.level);
  const asked = stopAsked();
  const serving = await serve(config, packageVersion(), log);
  if (!asked.aborted) announce(serving, flags.json === true);
  await runUntilStopped(
    asked,
    () => serving.stop('the gateway is stopping'),
    new Promise<never>(() => {}),
    () => serving.reload(),
  );
}

/** The one line on standard output. */
function announce({ listening }: Serving, json: boolean): void {
  const grpc = listening.map((worker) => worker.grpc);
  const hop = listening.flatMap((worker) => worker.hops);
  const api = listening[0]?.api ?? '';
  const metrics = listening.map((worker) => worker.metrics).filter(Boolean);
  if (json) printJson({ ready: true, grpc, hop, api, metrics, workers: listening.length, pid: process.pid });
  else
    line(
      `${cyan('ready')}  gRPC on ${grpc.join(', ')}   ${dim([...hop.map((one) => `hop ${one.listener}: ${one.address}`), ...(api ? [`approvals: ${api}`] : [])].join(', '))}`,
    );
}
