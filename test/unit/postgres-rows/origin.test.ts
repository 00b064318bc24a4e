import assert from 'node:assert/strict';
import { type ColumnRef, missing, originsOf } from '../../../filters/postgres/rows/origin.js';
import { buildRowPlan } from '../../../filters/postgres/rows/plan.js';
import { matches, parsePattern } from '../../../filters/postgres/rows/rule-match.js';
import { catalogueOf, column, masksOf, output } from './support.js';

const catalogue = catalogueOf({ 'hr.people': ['id', 'name', 'salary'], 'shop.orders': ['id', 'total'], 'crm.people': ['mail', 'salary'] });
const people = catalogue.oid('hr.people');
const source = (table: string, name: string, schema = ''): ColumnRef => ({ schema, table, column: name });
const masks = masksOf(['hr.people.salary', 'null']);

/** Which columns of the layout the rule for hr.people.salary covers. */
function covered(
  layout: Parameters<typeof originsOf>[0],
  outputs: Parameters<typeof originsOf>[1],
  view: Parameters<typeof originsOf>[2] = catalogue,
): boolean[] {
  return buildRowPlan(layout, originsOf(layout, outputs, view), masks, view).columns.map((one) => one.cover !== undefined);
}

describe('column rules', () => {
  const cases: [string, ColumnRef, boolean][] = [
    ['hr.people.salary', source('people', 'salary', 'hr'), true],
    ['hr.people.salary', source('people', 'Salary', 'hr'), false],
    ['hr.people.salary', source('people', 'salary', 'crm'), false],
    ['hr.people.salary', source('people', 'salary'), true],
    ['hr.people.salary', source('', 'salary'), true],
    ['hr.people.salary', source('people', '*', 'hr'), true],
    ['hr.people.salary', source('orders', '*', 'shop'), false],
    ['*.*.salary', source('orders', 'salary', 'shop'), true],
    ['*.*.salary', source('orders', 'total', 'shop'), false],
    ['hr.*.*', source('people', 'name', 'hr'), true],
    ['hr.*.*', source('people', 'name', 'crm'), false],
    ['*.people.*', source('people', 'name', 'crm'), true],
  ];
  for (const [pattern, ref, expected] of cases) {
    it(`${pattern} ${expected ? 'covers' : 'does not cover'} ${ref.schema || '?'}.${ref.table || '?'}.${ref.column}`, () =>
      assert.equal(matches(parsePattern(pattern), ref), expected));
  }
});

