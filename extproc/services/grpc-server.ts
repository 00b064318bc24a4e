import { lookup } from 'node:dns/promises';
import { createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { isIP } from 'node:net';
import type { MethodDefinition, ServiceDefinition, sendUnaryData, UntypedHandleCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { GrpcCall, statusFields } from './grpc-call.js';
import { status } from './grpc-status.js';

/** What the services are added to. grpc-js' Server is one too. */
export interface GrpcServices {
  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void;
}

export interface GrpcServerOptions {
  /** longest message that is taken, in bytes */
  message_bytes_max: number;
}

interface Method {
  definition: Definition;
  handle: UntypedHandleCall;
}

/** A definition as grpc-js has it; `responseFramed` encodes with the prefix that a message has on the wire. */
type Definition = MethodDefinition<unknown, unknown> & { responseFramed?: (message: unknown) => Buffer };

/** Bytes of one stream that a client may send before they are read. */
const STREAM_WINDOW_BYTES = 256 * 1024;

/**
 * The same for all streams of a connection. Where it is less than they have together, Envoy gives what there is to the first stream that has something to
 * send, and as long as that one has more the others wait (decision 0181).
 */
const CONNECTION_WINDOW_BYTES = 64 * 1024 * 1024;

/**
 * A gRPC server on Node's own HTTP/2 with the interface of grpc-js' that our services use, without what grpc-js does for each message
 * (decision 0092). Deadlines are the client's to keep: Envoy resets a call whose time is over.
 */
export class GrpcServer implements GrpcServices {
  private readonly methods = new Map<string, Method>();
  private readonly servers: Http2Server[] = [];
  private readonly sessions = new Set<ServerHttp2Session>();

  constructor(private readonly options: GrpcServerOptions) {}

  addService(service: ServiceDefinition, implementation: UntypedServiceImplementation): void {
    for (const [name, definition] of Object.entries(service)) {
      const handle = implementation[name];
      if (handle === undefined) throw new Error(`no handler for ${definition.path}`);
      this.methods.set(definition.path, { definition: definition as Definition, handle });
    }
  }

  /** `address` is `unix:/path` or `host:port`, port 0 for any. Resolves with the port, 0 for a Unix socket. */
  async listen(address: string): Promise<number> {
    if (address.startsWith('unix:')) {
      await this.bind({ path: address.slice('unix:'.length) });
      return 0;
    }
    const colon = address.lastIndexOf(':');
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
    let port = Number(address.slice(colon + 1));
    if (colon < 0 || !Number.isInteger(port) || port < 0 || port > 65_535) throw new Error('it is not host:port and not unix:/path');
    const hosts = isIP(host) ? [host] : (await lookup(host, { all: true })).map((found) => found.address);
    for (const one of new Set(hosts)) port = await this.bind({ host: one, port });
    return port;
  }

  private async bind(where: { path: string } | { host: string; port: number }): Promise<number> {
    const server = createServer({
      settings: { maxConcurrentStreams: 0x7fffffff, initialWindowSize: STREAM_WINDOW_BYTES },
      // Node counts all streams of a connection against this, ten megabytes if nothing is said; each stream has limits of its own here.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    });
    server.on('session', (session) => {
      this.sessions.add(session);
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      session.on('close', () => this.sessions.delete(session));
      // The connection is over then, and its streams say so to their calls.
      session.on('error', () => undefined);
    });
    server.on('stream', (stream, headers) => this.serve(stream, headers));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(where, () => {
        server.off('error', reject);
        resolve();
      });
    });
    this.servers.push(server);
    const bound = server.address();
    return bound !== null && typeof bound === 'object' ? bound.port : 0;
  }

  /** No new connections and calls; calls back when the last call has ended. */
  tryShutdown(done: () => void): void {
    let left = this.servers.length;
    if (left === 0) done();
    for (const server of this.servers) {
      server.close(() => {
        left--;
        if (left === 0) done();
      });
    }
    for (const session of this.sessions) session.close();
  }

  forceShutdown(): void {
    for (const server of this.servers) server.close();
    for (const session of this.sessions) session.destroy();
  }

  private serve(stream: ServerHttp2Stream, headers: IncomingHttpHeaders & { ':path'?: string; ':method'?: string }): void {
    // `close` follows and tells all that is to be known.
    stream.on('error', () => undefined);
    if (headers[':method'] !== 'POST' || !/^application\/grpc(?:$|[+;])/.test(headers['content-type'] ?? '')) {
      stream.respond({ ':status': 415 }, { endStream: true });
      return;
    }
    const refuse = (code: number, details: string) =>
      stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...statusFields(code, details) }, { endStream: true });
    const method = this.methods.get(headers[':path'] ?? '');
    if (method === undefined) return refuse(status.UNIMPLEMENTED, `the gateway does not implement ${headers[':path']}`);
    if ((headers['grpc-encoding'] ?? 'identity') !== 'identity')
      return refuse(status.UNIMPLEMENTED, 'messages are taken as they are, not packed (grpc-encoding: identity)');
    const { definition } = method;
    const call = new GrpcCall(
      stream,
      headers,
      {
        decode: definition.requestDeserialize,
        encode: definition.responseSerialize,
        ...(definition.responseFramed ? { encodeFramed: definition.responseFramed } : {}),
      },
      this.options.message_bytes_max,
    );
    handle(call, method);
    call.start();
  }
}

/** Calls the handler in the way that its kind has in grpc-js. */
function handle(call: GrpcCall, { definition, handle }: Method): void {
  const run = handle as (call: unknown, done?: sendUnaryData<unknown>) => void;
  const done: sendUnaryData<unknown> = (error, value) => {
    if (error) return void call.emit('error', error);
    call.write(value);
    call.end();
  };
  guarded(call, () => {
    if (!definition.requestStream)
      one(call, (request) => guarded(call, () => run(Object.assign(call, { request }), definition.responseStream ? undefined : done)));
    else if (definition.responseStream) run(call);
    else run(call, done);
  });
}

/** What a handler throws ends its call, and tells the client nothing. */
function guarded(call: GrpcCall, run: () => void): void {
  try {
    run();
  } catch {
    call.emit('error', { code: status.UNKNOWN, details: 'the gateway failed on this call' });
  }
}

/** The only message of a call whose client sends one. */
function one(call: GrpcCall, run: (request: unknown) => void): void {
  let request: { message: unknown } | undefined;
  call.on('data', (message: unknown) => {
    if (request !== undefined) call.emit('error', { code: status.UNIMPLEMENTED, details: 'a second message where one is taken' });
    request ??= { message };
  });
  call.on('end', () => {
    if (request === undefined) call.emit('error', { code: status.UNIMPLEMENTED, details: 'no message where one is taken' });
    else run(request.message);
  });
}
