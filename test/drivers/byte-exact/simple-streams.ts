import type { Stream } from './converse.js';
import * as m from './messages.js';
import { atOnce, sent, session, simple } from './streams.js';

const columns1600 = Array.from({ length: 1600 }, (_, i) => `${i} as c${i}`).join(', ');
const copyOut = ['copy plain to stdout', 'copy plain to stdout (format csv, header, force_quote *)', 'copy plain to stdout (format binary)', 'copy (select id, t from plain where id < 5) to stdout (delimiter E\'|\', null \'nil\')', 'copy nothing to stdout', 'copy no_such_table to stdout'];

/** The simple protocol: results, several statements, errors, notices, cursors, settings, COPY. */
export const simpleStreams: Stream[] = [
  simple('rows of many types', 'select * from plain order by id'),
  simple('types of their own', "select 'fine'::mood, row(1, 'x')::pair, 4::even, array['fine']::mood[], '{\"a\": null}'::json, '<a/>'::xml, point(1,2), '10.0.0.1'::inet, b'101', interval '1 day', 1::money"),
  simple('a view with other names', 'select number as n, "text é" from renamed limit 3'),
  simple('nothing at all', '', ';', ' ;; ', '-- only a comment', '/* and another */;'),
  simple('no columns', 'select', 'select from generate_series(1, 3)', 'select * from nothing'),
  simple('several statements', 'select 1; select 2, 3; select from nothing', 'begin; select 1; commit', 'select 1; select 1/0; select 2', 'select 1; selec 2'),
  simple('transactions', 'begin', 'select 1', 'select 1/0', 'select 2', 'rollback', 'begin; savepoint a; select 1/0', 'rollback to a', 'select 3', 'commit', 'commit', 'rollback'),
  simple('errors', "select 'x'::int", 'select nope', 'select * from no_such_table', 'selec', 'select (', "insert into keyed values (1, 'x')", "insert into keyed values (9, 'bad')", "insert into keyed values (9, null)", "insert into keyed values (9, 'x', 77)", 'select 3::even', "select 'sad'::mood", 'drop table plain', 'select 1::no_such_type', "select '{'::json", 'alter table plain add column id int', 'vacuum nothing; vacuum nothing', 'select pg_sleep(null, 1)'),
  simple('errors of code', "select failing('22012')", "select failing('P0001')", "select failing('57014')", "do $$ begin perform 1/0; end $$", "do $$ begin execute 'selec'; end $$", "set plpgsql.variable_conflict = nonsense"),
  simple('notices', 'select noisy(3)', 'drop table if exists no_such_table', 'set client_min_messages = error; select noisy(2)', "set client_min_messages = debug5; select 1", 'set client_min_messages = log; do $$ begin raise log \'l\'; raise info \'i\'; raise debug \'d\'; end $$', 'begin; begin; commit'),
  simple('bytes that are no text', Buffer.from("select 'a\xff'", 'latin1'), "select chr(0)", 'select 1'),
  simple('cursors', 'begin; declare c scroll cursor with hold for select * from plain order by id', 'fetch 3 from c', 'fetch all from c', 'fetch backward 2 from c', 'move first in c', 'fetch 0 from c', 'commit', 'fetch next from c', 'close c', 'fetch c', 'begin; declare b binary cursor for select id, t, n from plain order by id', 'fetch 5 from b; close b; commit'),
  simple('SQL-level prepared statements', 'prepare p (int) as select id, t from plain where id = $1', 'execute p(3); execute p(7)', "execute p('x')", 'deallocate p', 'execute p(1)', 'prepare q as select 1; prepare q as select 2', 'deallocate all'),
  simple('settings', "set datestyle = 'SQL, DMY'", "set client_encoding = 'LATIN1'; select 'é'", "set client_encoding = 'UTF8'", "set application_name = 'x y'; set timezone = 'UTC'; set intervalstyle = iso_8601", 'begin; set standard_conforming_strings = off; rollback', 'set local timezone = 0', 'show all', 'reset all', 'discard all', "set session authorization pgx_pw; select current_user; reset session authorization", 'set role nobody_here'),
  simple('writes', "begin; insert into scratch select i, 'x' from generate_series(1, 1000) i returning id; update scratch set t = 'y' where id % 2 = 0; delete from scratch where id < 10 returning *; rollback", 'begin; truncate scratch; create table t2 (a int); drop table t2; rollback', "begin; merge into scratch s using keyed k on s.id = k.id when not matched then insert values (k.id, k.t); rollback"),
  simple('plans', 'explain (costs off) select * from plain where id = 1', 'explain (costs off, format json) select 1', 'explain (costs off, verbose) update scratch set t = null'),
  simple('procedures', 'call commits()', 'begin; call commits()', 'rollback', 'do $$ begin null; end $$'),
  simple('notifications to itself', 'listen news; listen more', "notify news, 'é'; notify more; notify news", "begin; notify news, 'late'", 'commit', "select pg_notify('news', repeat('x', 7999))", "select pg_notify('news', repeat('x', 8000))", 'unlisten *; notify news'),
  simple('1,600 columns', `select ${columns1600}`, `select ${columns1600}, 1`),
  simple('10,000 rows and 5 MB in one value', 'select i, md5(i::text) from generate_series(1, 10000) i', "select repeat('é', 2500000)", 'select 1'),
  simple('a query of 3 MB', `select length('${'x'.repeat(3_000_000)}')`),
  simple('many statements in one query', 'select 1;'.repeat(2000)),
  simple('COPY out', ...copyOut, 'copy plain (id) to stdout; select 1; copy keyed to stdout'),
  session('COPY in', { send: m.query('begin; copy scratch from stdin'), until: { type: 'G' } }, sent(1, m.copyData('1\tone\n2\ttw'), m.copyData('o\n3\t\\N\n'), m.copyDone), sent(1, m.query('select * from scratch order by id; rollback'))),
  session('COPY in, csv and more statements', { send: m.query('begin; copy scratch from stdin (format csv, header); select count(*) from scratch; rollback'), until: { type: 'G' } }, sent(1, m.copyData('id,t\n1,"a\nb"\n'), m.copyDone)),
  session('COPY in that is broken off', { send: m.query('copy scratch from stdin'), until: { type: 'G' } }, sent(1, m.copyData('1\tx\n'), m.copyFail('changed my mind é')), sent(1, m.query('select 1'))),
  session('COPY in of wrong data', { send: m.query('copy scratch from stdin'), until: { type: 'G' } }, sent(1, m.copyData('x\ty\n'), m.copyData('1\tz\n'), m.copyDone), sent(1, m.query('select 1'))),
  session('COPY in of too few columns', { send: m.query('copy keyed from stdin'), until: { type: 'G' } }, sent(1, m.copyData('1\n'), m.copyDone), sent(1, m.query('select 1'))),
  session('COPY in with Flush and Sync between', { send: m.query('begin; copy scratch from stdin'), until: { type: 'G' } }, sent(1, m.copyData('1\tx\n'), m.flush, m.sync, m.copyDone), sent(1, m.query('rollback'))),
  { atOnce: true, ...session('COPY in interrupted by a query', { send: m.query('copy scratch from stdin'), until: { type: 'G' } }, sent(1, m.query('select 1'), m.sync)) },
  session('COPY in binary', { send: m.query('begin; copy scratch from stdin (format binary)'), until: { type: 'G' } }, sent(1, m.copyData(Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), m.int32(0), m.int32(0), m.int16(2), m.int32(4), m.int32(7), m.int32(1), Buffer.from('x'), m.int16(-1)])), m.copyDone), sent(1, m.query('select * from scratch; rollback'))),
  atOnce('queries one behind the other', m.query('select 1'), m.query('select 1/0'), m.query('begin'), m.query('nonsense'), m.query('select 3'), m.query('rollback'), m.query('select * from plain')),
  atOnce('COPY in without waiting', m.query('begin; copy scratch from stdin'), m.copyData('1\tx\n'), m.copyDone, m.query('table scratch; rollback')),
  atOnce('copy messages outside of COPY', m.copyData('x'), m.copyDone, m.copyFail('y'), m.query('select 1')),
  session('Terminate in a transaction', sent(1, m.query('begin; insert into scratch values (1)'))),
  session('Flush and Sync alone', { send: m.flush, until: 0 }, sent(3, m.sync, m.sync, m.flush, m.sync)),
];
