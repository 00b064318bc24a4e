import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { isLocal, parseAddress } from '../../envoy/address.js';
import { bootstrap, type RenderOptions, renderBootstrap, renderSecrets, renderSnippet, snippet } from '../../envoy/render.js';
import { MidstreamError } from '../../filters/errors.js';
import { renderOptionsOf } from '../config/envoy.js';
import { loadConfig } from '../config/load.js';
import { findEnvoy } from '../process/envoy.js';
import { action, line, printJson } from './io.js';
import { workersOption } from './workers-option.js';

interface RenderFlags {
  config?: string;
  snippet?: boolean;
  transport?: string;
  listen: string;
  postgres?: string;
  grpc: string;
  hopGateway: string;
  hopBack: string;
  workers?: string;
  secrets?: string;
  json?: boolean;
}

/** `midstream envoy …`: the configuration of the Envoy beside the gateway, and where its binary is. */
export function register(program: Command): void {
  const envoy = program
    .command('envoy')
    .description('the configuration of Envoy, and its binary; each command has --json')
    .addHelpText('after', '\nExamples:\n  midstream envoy render --config midstream.yaml > envoy.yaml\n  midstream envoy find --json');
  envoy
    .command('render')
    .description('write the configuration of Envoy, for midstream.yaml or for one database')
    .option('--config <file>', 'midstream.yaml')
    .option('--snippet', 'the filters and clusters alone, to paste into the configuration of a mesh')
    .option('--transport <transport>', 'ext_proc or hop, for every listener')
    .option('--postgres <host:port>', 'without --config: the server behind')
    .option('--listen <host:port>', 'without --config: where agents connect', '127.0.0.1:6432')
    .option('--grpc <address>', 'without --config: where the gateway serves gRPC', '127.0.0.1:50051')
    .option(
      '--hop-gateway <address>',
      'transport hop: where the gateway takes connections, where midstream.yaml does not say',
      '127.0.0.1:50061',
    )
    .option('--hop-back <address>', 'transport hop: where Envoy takes them back, where midstream.yaml does not say', '127.0.0.1:50071')
    .option('--workers <n>', 'gateway processes, as `midstream serve --workers` starts them; in place of gateway.workers of the file')
    .option(
      '--secrets <dir>',
      'write a file for each certificate there, which Envoy watches: a renewed certificate counts without a restart',
    )
    .option('--json', 'print JSON, which Envoy reads too')
    .addHelpText(
      'after',
      '\nExamples:\n  midstream envoy render --config midstream.yaml > envoy.yaml && envoy --config-path envoy.yaml\n  midstream envoy render --postgres db.internal:5432 --snippet --transport hop',
    )
    .action(action(render));
  envoy
    .command('find')
    .description('print the path of the Envoy that would be used; fetches one when there is none')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  "$(midstream envoy find)" --version')
    .action(
      action(async (options: { json?: boolean }) => {
        const found = await findEnvoy({ log: (text) => process.stderr.write(`${text}\n`) });
        if (options.json) printJson(found);
        else line(found.path);
      }),
    );
}

async function render(flags: RenderFlags): Promise<void> {
  const rendered = withTransport(
    flags.config === undefined ? fromFlags(flags) : renderOptionsOf(await loadConfig(flags.config, workersOption(flags.workers))),
    flags,
  );
  const options = flags.secrets === undefined ? rendered : { ...rendered, secrets_directory: resolve(flags.secrets) };
  writeSecrets(options);
  if (flags.json) printJson(flags.snippet ? snippet(options) : bootstrap(options));
  else process.stdout.write(flags.snippet ? renderSnippet(options) : renderBootstrap(options));
}

/** Paths and names alone: no certificate and no key is in them. */
function writeSecrets(options: RenderOptions): void {
  const { secrets_directory } = options;
  if (secrets_directory === undefined) return;
  mkdirSync(secrets_directory, { recursive: true });
  for (const { name, text } of renderSecrets(options)) writeFileSync(join(secrets_directory, name), text);
}

function fromFlags(flags: RenderFlags): RenderOptions {
  if (flags.postgres === undefined) {
    throw new MidstreamError('bad_input', 'neither --config nor --postgres was given', {
      hint: 'Name midstream.yaml by --config, or the server by --postgres host:port.',
    });
  }
  return {
    gateway: { grpc: Array.from({ length: workersOption(flags.workers).workers ?? 1 }, (_, worker) => shifted(flags.grpc, worker)) },
    listeners: [{ name: 'postgres', transport: 'ext_proc', listen: flags.listen, upstream: flags.postgres }],
  };
}

/** One transport for all listeners; listeners that get a hop thereby take ports side by side. */
function withTransport(options: RenderOptions, flags: RenderFlags): RenderOptions {
  const { transport } = flags;
  if (transport === undefined) return options;
  if (transport !== 'ext_proc' && transport !== 'hop')
    throw new MidstreamError('bad_input', `--transport can't be ${JSON.stringify(transport)}`, { hint: 'Use ext_proc or hop.' });
  const workers = options.gateway.grpc.length;
  return {
    ...options,
    listeners: options.listeners.map((listener, i) => {
      if (transport === 'ext_proc') return { ...listener, transport };
      const gateway =
        listener.hop?.gateway ?? Array.from({ length: workers }, (_, worker) => shifted(flags.hopGateway, i * workers + worker));
      return { ...listener, transport, hop: { gateway, back: listener.hop?.back ?? shifted(flags.hopBack, i) } };
    }),
  };
}

function shifted(text: string, by: number): string {
  const address = parseAddress(text);
  if (by === 0) return text;
  if ('path' in address || !isLocal(address))
    throw new MidstreamError('bad_input', `${text} can't serve several listeners or workers`, {
      hint: 'Give each its own hop in midstream.yaml.',
    });
  return `${text.slice(0, text.lastIndexOf(':'))}:${address.port + by}`;
}
