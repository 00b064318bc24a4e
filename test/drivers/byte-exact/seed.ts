import pg from 'pg';
import { type Address, USER } from '../context.js';

export const DATABASE = 'byte_exact';
export const PASSWORD_ROLE = 'pgx_pw';

const schema = `
create table plain (id int primary key, t text, n numeric, f float8, b bytea, j jsonb, a int[], ts timestamptz, u uuid, r int4range);
insert into plain select i, case when i % 7 = 0 then null else repeat(chr(60 + i % 40), i) end, i / 3.0, i * 1.5, decode(md5(i::text), 'hex'),
  jsonb_build_object('i', i, 'card', '4111111111111111'), array[i, null, -i], timestamptz '2001-02-03 04:05:06+00' + i * interval '1 day',
  md5(i::text)::uuid, int4range(i, i + 5) from generate_series(1, 200) i;
create table scratch (id int, t text);
create table keyed (id int primary key, t text not null check (t <> 'bad'), parent int references keyed);
insert into keyed values (1, 'one', null), (2, 'two', 1);
create table nothing ();
insert into nothing default values; insert into nothing default values;
create type mood as enum ('fine', 'so-so');
create type pair as (a int, b text);
create domain even as int check (value % 2 = 0);
create view renamed as select id as number, t as "text é" from plain;
create function noisy(n int) returns int language plpgsql as $f$
begin
  for i in 1..n loop raise notice 'number %', i using detail = 'a detail', hint = 'a hint'; end loop;
  raise warning using errcode = '01234', message = 'a warning', column = 'c', constraint = 'k', datatype = 'd', table = 't', schema = 's';
  return n;
end $f$;
create function failing(state text) returns int language plpgsql as $f$
begin
  raise exception using errcode = state, message = 'it fails é', detail = 'because', hint = 'do not', column = 'c', constraint = 'k', datatype = 'd', table = 't', schema = 's';
end $f$;
create procedure commits() language plpgsql as $f$ begin for i in 1..3 loop commit; end loop; end $f$;
`;

/** Makes the database that the streams read, anew. They leave nothing behind that another would see. */
export async function seedDatabase({ host, port }: Address): Promise<void> {
  const admin = new pg.Client({ host, port, user: USER, database: USER });
  await admin.connect();
  await admin.query(`drop database if exists ${DATABASE} with (force)`);
  await admin.query(`create database ${DATABASE} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`);
  await admin.query(
    `do $$ begin create role ${PASSWORD_ROLE} login password 'secret'; exception when duplicate_object then alter role ${PASSWORD_ROLE} login password 'secret'; end $$`,
  );
  await admin.end();
  const client = new pg.Client({ host, port, user: USER, database: DATABASE });
  await client.connect();
  await client.query(schema);
  await client.end();
}
