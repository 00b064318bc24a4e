/** Wherever a dangerous call or a secret column is put, the facts show it. */
import assert from 'node:assert/strict';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { analyze, leaks, loadParser, reaches } from '../../unit/sql/helpers.js';

type Wrap = (inner: string) => string;

/** Expressions whose value depends on the inner one. */
const EXPRESSIONS: Wrap[] = [
  (e) => `upper(${e})`,
  (e) => `(${e})`,
  (e) => `coalesce(${e}, 'x')`,
  (e) => `nullif(${e}, 'x')`,
  (e) => `greatest(${e}, 'x')`,
  (e) => `case when ${e} is null then 'a' else 'b' end`,
  (e) => `case ${e} when 'a' then 'b' end`,
  (e) => `(select ${e})`,
  (e) => `array[${e}]`,
  (e) => `(array[${e}])[1]`,
  (e) => `row(${e}, 1)::text`,
  (e) => `(${e} || 'x')`,
  (e) => `(${e} operator(pg_catalog.||) 'x')`,
  (e) => `exists (select 1 where ${e} is null)`,
  (e) => `(select max(q) from (select ${e} as q) s)`,
  (e) => `(select s.q from (select ${e}) s(q))`,
  (e) => `(with w as (select ${e} as q) select q from w)`,
  (e) => `(with w(q) as (select ${e} union all select 'x') select q from w)`,
  (e) => `(select z from (values ('a'), (${e})) v(z))`,
  (e) => `(select z from unnest(array[${e}]) z)`,
  (e) => `(select l.z from lateral (select ${e} as z) l)`,
  (e) => `(select 'x' union select ${e})`,
  (e) => `(select j.a from json_table(to_json(${e}), '$' columns (a text path '$')) j)`,
  (e) => `xmlelement(name a, ${e})`,
  (e) => `json_object('k': ${e})`,
  (e) => `concat('a', ${e})`,
  (e) => `concat(variadic array[${e}])`,
  (e) => `(${e})::text`,
  (e) => `cast(${e} as varchar(10))`,
  (e) => `(${e} in ('a', 'b'))`,
  (e) => `('a' in (select ${e}))`,
  (e) => `('a' like ${e})`,
  (e) => `(${e} between 'a' and 'b')`,
  (e) => `(${e} is not distinct from 'a')`,
  (e) => `count(*) filter (where ${e} is null)`,
  (e) => `string_agg('a', 'b' order by ${e})`,
  (e) => `sum(1) over (partition by ${e})`,
  (e) => `(${e} collate "C")`,
  (e) => `not (${e} = 'a')`,
  (e) => `array(select ${e})`,
  (e) => `format('%s', ${e})`,
  (e) => `to_jsonb(${e})`,
];

/** Statements that send the value to the client. */
const OUTPUTS: Wrap[] = [
  (e) => `select ${e} from vault`,
  (e) => `select 1, ${e} as x from vault limit 1`,
  (e) => `select x from (select ${e} as x from vault) s`,
  (e) => `with s as materialized (select ${e} as x from vault) select * from s`,
  (e) => `with s(x) as (select ${e} from vault) select upper(x) from s`,
  (e) => `(select ${e} from vault) union all select 'a'`,
  (e) => `select * from (select 'a' union select ${e} from vault) s`,
  (e) => `copy (select ${e} from vault) to stdout`,
  (e) => `update vault set id = 1 where id = 2 returning ${e}`,
  (e) => `delete from vault where id = 2 returning ${e}`,
  (e) => `insert into vault values (1) returning ${e}`,
  (e) => `with s as (delete from vault where id = 1 returning ${e} as x) select x from s`,
  (e) => `with recursive r(n, x) as (select 1, ${e} from vault union all select n + 1, x from r) select x from r`,
  (e) => `declare c cursor for select ${e} from vault`,
];

/** Statements in which the value is used somehow. */
const USES: Wrap[] = [
  ...OUTPUTS,
  (e) => `select 1 from vault where ${e} is null`,
  (e) => `select 1 from vault group by ${e}`,
  (e) => `select 1 from vault order by ${e}`,
  (e) => `select 1 from vault having ${e} is null`,
  (e) => `select 1 from vault join orders on ${e} is null`,
  (e) => `insert into orders select ${e} from vault`,
  (e) => `insert into orders values (1) on conflict (id) do update set a = ${e}`,
  (e) => `update orders set a = ${e} where id = 1`,
  (e) => `merge into orders using vault on true when not matched then insert values (${e})`,
  (e) => `create view v as select ${e} from vault`,
  (e) => `create table x as select ${e} from vault`,
  (e) => `create table x (a text default (${e}))`,
  (e) => `create index on vault ((${e}))`,
  (e) => `create policy p on vault using (${e} is null)`,
  (e) => `create rule r as on insert to vault do also select ${e}`,
  (e) => `alter table vault add check (${e} is null)`,
  (e) => `alter table vault alter a set default ${e}`,
  (e) => `explain analyze select ${e} from vault`,
  (e) => `prepare p as select ${e} from vault`,
  (e) => `execute p(${e})`,
  (e) => `call p(${e})`,
  (e) => `create function f() returns text language sql return ${e}`,
  (e) => `create function f() returns text language sql begin atomic select ${e}; end`,
];

