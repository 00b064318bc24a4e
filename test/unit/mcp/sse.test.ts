import assert from 'node:assert/strict';
import { SseReader, writeEvent } from '../../../filters/mcp/sse.js';

const stream = Buffer.from(
  '\ufeffdata: {"a":1}\r\n\r\n: hello\n\nid: 7\nevent: message\ndata:{"é":\ndata: 2}\n\n\n\rdata\rdata : x\r\rretry: 5\r\nid\r\n\r\ndata: cut off',
);

function events(chunks: readonly Buffer[]): { type: string; data: string | undefined; rest: string[] }[] {
  const reader = new SseReader(1000);
  return chunks.flatMap((chunk) => reader.push(chunk)).map(({ type, data, rest }) => ({ type, data, rest }));
}

describe('events of a stream', () => {
  it('are those that a client reads', () => {
    assert.deepEqual(
      events([stream]).filter(({ data, rest }) => data !== undefined || rest.length > 0),
      [
        { type: '', data: '{"a":1}', rest: [] },
        { type: '', data: undefined, rest: [': hello'] },
        { type: 'message', data: '{"é":\n2}', rest: ['id: 7'] },
        { type: '', data: '', rest: ['data : x'] },
        { type: '', data: undefined, rest: ['retry: 5', 'id'] },
      ],
    );
  });

  it('are the same wherever the stream is cut, and no byte of them is lost', () => {
    const told = (chunks: Buffer[]) => events(chunks).filter(({ data, rest }) => data !== undefined || rest.length > 0);
    const whole = told([stream]);
    for (let i = 0; i <= stream.length; i++) {
      const chunks = [stream.subarray(0, i), stream.subarray(i)];
      assert.deepEqual(told(chunks), whole, `cut at ${i}`);
      const reader = new SseReader(1000);
      const raw = chunks.flatMap((chunk) => reader.push(chunk).map((event) => event.raw));
      assert.deepEqual(Buffer.concat([...raw, reader.end()]), stream);
    }
    assert.deepEqual(told([...stream].map((byte) => Buffer.of(byte))), whole);
  });

  it('have a longest length', () => {
    const reader = new SseReader(10);
    assert.equal(reader.push(Buffer.from('data: a\n\ndata: b\n\n')).length, 2);
    assert.throws(() => reader.push(Buffer.from('data: aaaaaa')), /longer than 10 bytes/);
  });

  it('keep their id when they are taken away', () => {
    assert.equal(writeEvent({ type: 'message', rest: ['id: 7'] }, '{}').toString(), 'event: message\nid: 7\ndata: {}\n\n');
    assert.equal(writeEvent({ type: 'message', rest: ['id: 7'] }, undefined).toString(), 'id: 7\n\n');
    assert.equal(writeEvent({ type: 'message', rest: [] }, undefined).toString(), '');
  });
});
