import { createServer } from 'node:net';
import { formatAddress } from '../../envoy/address.js';
import { MidstreamError } from '../../filters/errors.js';

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

const REFUSALS: Readonly<Record<string, (at: string, option: string) => [problem: string, hint: string]>> = {
  EADDRINUSE: (at, option) => [
    `${at} is taken by another process`,
    `Stop what listens there (ss -ltnp shows it), or choose another port with ${option}.`,
  ],
  EACCES: (at, option) => [
    `this account may not listen on ${at}`,
    `Ports below 1024 are kept for root: choose another one with ${option}.`,
  ],
  EADDRNOTAVAIL: (at, option) => [`${at} is no address of this machine`, `Give one of its own with ${option}; 0.0.0.0 is all of them.`],
  ENOTFOUND: (at, option) => [`${at} is no address`, `Give HOST:PORT with ${option}, for example 127.0.0.1:6432.`],
};

/** Rejects with `unavailable`, and what to do, where nobody can listen now. Asked before anything is started or written. */
export async function assertListenable({ host, port }: { host: string; port: number }, option: string): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
  } catch (error) {
    const known = REFUSALS[(error as NodeJS.ErrnoException).code ?? ''];
    if (known === undefined) throw error;
    const [problem, hint] = known(formatAddress(host, port), option);
    throw new MidstreamError('unavailable', problem, { hint, cause: error });
  }
  await new Promise((resolve) => server.close(resolve));
}
