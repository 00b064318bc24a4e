import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { type ProxyHeader, ProxyHeaderReader, type ProxyPreface } from '../../filters/proxy-protocol/index.js';
import type { Connection, Transport } from './connection.js';
import { TurnWriter } from './turn-writer.js';

export interface HopHost {
  /** where Envoy's own way back to the server listens */
  upstream: { host: string; port: number } | { path: string };
  open(header: ProxyHeader, transport: (session: string) => Transport): Connection;
  log: { warn(fields: object, message: string): void };
  /** milliseconds in which the PROXY header must have come */
  header_ms_max: number;
}

/** Both sockets of one connection: bytes that one has not taken yet stop the reading of the other. */
class HopTransport implements Transport {
  private readonly reading = { client: true, server: true };
  private server: Socket | undefined;
  private readonly toClient: TurnWriter;
  private toServer: TurnWriter | undefined;

  constructor(
    private readonly client: Socket,
    /** called once, when there is something to send: a connection that brings nothing (a probe, a cancel that ends here) costs the server none */
    private readonly open: () => Socket,
  ) {
    this.toClient = new TurnWriter(client, () => this.server?.pause());
    client.on('drain', () => {
      if (this.reading.server) this.server?.resume();
    });
  }

  send(side: 'upstream' | 'downstream', chunks: Buffer[], end: boolean): void {
    if (side === 'upstream' && this.toServer === undefined && chunks.length === 0) return;
    const to = side === 'upstream' ? this.upstream() : this.toClient;
    to.write(chunks);
    if (end) to.end();
  }

  /** the server's side was opened */
  get connected(): boolean {
    return this.server !== undefined;
  }

  private upstream(): TurnWriter {
    if (this.toServer === undefined) {
      const server = this.open();
      this.server = server;
      this.toServer = new TurnWriter(server, () => this.client.pause());
      server.on('drain', () => {
        if (this.reading.client) this.client.resume();
      });
    }
    return this.toServer;
  }

  settle(): void {}

  close(): void {
    this.endClient();
    this.toServer?.end();
    // A peer that does not close its own side gets no say in ours.
    const timer = setTimeout(() => this.destroy(), CLOSE_MS_MAX);
    timer.unref();
  }

  /** After what is still to be written to the client; `ended` once all of it has gone. */
  endClient(ended?: () => void): void {
    this.toClient.end(ended);
  }

  destroy(): void {
    // As far as they take it at once: the last word of a server that is gone is still the client's.
    this.toClient.flush();
    this.toServer?.flush();
    this.client.destroy();
    this.server?.destroy();
  }

  flow(client: boolean, server: boolean): void {
    Object.assign(this.reading, { client, server });
    if (client && !this.server?.writableNeedDrain) this.client.resume();
    else this.client.pause();
    if (server && !this.client.writableNeedDrain) this.server?.resume();
    else this.server?.pause();
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
  let over = false;
  const lost = (reason: string) => {
    if (over) return;
    over = true;
    connection.lost(reason);
    transport.destroy();
  };
  const transport = new HopTransport(client, () => {
    const server = connect({
      ...host.upstream,
      noDelay: true,
      allowHalfOpen: true,
      onread: readInto((bytes) => connection.receive('upstream', bytes, false)),
    });
    server.on('end', () => connection.receive('upstream', empty, true));
    server.on('error', () => lost('the server could not be reached'));
    // What was still to be written to the client goes out before it is closed.
    server.on('close', () => {
      if (client.destroyed) lost('closed by the server');
      else transport.endClient(() => lost('closed by the server'));
    });
    return server;
  });
  let connection: Connection;
  try {
    connection = host.open(header, () => transport);
  } catch (error) {
    host.log.warn({ error: error instanceof Error ? error.message : String(error) }, 'a connection could not be opened');
    client.destroy();
    return;
  }
  client.on('data', (bytes: Buffer) => connection.receive('downstream', bytes, false));
  client.on('end', () => {
    connection.receive('downstream', empty, true);
    if (!transport.connected) transport.endClient();
  });
  client.on('close', () => lost('closed by the client'));
  if (first.length > 0) connection.receive('downstream', first, false);
}

/** What libuv reads at once. */
const READ_BYTES = 64 * 1024;
const scratch = Buffer.allocUnsafeSlow(READ_BYTES);

/**
 * Reads without a stream's buffer between, and without 64 KiB being allocated for every read to be cut back afterwards (decision 0160). What was
 * read is copied before anything else happens, so that one place serves all sockets: nobody ever holds a view of it.
 */
function readInto(received: (bytes: Buffer) => void): OnReadOpts {
  return {
    buffer: scratch,
    callback: (length) => {
      const bytes = Buffer.allocUnsafe(length);
      scratch.copy(bytes, 0, 0, length);
      received(bytes);
      // Whoever wants no more has paused the socket.
      return true;
    },
  };
}

const empty = Buffer.alloc(0);
