/** Comments, case, white space and quoting never change the facts. */
import assert from 'node:assert/strict';
import type { SqlAnalysis } from '../../../filters/sql/facts.js';
import { tokenize } from '../../../filters/sql/lexer.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { analyze, loadParser } from '../../unit/sql/helpers.js';

const CORPUS = [
  "select id, name, salary + 1 as more from hr.people p where p.salary > 10 and name like 'a%' order by salary desc limit 5",
  'select p.*, count(*) from people p join orders o using (id) left join lateral (select salary from people) x on true group by id',
  'with x as (delete from people where id = id returning *), y as (select * from x) select row_to_json(y) from y',
  'with recursive r(id, name) as (select id, name from people union all select id, name from r) select * from r',
  'insert into people (id, name) values (1, $1), (2, upper($2)) on conflict (id) do update set name = excluded.name returning id, name::text',
  'update people set salary = (select max(salary) from orders where orders.id = people.id) where id in (1, 2, 3)',
  'delete from people where 1 = 1',
  'merge into people using orders on people.id = orders.id when matched then delete',
  'drop table if exists people, hr.orders cascade',
  'drop database prod',
  "create table people (id int primary key, name text default pg_read_file('x'), check (salary > 0))",
  'create index on people (lower(name)) where salary > 5',
  'alter table people alter column salary type text using salary::text',
  'create policy p on people using (salary < 5)',
  'grant select (id, name) on people to public',
  'copy (select id, salary from people) to stdout with (format csv, header true)',
  "copy people (id, name) from program 'id'",
  'explain (analyze, costs off) select * from people',
  'prepare p as select salary from people where id = $1',
  'execute p(1)',
  'declare c cursor for select salary from people',
  "select set_config('a.b', 'c', false), pg_catalog.lo_get(5), evil(salary), hr.evil(name) from people",
  'set local search_path = hr, public',
  "do $$ begin execute 'drop table people'; delete from orders; end $$",
  'create function f() returns int language plpgsql as $$ begin delete from people; return 1; end $$',
  'select case when salary > 1 then name end, array[id, salary], (people).name, exists (select 1 from orders where id > 1) from people',
  'truncate people, orders restart identity',
  'table people',
  'values (1, 2), (3, 4)',
  'begin; delete from people; commit',
];

const NAMES = new Set([
  'people',
  'orders',
  'salary',
  'id',
  'name',
  'hr',
  'x',
  'y',
  'r',
  'evil',
  'p',
  'prod',
  'pg_read_file',
  'lo_get',
  'lower',
]);
const BLANKS = [' ', '\n', '\t', '  ', '/**/', '/* a /* b */ ; drop table z */', '-- it\'s "x"\n', '\r\n', '\f'];

/** Spells every token anew. */
function respell(text: string, random: Random): string {
  let out = '';
  let before: { type: string; text: string } | undefined;
  for (const token of tokenize(text)) {
    const raw = text.slice(token.start, token.end);
    const operator = (part: string): boolean => /^[^A-Za-z0-9_'"$(),;[\]\s]/.test(part);
    const glued = before !== undefined && operator(before.text) && operator(raw);
    if (before !== undefined && !glued) out += gap(before.text, raw, random);
    out += token.type === 'word' ? respellWord(raw, random) : raw;
    before = { type: token.type, text: raw };
  }
  return `${random.chance(0.3) ? random.pick(BLANKS) : ''}${out}${random.chance(0.3) ? random.pick(BLANKS) : ''}`;
}

/** Between a word and a word (or a number) there must be something; a comment must not grow out of an operator. */
function gap(before: string, after: string, random: Random): string {
  const needed = /[\w"'$]$/.test(before) && /^[\w"'$]/.test(after);
  const blank = random.chance(needed ? 1 : 0.4) ? random.pick(BLANKS) : '';
  const risky = /[^\w\s(),;]$/.test(before) && /^[-/]/.test(blank);
  return risky ? ` ${blank}` : blank;
}

function respellWord(word: string, random: Random): string {
  if (NAMES.has(word) && random.chance(0.3)) {
    if (random.chance(0.5)) return `"${word}"`;
    const at = random.int(word.length);
    const code = word.charCodeAt(at).toString(16).padStart(4, '0');
    return `U&"${word.slice(0, at)}\\${code}${word.slice(at + 1)}"`;
  }
  return [...word].map((char) => (random.chance(0.5) ? char.toUpperCase() : char.toLowerCase())).join('');
}

/** All but the normalised text, which keeps the spelling of names. */
function essence(analysis: SqlAnalysis): unknown {
  const text = JSON.stringify(analysis, (key, value: unknown) => (key === 'normalized' ? undefined : value));
  return JSON.parse(text);
}

describe('SQL facts do not depend on spelling', function () {
  this.timeout(TEST_MS_MAX);
  before(loadParser);
  for (const text of CORPUS) {
    it(text, () => {
      const plain = analyze(text);
      assert.equal(plain.facts.unparsed, '');
      forSeeds(count(25), (random) => {
        const spelled = respell(text, random);
        assert.deepEqual(essence(analyze(spelled)), essence(plain), JSON.stringify(spelled));
      });
    });
  }
});
