import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type pg from 'pg';
import copyStreams from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { type Case, failureOf } from './case.js';

const { from: copyFrom, to: copyTo } = copyStreams;
// Its types do not know it yet.
const { both: copyBoth } = copyStreams as unknown as { both: (sql: string) => pg.Submittable };

/** Counts and hashes what is written into it. */
function sink(): { stream: Writable; result: () => { bytes: number; sha256: string } } {
  const hash = createHash('sha256');
  let bytes = 0;
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done();
    },
  });
  return { stream, result: () => ({ bytes, sha256: hash.digest('hex') }) };
}

async function copyOut(client: pg.Client, sql: string): Promise<{ bytes: number; sha256: string }> {
  const { stream, result } = sink();
  await pipeline(client.query(copyTo(sql)), stream);
  return result();
}

const lines = (count: number) =>
  Readable.from(
    (function* () {
      for (let i = 0; i < count; i++) yield `${i}\tline ${i} \\t é \\\\ ${'x'.repeat(i % 100)}\n`;
    })(),
  );

/** Cursors, query streams, COPY, notifications, large objects. */
export const streams: Case[] = [
  {
    name: 'a cursor, read in pieces and closed early',
    run: async (at) => {
      const client = await at.client();
      const cursor = client.query(new Cursor('select i, md5(i::text) as m from generate_series(1, $1::int) i', [1000]));
      const first = await cursor.read(7);
      const second = await cursor.read(500);
      await cursor.close();
      assert.equal((await client.query('select 5 as n')).rows[0].n, 5);
      return [first, second];
    },
  },
  {
    name: 'cursors to their end, and one that fails midway',
    run: async (at) => {
      const client = await at.client();
      const cursor = client.query(new Cursor('select generate_series(1, 20)'));
      const sizes = [];
      for (let rows = await cursor.read(6); rows.length > 0; rows = await cursor.read(6)) sizes.push(rows.length);
      await cursor.close();
      const failing = client.query(new Cursor('select 1 / (5 - i) from generate_series(1, 20) i'));
      await failing.read(4);
      const failure = await failureOf(failing.read(4));
      return [sizes, failure, (await client.query('select 1 as one')).rows];
    },
  },
  {
    name: 'a query stream of 50,000 rows',
    run: async (at) => {
      const client = await at.client();
      const hash = createHash('sha256');
      let rows = 0;
      for await (const row of client.query(
        new QueryStream('select i, repeat(md5(i::text), 4) as m from generate_series(1, 50000) i', [], { batchSize: 333 }),
      )) {
        hash.update(JSON.stringify(row));
        rows++;
      }
      return { rows, sha256: hash.digest('hex') };
    },
  },
  {
    name: 'a query stream that is left before its end',
    run: async (at) => {
      const client = await at.client();
      const stream = client.query(new QueryStream('select generate_series(1, 100000) as i', [], { batchSize: 10 }));
      for await (const row of stream) if (row.i === 25) break;
      return (await client.query('select 1 as one')).rows;
    },
  },
  {
    name: 'COPY in and out: text, CSV, binary',
    run: async (at) => {
      const client = await at.client();
      await client.query('create temp table t (a int, b text)');
      await pipeline(lines(50_000), client.query(copyFrom('copy t from stdin')));
      assert.equal((await client.query('select count(*)::int as n from t')).rows[0].n, 50_000);
      const outs = [];
      for (const format of ['text', 'csv', 'binary']) outs.push(await copyOut(client, `copy t to stdout (format ${format})`));
      const binary: Buffer[] = [];
      await pipeline(
        client.query(copyTo('copy t to stdout (format binary)')),
        new Writable({
          write: (chunk: Buffer, _e, done) => {
            binary.push(chunk);
            done();
          },
        }),
      );
      await client.query('create temp table u (like t)');
      await pipeline(Readable.from(binary), client.query(copyFrom('copy u from stdin (format binary)')));
      assert.equal((await client.query('select count(*)::int as n from (table t except table u) x')).rows[0].n, 0);
      return outs;
    },
  },
  {
    name: 'COPY in that the server refuses, and that the client breaks off',
    run: async (at) => {
      const client = await at.client();
      await client.query('create temp table t (a int)');
      const refused = await failureOf(pipeline(Readable.from(['1\n', 'x\n', '3\n']), client.query(copyFrom('copy t from stdin'))));
      const broken = client.query(copyFrom('copy t from stdin'));
      const ended = new Promise((resolve) => broken.once('error', resolve));
      broken.write('1\n');
      broken.destroy(new Error('changed my mind'));
      await ended;
      return [refused, (await client.query('select count(*)::int as n from t')).rows];
    },
  },
  {
    name: 'COPY out that fails midway',
    run: async (at) => {
      const client = await at.client();
      const { stream } = sink();
      const failure = await failureOf(
        pipeline(client.query(copyTo('copy (select 1 / (500 - i) from generate_series(1, 1000) i) to stdout')), stream),
      );
      return [failure, (await client.query('select 1 as one')).rows];
    },
  },
  {
    name: 'LISTEN and NOTIFY between connections',
    run: async (at) => {
      const listener = await at.client();
      const notifier = await at.client();
      const heard: [string, string | undefined][] = [];
      const all = new Promise<void>((resolve) =>
        listener.on('notification', ({ channel, payload }) => heard.push([channel, payload]) === 52 && resolve()),
      );
      await listener.query('listen news; listen "other é"');
      for (let i = 0; i < 50; i++) await notifier.query('select pg_notify($1, $2)', ['news', `number ${i}`]);
      await notifier.query(`begin; notify "other é", 'x'; notify news; commit`);
      await all;
      return heard;
    },
  },
  {
    name: 'notifications while another query runs',
    run: async (at) => {
      const listener = await at.client();
      const notifier = await at.client();
      const heard = new Promise((resolve) => listener.on('notification', ({ payload }) => resolve(payload)));
      await listener.query('listen slow');
      const running = listener.query('select pg_sleep(0.2), 1 as one');
      await notifier.query("notify slow, 'while it sleeps'");
      const { rows } = await running;
      assert.equal(rows[0].one, 1);
      return heard;
    },
  },
  {
    name: 'large objects by SQL',
    run: async (at) => {
      const client = await at.client();
      const bytes = Buffer.alloc(3_000_000, Buffer.from([0, 255, 92, 10, 39]));
      await client.query('begin');
      const { rows } = await client.query('select lo_from_bytea(0, $1) as oid', [bytes]);
      const oid = rows[0].oid as number;
      const { rows: got } = await client.query('select lo_get($1) as whole, lo_get($1, 5, 10) as part', [oid]);
      assert.ok(bytes.equals(got[0].whole));
      const opened = await client.query('select lo_open($1, 393216) as fd', [oid]);
      await client.query('select lowrite($1, $2)', [opened.rows[0].fd, Buffer.from('new')]);
      const { rows: after } = await client.query('select lo_get($1, 0, 6) as v', [oid]);
      await client.query('select lo_unlink($1)', [oid]);
      await client.query('rollback');
      return [got[0].part, after];
    },
  },
  {
    name: 'COPY both of the replication protocol',
    run: async (at) => {
      const slot = `slot_${at.address.port}`;
      const admin = await at.client();
      await admin.query("select pg_create_logical_replication_slot($1, 'test_decoding')", [slot]);
      try {
        await admin.query('create table if not exists replicated (a int); insert into replicated values (42)');
        const client = await at.client({ replication: 'database' } as pg.ClientConfig);
        const stream = client.query(copyBoth(`START_REPLICATION SLOT ${slot} LOGICAL 0/0`)) as unknown as NodeJS.ReadableStream & {
          destroy(): void;
        };
        const seen = new Promise<string>((resolve, reject) => {
          stream.on('error', reject);
          stream.on('data', (chunk: Buffer) => chunk.includes('table public.replicated: INSERT: a[integer]:42') && resolve('seen'));
        });
        assert.equal(await seen, 'seen');
        await admin.query('select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1', [slot]);
        stream.on('error', () => undefined);
      } finally {
        while ((await admin.query('select 1 from pg_replication_slots where slot_name = $1 and active', [slot])).rowCount);
        await admin.query('select pg_drop_replication_slot($1)', [slot]);
        await admin.query('drop table if exists replicated');
      }
    },
  },
];
