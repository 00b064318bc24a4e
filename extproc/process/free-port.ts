import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import { formatAddress } from '../../envoy/address.js';
import { MidstreamError } from '../../filters/errors.js';

// Below every system's range for outgoing connections (Linux 32768 and up, others 49152 and up) and below Kubernetes' node
// ports: one of that range can be taken by any connection that is made before the port is listened on.
const FIRST = 15_000;
const COUNT = 15_000;
const TRIES_MAX = 1000;

// Goes on from where it was, so that this process gives none twice before all were tried; others begin elsewhere.
let next = randomInt(COUNT);

/**
 * Ports from 15000 to 29999 that nothing listens on now. All are held open until all are known, so that they differ from each
 * other. Another process may still take one before it is used, though none does by connecting somewhere.
 */
export async function freePorts(count: number, host = '127.0.0.1'): Promise<number[]> {
  const servers: Server[] = [];
  const ports: number[] = [];
  try {
    for (let tries = 0; ports.length < count; tries++) {
      const port = FIRST + next;
      next = (next + 1) % COUNT;
      try {
        servers.push(await listening(port, host));
        ports.push(port);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries >= TRIES_MAX) throw error;
      }
    }
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return ports;
}

function listening(port: number, host: string): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
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
  let server: Server;
  try {
    server = await listening(port, host);
  } catch (error) {
    const known = REFUSALS[(error as NodeJS.ErrnoException).code ?? ''];
    if (known === undefined) throw error;
    const [problem, hint] = known(formatAddress(host, port), option);
    throw new MidstreamError('unavailable', problem, { hint, cause: error });
  }
  await new Promise((resolve) => server.close(resolve));
}
