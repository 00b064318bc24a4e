import assert from 'node:assert/strict';
import { PIPELINE_MESSAGES_MAX } from '../../../filters/postgres/session/frontend.js';
import { buildErrorResponse, encodeBackend, encodeStartupPacket } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { bind, complete, Driver, execute, parse, query, ready, startup, sync } from '../../support/session-driver.js';
import { bytesOf } from '../../support/session-harness.js';

const holdsDeletes = { decide: (what: string) => (what.startsWith('delete') ? ('approve' as const) : ('allow' as const)) };

describe('the session machine', () => {
  before(loadParser);

  describe('startup', () => {
    it('answers N to SSLRequest and GSSENCRequest and passes neither on', () => {
      const d = new Driver();
      const asked = encodeStartupPacket({ kind: 'ssl' });
      const effects = d.session.step({ type: 'downstream', bytes: asked, end: false });
      assert.equal(bytesOf(effects, 'downstream').toString(), 'N');
      assert.equal(bytesOf(effects, 'upstream').length, 0);
      assert.equal(
        bytesOf(
          d.session.step({ type: 'downstream', bytes: encodeStartupPacket({ kind: 'gssenc' }), end: false }),
          'downstream',
        ).toString(),
        'N',
      );
    });

    it('takes the last of two users, as Postgres does', () => {
      const d = new Driver();
      const twice = encodeStartupPacket({
        kind: 'startup',
        version: 196608,
        parameters: [
          ['user', 'good'],
          ['user', 'evil'],
        ].map(([name, value]) => ({ name: name!, value: Buffer.from(value!) })),
      });
      d.client(twice);
      assert.equal(d.session.identity?.id, 'evil');
    });

    for (const [what, extra] of Object.entries<Record<string, string>>({
      'standard_conforming_strings=off': { standard_conforming_strings: 'off' },
      'the same in options': { options: '-c standard_conforming_strings=off' },
      'the same in options, quoted and dashed': { options: '--standard-conforming-strings=o\\ff' },
      'a client-only encoding': { client_encoding: 'sjis' },
      'another spelling of one': { client_encoding: "'Shift_JIS'" },
    })) {
      it(`refuses ${what}`, () => {
        const d = new Driver().client(startup(extra));
        assert.match(d.received().join(), /ErrorResponse FATAL 42501/);
        assert.deepEqual(d.sent(), []);
        assert.ok(d.last.close);
      });
    }

    it('closes when the server reports a grammar that the parser does not assume', () => {
      const d = new Driver().login();
      d.server({ name: 'ParameterStatus', value: { name: 'standard_conforming_strings', value: Buffer.from('off') } });
      assert.match(d.received().join(), /FATAL 42501/);
      assert.ok(d.last.close);
    });

    it('refuses replication unless what is opaque is allowed', () => {
      const refused = new Driver().client(startup({ replication: 'database' }));
      assert.match(refused.received().join(), /FATAL 42501/);
      const allowed = new Driver({ policy: { opaque: 'allow' } }).client(startup({ replication: 'true' }));
      assert.deepEqual(allowed.sent(), ['StartupPacket']);
      assert.equal(allowed.session.phase, 'opaque');
    });

    it('keeps messages that come before the login is over until the server is ready', () => {
      const d = new Driver().client(startup(), query('select 1'));
      assert.deepEqual(d.sent(), ['StartupPacket']);
      d.server({ name: 'Authentication', value: { kind: 'Ok' } });
      assert.deepEqual(d.sent(), []);
      d.server(ready);
      assert.deepEqual(d.sent(), ['Query select 1']);
    });

    it('refuses protocol 2.0 with a FATAL', () => {
      const d = new Driver().client(Buffer.from('0000000800020000', 'hex'));
      assert.match(d.received().join(), /FATAL 08P01/);
    });
  });

  describe('refusal', () => {
    const deny = { decide: (what: string) => (what.startsWith('drop') ? ('deny' as const) : ('allow' as const)) };

    it('rewrites only the error that quotes the word', () => {
      const d = new Driver(deny).login().client(query('drop database shop'));
      const [sent] = d.sent();
      assert.match(sent!, /^Query __midstream_[0-9a-f]+$/);
      d.server(
        buildErrorResponse({ severity: 'ERROR', code: '42601', message: `syntax error at or near "${sent!.slice(6)}"`, position: '1' }),
        ready,
      );
      assert.deepEqual(d.received(), ['ErrorResponse ERROR 42501 not here', 'ReadyForQuery']);
    });

    it('passes a server error that does not quote it', () => {
      const d = new Driver(deny).login().client(query('drop database shop'));
      d.server(buildErrorResponse({ severity: 'FATAL', code: '57P01', message: 'terminating connection' }));
      assert.deepEqual(d.received(), ['ErrorResponse FATAL 57P01 terminating connection']);
    });

    it('closes when the server answers the word with anything but an error', () => {
      const d = new Driver(deny).login().client(query('drop database shop')).server(complete('SELECT 1'));
      assert.ok(d.last.close);
      assert.match(d.received().join(), /FATAL 08P01/);
    });

    it('refuses every statement of a message for one of them', () => {
      const d = new Driver(deny).login().client(query('select 1; drop table t'));
      assert.match(d.sent()[0]!, /^Query __midstream_/);
    });

    it('takes a text that is longer than the policy in force parses as unparsed, and one that the next policy parses for what it is', () => {
      const limits = {
        statement_bytes_max: 20,
        message_bytes_max: 1 << 26,
        held_bytes_max: 1 << 20,
        unpacked_bytes_max: 1 << 30,
        unpacked_ratio_max: 200,
      };
      const d = new Driver({ decide: (what) => (what === 'unparsed' ? 'deny' : 'allow'), policy: { limits } }).login();
      d.client(query('select 1, 2, 3, 4, 5, 6, 7'));
      assert.match(d.sent()[0]!, /^Query __midstream_/);
      d.session.rules!.policy.limits.statement_bytes_max = 40;
      d.client(query('select 1, 2, 3, 4, 5, 6, 7'));
      assert.equal(d.sent()[0], 'Query select 1, 2, 3, 4, 5, 6, 7');
    });

    it('refuses what is not UTF-8, and texts with bytes behind their end', () => {
      const d = new Driver({ decide: (what) => (what === 'unparsed' ? 'deny' : 'allow') }).login();
      d.client({ name: 'Query', value: { text: Buffer.from([0x73, 0xff, 0xfe]) } });
      assert.match(d.sent()[0]!, /^Query __midstream_/);
      const glued = new Driver()
        .login()
        .client(Buffer.concat([Buffer.from('Q\0\0\0\x17select 1\0drop t\0', 'latin1').subarray(0, 21), Buffer.from('\0\0\0')]));
      assert.match(glued.received().join(), /FATAL 08P01/);
    });
  });

  describe('names in flight', () => {
    it('waits with a Bind until an earlier Parse of its name is answered', () => {
      const d = new Driver(holdsDeletes).login();
      d.client(parse('s', 'delete from t'), sync);
      d.server({ name: 'ParseComplete', value: {} }, ready);
      d.sent();
      d.client(parse('s', 'select 1'), sync, bind('s'), execute(), sync);
      assert.deepEqual(d.sent(), ['Parse s: select 1', 'Sync']);
      d.server(buildErrorResponse({ severity: 'ERROR', code: '42P05', message: 'prepared statement "s" already exists' }), ready);
      assert.deepEqual(d.sent(), ['Bind'], 'the old statement is what runs, so its Execute is held');
      assert.equal(d.last.holds.length, 1);
      assert.match(d.last.holds[0]!.operation.text, /delete from t/);
    });

    for (const [what, next] of [
      ['SQL EXECUTE', [query('execute s')]],
      ['a Bind', [bind('s'), execute(), sync]],
    ] as const)
      it(`waits with ${what} until an earlier PREPARE of its name is answered: a Query that fails stops nothing behind it`, () => {
        const d = new Driver(holdsDeletes).login();
        d.client(parse('s', 'delete from t'), sync);
        d.server({ name: 'ParseComplete', value: {} }, ready);
        d.sent();
        d.client(query('prepare s as select 1'), ...next);
        assert.deepEqual(d.sent(), ['Query prepare s as select 1']);
        d.server(buildErrorResponse({ severity: 'ERROR', code: '42P05', message: 'prepared statement "s" already exists' }), ready);
        assert.equal(d.last.holds.length, 1, 'the old statement is what runs, so it is held');
        assert.match(JSON.stringify(d.last.holds[0]!.operation), /delete from t|execute s/);
      });

    it('collides names where Postgres does: on their first 63 bytes', () => {
      const d = new Driver(holdsDeletes).login();
      const long = 'x'.repeat(63);
      d.client(parse(`${long}a`, 'delete from t'), sync);
      d.server({ name: 'ParseComplete', value: {} }, ready);
      d.client(bind(`${long}b`), execute(), sync);
      assert.equal(d.last.holds.length, 1);
    });

    it('judges a portal of a statement that it never saw by the word on what is unparsed', () => {
      const d = new Driver({ decide: (what) => (what === 'unparsed' ? 'deny' : 'allow') }).login();
      d.client(bind('ghost'), execute(), sync);
      assert.match(d.sent().join(), /^Bind,Parse __midstream_[0-9a-f]+: __midstream_[0-9a-f]+,Sync$/);
    });

    it('knows what SQL EXECUTE runs, however the statement was prepared', () => {
      const d = new Driver(holdsDeletes).login();
      d.client(parse('s', 'delete from t'), sync).server({ name: 'ParseComplete', value: {} }, ready);
      d.client(query('EXECUTE s'));
      assert.equal(d.last.holds.length, 1);
    });
  });

  describe('holding', () => {
    const held = () => {
      const d = new Driver(holdsDeletes).login().client(query('delete from t'), query('select 2'));
      const { hold } = d.last.holds[0]!.operation;
      return { d, hold };
    };
    const approval = (hold: string, outcome: 'approved' | 'denied' | 'expired') => ({
      type: 'approval' as const,
      hold,
      outcome,
      reason: '',
      decisions: [],
      lease: '',
    });

    it('lets nothing behind it pass, and tells the client that it waits', () => {
      const { d, hold } = held();
      assert.deepEqual(d.sent(), []);
      d.input({ type: 'held', hold });
      assert.match(d.received().join(), /^NoticeResponse NOTICE 00000 midstream: held for approval/);
      d.input({ type: 'tick' });
      assert.match(d.received().join(), /still held/);
    });

    it('sends the very bytes when approved, and then what came behind', () => {
      const { d, hold } = held();
      d.input(approval(hold, 'approved'));
      assert.deepEqual(d.sent(), ['Query delete from t', 'Query select 2']);
      assert.equal(d.events('approval')[0]!['outcome'], 'approved');
    });

    for (const outcome of ['denied', 'expired'] as const) {
      it(`refuses in place when ${outcome}`, () => {
        const { d, hold } = held();
        d.input(approval(hold, outcome));
        assert.match(d.sent().join(), /^Query __midstream_\w+,Query select 2$/);
      });
    }

    it('refuses what an approver could not read whole', () => {
      const d = new Driver(holdsDeletes).login().client(query(`delete from t -- ${'x'.repeat(70_000)}`));
      assert.equal(d.last.holds.length, 0);
      assert.match(d.sent().join(), /^Query __midstream_\w+$/);
    });

    it('ignores an approval of another hold', () => {
      const { d } = held();
      d.input(approval('ff', 'approved'));
      assert.deepEqual(d.sent(), []);
    });

    it('answers 57014 when the client cancels', () => {
      const { d } = held();
      d.input({ type: 'cancel' });
      const word = d.sent()[0]!.slice(6);
      d.server(buildErrorResponse({ severity: 'ERROR', code: '42601', message: `syntax error at or near "${word}"` }), ready);
      assert.deepEqual(d.received(), ['ErrorResponse ERROR 57014 canceling statement due to user request', 'ReadyForQuery']);
      assert.equal(d.session.held, undefined);
    });

    it('never runs it after the client has gone, however it went', () => {
      for (const leave of [
        { type: 'gone', reason: 'reset' },
        { type: 'downstream', bytes: Buffer.alloc(0), end: true },
      ] as const) {
        const { d, hold } = held();
        d.input(leave);
        assert.deepEqual(
          d.last.ended.map((e) => e.status),
          ['cancelled'],
        );
        d.input(approval(hold, 'approved'));
        assert.ok(!d.sent().some((text) => text.includes('delete')));
      }
    });

    it('never runs it when the server closed', () => {
      const { d, hold } = held();
      d.input({ type: 'upstream', bytes: Buffer.alloc(0), end: true });
      assert.equal(d.last.ended.length, 1);
      d.input(approval(hold, 'approved'));
      assert.ok(!d.sent().some((text) => text.includes('delete')));
    });

    it('binds identity, text, parameters and policy: another parameter is another digest, the same shape', () => {
      const digests = ['1', '2'].map((value) => {
        const d = new Driver(holdsDeletes).login();
        d.client(
          parse('', 'delete from t where a = $1'),
          { name: 'Bind', value: { portal: '', statement: '', formats: [], values: [Buffer.from(value)], result_formats: [] } },
          execute(),
          sync,
        );
        return d.last.holds[0]!.operation;
      });
      assert.notEqual(digests[0]!.digest, digests[1]!.digest);
      assert.equal(digests[0]!.shape, digests[1]!.shape);
    });

    it('is not asked again when a portal is fetched on', () => {
      const d = new Driver(holdsDeletes).login().client(parse('', 'delete from t'), bind(''), execute(), sync);
      d.input(approval(d.last.holds[0]!.operation.hold, 'approved'));
      d.client(execute(), sync);
      assert.equal(d.last.holds.length, 0);
    });
  });

  describe('the server', () => {
    it('may not answer what was not asked', () => {
      const d = new Driver().login().server(complete('SELECT 1'));
      assert.ok(d.last.close);
    });

    it('may report a FATAL at any time', () => {
      const d = new Driver().login().server(buildErrorResponse({ severity: 'FATAL', code: '57P01', message: 'bye' }));
      assert.deepEqual(d.received(), ['ErrorResponse FATAL 57P01 bye']);
    });
  });

  it('puts a notice only between messages, never into one that passes in pieces', () => {
    const d = new Driver(holdsDeletes).login();
    d.client(query('copy t to stdout'), query('delete from t'));
    d.server({ name: 'CopyOutResponse', value: { format: 0, column_formats: [0] } });
    const large = encodeBackend({ name: 'CopyData', value: { data: Buffer.alloc(200_000, 120) } });
    d.server(large.subarray(0, 150_000));
    d.input({ type: 'held', hold: d.session.held!.operation.hold });
    assert.ok(!d.received().some((name) => name.startsWith('Notice')), 'it waits while the large message is under way');
    d.server(large.subarray(150_000), { name: 'CopyDone', value: {} }, complete('COPY 1'), ready);
    const read = d.received();
    assert.ok(read.includes('CopyData'));
    assert.ok(read.some((name) => name.startsWith('NoticeResponse')));
  });

  it('records one request, one decision and one response for a query, with what went to the client', () => {
    const d = new Driver().login().client(query('select 1'));
    assert.equal(d.events('request')[0]!['text'], 'select 1');
    assert.equal(d.events('decision')[0]!['verdict'], 'allow');
    d.server(
      {
        name: 'RowDescription',
        value: {
          columns: [{ name: Buffer.from('x'), table_oid: 0, attribute: 0, type_oid: 25, type_size: -1, type_modifier: -1, format: 0 }],
        },
      },
      { name: 'DataRow', value: { values: [Buffer.from('1')] } },
      complete('SELECT 1'),
      ready,
    );
    const [response] = d.events('response');
    assert.equal(response!['rows'], 1);
    assert.equal(response!['tag'], 'SELECT 1');
    assert.ok(Buffer.from(response!['wire'] as string, 'base64').includes('SELECT 1'));
  });

  it('ends with its coverage', () => {
    const d = new Driver().login().client(query('select 1')).input({ type: 'gone', reason: 'closed' });
    const [close] = d.events('session.close');
    assert.equal((close!['totals'] as { requests: number }).requests, 1);
    assert.ok((close!['coverage'] as { inspected_bytes: number }).inspected_bytes > 0);
  });

  describe('a client far ahead of the server', () => {
    const syncs = (n: number) => Array.from({ length: n }, () => sync);

    it('waits as bytes behind what may be remembered, and goes on as answers come', () => {
      const d = new Driver().login().client(...syncs(PIPELINE_MESSAGES_MAX));
      assert.equal(d.sent().length, PIPELINE_MESSAGES_MAX);
      d.client(query('select 1'), sync);
      assert.equal(d.session.stall, 'answers');
      assert.deepEqual(d.sent(), []);
      d.server(ready);
      assert.deepEqual(d.sent(), ['Query select 1']);
      d.server(ready, ready);
      assert.deepEqual(d.sent(), ['Sync']);
      assert.equal(d.session.stall, undefined);
      assert.equal(d.session.queuedBytes, 0);
    });

    it('is told so where the bytes are too many', () => {
      const d = new Driver().login().client(...syncs(PIPELINE_MESSAGES_MAX));
      d.client(query('select 1'), query(`select '${'x'.repeat(1 << 20)}'`));
      assert.match(d.received().join(), /^ErrorResponse FATAL 54000 midstream: more than 1048576 bytes wait .*\(queued_bytes_max\)/);
      assert.equal(d.session.phase, 'closed');
    });
  });
});
