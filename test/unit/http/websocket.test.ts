import assert from 'node:assert/strict';
import { StreamDriver } from './websocket-support.js';

const masks = 'masks:\n  - { name: pii, detect: [pii], as: partial }\n';
const plain = `version: 1\n${masks}`;
const open = 'version: 1\ndefaults: { unparsed: allow, opaque: allow, grammar: follow, allow: true }\n';
const judged = `version: 1
rules:
  - { name: no-drop, on: websocket, when: 'has(message.body.type) && message.body.type == "drop"', then: deny, message: Nothing is dropped here. }
  - { name: no-leak, on: websocket, when: 'message.from == "server" && message.opcode == "text" && message.bytes > 100', then: deny, message: Too much. }
limits: { held_bytes_max: 1000 }
${masks}`;
const EMAIL = 'jane.doe@example.com';

describe('messages of a WebSocket', () => {
  it('go through as they came where nothing is asked of them: fragments, masks and all', () => {
    const driver = new StreamDriver(open);
    driver.say('client', 'Hel', 1, false).say('client', 'x', 9).say('client', 'lo', 0);
    driver.say('server', 'one', 1, false).say('server', 'two', 0);
    assert.deepEqual(driver.heard.server, [
      { opcode: 9, text: 'x' },
      { opcode: 1, text: 'Hello' },
    ]);
    assert.deepEqual(
      driver.frames.server.map(({ fin, opcode, length, key }) => [fin, opcode, length, key!.toString('hex')]),
      [
        [false, 1, 3, '37fa213d'],
        [true, 9, 1, '37fa213d'],
        [true, 0, 2, '37fa213d'],
      ],
    );
    assert.deepEqual(
      driver.frames.client.map(({ fin, opcode }) => [fin, opcode]),
      [
        [false, 1],
        [true, 0],
      ],
    );
  });

  it('are masked as a whole, in JSON and in text, over fragments', () => {
    const driver = new StreamDriver(plain);
    const json = JSON.stringify({ mail: EMAIL, escaped: 'x' }).replace('"x"', '"jane.doe\\u0040example.com"');
    driver.say('server', json.slice(0, 15), 1, false).say('server', json.slice(15), 0);
    driver.say('server', `to ${EMAIL}`).say('server', Buffer.from(`\u0001to ${EMAIL}`));
    assert.deepEqual(driver.texts('client'), [
      '{"mail":"j***@example.com","escaped":"j***@example.com"}',
      'to j***@example.com',
      '\u0001to j***@example.com',
    ]);
    assert.ok(!JSON.stringify(driver.records).includes(EMAIL));
  });

  it('that are long stream, with nothing of a value torn', () => {
    const driver = new StreamDriver(plain);
    const text = `${'the quick brown fox jumps over it '.repeat(4000)}${EMAIL} end`;
    for (let at = 0; at < text.length; at += 1000)
      driver.say('server', text.slice(at, at + 1000), at === 0 ? 1 : 0, at + 1000 >= text.length);
    assert.equal(driver.texts('client')[0], text.replace(EMAIL, 'j***@example.com'));
    assert.ok(driver.frames.client.length > 1);
  });

  it('that pause go on as far as they are sure', () => {
    const driver = new StreamDriver(plain);
    driver.say('server', 'some plain words here and then jane.doe', 1, false).pause();
    assert.deepEqual(driver.texts('client'), []);
    assert.ok(driver.frames.client.length > 0, 'what is sure is on its way');
    driver.say('server', '@example.com', 0);
    assert.deepEqual(driver.texts('client'), ['some plain words here and then j***@example.com']);
  });

  it('are masked in control frames too', () => {
    const driver = new StreamDriver(plain);
    driver.say('server', `to ${EMAIL}`, 9).say('server', Buffer.concat([Buffer.from([3, 0xe8]), Buffer.from(`bye ${EMAIL}`)]), 8);
    assert.deepEqual(driver.texts('client'), ['to j***@example.com', '1000 bye j***@example.com']);
  });

  it('are refused from either side, and then nothing passes any more', () => {
    const driver = new StreamDriver(judged);
    driver.say('client', '{"type":"say"}').say('client', '{"type":"drop"}').say('client', 'more');
    assert.deepEqual(driver.texts('server'), ['{"type":"say"}', '1001 refused by policy']);
    assert.deepEqual(driver.texts('client'), ['1008 no-drop: Nothing is dropped here.']);
    assert.deepEqual(driver.ended, { client: true, server: true });
    const server = new StreamDriver(judged);
    server.say('server', 'x'.repeat(101));
    assert.deepEqual(server.texts('client'), ['1008 no-leak: Too much.']);
  });

  it('that are read in two ways are not understood, and what can not be read is not let through by a rule that asks for it', () => {
    const twice = new StreamDriver(judged);
    twice.say('client', '{"type":"say","type":"drop"}');
    assert.match(twice.texts('client')[0]!, /^1008 (no-drop|default:unparsed)/);
    const binary = new StreamDriver(judged);
    binary.say('client', Buffer.from([0xff, 0xfe]));
    assert.match(binary.texts('client')[0]!, /^1008 no-drop/);
    const hidden = new StreamDriver(judged);
    hidden.say('client', Buffer.from('{"type":"drop"}'));
    assert.match(hidden.texts('client')[0]!, /^1008 no-drop/, 'a binary frame hides nothing');
    const spaced = new StreamDriver(judged);
    spaced.say('client', '\n {"ty', 1, false).say('client', 'pe":"drop"}', 0);
    assert.match(spaced.texts('client')[0]!, /^1008 no-drop/);
    const marked = new StreamDriver(judged);
    marked.say('client', '\ufeff{"type":"drop"}');
    assert.match(marked.texts('client')[0]!, /^1008 no-drop/, 'many decoders pass over a mark of UTF-8');
  });

  it('that must be judged and are too long are refused with 1009', () => {
    const driver = new StreamDriver(judged);
    driver.say('client', 'x'.repeat(600), 1, false).say('client', 'x'.repeat(600), 0);
    assert.match(driver.texts('client')[0]!, /^1009 .*1000 bytes \(limits\.held_bytes_max\)/);
    assert.deepEqual(driver.texts('server'), ['1001 the client broke off']);
  });

  const broken: [string, 'client' | 'server', (driver: StreamDriver) => void, RegExp, RegExp][] = [
    ['text that is no UTF-8', 'client', (d) => d.say('client', Buffer.from([0xc3, 0x28]), 1), /^1007 /, /^1001 /],
    ['text that is cut off', 'client', (d) => d.say('client', Buffer.from([0xc3]), 1), /^1007 /, /^1001 /],
    ['a continuation of nothing', 'client', (d) => d.say('client', 'x', 0), /^1002 /, /^1001 /],
    ['a message in a message', 'client', (d) => d.say('client', 'x', 1, false).say('client', 'y', 1), /^1002 /, /^1001 /],
    ['a close code that is none', 'client', (d) => d.say('client', Buffer.from([3, 0xed]), 8), /^1002 /, /^1001 /],
    ['a server’s text that is no UTF-8', 'server', (d) => d.say('server', Buffer.from([0xff]), 1), /^1011 the server/, /^1007 /],
    ['a server’s reserved bit', 'server', (d) => d.bytes('server', Buffer.from([0xc1, 0])), /^1011 the server/, /^1002 /],
  ];
  for (const policy of [open, plain, judged])
    for (const [name, , act, client, server] of broken)
      it(`${name}: both sides are told (${policy === open ? 'open' : policy === plain ? 'masked' : 'judged'})`, () => {
        const driver = new StreamDriver(policy);
        act(driver);
        assert.match(driver.texts('client').at(-1)!, client);
        assert.match(driver.texts('server').at(-1)!, server);
        assert.deepEqual(driver.ended, { client: true, server: true });
      });

  it('that break off in the midst of a frame that passes end without a word, since it would be read as a part of it', () => {
    const driver = new StreamDriver(open);
    driver
      .bytes('client', Buffer.concat([Buffer.from([0x81, 0xfe, 0x01, 0x00, 0, 0, 0, 0]), Buffer.from('good')]))
      .bytes('client', Buffer.from([0xff]));
    assert.deepEqual(driver.heard.server, []);
    assert.deepEqual(
      driver.frames.server.map(({ opcode, length }) => [opcode, length]),
      [[1, 256]],
    );
    assert.match(driver.texts('client')[0]!, /^1007 /);
    assert.deepEqual(driver.ended, { client: true, server: true });
  });

  it('close as both sides say, once, and nothing follows a close', () => {
    const driver = new StreamDriver(plain);
    driver.say('client', Buffer.from([3, 0xe8]), 8).say('client', 'late');
    driver
      .say('server', 'still')
      .say('server', Buffer.from([3, 0xe8]), 8)
      .say('server', 'late');
    driver.bytes('server', Buffer.alloc(0), true).bytes('client', Buffer.alloc(0), true);
    assert.deepEqual(driver.texts('server'), ['1000 ']);
    assert.deepEqual(driver.texts('client'), ['still', '1000 ']);
    assert.equal(driver.exchange.phase, 'closed');
    assert.deepEqual(driver.events('session.close').length, 1);
  });

  it('that the server breaks off go no further than they were sure', () => {
    const driver = new StreamDriver(plain);
    driver.say('server', 'jane.doe', 1, false).bytes('server', Buffer.alloc(0), true);
    assert.deepEqual(driver.frames.client, []);
    assert.deepEqual(driver.ended, { client: true, server: false });
    assert.equal(driver.events('message').at(-1)!['incomplete'], true);
  });
});

