import assert from 'node:assert/strict';
import type pg from 'pg';
import { Random } from '../support/random.js';
import { SAID } from '../support/seed.js';
import { message, messagesOf, packet, sslRequest, startup, tell, untilEnd } from './support/raw.js';
import { eventually, type FaultGateway, failure, faultGateway, memoryOf, recordedEvents, transports } from './support/world.js';

const seed = `
create table customers (id int primary key, card_number text);
insert into customers select i, '4111 1111 1111 1111' from generate_series(1, 9) i;
`;

/** The first bytes of a TLS 1.2 ClientHello. */
const clientHello = Buffer.from('160301020001000201fc0303', 'hex');
const GIB = 1 << 30;

for (const transport of transports) {
  describe(`Bad input by ${transport}`, function () {
    this.timeout(60_000);
    let gateway: FaultGateway;
    let witness: pg.Client;

    before(async () => {
      gateway = await faultGateway({ transport, seed });
      witness = await gateway.client();
    });
    after(async () => {
      await witness.end();
      await gateway.settled();
      await gateway.finish();
    });
    afterEach('everybody else goes on, and nothing is left', async () => {
      assert.equal((await witness.query('select 1 as x')).rows[0].x, 1);
      await eventually('only the witness is connected', () => (gateway.runtime.gateway.registry.connections.size === 1 ? true : undefined));
      assert.equal((await witness.query('select count(*)::int as n from customers')).rows[0].n, 9);
    });

    const login = () => startup({ user: 'postgres', database: gateway.direct.database! });

    /** Logs in, says the bytes, and gives what came until the gateway ended the connection. */
    const afterLogin = async (bytes: Buffer): Promise<string[]> => {
      const peer = await gateway.peer();
      const told = untilEnd(peer.socket);
      peer.sendRaw(bytes);
      return (await told).messages;
    };

    /** The connection ends with exactly one FATAL. */
    const oneFatal = (messages: string[], code: RegExp): void => {
      assert.equal(messages.filter((m) => m.startsWith('FATAL')).length, 1, messages.join(', '));
      assert.match(messages.at(-1)!, code);
    };

    describe('before the login', () => {
      const cases: [string, () => Buffer[], RegExp][] = [
        ['an HTTP request', () => [Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')], /FATAL (08P01|54000)/],
        ['a TLS ClientHello into the clear port', () => [clientHello, Buffer.alloc(512, 7)], /FATAL (08P01|54000)/],
        ['a TLS ClientHello after N to SSLRequest', () => [sslRequest, clientHello], /FATAL (08P01|54000)/],
        ['a length of 0', () => [packet(0x30000, 'user\0x\0\0', 0)], /FATAL 08P01/],
        ['a length of 7, that ends within its own code', () => [packet(0x30000, '', 7)], /FATAL 08P01/],
        ['a length of -1', () => [packet(0x30000, '', -1)], /FATAL (08P01|54000)/],
        ['a claim of a gigabyte', () => [packet(0x30000, 'user\0x\0', GIB)], /FATAL (08P01|54000)/],
        ['a protocol of 1997', () => [packet(0x20000, 'user\0x\0\0')], /FATAL 08P01/],
        ['parameters without an end', () => [packet(0x30000, 'user\0postgres')], /FATAL 08P01/],
        ['bytes after the end of the parameters', () => [packet(0x30000, 'user\0postgres\0\0select 1\0')], /FATAL 08P01/],
        ['a parameter name without a value', () => [packet(0x30000, 'user\0postgres\0database\0')], /FATAL 08P01/],
      ];
      for (const [what, pieces, expected] of cases) {
        it(`${what}: the stranger reads one FATAL and the connection ends`, async () => {
          oneFatal((await tell(gateway.postgres.port, pieces())).messages, expected);
        });
      }

      it('400 connections of random bytes: none is answered with more than one FATAL, none stays', async () => {
        const random = new Random();
        for (let round = 0; round < 20; round++) {
          await Promise.all(
            Array.from({ length: 20 }, async () => {
              const bytes = Buffer.from(Array.from({ length: 1 + random.int(300) }, () => random.int(256)));
              const { messages } = await tell(gateway.postgres.port, [bytes], { half: true });
              // By chance they may begin like a short packet that is never finished: then the end of the stranger ends it.
              assert.ok(
                messages.length <= 1 && messages.every((m) => m.startsWith('FATAL')),
                `${messages.join(', ')} to ${bytes.toString('hex')} (${SAID})`,
              );
            }),
          );
        }
      });

      it('a query before the authentication waits for it, and is judged like any other', async () => {
        const messages = (
          await tell(gateway.postgres.port, [Buffer.concat([login(), message('Q', 'drop database shop\0'), message('X', '')])])
        ).messages;
        assert.ok(messages.indexOf('ReadyForQuery') < messages.findIndex((m) => m.startsWith('ERROR 42501')), messages.join(', '));
        assert.equal(messages.filter((m) => m === 'ReadyForQuery').length, 2);
      });

      it('a startup packet after SSLRequest with data glued behind it is read as what it is: nothing passes in clear before', async () => {
        const { messages } = await tell(gateway.postgres.port, [Buffer.concat([sslRequest, login(), message('X', '')])]);
        assert.equal(messages[0], 'N');
        assert.ok(messages.includes('ReadyForQuery'));
      });
    });

    describe('after the login', () => {
      it('a second startup message: a FATAL, and the server never sees it', async () => {
        oneFatal(await afterLogin(startup({ user: 'intruder', database: 'postgres' })), /FATAL (08P01|54000)/);
        oneFatal(
          (await tell(gateway.postgres.port, [Buffer.concat([login(), startup({ user: 'intruder' })])])).messages,
          /FATAL (08P01|54000)/,
        );
      });

      const cases: [string, () => Buffer][] = [
        ['an unknown message type', () => message('z', 'hello')],
        ['a message type of zero', () => message('\0', 'hello')],
        ['a message of the server', () => message('Z', 'I')],
        ['a length of 3', () => message('Q', 'select 1\0', 3)],
        ['a length of -2147483648', () => message('Q', 'select 1\0', 0x80000000)],
        ['a query without its zero', () => message('Q', 'select 1')],
        ['a query with bytes behind its zero', () => message('Q', 'select 1\0drop database shop\0')],
        ['a query whose length ends in its middle', () => message('Q', 'select 1\0', 8)],
        [
          'a message hidden in the body of another',
          () => message('Q', Buffer.concat([Buffer.from('select 1\0'), message('Q', 'delete from customers\0')])),
        ],
        [
          'a Parse that claims 65,535 parameter types and has none',
          () => message('P', Buffer.concat([Buffer.from('\0select 1\0'), Buffer.from([255, 255])])),
        ],
        [
          'a Bind whose value is longer than the message',
          () => message('B', Buffer.concat([Buffer.from('\0\0'), Buffer.from([0, 0, 0, 1, 0x7f, 255, 255, 255, 1])])),
        ],
        [
          'a Bind with a value of length -2',
          () => message('B', Buffer.concat([Buffer.from('\0\0'), Buffer.from([0, 0, 0, 1, 255, 255, 255, 254, 0, 0])])),
        ],
        ['an Execute that is too short', () => message('E', '\0')],
        ['a Describe of something unknown', () => message('D', 'Q\0')],
        ['a Sync with a body', () => message('S', 'x')],
        ['a password after the login', () => message('p', 'secret\0')],
        ['a function call that ends early', () => message('F', Buffer.from([0, 0, 0, 1, 0, 1]))],
        ['a query of a gigabyte that was only claimed', () => message('Q', 'select ', GIB)],
        ['a Bind of two gigabytes that was only claimed', () => message('B', '\0\0', 0x7fffffff)],
      ];
      for (const [what, bytes] of cases) {
        it(`${what}: one FATAL, and the connection ends`, async () => {
          oneFatal(await afterLogin(bytes()), /FATAL (08P01|54000)/);
        });
      }

      it('claims of gigabytes by 50 connections at once take no memory', async () => {
        const before = memoryOf(process.pid);
        const sockets = await Promise.all(Array.from({ length: 50 }, () => gateway.peer()));
        // CopyData passes in pieces, so its length alone is no reason to refuse it.
        for (const [i, peer] of sockets.entries()) peer.sendRaw(message('QBd'[i % 3]!, 'select ', GIB - i));
        const ends = await Promise.all(sockets.filter((_, i) => i % 3 < 2).map((peer) => untilEnd(peer.socket)));
        for (const peer of sockets) peer.destroy();
        const grown = memoryOf(process.pid) - before;
        for (const { messages } of ends) oneFatal(messages, /FATAL 54000/);
        assert.ok(grown < 200 * 1024 * 1024, `memory grew by ${Math.round(grown / 1024 / 1024)} MB`);
      });

      it('a message cut in half by the end of the client is not passed on', async () => {
        const whole = message('Q', 'create table half_a_message (i int)\0');
        const { messages } = await tell(gateway.postgres.port, [login(), whole.subarray(0, whole.length - 3)], { half: true });
        assert.equal(messages.at(-1), 'ReadyForQuery');
        assert.equal((await witness.query("select to_regclass('half_a_message') as x")).rows[0].x, null);
      });
    });

    describe('in statements', () => {
      let client: pg.Client;
      beforeEach(async () => {
        client = await gateway.client();
      });
      afterEach(() => client.end());

      /** An error of the protocol: the connection and what comes next are as they were. */
      const refused = async (query: string | pg.QueryConfig, code: RegExp): Promise<void> => {
        const error = await failure(client.query(query));
        assert.match(error.code, code);
        assert.equal(error.severity, 'ERROR');
        assert.equal((await client.query('select 2 as x')).rows[0].x, 2);
      };

      for (const text of [
        'selec 1',
        'select (',
        "select 'unfinished",
        'select $$unfinished',
        '/* unfinished',
        'select 1;; drop databas',
        '\u0001\u0002',
        'select \ufffd\u200b from',
        '"',
      ]) {
        it(`${JSON.stringify(text)} that can't be parsed: an ERROR by either protocol, and the connection lives`, async () => {
          await refused(text, /^(42501|42601)$/);
          await refused({ text, values: [] }, /^(42501|42601)$/);
        });
      }

      it('200,000 terms: an ERROR, and the connection lives', async () => {
        for (const text of [
          `select ${Array(200_000).fill('1').join('+')}`,
          `select ${'('.repeat(200_000)}1${')'.repeat(200_000)}`,
          `select 1 where ${Array(200_000).fill('true').join(' and ')}`,
        ]) {
          const error = await failure(
            client.query(text).then((r) => Promise.reject(Object.assign(new Error('ran'), { code: r.rowCount === null ? 'none' : 'ran' }))),
          );
          // Where the parser takes it, the server may run it or run out of its own stack.
          assert.match(error.code, /^(42501|42601|54001|ran)$/);
          assert.equal((await client.query('select 2 as x')).rows[0].x, 2);
        }
      });
    });

    describe('in bytes', () => {
      it('invalid UTF-8 in a statement: an ERROR, and the connection lives', async () => {
        const peer = await gateway.peer();
        for (const bad of [
          [0xff, 0xfe],
          [0xc0, 0xaf],
          [0xed, 0xa0, 0x80],
          [0xf4, 0x90, 0x80, 0x80],
          [0xe2, 0x82],
        ]) {
          peer.sendRaw(message('Q', Buffer.concat([Buffer.from("select '"), Buffer.from(bad), Buffer.from("'; drop database shop\0")])));
          const answer = await peer.receiveUntil('ReadyForQuery');
          assert.match(messagesOf(Buffer.concat(answer.map((m) => m.raw))).join(), /^ERROR (42501|42601|22021)/);
          assert.equal((await peer.query('select 2'))[1]!.name, 'DataRow');
        }
        peer.destroy();
      });

      it('NUL bytes in parameters: the server says what it says, and the connection lives', async () => {
        const client = await gateway.client();
        const error = await failure(client.query('select $1::text', ['a\0b']));
        assert.equal(error.code, '22021');
        assert.equal((await client.query('select 2 as x')).rows[0].x, 2);
        await client.end();
      });
    });

    if (transport === 'hop') {
      describe("at the hop's own socket, past Envoy", () => {
        const signature = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');
        const cases: [string, () => Buffer[]][] = [
          ['a startup packet without a PROXY header', () => [login()]],
          ['a PROXY header of version 1', () => [Buffer.from('PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n'), login()]],
          [
            'a PROXY header whose length ends within its addresses',
            () => [Buffer.concat([signature, Buffer.from('2111000400000000', 'hex'), login()])],
          ],
          ['half of a PROXY header', () => [signature.subarray(0, 7)]],
          ['nothing', () => []],
        ];
        for (const [what, pieces] of cases) {
          it(`${what}: not a byte comes back, and nobody is connected`, async () => {
            const { raw } = await tell(gateway.runtime.gateway.hops[0]!.address.replace('unix:', ''), pieces());
            assert.equal(raw.length, 0);
          });
        }
      });
    }

    describe('in the end', () => {
      it('what was refused here stands in the recordings, and none of it reached a table', async () => {
        const events = await eventually('the events', async () => {
          const all = await recordedEvents(gateway.recordings);
          return all.filter((e) => e.type === 'error' && e['own'] === true && e['severity'] === 'FATAL').length > 15 ? all : undefined;
        });
        assert.ok(events.some((e) => e.type === 'session.close' && String(e['reason']).startsWith('protocol_violation')));
      });
    });
  });
}
