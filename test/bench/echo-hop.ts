import { connect, createServer, type Server, type Socket } from 'node:net';
import { ProxyHeaderReader, type ProxyPreface } from '../../filters/proxy-protocol/index.js';

/**
 * TCP proxy that reads the PROXY header and then copies bytes both ways to `upstream`: the limit of what a gateway on the hop
 * can reach. Listens on a free loopback port.
 */
export async function startEchoHop(upstream: { host: string; port: number }): Promise<{ server: Server; port: number }> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => accept(client, upstream));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, port: (server.address() as { port: number }).port };
}

function accept(client: Socket, upstream: { host: string; port: number }): void {
  const reader = new ProxyHeaderReader();
  client.on('error', () => client.destroy());
  const onData = (bytes: Buffer) => {
    let preface: ProxyPreface | undefined;
    try {
      preface = reader.push(bytes);
    } catch {
      client.destroy();
      return;
    }
    if (preface === undefined) return;
    client.off('data', onData);
    if (preface.header.command === 'local') client.end();
    else join(client, upstream, preface.rest);
  };
  client.on('data', onData);
}

function join(client: Socket, upstream: { host: string; port: number }, first: Buffer): void {
  const server = connect({ ...upstream, noDelay: true, allowHalfOpen: true });
  server.on('error', () => client.destroy());
  if (first.length > 0) server.write(first);
  copy(client, server);
  copy(server, client);
}

/** One direction; a receiver that is slow stops the sender. */
function copy(from: Socket, to: Socket): void {
  from.on('data', (bytes: Buffer) => {
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
  from.on('close', () => to.destroySoon());
}