describe('origins of columns', () => {
  it('go by OID and number, whatever the alias says', () => {
    const layout = [
      column('x', 1700, 0, people, 3),
      column('salary', 25, 0, people, 2),
      column('salary', 25, 0, catalogue.oid('crm.people'), 2),
    ];
    assert.deepEqual(covered(layout, undefined), [true, false, false]);
    const aliased = [
      output('x', { sources: [source('people', 'salary')], direct: true }),
      output('salary', { sources: [source('people', 'name')], direct: true }),
      output('salary', { sources: [source('people', 'salary')], direct: true }),
    ];
    assert.deepEqual(covered(layout, aliased), [true, false, false], 'the name without a schema does not widen what the OID tells exactly');
  });

  it('of expressions are all columns that go in', () => {
    const outputs = [
      output('a', { sources: [source('people', 'name', 'hr'), source('people', 'salary', 'hr')] }),
      output('b', { sources: [source('orders', 'total', 'shop')] }),
    ];
    assert.deepEqual(covered([column('a'), column('b')], outputs), [true, false]);
    assert.deepEqual(covered([column('a'), column('b')], outputs, undefined), [true, false], 'without a catalogue too');
  });

  it('of expressions over a table without a schema are those of every table of that name', () => {
    assert.deepEqual(covered([column('a')], [output('a', { sources: [source('people', 'salary')] })]), [true]);
    assert.deepEqual(
      covered([column('a')], [output('a', { sources: [source('people', 'mail')] })]),
      [false],
      'only crm.people has a column mail',
    );
    assert.deepEqual(
      covered([column('a')], [output('a', { sources: [source('people', 'gone')] })]),
      [true],
      'none has that column, so any may be meant',
    );
  });

  it('of a whole row are all its columns', () => {
    assert.deepEqual(covered([column('p', 20_001, 0, people, 0)], undefined), [true]);
    assert.deepEqual(covered([column('o', 20_001, 0, catalogue.oid('shop.orders'), 0)], undefined), [false]);
    assert.deepEqual(covered([column('j', 114)], [output('j', { whole_rows: [{ schema: '', table: 'people' }] })]), [true]);
    assert.deepEqual(covered([column('j', 114)], [output('j', { whole_rows: [{ schema: 'shop', table: 'orders' }] })]), [false]);
  });

  it('of a system column are not those of the row', () => {
    assert.deepEqual(covered([column('ctid', 27, 0, people, -1)], undefined), [false]);
  });

  it('count stars through the catalogue', () => {
    const star = output('', { star: [{ schema: 'hr', table: 'people' }], direct: true });
    const total = output('t', { sources: [source('people', 'salary', 'hr')] });
    const computed = Array.from({ length: 4 }, (_, i) => column(`c${i}`));
    assert.deepEqual(covered(computed, [total, star]), [true, false, false, true]);
    const except = output('', { star: [{ schema: 'hr', table: 'people', except: ['id'] }] });
    assert.deepEqual(covered(computed.slice(0, 3), [total, except]), [true, false, true]);
    const union = output('', { star: [{ schema: 'shop', table: 'orders', or: [{ schema: 'crm', table: 'people' }] }] });
    assert.deepEqual(covered(computed.slice(0, 3), [total, union]), [true, false, false]);
  });

  it('let a star that cannot be counted take what the others leave', () => {
    const star = output('', { star: [{ schema: '', table: 'nowhere' }] });
    const name = output('n', { sources: [source('orders', 'total', 'shop')] });
    assert.deepEqual(
      covered(
        Array.from({ length: 3 }, (_, i) => column(`c${i}`)),
        [star, name],
      ),
      [false, false, false],
    );
    const wide = output('', { many: true, whole_rows: [{ schema: 'hr', table: 'people' }] });
    assert.deepEqual(
      covered(
        Array.from({ length: 3 }, (_, i) => column(`c${i}`)),
        [wide, name],
      ),
      [true, true, false],
    );
  });

  it('that cannot be told apart may be anything of the statement', () => {
    const wide = output('', { many: true });
    const pay = output('x', { sources: [source('people', 'salary', 'hr')] });
    assert.deepEqual(covered([column('a'), column('b'), column('c')], [wide, pay, wide]), [true, true, true]);
    assert.deepEqual(covered([column('a'), column('b')], [pay]), [true, true], 'fewer outputs than columns');
    assert.deepEqual(covered([column('a')], [pay, pay]), [true], 'more outputs than columns');
  });

  it('of a star go by name where there is no catalogue at all', () => {
    const by = (layout: Parameters<typeof originsOf>[0], outputs: Parameters<typeof originsOf>[1]) =>
      buildRowPlan(layout, originsOf(layout, outputs, undefined), masks, undefined).columns.map((one) => one.cover !== undefined);
    const star = (table: string, more: object = {}) => output('', { star: [{ schema: '', table, ...more }] });
    const fields = [column('id', 23, 0, 4711, 1), column('name', 25, 0, 4711, 2), column('salary', 25, 0, 4711, 3)];
    assert.deepEqual(by(fields, [star('people')]), [false, false, true]);
    assert.deepEqual(by(fields, [star('orders')]), [false, false, true], 'the name of the field alone counts too');
    const twice = [...fields, column('id', 23, 0, 4712, 1), column('total', 25, 0, 4712, 2)];
    assert.deepEqual(by(twice, [star('people'), star('orders')]), [false, false, true, false, false]);
    const pay = output('x', { sources: [source('people', 'salary')], direct: true });
    assert.deepEqual(by([column('x', 25, 0, 4711, 3), ...fields], [pay, star('people')]), [true, false, false, true]);
    const computed = fields.map((field) => ({ ...field, table_oid: 0, attribute: 0 }));
    assert.deepEqual(by(computed, [star('people')]), [true, true, true], 'what is not passed on untouched may be any of them');
    assert.deepEqual(
      by(fields, [star('people', { or: [{ schema: '', table: 'other' }] })]),
      [true, true, true],
      'arms of a UNION have names of their own',
    );
    assert.deepEqual(by(fields, [{ ...star('people'), renamed: ['a'] }]), [true, true, true], 'and so has an alias list');
    const unknown = catalogueOf({});
    const asked = buildRowPlan(fields, originsOf(fields, [star('people')], unknown), masks, unknown).columns;
    assert.deepEqual(
      asked.map((one) => one.cover !== undefined),
      [true, true, true],
      'a catalogue that does not know is another thing',
    );
  });

  it('of which nothing is known go by the name of the field', () => {
    assert.deepEqual(covered([column('salary'), column('name')], undefined), [true, false]);
    assert.deepEqual(covered([column('salary'), column('name')], undefined, undefined), [true, false]);
    assert.deepEqual(covered([column('salary')], [output('salary')]), [true], 'a column of a function');
    const unknown = catalogueOf({});
    assert.deepEqual(covered([column('salary', 25, 0, 4711, 1), column('x', 25, 0, 4711, 2)], undefined, unknown), [true, false]);
    const named = [
      output('x', { sources: [source('people', 'salary')], direct: true }),
      output('y', { sources: [source('people', 'name')], direct: true }),
    ];
    assert.deepEqual(
      covered([column('x', 25, 0, 4711, 1), column('y', 25, 0, 4711, 2)], named, unknown),
      [true, false],
      'an alias is followed by lineage',
    );
  });

  it('say what must be looked up first', () => {
    const fresh = catalogueOf({}, [], false);
    const layout = [column('a', 25, 0, 4711, 1), column('b', 20_500)];
    const outputs = [
      output('a', { sources: [source('people', 'a')] }),
      output('b', { star: [{ schema: 's', table: 't', or: [{ schema: 's', table: 'u' }] }], whole_rows: [{ schema: '', table: 'w' }] }),
    ];
    assert.deepEqual(missing(layout, outputs, masks, fresh), {
      relations: [4711],
      names: [
        { schema: '', name: 'people' },
        { schema: '', name: 'w' },
        { schema: 's', name: 't' },
        { schema: 's', name: 'u' },
      ],
      types: [20_500],
    });
    assert.deepEqual(
      missing(layout, outputs, masksOf(['email', 'redact']), fresh),
      { relations: [], names: [], types: [20_500] },
      'detectors need no origins',
    );
    assert.deepEqual(
      missing(layout, outputs, masks, catalogueOf({})),
      { relations: [], names: [], types: [] },
      'what is unknown is not asked for again',
    );
  });

  it('ask for the types inside known types', () => {
    const base = { schema: 's', category: 'C', element: 0, delimiter: ',', base: 0 };
    const pair = {
      ...base,
      oid: 20_500,
      name: 'pair',
      kind: 'c',
      attributes: [
        { name: 'a', type: 20_501 },
        { name: 'b', type: 25 },
      ],
    };
    const view = catalogueOf({}, [pair], false);
    assert.deepEqual(missing([column('p', 20_500)], undefined, masks, view).types, [20_501]);
  });
});
