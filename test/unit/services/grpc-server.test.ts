import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { GrpcCall } from '../../../extproc/services/grpc-call.js';
import { framed, type GrpcError, MessageReader } from '../../../extproc/services/grpc-frames.js';
import { GrpcServer } from '../../../extproc/services/grpc-server.js';
import { addHealth, type Health } from '../../../extproc/services/health.js';
import { Random } from '../../support/random.js';
import { SAID } from '../../support/seed.js';

const bytes = (message: unknown) => message as Buffer;
const MESSAGE_BYTES_MAX = 200_000;

/** One method of each kind, on messages that are bytes. `calls` are those of `/t.T/Both` and `/t.T/Source`. */
async function serve() {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-grpc-'));
  const server = new GrpcServer({ message_bytes_max: MESSAGE_BYTES_MAX });
  const calls: GrpcCall[] = [];
  const seen: string[] = [];
  const kind = (path: string, requestStream: boolean, responseStream: boolean) => ({
    path,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  });
  server.addService(
    {
      one: kind('/t.T/One', false, false),
      source: kind('/t.T/Source', false, true),
      sink: kind('/t.T/Sink', true, false),
      both: kind('/t.T/Both', true, true),
    },
    {
      one: ((call: { request: Buffer }, done: (error: object | null, value?: Buffer) => void) => {
        if (call.request.toString() === 'throw') throw new Error('a secret');
        if (call.request.toString() === 'bad') done({ code: status.NOT_FOUND, details: 'not a % here: ü' });
        else done(null, Buffer.from(`one ${call.request}`));
      }) as never,
      source: ((call: GrpcCall & { request: Buffer }) => {
        calls.push(call);
        call.write(Buffer.from(`first of ${call.request}`));
        call.write(Buffer.alloc(0));
        call.end();
      }) as never,
      sink: ((call: GrpcCall, done: (error: null, value: Buffer) => void) => {
        let sum = 0;
        call.on('data', (message: Buffer) => {
          sum += message.length;
        });
        call.on('end', () => done(null, Buffer.from(String(sum))));
      }) as never,
      both: ((call: GrpcCall) => {
        calls.push(call);
        call.on('data', (message: Buffer) => {
          seen.push(message.toString('latin1', 0, 20));
          if (message.toString() === 'fail') call.emit('error', { code: status.UNAVAILABLE, details: 'no' });
          else if (message.toString() === 'pause') call.pause();
          else call.write(message);
        });
        call.on('end', () => {
          seen.push('(end)');
          call.end();
        });
        call.on('cancelled', () => seen.push('(cancelled)'));
        call.on('error', () => seen.push('(error)'));
      }) as never,
    },
  );
  const health: Health = addHealth(server, ['t.T']);
  const path = join(folder, 'grpc.sock');
  await server.listen(`unix:${path}`);
  const client = new Client(`unix:${path}`, credentials.createInsecure());
  const stop = () => {
    client.close();
    server.forceShutdown();
    rmSync(folder, { recursive: true, force: true });
  };
  return { server, health, client, calls, seen, path, stop };
}

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

