import { connect, createServer, type Server, type Socket } from 'node:net';
import { ProxyHeaderReader, type ProxyPreface } from '../../filters/proxy-protocol/index.js';

/**
 * TCP proxy that reads the PROXY header and then copies bytes both ways to `upstream`: the limit of what a gateway on the hop
 * can reach. Listens and connects on Unix sockets, as `midstream up` does.
 */
export async function startEchoHop(path: string, upstream: string): Promise<Server> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => accept(client, upstream));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return server;
}

function accept(client: Socket, upstream: string): void {
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

function join(client: Socket, upstream: string, first: Buffer): void {
  const server = connect({ path: upstream, allowHalfOpen: true });
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
