import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import type { HoldRecord } from '../../filters/approval/types.js';
import { encodeStartupPacket } from '../../filters/postgres/wire/index.js';
import { eventually, noBackendLeft, nothingLeft, type TestGateway, testGateway } from '../support/gateway.js';

const seed = `
create table customers (id int primary key, name text, email text, phone text, card_number text, note jsonb, raw bytea);
insert into customers select i, 'Customer ' || i, 'anna.' || i || '@shop.test.org', '+1 415 555 26' || (10 + i), '4111 1111 1111 1111', '{"card": "5555555555554444"}', 'card 4012888888881881' from generate_series(1, 9) i;
create table employees (id int primary key, name text, salary int);
insert into employees values (1, 'Ada', 90000), (2, 'Bob', 80000);
create view pay as select name as who, salary as amount from employees;
create table plain (id int primary key, t text);
`;

interface Failure {
  code: string;
  message: string;
  detail: string;
  hint: string;
}

const failure = async (promise: Promise<unknown>): Promise<Failure> => {
  try {
    await promise;
  } catch (error) {
    return error as Failure;
  }
  throw new Error('it should have failed');
};

for (const transport of ['ext_proc', 'hop'] as const) {
  describe(`Postgres through real Envoy by ${transport}`, function () {
    this.timeout(60_000);
    let gateway: TestGateway;
    let client: pg.Client;

    before(async () => {
      gateway = await testGateway({ transport, seed });
    });
    beforeEach(async () => {
      client = await gateway.client();
    });
    afterEach(async () => {
      await client.end().catch(() => {});
    });
    after(async () => {
      await nothingLeft(gateway);
      const stats = await gateway.envoy.stats(/streams_grpc_close|streams_grpc_error/);
      for (const [name, value] of Object.entries(stats)) if (name.includes('streams_grpc_close')) assert.equal(value, 0, name);
      await gateway.finish();
    });

    /** A CancelRequest as libpq sends it: its own connection, read until the other side closes. */
    const cancel = async () => {
      const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
      const key = Buffer.alloc(4);
      key.writeInt32BE(secretKey);
      const socket = connect(gateway.postgres.port, gateway.postgres.host);
      socket.write(encodeStartupPacket({ kind: 'cancel', process_id: processID, key }));
      socket.resume();
      await once(socket, 'close');
    };

    const approve = async (verdict: 'approve' | 'deny', body: object = {}) => {
      const headers = { authorization: `Bearer ${gateway.operatorToken}`, 'content-type': 'application/json' };
      const pending = await eventually('a hold to decide on', async () => {
        const answer = (await (await fetch(`${gateway.api}/v1/approvals?status=pending`, { headers })).json()) as {
          approvals: { operation: { hold: string } }[];
        };
        return answer.approvals[0];
      });
      const answer = await fetch(`${gateway.api}/v1/approvals/${pending.operation.hold}/${verdict}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
      });
      assert.equal(answer.status, 200, await answer.text());
    };

    describe('masks', () => {
      it('text of a simple query, alias or not', async () => {
        const { rows } = await client.query('select id, email, card_number as x, phone from customers order by id limit 1');
        assert.equal(rows[0].x, '****-****-****-1111'.replaceAll('-', ' '));
        assert.match(rows[0].email, /^a\*+@shop\.test\.org$/);
        assert.doesNotMatch(rows[0].phone, /415/);
        assert.equal(rows[0].id, 1);
      });

      it('the extended protocol, named statements executed again, and binary format', async () => {
        for (let i = 0; i < 3; i++) {
          const { rows } = await client.query({ name: 'again', text: 'select card_number from customers where id = $1', values: [1 + i] });
          assert.match(rows[0].card_number, /1111$/);
          assert.doesNotMatch(rows[0].card_number, /4111/);
        }
        const binary = await client.query({
          text: 'select card_number, note, id from customers where id = 1',
          binary: true,
        } as pg.QueryConfig);
        assert.doesNotMatch(JSON.stringify(binary.rows), /4111|5555555555554444/);
        assert.equal(binary.rows[0].id, 1);
      });

      it('json, bytea, arrays, composites and expressions', async () => {
        for (const expression of [
          'note',
          'raw',
          'array[card_number]',
          'row(1, card_number)',
          "card_number || ''",
          'to_jsonb(customers)',
          "encode(raw, 'escape')",
          'json_build_object(1, card_number)',
        ]) {
          const { rows } = await client.query(`select ${expression} as v from customers where id = 1`);
          const text = Buffer.isBuffer(rows[0].v) ? rows[0].v.toString() : JSON.stringify(rows[0].v);
          assert.doesNotMatch(text, /4111 1111 1111 1111|5555555555554444|4012888888881881/, expression);
        }
      });

      it('columns by their origin: alias, star, view, CTE, subquery, expression, whole row', async () => {
        for (const sql of [
          'select salary from employees',
          'select salary as x from employees',
          'select * from employees',
          'select e.* from employees e',
          'select amount as salary2 from pay',
          'select * from pay',
          'with c as (select salary s from employees) select s from c',
          'select s from (select salary as s from employees) q',
          'select salary + 0 as v from employees',
          'select max(salary) from employees',
          'select (select salary from employees limit 1)',
          'select salary::text from employees',
          'select employees from employees',
          'select to_jsonb(employees) from employees',
          'select string_agg(salary::text, $$,$$) from employees',
          'select salary from employees union all select 1 where false',
        ]) {
          const { rows } = await client.query(sql);
          assert.doesNotMatch(JSON.stringify(rows), /90000|80000/, sql);
          assert.ok(rows.length > 0, sql);
          const prepared = await client.query({ text: sql, values: [] });
          assert.doesNotMatch(JSON.stringify(prepared.rows), /90000|80000/, `${sql} (extended)`);
        }
      });

      it('columns of views that the same transaction makes or redefines', async () => {
        for (const sql of [
          'create view fresh as select salary as x from employees; select x from fresh',
          'create or replace view pay as select name as who, salary as amount from employees; select amount from pay',
        ]) {
          await client.query('begin');
          const results = (await client.query(sql)) as unknown as pg.QueryResult[];
          assert.doesNotMatch(JSON.stringify(results.at(-1)!.rows), /90000|80000/, sql);
          await client.query('rollback');
          const implicit = (await client.query(`${sql}; drop view if exists fresh`)) as unknown as pg.QueryResult[];
          assert.doesNotMatch(JSON.stringify(implicit[1]!.rows), /90000|80000/, sql);
        }
        await client.query('begin; create view fresh as select salary as x from employees');
        const copied: Buffer[] = [];
        for await (const chunk of client.query(copyStreams.to('copy (select x from fresh) to stdout'))) copied.push(chunk as Buffer);
        assert.equal(Buffer.concat(copied).toString(), '\\N\n\\N\n');
        await client.query('rollback');
        await client.query('begin; alter table employees rename column salary to dull');
        assert.doesNotMatch(JSON.stringify((await client.query('select dull from employees')).rows), /90000|80000/);
        await client.query('rollback');
        assert.equal((await client.query('select id from employees order by 1')).rows[0].id, 1);
      });

      it('COPY to the client as text, csv and binary', async () => {
        for (const format of ['text', 'csv', 'binary']) {
          const chunks: Buffer[] = [];
          const stream = client.query(copyStreams.to(`copy (select id, card_number, email from customers) to stdout (format ${format})`));
          for await (const chunk of stream) chunks.push(chunk as Buffer);
          const all = Buffer.concat(chunks).toString('latin1');
          assert.doesNotMatch(all, /4111 1111/, format);
          // COPY of a query does not tell its types: in binary a masked value of a type that is not known is NULL.
          if (format !== 'binary') assert.match(all, /1111/, format);
        }
        const chunks: Buffer[] = [];
        for await (const chunk of client.query(copyStreams.to('copy employees to stdout'))) chunks.push(chunk as Buffer);
        assert.equal(Buffer.concat(chunks).toString(), '1\tAda\t\\N\n2\tBob\t\\N\n');
      });

      it('error and notice texts, and notifications', async () => {
        const error = await failure(client.query("select 'x 4111111111111111'::int"));
        assert.equal(error.code, '22P02');
        assert.doesNotMatch(error.message, /4111111111111111/);
        const notices: string[] = [];
        client.on('notice', (n) => notices.push(n.message ?? ''));
        await client.query("do $$ begin raise notice 'card %', '5555555555554444'; end $$");
        assert.doesNotMatch(notices.join(), /5555555555554444/);
        const notified = new Promise<string>((done) => client.on('notification', (n) => done(n.payload ?? '')));
        await client.query('listen news');
        const other = new pg.Client(gateway.direct);
        await other.connect();
        await other.query("select pg_notify('news', 'card 4012888888881881 sold')");
        await other.end();
        assert.match(await notified, /^card .*1881 sold$/);
        assert.doesNotMatch(await notified, /4012/);
      });

      it('a cursor that is fetched in pieces, by protocol and by SQL', async () => {
        const cursor = client.query(new Cursor('select salary, card_number from employees, customers'));
        const first = await cursor.read(2);
        const second = await cursor.read(100);
        await cursor.close();
        assert.doesNotMatch(JSON.stringify([first, second]), /90000|80000|4111/);
        await client.query('begin; declare c cursor for select salary s from employees');
        const { rows } = await client.query('fetch all from c');
        assert.doesNotMatch(JSON.stringify(rows), /90000|80000/);
        await client.query('commit');
      });
    });

    describe('refuses', () => {
      for (const sql of [
        'DROP DATABASE shop',
        'dRoP/**/DATABASE shop',
        'select 1; drop database shop',
        "do $$ begin execute 'drop database shop'; end $$",
        'prepare x as select 1; drop database "shop"',
      ]) {
        it(`${sql} with an error of the protocol, and the connection lives`, async () => {
          const error = await failure(client.query(sql));
          assert.equal(error.code, '42501');
          assert.equal(error.message, 'Databases are dropped by the platform team only.');
          assert.match(error.detail, /no-dropped-databases/);
          assert.equal(error.hint, 'Ask in the platform channel.');
          assert.equal((await client.query('select 7 as x')).rows[0].x, 7);
        });
      }

      it('in a prepared statement, and keeps the transaction state the server own', async () => {
        await client.query('begin');
        await client.query("insert into plain values (77, 'a')");
        const error = await failure(client.query({ text: 'drop database shop', values: [] }));
        assert.equal(error.code, '42501');
        assert.equal((await failure(client.query('select 1'))).code, '25P02');
        await client.query('rollback');
        assert.equal((await client.query('select count(*)::int n from plain where id = 77')).rows[0].n, 0);
      });

      it('inside a savepoint, which can be rolled back to', async () => {
        await client.query('begin; savepoint a');
        assert.equal((await failure(client.query('drop database shop'))).code, '42501');
        await client.query('rollback to a');
        assert.equal((await client.query('select 3 as x')).rows[0].x, 3);
        await client.query('commit');
      });

      it('what changes the grammar under the parser', async () => {
        for (const sql of [
          'set standard_conforming_strings = off',
          "select set_config('standard_conforming_strings', 'off', false)",
          "set client_encoding = 'SJIS'",
          "select set_config('client_encoding', 'gbk', true)",
        ]) {
          assert.equal((await failure(client.query(sql))).code, '42501', sql);
        }
        const late = new pg.Client({ ...gateway.through, options: '-c standard_conforming_strings=off' });
        late.on('error', () => {});
        assert.equal((await failure(late.connect())).code, '42501');
      });
    });

    describe('holds', () => {
      it('an unbounded DELETE until a person approves; the client waits and gets its answer', async () => {
        const other = new pg.Client(gateway.direct);
        await other.connect();
        await other.query("truncate plain; insert into plain values (1, 'a'), (2, 'b')");
        const notices: string[] = [];
        client.on('notice', (n) => notices.push(n.message ?? ''));
        const waiting = client.query('delete from plain');
        await eventually('a notice', () => (notices.length > 0 ? true : undefined));
        assert.match(notices[0]!, /held for approval by dba/);
        assert.equal((await other.query('select count(*)::int n from plain')).rows[0].n, 2);
        await approve('approve', { comment: 'fine' });
        assert.equal((await waiting).rowCount, 2);
        assert.equal((await other.query('select count(*)::int n from plain')).rows[0].n, 0);
        await other.end();
      });

      it('and not at all when the policy changed meanwhile: neither the client nor the approvers read that it ran', async () => {
        const policy = readFileSync(gateway.policyFile, 'utf8');
        const waiting = failure(client.query('delete from plain'));
        const headers = { authorization: `Bearer ${gateway.operatorToken}`, 'content-type': 'application/json' };
        const list = async (status: string) =>
          ((await (await fetch(`${gateway.api}/v1/approvals?status=${status}`, { headers })).json()) as { approvals: HoldRecord[] })
            .approvals;
        const [held] = await eventually('a hold', async () => ((await list('pending')).length > 0 ? list('pending') : undefined));
        writeFileSync(gateway.policyFile, `${policy}\n# changed\n`);
        await gateway.runtime.reload();
        try {
          await approve('approve');
          const error = await waiting;
          assert.equal(error.code, '42501');
          assert.match(error.message, /the policy changed while this operation was held/);
          assert.match(String(error.hint), /Send it again/);
          const { hold } = held!.operation;
          const [record] = (await list('expired')).filter(({ operation }) => operation.hold === hold);
          assert.match(record?.reason ?? '', /the policy changed/);
          assert.equal(record?.released_ms, null);
        } finally {
          writeFileSync(gateway.policyFile, policy);
          await gateway.runtime.reload();
        }
      });

      it('and refuses when it is denied, with who and why', async () => {
        const waiting = failure(client.query({ text: 'update plain set t = $1', values: ['x'] }));
        await approve('deny', { comment: 'not today' });
        const error = await waiting;
        assert.equal(error.code, '42501');
        assert.match(error.message, /denied by operator: not today/);
        assert.equal((await client.query('select 1 as x')).rows[0].x, 1);
      });

      it('answers a cancel request with 57014, and it never runs', async () => {
        const waiting = failure(client.query('delete from customers'));
        await eventually('the hold', () =>
          [...gateway.runtime.gateway.registry.connections].some((c) => c.session.held) ? true : undefined,
        );
        await cancel();
        assert.equal((await waiting).code, '57014');
        assert.equal((await client.query('select count(*)::int n from customers')).rows[0].n, 9);
      });

      it('and never runs it after the client was killed', async () => {
        const victim = await gateway.client();
        victim.query('delete from customers').catch(() => {});
        await eventually('the hold', () =>
          [...gateway.runtime.gateway.registry.connections].some((c) => c.session.held) ? true : undefined,
        );
        (victim as unknown as { connection: { stream: { destroy(): void; resetAndDestroy(): void } } }).connection.stream.resetAndDestroy();
        await eventually('the hold ends', () =>
          [...gateway.runtime.gateway.registry.connections].some((c) => c.session.held) ? undefined : true,
        );
        assert.equal((await client.query('select count(*)::int n from customers')).rows[0].n, 9);
      });
    });

    it('takes COPY from the client, and one that fails', async () => {
      const direct = new pg.Client(gateway.direct);
      await direct.connect();
      await direct.query('truncate plain');
      await direct.end();
      await pipeline(Readable.from(['1\tone\n', '2\ttwo\n']), client.query(copyStreams.from('copy plain from stdin')));
      assert.equal((await client.query('select count(*)::int n from plain')).rows[0].n, 2);
      const error = await failure(pipeline(Readable.from(['x\tbad\n']), client.query(copyStreams.from('copy plain from stdin'))));
      assert.equal(error.code, '22P02');
      assert.equal((await client.query('select 5 as x')).rows[0].x, 5);
    });

    it('cancels a running query as the server does', async () => {
      const direct = new pg.Client(gateway.direct);
      await direct.connect();
      const { rows } = await client.query('select pg_backend_pid() as pid');
      const waiting = failure(client.query('select pg_sleep(600)'));
      // A request that comes before the query cancels nothing.
      await eventually('it sleeps', async () =>
        (await direct.query("select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", [rows[0].pid])).rowCount === 1
          ? true
          : undefined,
      );
      await cancel();
      assert.equal((await waiting).code, '57014');
      await direct.end();
    });

    it('carries 200 held operations at once and ends them when their clients go', async function () {
      this.timeout(180_000);
      const clients = await Promise.all(Array.from({ length: 200 }, () => gateway.client()));
      for (const one of clients) one.query('delete from customers').catch(() => {});
      await eventually(
        '200 holds',
        () => ([...gateway.runtime.gateway.registry.connections].filter((c) => c.session.held).length === 200 ? true : undefined),
        60_000,
      );
      assert.equal((await client.query('select 1 as x')).rows[0].x, 1);
      for (const one of clients) (one as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      await eventually(
        'no holds',
        () => ([...gateway.runtime.gateway.registry.connections].some((c) => c.session.held) ? undefined : true),
        60_000,
      );
      assert.equal((await client.query('select count(*)::int n from customers')).rows[0].n, 9);
    });

    it('opens and drops 500 connections without leaving one', async function () {
      this.timeout(180_000);
      for (let round = 0; round < 10; round++) {
        const clients = await Promise.all(Array.from({ length: 50 }, () => gateway.client()));
        await Promise.all(clients.map((one) => one.query('select 1')));
        for (const one of clients) (one as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      }
      await client.end();
      await nothingLeft(gateway);
      await noBackendLeft(gateway);
    });
  });
}
