/** Entry of an echo's own process: `ext_proc ADDRESS`, `http2 ADDRESS` or `hop ADDRESS BACK`, all Unix sockets. Tells its parent `ready`, ends with it. */
import { startEchoExtProc } from './echo-ext-proc.js';
import { startEchoHop } from './echo-hop.js';
import { startEchoHttp2 } from './echo-http2.js';

const [kind, address, back] = process.argv.slice(2);
if (kind === 'ext_proc') {
  await startEchoExtProc(address!);
} else if (kind === 'http2') {
  await startEchoHttp2(address!.replace('unix:', ''));
} else {
  await startEchoHop(address!.replace('unix:', ''), back!.replace('unix:', ''));
}
process.send!('ready');
process.once('disconnect', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
// Ctrl-C reaches the whole group; the parent stops its children in order.
process.on('SIGINT', () => undefined);
