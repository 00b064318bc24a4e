import type { Server as NetServer } from 'node:net';
import { MidstreamError } from '../filters/errors.js';
import type { GrpcServer } from './services/grpc-server.js';

/** Returns the bound address: host:port with the port that was taken, or unix:/path. */
export async function bind(server: GrpcServer, address: string): Promise<string> {
  try {
    const port = await server.listen(address);
    return address.startsWith('unix:') ? address : `${address.slice(0, address.lastIndexOf(':'))}:${port}`;
  } catch (error) {
    throw new MidstreamError('unavailable', `cannot listen on ${address}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** `port` is 0 where the address is a Unix socket's. */
export async function listen(
  server: NetServer,
  where: { host: string; port: number } | { path: string },
): Promise<{ port: number; address: string }> {
  const host = 'path' in where ? '' : where.host.includes(':') ? `[${where.host}]` : where.host;
  const name = 'path' in where ? `unix:${where.path}` : `${host}:${where.port}`;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(new MidstreamError('unavailable', `cannot listen on ${name}: ${error.message}`)));
    if ('path' in where) server.listen(where.path, resolve);
    else server.listen(where.port, where.host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address !== 'object') return { port: 0, address: name };
  return { port: address.port, address: `${host}:${address.port}` };
}
