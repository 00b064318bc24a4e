import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { TurnWriter } from '../../../extproc/services/turn-writer.js';

/** Both ends of a connection; `written` counts the calls that reach the sending one. */
async function pair(): Promise<{ from: Socket; to: Socket; received: () => string; written: () => number; close: () => void }> {
  const server = createServer({ noDelay: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const from = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [to] = (await once(server, 'connection')) as [Socket];
  let received = '';
  to.setEncoding('latin1').on('data', (text: string) => {
    received += text;
  });
  let written = 0;
  const write = from.write.bind(from) as (chunk: Buffer) => boolean;
  from.write = ((chunk: Buffer) => {
    written++;
    return write(chunk);
  }) as typeof from.write;
  return {
    from,
    to,
    received: () => received,
    written: () => written,
    close: () => {
      from.destroy();
      to.destroy();
      server.close();
    },
  };
}

const never = () => assert.fail('the socket had room');
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('writes of one turn of the event loop', () => {
  it('go out together and in order, when the turn is over', async () => {
    const one = await pair();
    const writer = new TurnWriter(one.from, never);
    writer.write([Buffer.from('a'), Buffer.from('b')]);
    writer.write([Buffer.from('c')]);
    assert.equal(one.written(), 0);
    await turn();
    assert.equal(one.written(), 1);
    writer.write([Buffer.from('d')]);
    writer.end();
    await once(one.to, 'end');
    assert.equal(one.received(), 'abcd');
    one.close();
  });

  it('go out at once when they are many, and the rest of the turn behind them', async () => {
    const one = await pair();
    const writer = new TurnWriter(one.from, () => undefined);
    writer.write([Buffer.from('a')]);
    writer.write([Buffer.alloc(20_000, 'b')]);
    assert.equal(one.written(), 2);
    writer.write([Buffer.from('c')]);
    assert.equal(one.written(), 2);
    writer.end();
    await once(one.to, 'end');
    assert.equal(one.received(), `a${'b'.repeat(20_000)}c`);
    one.close();
  });

  it('of several sockets go out in the order in which they came, also what a write brings about', async () => {
    const [one, other] = [await pair(), await pair()];
    const order: string[] = [];
    const note = (name: string, socket: Socket) => {
      const write = socket.write.bind(socket) as (chunk: Buffer) => boolean;
      socket.write = ((chunk: Buffer) => {
        order.push(`${name}${chunk.toString()}`);
        return write(chunk);
      }) as typeof socket.write;
    };
    note('one:', one.from);
    note('other:', other.from);
    const second = new TurnWriter(other.from, never);
    const first = new TurnWriter(one.from, never);
    second.write([Buffer.from('1')]);
    first.write([Buffer.from('2')]);
    second.write([Buffer.from('3')]);
    await turn();
    first.write([Buffer.from('4')]);
    await turn();
    assert.deepEqual(order, ['other:13', 'one:2', 'one:4']);
    one.close();
    other.close();
  });

  it('tell when the socket takes no more', async () => {
    const one = await pair();
    one.to.pause();
    let full = 0;
    const writer = new TurnWriter(one.from, () => full++);
    for (let i = 0; i < 1000 && full === 0; i++) writer.write([Buffer.alloc(64 * 1024)]);
    assert.equal(full, 1);
    one.close();
  });

  it('to a socket that is gone are dropped', async () => {
    const one = await pair();
    const writer = new TurnWriter(one.from, never);
    writer.write([Buffer.from('a')]);
    one.from.destroy();
    await turn();
    assert.equal(one.written(), 0);
    one.close();
  });
});
