import assert from 'node:assert/strict';
import type { Identity } from '../../../filters/policy/types.js';
import { Password } from '../../../filters/postgres/auth/password.js';
import { deriveKeys, loadPasswordTables, makeVerifier, ScramClient, ScramServer } from '../../../filters/postgres/auth/scram.js';
import type { LoginOptions, LoginOutcome } from '../../../filters/postgres/session/agent-login.js';
import { decodeBackend, decodeFrontend, FrameReader } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { Driver, query, ready, startup } from '../../support/session-driver.js';
import { bytesOf } from '../../support/session-harness.js';

const salt = Buffer.alloc(16, 7);
const agent: Identity = {
  id: 'agent-7',
  kind: 'jwt',
  issuer: 'https://issuer.example',
  groups: ['agents'],
  claims: {},
  source: '127.0.0.1:1',
  proof: 'jwt',
};
const options: LoginOptions = { certificate: false, token: true, cleartext: true, scram: () => undefined, prefersScram: () => false };
const admitted = (password: string | undefined = 'secret', cleartext = false): LoginOutcome => ({
  ok: true,
  identity: agent,
  credential: { role: 'app_ro', password: password === undefined ? undefined : new Password(password), cleartext },
});
const limits = { message_bytes_max: 1 << 20, stream_bytes_max: 1 << 20 };

function startupOf(bytes: Buffer): ReturnType<typeof decodeFrontend> {
  const reader = new FrameReader('frontend', limits, { startup: true });
  reader.push(bytes);
  return decodeFrontend(reader.next()!);
}

function downstreamOf(bytes: Buffer): ReturnType<typeof decodeBackend>[] {
  const reader = new FrameReader('backend', limits);
  reader.push(bytes);
  const found: ReturnType<typeof decodeBackend>[] = [];
  for (let f = reader.next(); f !== undefined; f = reader.next()) found.push(decodeBackend(f));
  return found;
}

const step = (driver: Driver, input: Parameters<Driver['session']['step']>[0]) => {
  const effects = driver.session.step(input);
  driver.last = effects;
  return { effects, up: bytesOf(effects, 'upstream'), down: bytesOf(effects, 'downstream') };
};
const client = (driver: Driver, bytes: Buffer) => step(driver, { type: 'downstream', bytes, end: false });
const passwordBytes = (text: string | Buffer): Buffer => {
  const body = Buffer.isBuffer(text) ? text : Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5);
  head[0] = 0x70;
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const authentication = (code: number, rest: Buffer = Buffer.alloc(0)): Buffer => {
  const head = Buffer.alloc(9);
  head[0] = 0x52;
  head.writeInt32BE(8 + rest.length, 1);
  head.writeInt32BE(code, 5);
  return Buffer.concat([head, rest]);
};