/** PL/pgSQL blocks and other texts that hold a statement or an expression. */
const TEXTS: Wrap[] = [
  (s) => `do $do$ begin ${s}; end $do$`,
  (s) => `do $do$ begin if true then null; else ${s}; end if; end $do$`,
  (s) => `do $do$ begin loop ${s}; exit; end loop; end $do$`,
  (s) => `do $do$ begin begin null; exception when others then ${s}; end; end $do$`,
  (s) => `do $do$ begin execute $ex$ ${s} $ex$; end $do$`,
  (s) => `do $do$ begin execute 'select 1' || $ex$ ; ${s} $ex$; end $do$`,
  (s) => `create function f() returns void language plpgsql as $do$ begin ${s}; end $do$`,
  (s) => `create function f() returns void language sql as $do$ ${s} $do$`,
  (s) => `select 1; ${s}; select 2`,
  (s) => `select query_to_xml($ex$ ${s} $ex$, true, true, '')`,
];

function nest(inner: string, depth: number, random: Random): string {
  let out = inner;
  for (let i = 0; i < depth; i += 1) out = random.pick(EXPRESSIONS)(out);
  return out;
}

describe('SQL hiding places', function () {
  // A loaded machine may take its time; nothing here is about speed.
  this.timeout(TEST_MS_MAX);
  before(loadParser);
  const rounds = count(500);

  it('a column is followed to the client through any nesting', () => {
    forSeeds(rounds, (random) => {
      const text = random.pick(OUTPUTS)(nest(random.pick(['secret', 'vault.secret', '(vault).secret']), random.int(7), random));
      assert.equal(analyze(text).facts.unparsed, '', text);
      const out = leaks(text);
      assert.ok(out.includes('vault.secret') || out.includes('vault.*'), `${text}: ${out.join(' ')}`);
    });
  });

  it('a whole row is followed to the client through any nesting', () => {
    forSeeds(rounds, (random) => {
      const row = random.pick([
        'vault::text',
        'row_to_json(vault)::text',
        'to_jsonb(vault.*)::text',
        'vault.to_json::text',
        'secret(vault)',
      ]);
      const text = random.pick(OUTPUTS)(nest(row, random.int(6), random));
      assert.equal(analyze(text).facts.unparsed, '', text);
      assert.ok(leaks(text).includes('vault.*'), text);
    });
  });

  it('a call that reaches files is seen wherever it stands', () => {
    forSeeds(rounds, (random) => {
      const call = random.pick(["pg_read_file('x')", "pg_catalog.pg_read_file('x')", "('x'::text).pg_read_file", "evil.pg_read_file('x')"]);
      const text = random.pick(USES)(nest(call, random.int(7), random));
      assert.equal(analyze(text).facts.unparsed, '', text);
      assert.ok(reaches(text).includes('files'), text);
    });
  });

  it('a statement within a text is found, or the text is opaque', () => {
    forSeeds(count(300), (random) => {
      const statement = random.pick(['delete from vault', 'drop table vault', 'update vault set a = 1']);
      const text = random.pick(TEXTS)(statement);
      const { facts } = analyze(text);
      assert.equal(facts.unparsed, '', text);
      const found = facts.statements.some((s) => s.objects.some((o) => o.name === 'vault' && o.access !== 'read'));
      assert.ok(found, text);
    });
  });

  it('a call within an expression of a block is found', () => {
    const blocks: Wrap[] = [
      (e) => `declare v text := ${e}; begin null; end`,
      (e) => `declare v text; begin v := ${e}; end`,
      (e) => `declare v text[]; begin v[1] = ${e}; end`,
      (e) => `begin if ${e} is null then null; end if; end`,
      (e) => `begin if false then null; elsif ${e} is null then null; end if; end`,
      (e) => `begin raise notice '%', ${e}; end`,
      (e) => `begin raise exception using hint = ${e}; end`,
      (e) => `begin perform ${e}; end`,
      (e) => `begin while ${e} is null loop exit when ${e} is null; end loop; end`,
      (e) => `declare r record; begin for r in select ${e} loop null; end loop; end`,
      (e) => `declare c cursor for select ${e}; begin null; end`,
      (e) => `begin execute 'select $1' using ${e}; end`,
      (e) => `begin execute ${e}; end`,
      (e) => `begin assert ${e} is null; end`,
      (e) => `begin case when ${e} is null then null; else null; end case; end`,
      (e) => `begin for i in 1..length((${e})::text) loop null; end loop; end`,
      (e) => `declare i text; begin foreach i in array array[${e}] loop null; end loop; end`,
    ];
    forSeeds(count(400), (random) => {
      const text = `do $do$ ${random.pick(blocks)(nest("pg_read_file('x')", random.int(4), random))} $do$`;
      const { facts } = analyze(text);
      const seen = reaches(text).includes('files') || facts.opaque.includes('PL/pgSQL body could not be parsed');
      assert.ok(facts.unparsed === '' && seen, text);
    });
  });

  it('cut and mangled texts never throw', () => {
    const characters = `abc'"$;()[]{}.,*/-+<>=~!@#%^&|\`?:\\ \n\t0159é\u0001`;
    forSeeds(count(800), (random) => {
      let text = random.pick(USES)(nest('secret', random.int(4), random));
      for (let j = random.int(4); j >= 0; j -= 1) {
        const at = random.int(text.length);
        text = text.slice(0, at) + characters[random.int(characters.length)] + text.slice(at + random.int(3));
      }
      const { facts, top } = analyze(text);
      assert.equal(facts.unparsed !== '', top.length === 0 && facts.fingerprint === '', text);
    });
  });
});
