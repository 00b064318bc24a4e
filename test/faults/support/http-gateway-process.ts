// The gateway before an HTTP server, alone in a process of its own: fault tests kill it while Envoy lives. Its options come as JSON in its
// first argument; it says its port in one line of JSON, and ends with whoever holds its standard input.
import pino from 'pino';
import { startRuntime } from '../../../extproc/runtime.js';

const options = JSON.parse(process.argv[2]!) as { policyFile: string; recordings: string; approvals: string };
const runtime = await startRuntime({
  version: 'test',
  grpc: '127.0.0.1:0',
  resources: [],
  http: [{ listener: 'http', resource: 'api' }],
  policyFile: options.policyFile,
  record: { directory: options.recordings, durability: 'strict', worker: 1 },
  approvals: { database: options.approvals, api: undefined },
  metrics: undefined,
  mayConnect: () => ({ allowed: true, reason: '' }),
  log: pino({ level: 'warn' }, pino.destination(2)),
});
process.stdout.write(`${JSON.stringify({ grpc: Number(runtime.gateway.grpc.split(':').at(-1)) })}\n`);
process.stdin.resume().on('end', () => process.exit(0));