describe('gRPC server', () => {
  let served: Awaited<ReturnType<typeof serve>>;
  beforeEach(async () => {
    served = await serve();
  });
  afterEach(() => served.stop());

  const unary = (request: string, path = '/t.T/One') =>
    new Promise<string>((resolve, reject) =>
      served.client.makeUnaryRequest(path, bytes, bytes as never, Buffer.from(request), (error, value) =>
        error ? reject(error) : resolve(String(value)),
      ),
    );
  const both = () => served.client.makeBidiStreamRequest<Buffer, Buffer>('/t.T/Both', bytes, bytes as never);
  const error = (code: status, details: string) => (thrown: ServiceError) => {
    assert.equal(thrown.code, code);
    assert.equal(thrown.details, details);
    return true;
  };

  it('serves calls of all four kinds to a client of grpc-js', async () => {
    assert.equal(await unary('a'), 'one a');
    const source = served.client.makeServerStreamRequest('/t.T/Source', bytes, bytes as never, Buffer.from('b'));
    const got: string[] = [];
    for await (const message of source) got.push(String(message));
    assert.deepEqual(got, ['first of b', '']);
    const sum = await new Promise((resolve, reject) => {
      const sink = served.client.makeClientStreamRequest('/t.T/Sink', bytes, bytes as never, (failed, value) =>
        failed ? reject(failed) : resolve(String(value)),
      );
      for (const length of [0, 1, 70_000]) sink.write(Buffer.alloc(length));
      sink.end();
    });
    assert.equal(sum, '70001');
    const call = both();
    const answers: string[] = [];
    call.on('data', (message: Buffer) => answers.push(message.toString()));
    call.write(Buffer.from('x'));
    call.write(Buffer.from('y'));
    call.end();
    await new Promise((resolve) => call.on('status', (ended) => resolve(assert.equal(ended.code, status.OK))));
    assert.deepEqual(answers, ['x', 'y']);
  });

  it('ends a call with the status and the words of the handler, and tells nothing of what it throws', async () => {
    await assert.rejects(unary('bad'), error(status.NOT_FOUND, 'not a % here: ü'));
    await assert.rejects(unary('throw'), error(status.UNKNOWN, 'the gateway failed on this call'));
    await assert.rejects(unary('x', '/t.T/None'), error(status.UNIMPLEMENTED, 'the gateway does not implement /t.T/None'));
    const call = both();
    call.on('data', () => undefined);
    const ended = new Promise<ServiceError>((resolve) => call.on('error', (thrown) => resolve(thrown as ServiceError)));
    call.write(Buffer.from('x'));
    call.write(Buffer.from('fail'));
    call.write(Buffer.from('behind it'));
    assert.equal((await ended).code, status.UNAVAILABLE);
    await until(() => served.seen.includes('(error)'));
    assert.deepEqual(
      served.seen.filter((one) => one !== '(cancelled)'),
      ['x', 'fail', '(error)'],
    );
  });

  it('hands nothing over while it is paused, also of what came with the message that paused it', async () => {
    const call = both();
    call.on('data', () => undefined);
    call.on('error', () => undefined);
    for (const message of ['pause', 'a', 'b']) call.write(Buffer.from(message));
    call.end();
    await until(() => served.seen.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual(served.seen, ['pause']);
    served.calls[0]!.resume();
    await until(() => served.seen.includes('(end)'));
    assert.deepEqual(served.seen.slice(0, 4), ['pause', 'a', 'b', '(end)']);
  });

  it('says when a client that does not read takes no more, and again when it does', async () => {
    const call = both();
    call.on('error', () => undefined);
    call.write(Buffer.from('x'));
    await until(() => served.calls.length > 0 && served.seen.length > 0);
    const [handler] = served.calls;
    let drained = 0;
    handler!.on('drain', () => drained++);
    const block = Buffer.alloc(50_000, 1);
    let sent = 0;
    while (handler!.write(block)) if (++sent > 10_000) assert.fail('nothing stops the handler');
    call.on('data', () => undefined);
    await until(() => drained > 0);
    call.cancel();
  });

  it('answers health checks and watches', async () => {
    const check = (service: string) =>
      new Promise<number>((resolve, reject) =>
        served.client.makeUnaryRequest(
          '/grpc.health.v1.Health/Check',
          (name: string) => Buffer.concat([Buffer.from([10, name.length]), Buffer.from(name)]),
          (answer) => answer[1] ?? 0,
          service,
          (failed, value) => (failed ? reject(failed) : resolve(value!)),
        ),
      );
    assert.equal(await check('t.T'), 1);
    await assert.rejects(check('nobody'), error(status.NOT_FOUND, 'unknown service'));
    served.health.set(false);
    assert.equal(await check('t.T'), 2);
  });

  it('closes in order when the last call has ended, and at once when it must', async () => {
    const call = both();
    call.on('data', () => undefined);
    call.on('error', () => undefined);
    call.write(Buffer.from('x'));
    await until(() => served.seen.length > 0);
    let closed = false;
    served.server.tryShutdown(() => {
      closed = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.equal(closed, false);
    call.end();
    await until(() => closed);
  });

  describe('with a client that speaks HTTP/2 alone', () => {
    let session: ClientHttp2Session;
    let socket: Socket;
    beforeEach(() => {
      socket = dial(served.path);
      session = connect('http://localhost', { createConnection: () => socket });
      session.on('error', () => undefined);
    });
    afterEach(() => session.destroy());

    const open = (path: string, headers: Record<string, string> = {}): ClientHttp2Stream =>
      session.request({ ':method': 'POST', ':path': path, 'content-type': 'application/grpc', te: 'trailers', ...headers });

    /** What came: the head, and the status wherever it stood. */
    const result = (stream: ClientHttp2Stream) =>
      new Promise<{ http: unknown; grpc: unknown; details: unknown; body: Buffer }>((resolve) => {
        let head: Record<string, unknown> = {};
        let trailers: Record<string, unknown> = {};
        const body: Buffer[] = [];
        stream.on('response', (headers) => {
          head = headers as Record<string, unknown>;
        });
        stream.on('trailers', (headers) => {
          trailers = headers as Record<string, unknown>;
        });
        stream.on('data', (chunk: Buffer) => body.push(chunk));
        stream.on('error', () => undefined);
        stream.on('end', () =>
          resolve({
            http: head[':status'],
            grpc: trailers['grpc-status'] ?? head['grpc-status'],
            details: trailers['grpc-message'] ?? head['grpc-message'],
            body: Buffer.concat(body),
          }),
        );
      });

    it('refuses what is not gRPC, what is packed, what is too long and what is cut off', async () => {
      const other = open('/t.T/One', { 'content-type': 'application/json' });
      other.end('{}');
      assert.equal((await result(other)).http, 415);
      const encoded = open('/t.T/One', { 'grpc-encoding': 'gzip' });
      encoded.end();
      assert.equal((await result(encoded)).grpc, String(status.UNIMPLEMENTED));
      const packed = open('/t.T/Both');
      packed.write(Buffer.from([1, 0, 0, 0, 0]));
      assert.equal((await result(packed)).grpc, String(status.UNIMPLEMENTED));
      const long = open('/t.T/Both');
      const prefix = Buffer.alloc(5);
      prefix.writeUInt32BE(MESSAGE_BYTES_MAX + 1, 1);
      long.write(prefix);
      assert.equal((await result(long)).grpc, String(status.RESOURCE_EXHAUSTED));
      const cut = open('/t.T/Both');
      cut.end(framed(Buffer.from('whole')).subarray(0, 8));
      assert.equal((await result(cut)).grpc, String(status.INTERNAL));
      const none = open('/t.T/One');
      none.end();
      assert.equal((await result(none)).grpc, String(status.UNIMPLEMENTED));
      const bad = open('/t.T/One');
      bad.end(framed(Buffer.from('bad')));
      assert.equal((await result(bad)).details, 'not a %25 here: %C3%BC');
      // And none of them took the server with it.
      assert.equal(await unary('a'), 'one a');
    });

    it('tells a handler that its client is gone, and never that it ended in order', async () => {
      const stream = open('/t.T/Both');
      stream.on('error', () => undefined);
      stream.write(framed(Buffer.from('x')));
      await until(() => served.seen.length > 0);
      socket.destroy();
      await until(() => served.seen.includes('(cancelled)'));
      assert.deepEqual(served.seen, ['x', '(cancelled)']);
      assert.equal(served.calls[0]!.cancelled, true);
      assert.equal(served.calls[0]!.write(Buffer.from('late')), false);
    });

    it('serves a stream whose messages come cut anywhere', async () => {
      const from = new Random();
      const random = () => from.next();
      const messages = Array.from({ length: 40 }, () =>
        Buffer.alloc(Math.floor(random() * random() * 40_000), 97 + Math.floor(random() * 26)),
      );
      const all = Buffer.concat(messages.map(framed));
      const stream = open('/t.T/Both');
      const done = result(stream);
      for (let at = 0; at < all.length; ) {
        const end = at + 1 + Math.floor(random() * random() * 20_000);
        stream.write(all.subarray(at, end));
        if (random() < 0.2) await new Promise((resolve) => setImmediate(resolve));
        at = end;
      }
      stream.end();
      const { grpc, body } = await done;
      assert.equal(grpc, '0', SAID);
      assert.ok(body.equals(all), SAID);
    });
  });
});

describe('messages of a gRPC stream', () => {
  it('are the same wherever the stream is cut', () => {
    const messages = ['', 'a', 'bc', 'd'.repeat(300)].map((text) => Buffer.from(text));
    const all = Buffer.concat(messages.map(framed));
    for (let cut = 0; cut <= all.length; cut++) {
      const reader = new MessageReader(1000);
      const got: string[] = [];
      for (const part of [all.subarray(0, cut), all.subarray(cut)]) {
        reader.push(part);
        for (let message = reader.next(); message !== undefined; message = reader.next()) got.push(message.toString());
      }
      assert.deepEqual(got, messages.map(String), `cut at ${cut}`);
      assert.equal(reader.buffered, 0);
    }
  });

  it('are refused by their prefix alone when they are too long', () => {
    const reader = new MessageReader(10);
    reader.push(Buffer.from([0, 0, 0, 0]));
    assert.equal(reader.next(), undefined);
    reader.push(Buffer.from([11]));
    assert.throws(
      () => reader.next(),
      (error: GrpcError) => error.code === status.RESOURCE_EXHAUSTED,
    );
  });
});
