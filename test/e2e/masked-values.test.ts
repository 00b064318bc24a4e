import assert from 'node:assert/strict';
import pg from 'pg';
import { type Catalogue, openCatalogue } from '../../extproc/stores/catalogue.js';
import type { MaskAs } from '../../filters/mask/types.js';
import { ByteSink } from '../../filters/postgres/rows/byte-sink.js';
import { Cell, NULLED, WRITTEN } from '../../filters/postgres/rows/cell.js';
import { Finder } from '../../filters/postgres/rows/finder.js';
import { buildMaskSet, type MaskSet } from '../../filters/postgres/rows/plan.js';
import { ValueMaskers } from '../../filters/postgres/rows/types.js';
import { coverOf } from '../../filters/postgres/rows/values/value.js';
import { sharedPostgres } from '../support/postgres.js';

const SCHEMA = 'masked_values_test';
const key = Buffer.alloc(32, 7);

const definitions = `
drop schema if exists ${SCHEMA} cascade;
create schema ${SCHEMA};
create type ${SCHEMA}.mood as enum ('sad', 'fine');
create domain ${SCHEMA}.address as text;
create domain ${SCHEMA}.number as numeric;
create type ${SCHEMA}.pair as (a int, b ${SCHEMA}.address, c text[], d timestamp, e json);
create type ${SCHEMA}.span as range (subtype = text);
create extension if not exists hstore schema ${SCHEMA};
create extension if not exists citext schema ${SCHEMA};
`;

/** Values with something to find. `words` must not be in the masked value, in whatever way it is written. */
const found: { type: string; sql: string; words?: string[]; name?: string }[] = [
  { type: 'text', sql: `'write to jane.doe@example.com, or "4111 1111 1111 1111"'` },
  { type: 'varchar', sql: `'jane.doe@example.com'` },
  { type: 'character(40)', sql: `'jane.doe@example.com'` },
  { type: 'name', sql: `'jane.doe@example.com'` },
  { type: 'xml', sql: `'<a b="jane.doe@example.com">4111111111111111</a>'` },
  {
    type: 'json',
    sql: `'{"a": "jane.doe@example.com", "n": 4111111111111111, "e": "\\u0034111111111111111", "l": [1, "jane.doe@example.com", null]}'`,
  },
  {
    type: 'jsonb',
    sql: `'{"a\\"b": "x\\n\\"jane.doe@example.com", "n": 4111111111111111, "jane.doe@example.com": {"card": "4111 1111 1111 1111"}}'`,
  },
  { type: 'jsonb', sql: `'"jane.doe@example.com"'` },
  { type: 'jsonb', sql: `'4111111111111111'` },
  { type: 'jsonb', sql: `'{"password": "tr0ub4dor&3", "ok": true}'`, words: ['tr0ub4dor'] },
  { type: 'bigint', sql: '4111111111111111' },
  { type: 'numeric', sql: '4111111111111111' },
  { type: 'numeric', sql: '4111111111111111.00' },
  { type: 'float8', sql: '4111111111111111', words: ['4.1111', '4111'] },
  { type: 'float8', sql: '-378282246310005', words: ['3.782', '3782'] },
  { type: 'float8[]', sql: 'array[1.5, 4111111111111111, null]', words: ['4.1111', '4111'] },
  { type: 'bytea', sql: `convert_to('jane.doe@example.com', 'UTF8')` },
  { type: 'bytea', sql: `convert_to('jane.doe@example.com', 'UTF8') || '\\xff00fe'::bytea` },
  { type: 'inet', sql: `'203.0.113.9'`, words: ['203.0.113.9'] },
  { type: 'inet', sql: `'2001:db8::8a2e:370:7334'`, words: ['8a2e:370:7334'] },
  { type: 'cidr', sql: `'203.0.113.9/32'`, words: ['203.0.113.9'] },
  { type: 'macaddr', sql: `'3c:22:fb:12:9a:7e'`, words: ['12:9a:7e'] },
  { type: 'text[]', sql: `array['plain', 'jane.doe@example.com', null, 'a "quoted" \\ 4111 1111 1111 1111', '']` },
  { type: 'text[]', sql: `array[array['jane.doe@example.com', 'b'], array['c', '{d}']]` },
  { type: 'text[]', sql: `'[3:4]={jane.doe@example.com,b}'` },
  { type: 'bigint[]', sql: 'array[1, 4111111111111111, null]' },
  { type: 'numeric[]', sql: 'array[1, 4111111111111111.5]' },
  { type: 'jsonb[]', sql: `array['{"a": "jane.doe@example.com"}'::jsonb]` },
  { type: 'bytea[]', sql: `array[convert_to('jane.doe@example.com', 'UTF8')]` },
  {
    type: `${SCHEMA}.pair`,
    sql: `row(1, 'jane.doe@example.com, "x"', array['4111111111111111', 'b'], null, '{"e": "jane.doe@example.com"}')`,
  },
  { type: `${SCHEMA}.pair[]`, sql: `array[row(1, 'jane.doe@example.com', null, null, null)::${SCHEMA}.pair, null]` },
  { type: `${SCHEMA}.address`, sql: `'jane.doe@example.com'` },
  { type: `${SCHEMA}.address[]`, sql: `array['jane.doe@example.com']` },
  { type: `${SCHEMA}.citext`, sql: `'Jane.Doe@example.com'`, words: ['Jane.Doe'] },
  { type: `${SCHEMA}.hstore`, sql: `hstore_from()` },
  { type: 'int8range', sql: `'[4111111111111111,4111111111111119)'` },
  { type: 'numrange', sql: `'[4111111111111111,4111111111111119)'` },
  { type: `${SCHEMA}.span`, sql: `'[jane.doe@example.com,z)'` },
  { type: 'int8multirange', sql: `'{[4111111111111111,4111111111111119)}'` },
  { type: 'date', sql: `'1984-03-17'`, name: 'date_of_birth', words: ['1984'] },
  { type: 'timestamp', sql: `'1984-03-17 10:00:00'`, name: 'dob', words: ['1984'] },
  { type: 'int4', sql: '536904399', name: 'ssn', words: ['536904399'] },
  { type: 'tsvector', sql: `to_tsvector('simple', 'jane.doe@example.com')` },
  { type: 'jsonpath', sql: `'$.a ? (@ == "jane.doe@example.com")'` },
];

