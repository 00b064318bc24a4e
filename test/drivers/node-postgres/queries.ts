import assert from 'node:assert/strict';
import pg from 'pg';
import type { Case } from './case.js';

const everyType = `select 7::int2 a, 7::int4 b, 9007199254740993::int8 c, 1.5::float4 d, 'NaN'::float8 e, 12345678901234567890.123::numeric f, true g, 'é\\n'::text h, 'x'::char(4) i,
  '\\x00ff5c'::bytea j, '{"a":[1,null]}'::json k, '{"a":[1,null]}'::jsonb l, '{1,NULL,3}'::int[] m, '{"a b",NULL,"c\\"d"}'::text[] n, date '2001-02-03' o, timestamptz '2001-02-03 04:05:06.789+00' p,
  interval '1 day 2 hours' q, '0b2d5d0e-0000-4000-8000-000000000001'::uuid r, '10.0.0.0/8'::cidr s, '(1,2)'::point t, null::text u, '[1,5)'::int4range v, row(1,'x') w, '<a/>'::xml x`;

/** Statements, parameters, formats, pools. */
export const queries: Case[] = [
  { name: 'every type as text', run: async (at) => (await (await at.client()).query(everyType)).rows },
  {
    name: 'the same types in binary',
    run: async (at) =>
      (
        await (
          await at.client()
        ).query({
          text: everyType.replace(/, row\(1,'x'\) w/, ''),
          binary: true,
          types: { getTypeParser: () => (value: unknown) => (Buffer.isBuffer(value) ? value.toString('hex') : value) },
        } as pg.QueryConfig)
      ).rows,
  },
  {
    name: 'parameters of every kind',
    run: async (at) => {
      const client = await at.client();
      const { rows } = await client.query(
        'select $1::int a, $2::text b, $3::bytea c, $4::jsonb d, $5::int[] e, $6::timestamptz f, $7::text g, $8::bool h',
        [7, "é'\\\n", Buffer.from([0, 255, 92]), { a: ['x'] }, [1, null, 3], new Date(0), null, false],
      );
      assert.deepEqual(rows[0].e, [1, null, 3]);
      assert.deepEqual(rows[0].c, Buffer.from([0, 255, 92]));
      return rows;
    },
  },
  {
    name: 'named statements, many times and beside each other',
    run: async (at) => {
      const client = await at.client();
      for (let i = 0; i < 100; i++) {
        const { rows } = await client.query({ name: `s${i % 7}`, text: `select $1::int + ${i % 7} as n`, values: [i] });
        assert.equal(rows[0].n, i + (i % 7));
      }
      return (await client.query('select name, statement from pg_prepared_statements order by name')).rows;
    },
  },
  {
    name: 'a pool of 20 and 1,000 queries',
    run: async (at) => {
      const pool = new pg.Pool({ ...at.settings(), max: 20 });
      try {
        const answers = await Promise.all(
          Array.from({ length: 1000 }, (_, i) => pool.query('select $1::int as i, pg_backend_pid() as pid', [i])),
        );
        assert.deepEqual(
          answers.map(({ rows }) => rows[0].i),
          Array.from({ length: 1000 }, (_, i) => i),
        );
        assert.ok(new Set(answers.map(({ rows }) => rows[0].pid)).size > 1);
      } finally {
        await pool.end();
      }
    },
  },
  {
    name: 'a pool replaces connections that were terminated',
    run: async (at) => {
      const pool = new pg.Pool({ ...at.settings(), max: 2 });
      pool.on('error', () => undefined);
      try {
        const client = await pool.connect();
        client.on('error', () => undefined);
        const failure = await client.query('select pg_terminate_backend(pg_backend_pid())').catch((error: { code: string }) => error);
        assert.equal((failure as { code: string }).code, '57P01');
        client.release(true);
        assert.equal((await pool.query('select 1 as one')).rows[0].one, 1);
      } finally {
        await pool.end();
      }
    },
  },
  {
    name: 'queries queued behind each other, one of them failing',
    run: async (at) => {
      const client = await at.client();
      const settled = await Promise.allSettled(['select 1 as n', 'select 1/0', 'select 3 as n'].map((sql) => client.query(sql)));
      assert.deepEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled'],
      );
    },
  },
  {
    name: 'several statements in one query',
    run: async (at) => {
      const results = (await (
        await at.client()
      ).query(
        'select 1 as a; create temp table t (a int); insert into t values (1), (2); select * from t; select from t',
      )) as unknown as pg.QueryResult[];
      assert.deepEqual(
        results.map(({ command, rowCount }) => [command, rowCount]),
        [
          ['SELECT', 1],
          ['CREATE', null],
          ['INSERT', 2],
          ['SELECT', 2],
          ['SELECT', 2],
        ],
      );
      return results.map(({ rows }) => rows);
    },
  },
  {
    name: '1,600 columns, text and prepared',
    run: async (at) => {
      const client = await at.client();
      const text = `select ${Array.from({ length: 1600 }, (_, i) => `${i} as c${i}`).join(', ')}`;
      const { rows } = await client.query(text);
      assert.equal(Object.keys(rows[0]).length, 1600);
      assert.deepEqual((await client.query({ name: 'wide', text })).rows, rows);
      return rows;
    },
  },
  {
    name: 'arrays instead of objects, and columns of the same name',
    run: async (at) => {
      const { rows, fields } = await (await at.client()).query({
        text: 'select 1 as a, 2 as a, 3 as "b é" from generate_series(1, 3)',
        rowMode: 'array',
      });
      return {
        rows,
        fields: fields.map(({ name, dataTypeID, dataTypeSize, dataTypeModifier }) => ({
          name,
          dataTypeID,
          dataTypeSize,
          dataTypeModifier,
        })),
      };
    },
  },
  {
    name: 'nothing: an empty query, a comment',
    run: async (at) => {
      const client = await at.client();
      return [(await client.query('')).rows, (await client.query('-- x')).rows, (await client.query({ text: '', values: [] })).rows];
    },
  },
  {
    name: 'a value of 64 MB there and back',
    run: async (at) => {
      const value = 'abcdefgé'.repeat(7_000_000);
      const { rows } = await (await at.client()).query('select $1::text as v, md5($1::text) as sum', [value]);
      assert.ok(rows[0].v === value);
      return rows[0].sum;
    },
  },
  {
    name: '100,000 rows',
    run: async (at) => {
      const { rows } = await (await at.client()).query('select i, md5(i::text) as m from generate_series(1, 100000) i');
      assert.equal(rows.length, 100_000);
      assert.ok(rows.every((row, i) => row.i === i + 1));
      return rows[99_999];
    },
  },
  {
    name: 'a query that is cancelled by another connection',
    run: async (at) => {
      const client = await at.client();
      const other = await at.client();
      const { rows } = await client.query('select pg_backend_pid() as pid');
      const failed = client.query('select pg_sleep(60)').catch((error: { code: string }) => error.code);
      while ((await other.query("select 1 from pg_stat_activity where pid = $1 and state = 'active'", [rows[0].pid])).rowCount === 0);
      await other.query('select pg_cancel_backend($1)', [rows[0].pid]);
      assert.equal(await failed, '57014');
      assert.equal((await client.query('select 1 as one')).rows[0].one, 1);
    },
  },
  {
    name: 'a CancelRequest of the protocol',
    run: async (at) => {
      const client = (await at.client()) as pg.Client & { processID: number; secretKey: number };
      const other = await at.client();
      const failed = client.query('select pg_sleep(60)').catch((error: { code: string }) => error.code);
      while (
        (
          await other.query("select 1 from pg_stat_activity where pid = $1 and state = 'active' and wait_event = 'PgSleep'", [
            client.processID,
          ])
        ).rowCount === 0
      );
      const { Connection } = pg as unknown as {
        Connection: new (
          config: object,
        ) => {
          connect(port: number, host: string): void;
          on(event: string, run: () => void): void;
          cancel(pid: number, key: number): void;
        };
      };
      const connection = new Connection({});
      connection.on('connect', () => connection.cancel(client.processID, client.secretKey));
      connection.on('error', () => undefined);
      connection.connect(at.address.port, at.address.host);
      assert.equal(await failed, '57014');
    },
  },
];
