import assert from 'node:assert/strict';
import { buildErrorResponse, buildNoticeResponse, encodeBackend, type FrontendMessage } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { bind, complete, Driver, execute, parse, query, ready, sync } from '../../support/session-driver.js';
import { bytesOf } from '../../support/session-harness.js';
import { catalogueOf, masksOf } from '../postgres-rows/support.js';

const SECRET = 'qwertyasdf';
const masks = masksOf(['hr.people.code', 'redact']);
const catalogue = catalogueOf({ 'hr.people': ['id', 'name', 'code'], 'public.plain': ['id', 'note'] });
const invalid = { severity: 'ERROR', code: '22P02', message: `invalid input syntax for type integer: "${SECRET}"` };

/** What the client reads, after a login and these messages, when the server answers so. */
function answered(text: string, answer: Buffer, more: object = {}): string {
  const driver = new Driver({ masks, catalogue, ...more }).login().client(query(text));
  const effects = driver.session.step({ type: 'upstream', bytes: answer, end: false });
  driver.last = effects;
  const recorded = JSON.stringify([...driver.events('error'), ...driver.events('notice')]);
  return bytesOf(effects, 'downstream').toString() + recorded;
}

describe('a statement that is run by its name', () => {
  before(loadParser);

  const text = 'select name || code as said from hr.people';
  const row = (): Buffer =>
    encodeBackend({
      name: 'RowDescription',
      value: {
        columns: [{ name: Buffer.from('said'), table_oid: 0, attribute: 0, type_oid: 25, type_size: -1, type_modifier: -1, format: 0 }],
      },
    });
  const data = encodeBackend({ name: 'DataRow', value: { values: [Buffer.from(SECRET)] } });
  /** What the client reads of it, when these messages stand behind it before the server has answered. */
  const read = (prepare: string, run: string, behind: FrontendMessage[], answer: Buffer[]): string => {
    const driver = new Driver({ masks, catalogue }).login().client(query(prepare));
    driver.server(complete('PREPARE'), ready).client(query(run), ...behind);
    return bytesOf(driver.session.step({ type: 'upstream', bytes: Buffer.concat(answer), end: false }), 'downstream').toString();
  };
  const others: [string, FrontendMessage[]][] = [
    ['nothing', []],
    ['a PREPARE of its name', [query('prepare p as select 1')]],
    ['a DEALLOCATE of its name', [query('deallocate p')]],
    ['a Parse of its name', [parse('p', 'select 1'), sync]],
  ];

  for (const [what, behind] of others) {
    it(`is masked as what it is, with ${what} behind it`, () => {
      const out = read(`prepare p as ${text}`, 'execute p', behind, [row(), data]);
      assert.ok(out.includes('said') && !out.includes(SECRET), out);
    });

    it(`keeps its errors for itself, with ${what} behind it`, () => {
      const out = read(`prepare p as ${text}`, 'execute p', behind, [buildErrorResponse(invalid)]);
      assert.ok(out.includes('22P02') && !out.includes(SECRET), out);
    });
  }

  it('is masked as what it is, with another cursor of its name behind it', () => {
    const behind = [query('close c; declare c cursor with hold for select 1')];
    const out = read(`declare c cursor with hold for ${text}`, 'fetch c', behind, [row(), data]);
    assert.ok(out.includes('said') && !out.includes(SECRET), out);
  });
});

