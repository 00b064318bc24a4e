/** Entry of an echo's own process: `ext_proc ADDRESS`, `http2 ADDRESS` or `hop HOST PORT`. Tells its parent `{port}` when it is ready, ends with it. */
import { startEchoExtProc } from './echo-ext-proc.js';
import { startEchoHop } from './echo-hop.js';
import { startEchoHttp2 } from './echo-http2.js';

const [kind, address, port] = process.argv.slice(2);
if (kind === 'ext_proc') {
  await startEchoExtProc(address!);
  process.send!({ port: 0 });
} else if (kind === 'http2') {
  await startEchoHttp2(address!.replace('unix:', ''));
  process.send!({ port: 0 });
} else {
  const hop = await startEchoHop({ host: address!, port: Number(port) });
  process.send!({ port: hop.port });
}
process.once('disconnect', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
// Ctrl-C reaches the whole group; the parent stops its children in order.
process.on('SIGINT', () => undefined);