describe('an upgrade', () => {
  it('is asked without extensions, with the key of the client', () => {
    const driver = new StreamDriver(open);
    const asked = driver.answers.find(({ part }) => part === 'request_headers')!;
    assert.deepEqual(asked, { part: 'request_headers', set: [], remove: ['sec-websocket-extensions'] });
  });

  it('is refused where nothing of it could be read', () => {
    for (const path of ['/api/v1/namespaces/d/pods/p/portforward', '/api/v1/namespaces/d/pods/p/%70ortforward']) {
      const driver = new StreamDriver('version: 1\ndefaults: { opaque: deny }\n', path);
      assert.equal(driver.refusal().problem['rule'], 'default:opaque');
    }
  });

  it('to a forwarded port goes through where the policy lets it, and is counted as not inspected', () => {
    const driver = new StreamDriver(open, '/api/v1/namespaces/d/pods/p/portforward', 'v4.channel.k8s.io');
    const step = (from: 'client' | 'server', text: string, end = false) =>
      driver.step({ type: 'tunnel', from, bytes: Buffer.from(text), end });
    step('client', 'abc');
    step('server', 'defg', true);
    step('client', '', true);
    const [close] = driver.events('session.close') as { coverage: { opaque: unknown[] } }[];
    assert.deepEqual(close!.coverage.opaque, [{ reason: 'a forwarded port carries any protocol', bytes: 7 }]);
  });
});
