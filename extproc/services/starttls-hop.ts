import { connect, createServer, type Server, type Socket } from 'node:net';
import { AgentsStartTls, HANDSHAKE_MS_MAX, type HandshakeStep } from '../../filters/postgres/starttls/agents.js';
import { ServerStartTls } from '../../filters/postgres/starttls/server.js';
import { encodeProxyHeader, type ProxyHeader, ProxyHeaderReader } from '../../filters/proxy-protocol/index.js';

export type Place = { host: string; port: number } | { path: string };

export interface StartTlsHop {
  /** Envoy's next listener: the one that does TLS with agents, or the plain way to the server */
  next: Place;
  /** agents: connections come with a PROXY header, and TLS may be demanded of them */
  side: { agents: { required: boolean; header_ms_max: number } } | 'server';
  log: { warn(fields: object, message: string): void };
}

/**
 * The handshakes of starttls-ext-proc.ts where no network ext_proc is wanted: Envoy hands the connection over before TLS begins, and takes it
 * back for TLS. The gateway sees ciphertext go by, and keeps each side's backpressure.
 */
export function createStartTlsHop({ next, side, log }: StartTlsHop): Server {
  return createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    near.on('error', () => near.destroy());
    if (side === 'server') return carry(near, next, undefined, Buffer.alloc(0), new ServerStartTls());
    const reader = new ProxyHeaderReader();
    const refuse = (why: string): void => {
      clearTimeout(late);
      log.warn({ why }, 'a connection to the hop was refused');
      near.destroy();
    };
    const late = setTimeout(() => refuse('no PROXY header came in time'), side.agents.header_ms_max);
    const onData = (bytes: Buffer): void => {
      try {
        const preface = reader.push(bytes);
        if (preface === undefined) return;
        clearTimeout(late);
        near.off('data', onData);
        if (preface.header.command === 'local') return void near.end();
        carry(near, next, preface.header, preface.rest, new AgentsStartTls(side.agents.required));
      } catch (error) {
        refuse(error instanceof Error ? error.message : 'no PROXY header');
      }
    };
    near.on('data', onData);
    near.on('close', () => clearTimeout(late));
  });
}

/** One connection: the handshake, and then both sockets as one. */
function carry(near: Socket, next: Place, header: ProxyHeader | undefined, first: Buffer, machine: AgentsStartTls | ServerStartTls): void {
  let far: Socket | undefined;
  const destroy = (): void => {
    clearTimeout(timer);
    near.destroy();
    far?.destroy();
  };
  const timer = setTimeout(destroy, HANDSHAKE_MS_MAX);
  const reach = (): Socket => {
    if (far !== undefined) return far;
    far = connect({ ...next, noDelay: true, allowHalfOpen: true });
    far.on('error', destroy);
    far.on('close', destroy);
    if (header !== undefined) far.write(encodeProxyHeader(header));
    if (machine instanceof ServerStartTls) far.on('data', onServer);
    return far;
  };
  const take = ({ toAgent, toServer, next }: HandshakeStep): void => {
    if (toAgent.length > 0) near.write(toAgent);
    if (toServer.length > 0) reach().write(toServer);
    if (next === 'wait') return;
    clearTimeout(timer);
    near.off('data', onAgent);
    far?.off('data', onServer);
    if (next === 'close') {
      near.end();
      far?.end();
      return;
    }
    near.pipe(reach());
    reach().pipe(near);
  };
  const onAgent = (bytes: Buffer): void => take(machine instanceof ServerStartTls ? machine.fromAgent(bytes) : machine.push(bytes));
  const onServer = (bytes: Buffer): void => {
    if (machine instanceof ServerStartTls) take(machine.fromServer(bytes));
  };
  near.on('data', onAgent);
  near.on('end', () => {
    if (far === undefined) near.end();
  });
  near.on('close', () => {
    clearTimeout(timer);
    far?.end();
  });
  if (first.length > 0) onAgent(first);
}