/** Values that a column rule covers; their text is what must not come out. */
const covered: { type: string; sql: string }[] = [
  ...found,
  { type: 'int2', sql: '12345' },
  { type: 'int4', sql: '-123456789' },
  { type: 'oid', sql: '123456789' },
  { type: 'numeric', sql: `'-12345.678'` },
  { type: 'numeric', sql: `'NaN'` },
  { type: 'numeric', sql: '0.000012345' },
  { type: 'float4', sql: '12345.5' },
  { type: 'float8', sql: '12345.678' },
  { type: 'money', sql: '12345.67' },
  { type: 'bool', sql: 'true' },
  { type: 'timestamptz', sql: `'1984-03-17 10:00:00.123+02'` },
  { type: 'date', sql: `'infinity'` },
  { type: 'date', sql: `'0044-03-15 BC'` },
  { type: 'time', sql: `'10:11:12'` },
  { type: 'timetz', sql: `'10:11:12+02'` },
  { type: 'interval', sql: `'3 days 04:05:06'` },
  { type: 'uuid', sql: `'c56a4180-65aa-42ec-a945-5fd21dec0538'` },
  { type: 'macaddr8', sql: `'3c:22:fb:12:9a:7e:01:02'` },
  { type: 'bit(12)', sql: `'101100111000'` },
  { type: 'varbit', sql: `'1011001'` },
  { type: `${SCHEMA}.mood`, sql: `'sad'` },
  { type: `${SCHEMA}.number`, sql: `12345` },
  { type: 'int4[]', sql: 'array[array[12345], array[null]]' },
  { type: 'timestamptz[]', sql: `array['1984-03-17 10:00:00+02'::timestamptz]` },
  { type: 'uuid[]', sql: `array['c56a4180-65aa-42ec-a945-5fd21dec0538'::uuid]` },
  { type: 'bool[]', sql: 'array[true, null]' },
  { type: `${SCHEMA}.mood[]`, sql: `array['sad', 'fine']::${SCHEMA}.mood[]` },
  { type: 'int4range', sql: `'[12345,12349)'` },
  { type: 'daterange', sql: `'[1984-03-17,1985-01-01)'` },
  { type: 'datemultirange', sql: `'{[1984-03-17,1985-01-01)}'` },
  { type: 'point', sql: `'(12345,2)'` },
  { type: 'pg_lsn', sql: `'16/B374D848'` },
  { type: 'text', sql: `''` },
  { type: 'text[]', sql: `'{}'` },
];

/** Bytes that give the searched words away, plain or as hex. */
function secretsIn(masked: Buffer, words: readonly string[]): string[] {
  const hex = masked.toString('hex');
  const text = masked.toString('latin1');
  return words.filter(
    (word) => text.includes(word) || hex.includes(Buffer.from(word).toString('hex')) || text.includes(Buffer.from(word).toString('hex')),
  );
}

