import { createServer } from 'node:net';

/**
 * Ports that nothing listens on now. All are held open until all are known, so that they differ from each other;
 * another process may still take one before it is used, so whoever binds it must be ready to ask again.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, host, resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** One port that nothing listens on now. */
export async function freePort(host?: string): Promise<number> {
  return (await freePorts(1, host))[0]!;
}
