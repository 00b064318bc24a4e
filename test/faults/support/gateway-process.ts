// The gateway alone, as a process of its own: fault tests kill it while Envoy lives. Its options come as JSON in its first
// argument; it says one line of JSON when it is ready, stops on SIGTERM, and ends with whoever holds its standard input.
import pino from 'pino';
import { startRuntime } from '../../../extproc/runtime.js';
import { openCatalogue } from '../../../extproc/stores/catalogue.js';

export interface GatewayProcessOptions {
  transport: 'ext_proc' | 'hop';
  catalogue: string;
  policyFile: string;
  recordings: string;
  approvals: string;
  /** where the hop hands connections back to Envoy */
  back: number;
}

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
      ...(options.transport === 'hop' ? { hop: { host: '127.0.0.1', port: 0, upstream: { host: '127.0.0.1', port: options.back } } } : {}),
    },
  ],
  policyFile: options.policyFile,
  record: { directory: options.recordings, durability: 'strict', worker: 1 },
  approvals: { database: options.approvals, api: undefined },
  metrics: undefined,
  mayConnect: () => ({ allowed: true, reason: '' }),
  log,
});
process.stdout.write(`${JSON.stringify({ grpc: Number(runtime.gateway.grpc.split(':').at(-1)), hop: runtime.gateway.hops[0]?.port ?? 0 })}\n`);
process.stdin.on('end', () => process.exit(0)).resume();
process.on('SIGTERM', () => {
  void runtime
    .stop('the gateway is stopping')
    .then(() => catalogue.close())
    .finally(() => process.exit(0));
});