describe('a login that the gateway ends', () => {
  before(loadParser);

  it('asks for a token, and tells the server nothing of it', () => {
    const driver = new Driver({ login: options });
    const asked = client(driver, startup({ application_name: 'psql' }));
    assert.deepEqual(
      downstreamOf(asked.down).map((m) => m.name === 'Authentication' && m.value.kind),
      ['CleartextPassword'],
    );
    assert.equal(asked.up.length, 0);
    const given = client(driver, passwordBytes('the-token'));
    assert.deepEqual(given.effects.login, { identity: undefined, secret: 'the-token', user: 'agent', database: 'shop' });
    assert.equal(given.up.length + given.down.length, 0);
    assert.equal(given.effects.records.length, 0);
    const { effects, up } = step(driver, { type: 'login', outcome: admitted() });
    const packet = startupOf(up);
    assert.ok(packet.name === 'StartupPacket' && packet.value.kind === 'startup');
    assert.deepEqual(
      packet.value.parameters.map(({ name, value }) => `${name}=${value.toString()}`),
      ['user=app_ro', 'database=shop', 'application_name=agent-7'],
    );
    const opened = driver.events('session.open')[0] as { identity: Identity; user: string };
    assert.equal(opened.identity.id, 'agent-7');
    assert.equal(opened.user, 'app_ro');
    assert.ok(!JSON.stringify(effects.records).includes('the-token'));
  });

  it('logs in at the server by SCRAM, unseen by the agent, and then all passes', () => {
    const driver = admittedDriver(admitted('secret'));
    const server = new ScramServer(makeVerifier('secret', salt), 'servernonce');
    let turn = serverSays(driver, authentication(10, Buffer.from('SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0')));
    assert.equal(turn.down.length, 0);
    const at = turn.up.indexOf('n,,');
    turn = serverSays(driver, authentication(11, server.first(turn.up.subarray(at))));
    assert.equal(turn.down.length, 0);
    const final = server.final(turn.up.subarray(5));
    assert.ok(final);
    turn = serverSays(driver, authentication(12, final));
    assert.equal(turn.down.length + turn.up.length, 0);
    driver.server({ name: 'Authentication', value: { kind: 'Ok' } }, ready);
    assert.deepEqual(driver.received(), ['Authentication', 'ReadyForQuery']);
    driver.client(query('select 1'));
    assert.equal(driver.session.phase, 'ready');
  });

  it('answers md5, and clear text only over an encrypted way', () => {
    const md5 = serverSays(admittedDriver(admitted('secret')), authentication(5, Buffer.from([1, 2, 3, 4])));
    assert.match(md5.up.subarray(5).toString(), /^md5[0-9a-f]{32}\0$/);
    const plain = admittedDriver(admitted('secret', false));
    serverSays(plain, authentication(3));
    assertFatal(plain, '28000', /not encrypted/);
    const clear = serverSays(admittedDriver(admitted('secret', true)), authentication(3));
    assert.equal(clear.up.subarray(5).toString(), 'secret\0');
  });

  it('does not go on with a server that skips its proof, offers no SCRAM-SHA-256, or asks for what is not done', () => {
    const skips = admittedDriver(admitted('secret'));
    serverSays(skips, authentication(10, Buffer.from('SCRAM-SHA-256\0\0')));
    serverSays(skips, authentication(0));
    assertFatal(skips, '28000', /without proving/);
    for (const message of [
      authentication(10, Buffer.from('SCRAM-SHA-256-PLUS\0\0')),
      authentication(7),
      authentication(11, Buffer.from('r=a')),
    ]) {
      const driver = admittedDriver(admitted('secret'));
      assert.equal(serverSays(driver, message).up.length, 0);
      assert.equal(driver.session.phase, 'closed');
    }
  });

  it('keeps the words of a server that refuses the gateway from the agent', () => {
    const driver = admittedDriver(admitted('secret'));
    driver.server({
      name: 'ErrorResponse',
      value: {
        fields: [
          { code: 'S', text: 'FATAL' },
          { code: 'C', text: '28P01' },
          { code: 'M', text: 'password authentication failed for user "app_ro"' },
        ].map(({ code, text }) => ({ code: code.charCodeAt(0), value: Buffer.from(text) })),
      },
    } as never);
    const [said] = driver.received();
    assert.match(said!, /28000 midstream: the gateway could not log in/);
    assert.ok(!said!.includes('app_ro'));
  });

  it('refuses with the class of the reason, and the server hears nothing', () => {
    const driver = new Driver({ login: options });
    client(driver, startup());
    client(driver, passwordBytes('old-token'));
    const outcome: LoginOutcome = {
      ok: false,
      identity: undefined,
      sqlstate: '28P01',
      message: 'the token has expired',
      hint: 'get another one',
    };
    const { up } = step(driver, { type: 'login', outcome });
    assert.equal(up.length, 0);
    assertFatal(driver, '28P01', /the token has expired/);
    assert.equal((driver.events('session.open')[0] as { identity: Identity }).identity.proof, 'claimed');
  });

  it('takes no token in clear, and no client without a certificate where that alone counts', () => {
    const clear = new Driver({ login: { ...options, cleartext: false } });
    client(clear, startup());
    assertFatal(clear, '28000', /encrypted connection only/);
    const certificate = new Driver({ login: { ...options, certificate: true, token: false } });
    client(certificate, startup());
    assertFatal(certificate, '28000', /no client certificate/);
  });

  it('takes an agent by SCRAM, with a verifier', () => {
    for (const [given, right] of [
      ['agent-password', true],
      ['wrong', false],
    ] as const) {
      const verifier = makeVerifier('agent-password', salt);
      const driver = new Driver({ login: { ...options, prefersScram: () => true, scram: () => ({ verifier, identity: agent }) } });
      const asked = client(driver, startup());
      assert.deepEqual(downstreamOf(asked.down)[0]?.name === 'Authentication' && asked.down.includes('SCRAM-SHA-256'), true);
      const scram = new ScramClient(new Password(given).keys, 'nonce');
      const first = scram.first();
      const length = Buffer.alloc(4);
      length.writeInt32BE(first.length);
      const next = client(driver, passwordBytes(Buffer.concat([Buffer.from('SCRAM-SHA-256\0'), length, first])));
      const last = client(driver, passwordBytes(scram.final(next.down.subarray(9))));
      if (right) {
        scram.finish(last.down.subarray(9));
        assert.equal(last.effects.login?.identity?.id, 'agent-7');
      } else assertFatal(driver, '28P01', /password is wrong/);
    }
  });

  for (const [what, messages] of [
    ['a query before the password', [Buffer.from('Q\0\0\0\x0dselect 1\0')]],
    ['a password nobody asked for', [passwordBytes('a'), passwordBytes('b')]],
    ['a password without its end', [passwordBytes(Buffer.from('abc'))]],
  ] as const)
    it(`ends with a FATAL for ${what}`, () => {
      const driver = new Driver({ login: options });
      client(driver, startup());
      for (const message of messages) client(driver, message);
      assert.equal(driver.session.phase, 'closed');
    });

  it('refuses giant tokens, and replication', () => {
    const giant = new Driver({ login: options });
    client(giant, startup());
    client(giant, passwordBytes('a'.repeat(70_000)));
    assertFatal(giant, '28P01', /longer than 65,535/);
    const replication = new Driver({ login: options });
    client(replication, startup({ replication: 'database' }));
    client(replication, passwordBytes('a'));
    assert.equal(step(replication, { type: 'login', outcome: admitted() }).up.length, 0);
    assert.equal(replication.session.phase, 'closed');
  });

  it('is the same however the bytes are cut', () => {
    const bytes = Buffer.concat([startup(), passwordBytes('the-token')]);
    for (let cut = 1; cut < bytes.length; cut++) {
      const driver = new Driver({ login: options });
      client(driver, bytes.subarray(0, cut));
      const { effects } = client(driver, bytes.subarray(cut));
      assert.equal(effects.login?.secret, 'the-token', `cut at ${cut}`);
    }
  });

  it('goes nowhere when the answer comes after the client has left', () => {
    const driver = new Driver({ login: options });
    client(driver, startup());
    client(driver, passwordBytes('the-token'));
    driver.session.step({ type: 'gone', reason: 'reset' });
    assert.equal(step(driver, { type: 'login', outcome: admitted() }).up.length, 0);
  });
});

