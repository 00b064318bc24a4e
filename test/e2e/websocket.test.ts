import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { recordedEvents } from '../faults/support/world.js';
import { eventually } from '../support/gateway.js';
import { type HttpGateway, httpGateway } from '../support/http-gateway.js';
import { judgedOtherwise } from '../support/judged-again.js';

const policy = `
version: 1
rules:
  - { name: no-admin, on: http, when: 'http.path.startsWith("/admin")', then: deny, message: Nobody administers from here. }
  - { name: no-drop, on: websocket, when: 'message.from == "client" && has(message.body.type) && message.body.type == "drop"', then: deny, message: Nothing is dropped here. }
  - { name: transfers, on: websocket, when: 'message.from == "client" && has(message.body.type) && message.body.type == "transfer"', then: approve, approve: { by: [finance] } }
masks:
  - { name: pii, detect: [pii], as: partial }
defaults: { opaque: deny }
`;
const EMAIL = 'jane.doe@example.com';
const CARD = '4111 1111 1111 1111';

/** A chat: what one says, all hear. */
class Chat {
  readonly http: Server = createServer((_request, response) => response.end('ok'));
  readonly sockets = new WebSocketServer({ server: this.http, perMessageDeflate: true });
  readonly heard: string[] = [];
  readonly closes: [number, string][] = [];
  answer: (socket: WebSocket, text: string) => void = (_socket, text) => {
    for (const one of this.sockets.clients) one.send(text);
  };

  async start(): Promise<string> {
    this.sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer, binary) => {
        this.heard.push(binary ? `<${data.toString('hex')}>` : data.toString());
        this.answer(socket, data.toString());
      });
      socket.on('close', (code, reason) => this.closes.push([code, reason.toString()]));
      socket.on('error', () => undefined);
    });
    this.http.listen(0, '127.0.0.1');
    await once(this.http, 'listening');
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  stop(): void {
    for (const one of this.sockets.clients) one.terminate();
    this.http.closeAllConnections();
    this.http.close();
  }
}

/** A client that remembers what it hears. */
class Talker {
  readonly heard: string[] = [];
  private readonly waiting: (() => void)[] = [];
  closed: Promise<[number, string]>;

  constructor(readonly socket: WebSocket) {
    socket.on('message', (data: Buffer) => {
      this.heard.push(data.toString());
      for (const wake of this.waiting.splice(0)) wake();
    });
    this.closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve([code, reason.toString()])));
    socket.on('error', () => undefined);
  }

  async hears(count: number): Promise<string[]> {
    while (this.heard.length < count) await new Promise<void>((resolve) => this.waiting.push(resolve));
    return this.heard;
  }

  static async open(url: string): Promise<Talker> {
    const talker = new Talker(new WebSocket(url));
    await once(talker.socket, 'open');
    return talker;
  }
}

