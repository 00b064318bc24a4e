/** Entry of an echo's own process: `ext_proc ADDRESS`, `grpc-js ADDRESS` or `hop ADDRESS BACK`, all Unix sockets. Tells its parent `ready`, ends with it. */
import { startEchoExtProc } from './echo-ext-proc.js';
import { startEchoGrpcJs } from './echo-grpc-js.js';
import { startEchoHop } from './echo-hop.js';

const [kind, address, back] = process.argv.slice(2);
if (kind === 'ext_proc') {
  await startEchoExtProc(address!);
} else if (kind === 'grpc-js') {
  await startEchoGrpcJs(address!);
} else {
  await startEchoHop(address!.replace('unix:', ''), back!.replace('unix:', ''));
}
process.send!('ready');
process.once('disconnect', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
// Ctrl-C reaches the whole group; the parent stops its children in order.
process.on('SIGINT', () => undefined);
