import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { ByteSink } from '../../../filters/postgres/rows/byte-sink.js';
import { RowMasker } from '../../../filters/postgres/rows/data-row.js';
import { buildMaskSet } from '../../../filters/postgres/rows/mask-set.js';
import { CARD, cellsOf, column, dataRow, EMAIL, masksOf, planOf, textOf } from './support.js';

const mask = (masker: RowMasker, row: Buffer) => masker.maskRow(row, 0, 5, row.length);

describe('DataRow', () => {
  const pii = masksOf([['credit_card', 'email'], 'redact'], ['*.*.salary', 'null']);

  it('passes a row with nothing in it', () => {
    const masker = new RowMasker(planOf(pii, column('id', 23), column('note'), column('at', 1114)));
    assert.equal(mask(masker, dataRow('1', 'plain words', '2024-01-01 00:00:00')), undefined);
    assert.equal(mask(masker, dataRow(null, null, null)), undefined);
    assert.equal(mask(masker, dataRow('', '', '')), undefined);
    assert.deepEqual(masker.takeFired(), []);
  });

  it('masks each hit in each cell, and only there', () => {
    const masker = new RowMasker(planOf(pii, column('id', 23), column('note'), column('more')));
    const out = mask(masker, dataRow('1', `${EMAIL} and ${EMAIL}`, `card ${CARD}.`));
    assert.deepEqual(textOf(out!), ['1', '[email] and [email]', 'card [credit_card].']);
    assert.deepEqual(masker.takeFired(), [
      { column: 'note', rule: 'rule1', kind: 'email', count: 2 },
      { column: 'more', rule: 'rule1', kind: 'credit_card', count: 1 },
    ]);
    assert.deepEqual(masker.takeFired(), [], 'taken once');
  });

  it('covers a column whatever is in it, and leaves its NULLs', () => {
    const masker = new RowMasker(planOf(pii, column('salary', 1700), column('note')));
    assert.deepEqual(textOf(mask(masker, dataRow('5400', 'a'))!), [null, 'a']);
    assert.equal(mask(masker, dataRow(null, 'a')), undefined);
    assert.deepEqual(masker.takeFired(), [{ column: 'salary', rule: 'rule2', kind: 'column', count: 1 }]);
  });

  it('refuses rows of a format that the protocol does not have, which a Bind may have asked for', () => {
    for (const cover of ['note', 'salary']) {
      const masker = new RowMasker(planOf(pii, column('id', 23), column(cover, 25, 7)));
      assert.throws(
        () => mask(masker, dataRow('1', 'plain words')),
        (e) =>
          e instanceof MidstreamError && e.code === 'protocol_violation' && /DataRow: format: expected 0 or 1, actual 7/.test(e.message),
      );
    }
  });

  it('takes the strongest of several rules', () => {
    const several = masksOf(['email', 'partial'], [['email', 'credit_card'], 'redact'], ['email', 'hash']);
    assert.deepEqual(textOf(mask(new RowMasker(planOf(several, column('a'))), dataRow(`${EMAIL} ${CARD}`))!), ['[email] [credit_card]']);
    const columns = masksOf(['*.people.name', 'partial'], ['hr.*.name', 'null'], ['hr.people.name', 'hash']);
    assert.deepEqual(textOf(mask(new RowMasker(planOf(columns, column('name'))), dataRow('Jane'))!), [null]);
    const everything = masksOf(['email', 'null'], ['credit_card', 'partial']);
    assert.deepEqual(
      textOf(mask(new RowMasker(planOf(everything, column('a'))), dataRow(`${EMAIL} ${CARD}`))!),
      [null],
      'NULL takes the whole value',
    );
  });

  it('looks at values whose column name makes them suspicious, which a quick look would skip', () => {
    const masks = masksOf([['password', 'us_ssn'], 'redact']);
    const masker = new RowMasker(planOf(masks, column('password'), column('ssn', 23), column('n', 23)));
    const cells = textOf(mask(masker, dataRow('hunter2hunter2', '536904399', '536904399'))!);
    assert.notEqual(cells[0], 'hunter2hunter2');
    assert.deepEqual(cells.slice(1), ['0', '536904399']);
  });

  it("finds short numbers of a policy's own kinds, in integers of both formats, by the name of their column", () => {
    const rules = compilePolicy(
      "version: 1\nmasks: [{ name: m, detect: [custom], as: redact }]\ndetection:\n  kinds:\n    - { kind: own, pattern: '\\b\\d{6}\\b', context: [employee] }\n",
      'p.yaml',
    ).masks.map(({ rule }) => rule);
    const masks = buildMaskSet(rules, {});
    const binary = Buffer.alloc(4);
    binary.writeInt32BE(123456);
    const masker = new RowMasker(
      planOf(masks, column('employee_id', 23), column('employee', 23, 1), column('n', 23), column('employee', 1700)),
    );
    const cells = cellsOf(mask(masker, dataRow('123456', binary, '123456', '123456'))!);
    assert.deepEqual(cells, [Buffer.from('0'), Buffer.alloc(4), Buffer.from('123456'), Buffer.from('0')]);
    assert.equal(mask(masker, dataRow('12345', null, '1', '7')), undefined);
  });

  it('finds nothing clean where a column is covered, and clean where no type can hold anything', () => {
    assert.equal(planOf(pii, column('id', 23), column('at', 1184), column('ok', 16), column('u', 2950)).clean, true);
    assert.equal(planOf(pii, column('salary', 23)).clean, false);
    assert.equal(planOf(pii, column('note')).clean, false);
    assert.equal(planOf(masksOf(['*.*.salary', 'null']), column('note')).clean, true);
  });

  it('masks 1,600 columns', () => {
    const layout = Array.from({ length: 1600 }, (_, i) => column(`c${i}`));
    const masker = new RowMasker(planOf(pii, ...layout));
    const cells = layout.map((_, i) => (i % 7 === 0 ? EMAIL : i % 5 === 0 ? null : `v${i}`));
    assert.deepEqual(
      textOf(mask(masker, dataRow(...cells))!),
      cells.map((cell) => (cell === EMAIL ? '[email]' : cell)),
    );
  });

  it('masks a large cell', () => {
    const masker = new RowMasker(planOf(pii, column('a'), column('b', 17, 1)));
    const large = Buffer.alloc(3_000_000, 'x ');
    const out = cellsOf(mask(masker, dataRow(Buffer.concat([large, Buffer.from(EMAIL)]), large))!);
    assert.equal(out[0]!.subarray(large.length).toString(), '[email]');
    assert.equal(out[0]!.length, large.length + 7);
    assert.ok(out[1]!.equals(large));
  });

  it('takes a run of rows in one go, and stops where it ends', () => {
    const masker = new RowMasker(planOf(pii, column('a'), column('b')));
    const clean = dataRow('some', 'words');
    const dirty = dataRow('x', EMAIL);
    const complete = Buffer.from([0x43, 0, 0, 0, 11, ...Buffer.from('SELECT\0')]);
    const buf = Buffer.concat([Buffer.from('junk'), clean, clean, dirty, clean, dirty, dirty, clean, complete]);
    const out = new ByteSink(8);
    const max = 1 << 20;
    const { at, rows, masked: bytes } = masker.maskChunk(buf, 4, buf.length, max, out);
    assert.equal(rows, 7);
    assert.equal(at, buf.length - complete.length);
    const masked = dataRow('x', '[email]');
    assert.deepEqual(out.take(), Buffer.concat([clean, clean, masked, clean, masked, masked, clean]));
    assert.equal(bytes, 3 * masked.length);
    const none = new ByteSink();
    const cut = masker.maskChunk(buf, 4, 4 + clean.length + clean.length - 1, max, none);
    assert.deepEqual(cut, { at: 4 + clean.length, rows: 1, masked: 0 }, 'a row that is not whole waits');
    assert.equal(none.length, 0, 'what may pass is not copied');
    assert.equal(masker.maskChunk(buf, 4, buf.length, clean.length - 1, none).rows, 0, 'a row that is too long is left to the reader');
  });

  const malformed: [string, Buffer][] = [
    ['fewer columns', dataRow('a')],
    ['more columns', dataRow('a', 'b', 'c')],
    ['a length beyond the message', Buffer.from('44000000150002000000016100000fff62', 'hex')],
    ['a length below -1', Buffer.from('4400000010000200000001 61fffffffe'.replace(' ', ''), 'hex')],
    ['bytes behind the last column', Buffer.concat([dataRow('a', 'b'), Buffer.from('x')])],
    ['no length', dataRow('a', 'b').subarray(0, 13)],
    ['no count', Buffer.from('440000000500', 'hex')],
  ];
  for (const [what, row] of malformed) {
    it(`refuses a row with ${what}`, () => {
      for (const masks of [pii, masksOf(['*.*.a', 'null'])]) {
        const masker = new RowMasker(planOf(masks, column('a'), column('b')));
        assert.throws(
          () => mask(masker, row),
          (error) => error instanceof MidstreamError && error.code === 'protocol_violation',
        );
      }
    });
  }
});