describe('a WebSocket server behind Envoy and the gateway', function () {
  this.timeout(60_000);
  const chat = new Chat();
  let gateway: HttpGateway;
  let url: string;

  before(async () => {
    gateway = await httpGateway(await chat.start(), policy);
    url = `ws://127.0.0.1:${gateway.port}`;
  });
  after(async () => {
    await gateway?.finish();
    chat.stop();
  });
  beforeEach(() => {
    chat.heard.length = 0;
    chat.closes.length = 0;
  });

  it('masks what the server says, and closes as both sides do', async () => {
    const [jane, joe] = [await Talker.open(`${url}/chat`), await Talker.open(`${url}/chat`)];
    assert.equal(jane.socket.extensions, '', 'compression was asked away');
    jane.socket.send(JSON.stringify({ text: `write to ${EMAIL}`, card: CARD }));
    assert.deepEqual(JSON.parse((await joe.hears(1))[0]!), { text: 'write to j***@example.com', card: '**** **** **** 1111' });
    joe.socket.send(`plain ${CARD}`);
    assert.equal((await jane.hears(2))[1], 'plain **** **** **** 1111');
    assert.equal(chat.heard[0], JSON.stringify({ text: `write to ${EMAIL}`, card: CARD }), 'what a client says is not changed');
    jane.socket.close(4321, 'done here');
    assert.deepEqual(await jane.closed, [4321, 'done here']);
    joe.socket.close();
    await joe.closed;
    await gateway.nothingLeft();
    await eventually('the server sees both go', () => (chat.closes.length === 2 ? true : undefined));
    assert.deepEqual(chat.closes, [
      [4321, 'done here'],
      [1005, ''],
    ]);
  });

  it('refuses a message with 1008 and the rule, and the server does not hear it', async () => {
    const jane = await Talker.open(`${url}/chat`);
    jane.socket.send(JSON.stringify({ type: 'say', text: 'hello' }));
    await jane.hears(1);
    jane.socket.send(JSON.stringify({ text: 'x', typ\u0065: 'drop' }).replace('type', 'typ\\u0065'));
    assert.deepEqual(await jane.closed, [1008, 'no-drop: Nothing is dropped here.']);
    await gateway.nothingLeft();
    assert.equal(chat.heard.length, 1);
    await eventually('the server sees it go', () => (chat.closes.length === 1 ? true : undefined));
    assert.deepEqual(chat.closes, [[1001, 'refused by policy']]);
  });

  it('holds a message until a person decides, what comes behind it waits, and what comes the other way goes on', async () => {
    const jane = await Talker.open(`${url}/chat`);
    const joe = await Talker.open(`${url}/chat`);
    jane.socket.send(JSON.stringify({ type: 'transfer', amount: 5, to: EMAIL }));
    jane.socket.send('after it');
    const { hold, text } = await gateway.waiting();
    assert.match(text, /^GET .*\/chat\n\n\{"type":"transfer","amount":5,"to":"\[email\]"\}$/);
    joe.socket.send('meanwhile');
    assert.deepEqual(await jane.hears(1), ['meanwhile']);
    assert.deepEqual(chat.heard, ['meanwhile']);
    assert.equal(await gateway.decide(hold, 'approve'), 200);
    await joe.hears(3);
    assert.deepEqual(chat.heard, ['meanwhile', `{"type":"transfer","amount":5,"to":"${EMAIL}"}`, 'after it']);

    jane.socket.send(JSON.stringify({ type: 'transfer', amount: 6 }));
    const second = await gateway.waiting();
    assert.equal(await gateway.decide(second.hold, 'deny', 'too much'), 200);
    assert.deepEqual(await jane.closed, [1008, 'transfers: denied by operator: too much']);

    joe.socket.send(JSON.stringify({ type: 'transfer', amount: 7 }));
    const third = await gateway.waiting();
    joe.socket.terminate();
    await gateway.nothingLeft();
    assert.deepEqual(await gateway.pending(), []);
    assert.notEqual(await gateway.decide(third.hold, 'approve'), 200);
    assert.equal(chat.heard.length, 3);
  });

  it('judges the request like any other, refuses what it can not read, and says so in HTTP', async () => {
    const refused = async (path: string, headers: Record<string, string>) => {
      const request = httpRequest({ host: '127.0.0.1', port: gateway.port, path, headers: { connection: 'Upgrade', ...headers } });
      request.end();
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      let body = '';
      for await (const chunk of response) body += String(chunk);
      return [response.statusCode, JSON.parse(body)] as [number, { rule?: string; detail: string; hint?: string }];
    };
    const key = { upgrade: 'websocket', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', 'sec-websocket-version': '13' };
    const [status, problem] = await refused('/x/..%2fadmin', key);
    assert.deepEqual([status, problem.rule], [403, 'no-admin']);
    const [spdy, why] = await refused('/exec', { upgrade: 'SPDY/3.1' });
    assert.equal(spdy, 403);
    assert.match(why.hint ?? '', /KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true/);
    const [port, forward] = await refused('/api/v1/namespaces/default/pods/p/portforward', {
      ...key,
      'sec-websocket-protocol': 'SPDY/3.1+portforward.k8s.io',
    });
    assert.deepEqual([port, forward.rule], [403, 'default:opaque']);
    // A client's own word of who it is goes no further than Envoy.
    const [again] = await refused('/admin', { ...key, 'x-midstream-spiffe': 'spiffe://example.org/boss', 'x-midstream-listener': 'other' });
    assert.equal(again, 403);
    await gateway.nothingLeft();
  });

  it('loses nothing of what the server says just before it goes', async () => {
    const text = 'the quick brown fox jumps over the lazy dog '.repeat(20_000);
    chat.answer = (socket) => {
      for (let i = 0; i < 5; i++) socket.send(text);
      socket.send(`last ${EMAIL}`);
      socket.close(1000, 'bye');
    };
    for (let i = 0; i < 5; i++) {
      const jane = await Talker.open(`${url}/chat`);
      jane.socket.send('go');
      assert.deepEqual(await jane.closed, [1000, 'bye']);
      assert.deepEqual(
        jane.heard.map((one) => one.length),
        [...Array<number>(5).fill(text.length), 'last j***@example.com'.length],
      );
    }
    await gateway.nothingLeft();
  });

  it('has recorded it all, in recordings that verify and hold no value', async () => {
    await gateway.runtime.recordings.rotate();
    const events = await recordedEvents(gateway.recordings);
    const opened = events.filter((event) => event.type === 'session.open');
    assert.equal(events.filter((event) => event.type === 'session.close').length, opened.length);
    for (const event of opened) assert.equal(event['transport'], 'hop');
    assert.ok(events.some((event) => event.type === 'message' && String(event['text']).includes('j***@example.com')));
    assert.ok(!JSON.stringify(events).includes(EMAIL));
    assert.deepEqual((await verifyRecordings(gateway.recordings)).problems, []);
    assert.deepEqual(await judgedOtherwise(policy, await recordedEvents(gateway.recordings)), []);
    const access = await eventually('Envoy’s own log', async () => {
      const found = (await recordedEvents(gateway.recordings)).filter((event) => event.type === 'access');
      return found.length > 0 ? found : undefined;
    });
    assert.ok(access.some((event) => (event['entry'] as { status: number }).status === 101));
  });
});