describe('words of the server about columns that a rule covers', () => {
  before(loadParser);

  for (const text of [
    'select code::int from hr.people',
    'select 1 from hr.people where code::int = 5',
    'select * from people order by id',
    'update people set id = 2 where id = 1',
    'insert into hr.people (name) values (null)',
    'with c as (select code c from people) select c::int from c',
    'prepare p as select code::int from people; execute p',
    "do $$ begin raise notice '%', (select code from hr.people limit 1); end $$",
    'analyze people',
    'analyze',
    'vacuum analyze hr.people',
    'reindex table people',
    'commit',
    "prepare transaction 'x'",
    'set constraints all immediate',
    'alter domain codes add check (value::int > 5)',
    'alter domain codes validate constraint c',
  ])
    it(`are taken out of an error: ${text}`, () => {
      const out = answered(text, buildErrorResponse(invalid));
      assert.ok(!out.includes(SECRET), out);
      assert.ok(out.includes('22P02') && out.includes('rule1'), out);
    });

  it('are taken out of detail, where, hint and internal query', () => {
    const error = { ...invalid, message: 'm', detail: SECRET, where: SECRET, hint: SECRET, internal_query: SECRET };
    const out = answered('select code::int from hr.people', buildErrorResponse(error));
    assert.ok(!out.includes(SECRET), out);
  });

  it('are taken out of notices', () => {
    const notice = buildNoticeResponse({ severity: 'NOTICE', code: '00000', message: SECRET });
    assert.ok(!answered('select code from hr.people', notice).includes(SECRET));
    assert.ok(answered('select id from hr.people', notice).includes(SECRET));
  });

  it('stay where the statement touches no such column', () => {
    for (const text of ['select id::int from hr.people', 'select note::int from plain', "select 'x'::int", 'analyze plain', 'begin'])
      assert.ok(answered(text, buildErrorResponse(invalid)).includes(SECRET), text);
    assert.ok(answered('select code::int from people', buildErrorResponse(invalid), { masks: undefined }).includes(SECRET));
    const other = masksOf(['hr.nobody.code', 'redact']);
    assert.ok(answered('select code::int from people', buildErrorResponse(invalid), { masks: other }).includes(SECRET));
  });

  it('stay where they are about the client’s own text, or hold no value', () => {
    const at = { severity: 'ERROR', code: '42703', message: 'column "coed" does not exist', position: '8' };
    assert.ok(answered('select coed, code from people', buildErrorResponse(at)).includes('coed'));
    const cancelled = { severity: 'ERROR', code: '57014', message: 'canceling statement due to user request' };
    assert.ok(answered('select code from people', buildErrorResponse(cancelled)).includes('canceling'));
    const raised = { ...cancelled, message: SECRET, routine: 'exec_stmt_raise' };
    assert.ok(!answered('select code from people', buildErrorResponse(raised)).includes(SECRET));
  });

  it('of a broken constraint stay, and its row goes, at COMMIT too', () => {
    const unique = {
      severity: 'ERROR',
      code: '23505',
      message: 'duplicate key value violates unique constraint "u"',
      detail: `Key (code)=(${SECRET}) already exists.`,
      schema: 'hr',
      table: 'people',
      constraint: 'u',
    };
    for (const text of ["insert into people (code) values ('a')", 'commit']) {
      const out = answered(text, buildErrorResponse(unique));
      assert.ok(out.includes('unique constraint "u"') && !out.includes(SECRET), out);
    }
    assert.ok(answered('commit', buildErrorResponse({ ...unique, table: 'plain', schema: 'public' })).includes(SECRET));
  });

  it('are taken out where an implicit transaction ends, at Sync', () => {
    const d = new Driver({ masks, catalogue }).login();
    d.client(parse('', 'declare c cursor with hold for select code::int from people'), bind(''), execute(), sync);
    d.server({ name: 'ParseComplete', value: {} }, { name: 'BindComplete', value: {} }, { name: 'NoData', value: {} });
    d.server(complete('DECLARE CURSOR'));
    d.received();
    d.server(buildErrorResponse(invalid));
    assert.match(d.received().join(), /ErrorResponse ERROR 22P02 the server's words are masked by rule rule1/);
  });

  it('are those of the cursor that is fetched, and of the portal that is executed', () => {
    const d = new Driver({ masks, catalogue }).login();
    d.client(query('declare c cursor for select code::int from people')).server(complete('DECLARE CURSOR'), ready);
    d.received();
    d.client(query('fetch all c')).server(buildErrorResponse(invalid));
    assert.ok(!d.received().join().includes(SECRET));
    const e = new Driver({ masks, catalogue }).login();
    e.client(parse('', 'select code::int from people'), bind(''), execute(), sync);
    e.server({ name: 'ParseComplete', value: {} }, { name: 'BindComplete', value: {} });
    e.received();
    e.server({ name: 'NoData', value: {} });
    e.server(buildErrorResponse(invalid));
    assert.match(e.received().join(), /ErrorResponse ERROR 22P02 the server's words are masked by rule rule1/);
  });

  it('wait for the catalogue', () => {
    const known = { names: false };
    const asking = { ...catalogue, byName: (schema: string, name: string) => (known.names ? catalogue.byName(schema, name) : undefined) };
    const d = new Driver({ masks, catalogue: asking }).login().client(query('select code::int from people'));
    d.server(buildErrorResponse(invalid));
    assert.deepEqual(d.received(), []);
    known.names = true;
    d.input({ type: 'catalogue' });
    assert.ok(!d.received().join().includes(SECRET));
  });
});
