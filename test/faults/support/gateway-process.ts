// The gateway alone, as a process of its own: fault tests kill it while Envoy lives. Its options come as JSON in its first
// argument; it says one line of JSON when it is ready, stops on SIGTERM, fails streams when told to on its standard input, and
// ends with whoever holds that.
import type { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import pino from 'pino';
import { type Runtime, startRuntime } from '../../../extproc/runtime.js';
import { openCatalogue } from '../../../extproc/stores/catalogue.js';

export interface GatewayProcessOptions {
  transport: 'ext_proc' | 'hop';
  catalogue: string;
  policyFile: string;
  recordings: string;
  approvals: string;
  /** where the hop hands connections back to Envoy */
  back: number;
  worker: number;
}

/** What failing streams needs to know of the transports' insides. */
interface Insides {
  transport: { call?: { emit(event: 'error', error: object): void }; server?: Socket };
}

function failStreams(runtime: Runtime): void {
  for (const [i, connection] of [...runtime.gateway.registry.connections].entries()) {
    if (i % 2 === 1) continue;
    const { call, server } = (connection as unknown as Insides).transport;
    // INTERNAL
    call?.emit('error', { code: 13, details: 'a stream fails' });
    server?.resetAndDestroy();
  }
}

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2]!) as GatewayProcessOptions;
  const log = pino({ level: 'warn' }, pino.destination(2));
  const catalogue = openCatalogue({ url: options.catalogue, log });
  const runtime = await startRuntime({
    version: 'test',
    grpc: '127.0.0.1:0',
    resources: [
      {
        listener: 'postgres',
        resource: 'shop',
        catalogue,
        ...(options.transport === 'hop'
          ? { hop: { host: '127.0.0.1', port: 0, upstream: { host: '127.0.0.1', port: options.back } } }
          : {}),
      },
    ],
    policyFile: options.policyFile,
    record: { directory: options.recordings, durability: 'strict', worker: options.worker },
    approvals: { database: options.approvals, api: undefined },
    metrics: undefined,
    mayConnect: () => ({ allowed: true, reason: '' }),
    log,
  });
  const { grpc, hops } = runtime.gateway;
  process.stdout.write(`${JSON.stringify({ grpc: Number(grpc.split(':').at(-1)), hop: hops[0]?.port ?? 0 })}\n`);
  process.stdin.on('data', () => failStreams(runtime));
  process.stdin.on('end', () => process.exit(0));
  process.on('SIGTERM', () => {
    void runtime
      .stop('the gateway is stopping')
      .then(() => catalogue.close())
      .finally(() => process.exit(0));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
