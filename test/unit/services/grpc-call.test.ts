import assert from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { Duplex } from 'node:stream';
import { GrpcCall } from '../../../extproc/services/grpc-call.js';

/** A stream of HTTP/2 that keeps what each write to it was. */
class Stream extends Duplex {
  readonly writes: string[] = [];
  trailers: object | undefined;

  respond(): void {}

  sendTrailers(trailers: object): void {
    this.trailers = trailers;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.writes.push(chunk.toString());
    done();
  }

  override _writev(chunks: { chunk: Buffer }[], done: () => void): void {
    this.writes.push(Buffer.concat(chunks.map(({ chunk }) => chunk)).toString());
    done();
  }

  override _final(done: () => void): void {
    this.emit('wantTrailers');
    done();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('what a call writes', () => {
  const codec = {
    decode: (bytes: Buffer) => bytes,
    encode: Buffer.from,
    encodeFramed: (message: unknown) => Buffer.from(message as string),
  };
  const call = (stream: Stream) => new GrpcCall(stream as unknown as ServerHttp2Stream, {}, codec, 1024);

  it('in one turn of the event loop goes together, and each turn by itself', async () => {
    const stream = new Stream();
    const one = call(stream);
    for (const text of ['a', 'b', 'c']) assert.equal(one.write(text), true);
    assert.deepEqual(stream.writes, []);
    await turn();
    assert.deepEqual(stream.writes, ['abc']);
    one.write('d');
    await turn();
    assert.deepEqual(stream.writes, ['abc', 'd']);
  });

  it('goes before its status, also where both come in one turn', async () => {
    const stream = new Stream();
    const one = call(stream);
    one.write('a');
    one.write('b');
    one.end();
    await turn();
    assert.deepEqual(stream.writes, ['ab']);
    assert.deepEqual(stream.trailers, { 'grpc-status': '0' });
    await turn();
  });

  it('is held against what the stream takes, and drains', async () => {
    const stream = new Stream({ writableHighWaterMark: 4 });
    const one = call(stream);
    let drained = 0;
    one.on('drain', () => drained++);
    assert.equal(one.write('abc'), true);
    assert.equal(one.write('d'), false);
    assert.equal(drained, 0);
    await turn();
    await turn();
    assert.equal(drained, 1);
    assert.deepEqual(stream.writes, ['abcd']);
  });

  it('to a stream that is gone meanwhile is lost without an error', async () => {
    const [gone, other] = [new Stream(), new Stream()];
    const calls = [call(gone), call(other)];
    for (const one of calls) one.write('a');
    gone.destroy();
    await turn();
    assert.deepEqual([gone.writes, other.writes], [[], ['a']]);
  });
});