describe('masked values, read back by a real server', () => {
  let client: pg.Client;
  let catalogue: Catalogue;
  let database: string;
  const sends = new Map<string, { oid: number; send: string }>();

  before(async function () {
    this.timeout(60_000);
    const { url } = await sharedPostgres();
    client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (value: unknown) => value } as never });
    await client.connect();
    await client.query(definitions);
    await client.query(`create function ${SCHEMA}.hstore_from() returns ${SCHEMA}.hstore language sql
      as $$ select '"mail"=>"jane.doe@example.com", "a\\"b"=>"x \\\\ 4111111111111111", "n"=>NULL, "jane.doe@example.com"=>"1"'::${SCHEMA}.hstore $$`);
    await client.query(`set search_path = ${SCHEMA}, public, pg_catalog`);
    database = (await client.query('select current_database() as name')).rows[0].name;
    catalogue = openCatalogue({ url });
  });

  after(async () => {
    await catalogue?.close();
    await client?.query(`drop schema if exists ${SCHEMA} cascade`);
    await client?.end();
  });

  async function typeOf(type: string): Promise<{ oid: number; send: string }> {
    const known = sends.get(type);
    if (known !== undefined) return known;
    const { rows } = await client.query('select oid, typsend::regproc::text as send from pg_type where oid = to_regtype($1)::oid', [type]);
    // pg_type knows no length; for composites and domains the send function is a general one.
    const found = { oid: Number(rows[0].oid), send: rows[0].send };
    const wanted = { relations: [], names: [], functions: [], patterns: [], invalidate: false, types: [found.oid] };
    if (found.oid >= 16384) await catalogue.load(database, wanted);
    sends.set(type, found);
    return found;
  }

  async function sentValue(type: string, sql: string, format: 0 | 1): Promise<Buffer> {
    const { send } = await typeOf(type);
    const expression = format === 0 ? `format('%s', (${sql})::${type})` : `${send}((${sql})::${type})`;
    const { rows } = await client.query({ text: `select ${expression} as v`, rowMode: 'array' });
    const value = rows[0]![0] as string;
    return format === 0 ? Buffer.from(value, 'utf8') : Buffer.from(value.slice(2), 'hex');
  }

  /** The text that the server reads in the masked value. Rejects when it takes it for invalid. */
  async function readBack(type: string, value: Buffer, format: 0 | 1): Promise<string> {
    const { rows } = await client.query({
      text: `select format('%s', $1::${type}) as v`,
      values: [format === 0 ? value.toString('utf8') : value],
      rowMode: 'array',
    });
    return rows[0]![0];
  }

  async function masked(
    masks: MaskSet,
    type: string,
    name: string,
    value: Buffer,
    format: 0 | 1,
    way: 'detect' | 'cover',
  ): Promise<Buffer | 'null' | 'kept'> {
    const maskers = new ValueMaskers(catalogue.view(database));
    const { oid } = await typeOf(type);
    const cell = new Cell(new Finder(masks), name, way === 'cover' ? masks.columnRules[0] : undefined);
    const out = new ByteSink();
    // Other bytes around the value: what is read beyond its ends is then found out.
    const framed = Buffer.concat([Buffer.from('"{9'), value, Buffer.from('9}"\\')]);
    const values = maskers.of(oid, format);
    const outcome =
      way === 'cover'
        ? values.cover(cell, coverOf(cell), framed, 3, 3 + value.length, out)
        : values.detect(cell, framed, 3, 3 + value.length, out);
    if (outcome === NULLED) return 'null';
    return outcome === WRITTEN ? out.take() : 'kept';
  }

  for (const as of ['redact', 'partial', 'hash', 'token', 'fixed', 'null'] as MaskAs[]) {
    const value = as === 'fixed' ? { value: 'hidden' } : {};
    const masks = buildMaskSet(
      [
        { name: 'found', detect: ['all'], columns: [], as, ...value },
        { name: 'column', detect: [], columns: ['*.*.*'], as, ...value },
      ],
      { key },
    );
    for (const format of [0, 1] as const) {
      it(`${as} of what detectors find, in ${format === 0 ? 'text' : 'binary'}`, async function () {
        this.timeout(20_000);
        const wrong: string[] = [];
        for (const { type, sql, words, name } of found) {
          const value = await sentValue(type, sql, format);
          const out = await masked(masks, type, name ?? 'c', value, format, 'detect');
          const left =
            out === 'kept'
              ? ['everything']
              : out === 'null'
                ? []
                : secretsIn(out, words ?? ['jane.doe', '4111111111111111', '4111 1111 1111 1111']);
          if (left.length > 0) wrong.push(`${type} ${sql}: ${left} left in ${out.toString('latin1')}`);
          if (typeof out === 'object')
            await readBack(type, out, format).catch((error: Error) =>
              wrong.push(`${type} ${sql}: ${error.message}: ${JSON.stringify(out.toString('latin1'))}`),
            );
        }
        assert.deepEqual(wrong, []);
      });

      it(`${as} of what a column rule covers, in ${format === 0 ? 'text' : 'binary'}`, async function () {
        this.timeout(20_000);
        const wrong: string[] = [];
        for (const { type, sql } of covered) {
          const value = await sentValue(type, sql, format);
          const out = await masked(masks, type, 'c', value, format, 'cover');
          if (out === 'kept') wrong.push(`${type} ${sql}: kept`);
          if (typeof out === 'object') {
            const left = secretsIn(out, ['jane.doe', '4111111111111111', '1234', '1984', 'c56a4180', '9a7e', '9a:7e']);
            if (left.length > 0) wrong.push(`${type} ${sql}: ${left} left in ${out.toString('latin1')}`);
            await readBack(type, out, format).catch((error: Error) =>
              wrong.push(`${type} ${sql}: ${error.message}: ${JSON.stringify(out.toString('latin1'))}`),
            );
          }
          if (as === 'null' && out !== 'null' && value.length > 2) wrong.push(`${type} ${sql}: not NULL`);
        }
        assert.deepEqual(wrong, []);
      });
    }
  }
});
