import { createServer, connect, type Server, type Socket } from 'node:net';
import { ProxyHeaderReader, type ProxyHeader, type ProxyPreface } from '../../filters/proxy-protocol/index.js';
import type { Connection, Transport } from './connection.js';

export interface HopHost {
  /** where Envoy's own way back to the server listens */
  upstream: { host: string; port: number } | { path: string };
  open(header: ProxyHeader, transport: (session: string) => Transport): Connection;
  log: { warn(fields: object, message: string): void };
  /** milliseconds in which the PROXY header must have come */
  header_ms_max: number;
}

/** Bytes written but not yet taken by a socket, above which the other side is not read. */
class HopTransport implements Transport {
  private readingClient = true;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
  ) {
    client.on('drain', () => server.resume());
    server.on('drain', () => {
      if (this.readingClient) client.resume();
    });
  }

  send(side: 'upstream' | 'downstream', chunks: Buffer[], end: boolean): void {
    const to = side === 'upstream' ? this.server : this.client;
    const from = side === 'upstream' ? this.client : this.server;
    let room = true;
    if (chunks.length > 1) to.cork();
    for (const chunk of chunks) room = to.write(chunk);
    if (chunks.length > 1) to.uncork();
    if (!room) from.pause();
    if (end) to.end();
  }

  settle(): void {}

  close(): void {
    this.client.end();
    this.server.end();
    // A peer that does not close its own side gets no say in ours.
    const timer = setTimeout(() => {
      this.client.destroy();
      this.server.destroy();
    }, CLOSE_MS_MAX);
    timer.unref();
  }

  hold(reading: boolean): void {
    this.readingClient = reading;
    if (reading && !this.server.writableNeedDrain) this.client.resume();
    else this.client.pause();
  }
}

const CLOSE_MS_MAX = 1000;

/** The hop's own listener: PROXY protocol first, then the connection's bytes. */
export function createHop(host: HopHost): Server {
  return createServer({ noDelay: true, allowHalfOpen: true, pauseOnConnect: false }, (client) => {
    const reader = new ProxyHeaderReader();
    const late = setTimeout(() => refuse('no PROXY header came in time'), host.header_ms_max);
    const refuse = (why: string) => {
      clearTimeout(late);
      host.log.warn({ why }, 'a connection to the hop was refused');
      client.destroy();
    };
    client.on('error', () => client.destroy());
    const onData = (bytes: Buffer) => {
      let preface: ProxyPreface | undefined;
      try {
        preface = reader.push(bytes);
      } catch (error) {
        refuse(error instanceof Error ? error.message : 'no PROXY header');
        return;
      }
      if (preface === undefined) return;
      clearTimeout(late);
      client.off('data', onData);
      // A health check of Envoy's own carries no connection.
      if (preface.header.command === 'local') return void client.end();
      carry(host, client, preface.header, preface.rest);
    };
    client.on('data', onData);
    client.on('close', () => clearTimeout(late));
  });
}

function carry(host: HopHost, client: Socket, header: ProxyHeader, first: Buffer): void {
  const server = connect({ ...host.upstream, noDelay: true, allowHalfOpen: true });
  let connection: Connection;
  try {
    connection = host.open(header, () => new HopTransport(client, server));
  } catch (error) {
    host.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'a connection could not be opened');
    client.destroy();
    server.destroy();
    return;
  }
  let over = false;
  const lost = (reason: string) => {
    if (over) return;
    over = true;
    connection.lost(reason);
    client.destroy();
    server.destroy();
  };
  client.on('data', (bytes: Buffer) => connection.receive('downstream', bytes, false));
  client.on('end', () => connection.receive('downstream', empty, true));
  client.on('close', () => lost('closed by the client'));
  server.on('data', (bytes: Buffer) => connection.receive('upstream', bytes, false));
  server.on('end', () => connection.receive('upstream', empty, true));
  server.on('error', () => lost('the server could not be reached'));
  // What was still to be written to the client goes out before it is closed.
  server.on('close', () => {
    if (client.destroyed) lost('closed by the server');
    else client.end(() => lost('closed by the server'));
  });
  if (first.length > 0) connection.receive('downstream', first, false);
}

const empty = Buffer.alloc(0);