function admittedDriver(outcome: LoginOutcome): Driver {
  const driver = new Driver({ login: options });
  client(driver, startup());
  client(driver, passwordBytes('the-token'));
  step(driver, { type: 'login', outcome });
  return driver;
}

const serverSays = (driver: Driver, bytes: Buffer) => step(driver, { type: 'upstream', bytes, end: false });

/** The last step ended in a FATAL with this SQLSTATE, and these words in its recording. */
function assertFatal(driver: Driver, sqlstate: string, words: RegExp): void {
  const [error] = driver.events('error') as { sqlstate: string; message: string }[];
  assert.equal(error?.sqlstate, sqlstate);
  assert.match(error.message, words);
  assert.equal(driver.session.phase, 'closed');
}

describe('SASLprep of passwords', () => {
  const salt = Buffer.from('0123456789abcdef');
  const keys = (password: string) => deriveKeys(password, salt, 1).clientKey.toString('hex');
  before(loadPasswordTables);

  it('maps what looks alike to the same keys (RFC 4013)', () => {
    assert.equal(keys('I\u00adX'), keys('IX'), 'soft hyphens go');
    assert.equal(keys('\u00aa'), keys('a'), 'compatibility forms are normalised');
    assert.notEqual(keys('\u00e4'), keys('a'));
  });

  it('leaves ASCII as the library does, and what that refuses', async () => {
    const { saslprep } = await import('@mongodb-js/saslprep');
    for (let code = 0; code < 0x80; code++) {
      const text = `a${String.fromCharCode(code)}b`;
      let prepared = text;
      try {
        prepared = saslprep(text);
      } catch {
        // taken as it is
      }
      assert.equal(prepared, text);
    }
    assert.notEqual(keys('\u0007'), keys(''));
  });
});
