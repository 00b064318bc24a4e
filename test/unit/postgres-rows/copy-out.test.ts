import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { CopyOutMasker } from '../../../filters/postgres/rows/copy-out.js';
import type { CopyShape } from '../../../filters/sql/facts.js';
import { CARD, catalogueOf, column, copyData, EMAIL, endCopy, masksOf, output, planOf, pushCopy } from './support.js';

const shape = (rest: Partial<CopyShape> = {}): CopyShape => ({
  direction: 'out',
  format: 'text',
  delimiter: '\t',
  null_string: '\\N',
  header: false,
  quote: '"',
  escape: '"',
  relation: undefined,
  outputs: undefined,
  encoding: '',
  ...rest,
});
const csv = (rest: Partial<CopyShape> = {}) => shape({ format: 'csv', delimiter: ',', null_string: '', ...rest });

const masks = masksOf([['email', 'credit_card', 'us_ssn'], 'redact'], ['*.*.salary', 'null'], ['*.*.hidden', 'redact']);
const columns = [column('a'), column('b'), column('salary', 1700)];

/** The payload that comes out for these messages. */
function run(masker: CopyOutMasker, ...bodies: (string | Buffer)[]): string {
  const out: Buffer[] = [];
  for (const body of bodies) {
    const message = copyData(body);
    out.push(...(pushCopy(masker, message) ?? [message]));
  }
  out.push(...endCopy(masker));
  for (const message of out) assert.equal(message.readInt32BE(1), message.length - 1);
  return Buffer.concat(out.map((message) => message.subarray(5))).toString('latin1');
}

const text = (...bodies: string[]) => run(new CopyOutMasker(shape(), planOf(masks, ...columns)), ...bodies);
const asCsv = (options: Partial<CopyShape>, ...bodies: string[]) =>
  run(new CopyOutMasker(csv(options), planOf(masks, ...columns)), ...bodies);

describe('COPY out, text', () => {
  it('masks fields and covers columns', () => {
    assert.equal(text(`1\t${EMAIL}\t5400\n`, `2\tplain\t\\N\n`), `1\t[email]\t\\N\n2\tplain\t\\N\n`);
  });

  it('reads escapes before it looks, and writes them again', () => {
    assert.equal(text(`a\\tb ${EMAIL}\\n\tx\\\\y\t1\n`), 'a\\tb [email]\\n\tx\\\\y\t\\N\n');
    assert.equal(text(`\\101\\x42\t\\x6aane.doe\\x40example.com\t1\n`), '\\101\\x42\t[email]\t\\N\n');
    assert.equal(text(`\\064111 1111 1111 1111\tb\t1\n`), '[credit_card]\tb\t\\N\n');
  });

  it('keeps the NULL string and the header', () => {
    const masker = new CopyOutMasker(shape({ null_string: '\\none', header: true }), planOf(masks, ...columns));
    assert.equal(run(masker, `a\tb\tsalary\n\\none\t${CARD}\t1\n`), 'a\tb\tsalary\n\\none\t[credit_card]\t\\none\n');
    assert.equal(masker.rows, 1);
  });

  it('masks what may be a value that was guessed as the NULL string', () => {
    const masker = new CopyOutMasker(shape({ null_string: EMAIL }), planOf(masks, ...columns));
    assert.equal(run(masker, `${EMAIL}\t${CARD}\t1\n`), `[email]\t[credit_card]\t${EMAIL}\n`);
    const covered = new CopyOutMasker(shape({ null_string: 'guess' }), planOf(masks, column('hidden')));
    assert.equal(run(covered, 'guess\nother\n'), '[column]\n[column]\n');
  });

  it('escapes a delimiter of any sort', () => {
    const masker = new CopyOutMasker(shape({ delimiter: '[' }), planOf(masks, ...columns));
    assert.equal(run(masker, `${EMAIL}[\\[x[1\n`), '\\[email][\\[x[\\N\n');
  });

  it('passes what is clean as it came, and counts its rows', () => {
    const masker = new CopyOutMasker(shape(), planOf(masks, column('a'), column('b')));
    const message = copyData('plain\twords\n');
    assert.equal(pushCopy(masker, message), undefined);
    const escaped = copyData('pl\\tain\twords\n');
    assert.equal(pushCopy(masker, escaped), undefined);
    assert.equal(masker.rows, 2);
    assert.deepEqual(endCopy(masker), []);
    assert.deepEqual(masker.takeFired(), []);
  });

  it('puts rows together that come in pieces, and holds what is not whole', () => {
    assert.equal(
      text('1\tjane.doe@exa', 'mple.com', '\t5400', '\n2\tb\t1\n3\t', `${EMAIL}\t2`),
      '1\t[email]\t\\N\n2\tb\t\\N\n3\t[email]\t\\N',
    );
    const masker = new CopyOutMasker(shape(), planOf(masks, ...columns));
    const piece = copyData('1\tjane');
    assert.deepEqual(pushCopy(masker, piece), []);
  });

  it('refuses a row that is longer than may be held, and one of other columns', () => {
    const limited = new CopyOutMasker(shape(), planOf(masks, ...columns), 10);
    const piece = copyData('1\tjane.doe@');
    assert.throws(
      () => pushCopy(limited, piece),
      (error) => error instanceof MidstreamError && error.code === 'limit_exceeded',
    );
    for (const row of ['1\t2\n', '1\t2\t3\t4\n', '\n'])
      assert.throws(
        () => text(row),
        (error) => error instanceof MidstreamError && error.code === 'protocol_violation',
      );
  });

  it('knows rows of no column', () => {
    const masker = new CopyOutMasker(shape(), planOf(masks));
    assert.equal(run(masker, '\n\n'), '\n\n');
  });

  it('says what fired', () => {
    const masker = new CopyOutMasker(shape(), planOf(masks, ...columns));
    run(masker, `1\t${EMAIL}\t5400\n`, `1\t${EMAIL}\t5400\n`);
    assert.deepEqual(masker.takeFired(), [
      { column: 'b', rule: 'rule1', kind: 'email', count: 2 },
      { column: 'salary', rule: 'rule2', kind: 'column', count: 2 },
    ]);
  });
});

describe('COPY out, CSV', () => {
  it('masks fields, quoted ones inside their quotes', () => {
    assert.equal(asCsv({}, `1,${EMAIL},5400\n`, `2,"x, ""${EMAIL}""\ny",\n`), '1,[email],\n2,"x, ""[email]""\ny",\n');
  });

  it('tells an empty text from NULL', () => {
    const masker = new CopyOutMasker(csv(), planOf(masks, column('a'), column('hidden')));
    assert.equal(run(masker, '"",\n', ',""\n'), '"",\n,"[column]"\n');
  });

  it('keeps quotes, escapes and delimiters of its own', () => {
    assert.equal(asCsv({ delimiter: ';', quote: "'", escape: '\\' }, `'it\\'s ${EMAIL}; \\\\';b;1\n`), `'it\\'s [email]; \\\\';b;\n`);
    assert.equal(asCsv({ delimiter: '[', null_string: 'NULL' }, `${EMAIL}[b[1\n`), '"[email]"[b[NULL\n');
  });

  it('is not misled by line ends in quotes, in pieces too', () => {
    const whole = `"a\n${EMAIL}\n",b,1\n"c""\n",d,2\n`;
    const expected = '"a\n[email]\n",b,\n"c""\n",d,\n';
    for (let at = 0; at <= whole.length; at++) assert.equal(asCsv({}, whole.slice(0, at), whole.slice(at)), expected, `cut at ${at}`);
  });

  it('quotes a masked value that would be read as NULL', () => {
    const masker = new CopyOutMasker(csv({ null_string: '[email]' }), planOf(masks, column('a')));
    assert.equal(run(masker, `${EMAIL}\n[email]\n`), '"[email]"\n[email]\n');
  });

  it('keeps the header', () => {
    assert.equal(asCsv({ header: true }, `a,"${EMAIL}",salary\n1,${EMAIL},2\n`), `a,"${EMAIL}",salary\n1,[email],\n`);
  });
});

describe('COPY out, binary', () => {
  const header = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.from([0, 0, 0, 0, 0, 0, 0, 3]), Buffer.from('ext')]);
  const trailer = Buffer.from([0xff, 0xff]);
  const tuple = (...fields: (string | null)[]): Buffer => {
    const parts = [Buffer.from([0, fields.length])];
    for (const field of fields) {
      const length = Buffer.alloc(4);
      length.writeInt32BE(field === null ? -1 : field.length);
      parts.push(length, Buffer.from(field ?? ''));
    }
    return Buffer.concat(parts);
  };
  const plan = () => planOf(masks, column('a', 25, 1), column('b', 25, 1), column('hidden', 25, 1));
  const whole = Buffer.concat([header, tuple('a', EMAIL, 'x'), tuple(null, 'b', null), trailer]);
  const expected = Buffer.concat([header, tuple('a', '[email]', '[column]'), tuple(null, 'b', null), trailer]).toString('latin1');

  it('masks tuples between header and trailer, wherever it is cut', () => {
    const masker = () => new CopyOutMasker(shape({ format: 'binary' }), plan());
    for (let at = 0; at <= whole.length; at++)
      assert.equal(run(masker(), whole.subarray(0, at), whole.subarray(at)), expected, `cut at ${at}`);
    const bytes = [...whole].map((byte) => Buffer.from([byte]));
    assert.equal(run(masker(), ...bytes), expected);
  });

  const bad: [string, Buffer][] = [
    ['another signature', Buffer.from('PGCOPX\n')],
    ['other columns', Buffer.concat([header, tuple('a')])],
    ['a length below -1', Buffer.concat([header, Buffer.from([0, 3, 0xff, 0xff, 0xff, 0xfe])])],
    ['bytes behind the trailer', Buffer.concat([whole, Buffer.from('x')])],
    ['half a tuple at the end', Buffer.concat([header, tuple('a', 'b', 'c').subarray(0, 9)])],
  ];
  for (const [what, bytes] of bad) {
    it(`refuses ${what}`, () => {
      assert.throws(
        () => run(new CopyOutMasker(shape({ format: 'binary' }), plan()), bytes),
        (error) => error instanceof MidstreamError && error.code === 'protocol_violation',
      );
    });
  }
});

describe('COPY of values whose types nobody tells', () => {
  const masks = masksOf([['email', 'credit_card'], 'redact']);
  const planned = (one: CopyShape, catalogue?: ReturnType<typeof catalogueOf>, inDoubt = false) => {
    const format = one.format === 'binary' ? 1 : 0;
    const masker = CopyOutMasker.plan(one, { format, column_formats: [format] }, masks, catalogue, inDoubt);
    assert.ok(masker instanceof CopyOutMasker);
    return masker;
  };
  const hex = Buffer.from(EMAIL, 'latin1').toString('hex');
  const quoted = (text: string) => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  /** a value as the server writes it, before the escapes of COPY, and what must not be left of it */
  const texts: [string, string][] = [
    [`\\x${hex}`, hex],
    [`\\x00${hex}ff`, hex],
    ['4111111111111111.00', '4111111111111111'],
    ['-4111111111111111.00000', '4111111111111111'],
    ['{"a":"\\u0034111111111111111"}', 'u0034111111111111111'],
    ['["\\u0034111111111111111"]', 'u0034111111111111111'],
    [`{"\\\\x${hex}",NULL}`, hex],
    [`[0:1]={"\\\\x${hex}",NULL}`, hex],
    [`(1,"\\\\x${hex}",)`, hex],
    [`{${quoted(`(1,${quoted('{"a":"\\u0034111111111111111"}')})`)}}`, 'u0034111111111111111'],
  ];
  for (const [value, gone] of texts) {
    it(`masks ${value} in text and CSV`, () => {
      const escaped = value.replaceAll('\\', '\\\\');
      const inQuotes = `"${value.replaceAll('"', '""')}"`;
      const plain = value.includes('"') || value.includes(',') ? inQuotes : value;
      for (const [one, field] of [
        [shape(), escaped],
        [csv(), plain],
        [csv(), inQuotes],
        [csv({ quote: "'", escape: "'" }), `'${value}'`],
      ] as const) {
        const shown = run(planned(one), `${field}\n`);
        assert.ok(!shown.includes(gone), shown);
        assert.ok(shown.endsWith('\n'));
        // Many alike, so that the quick ways are asked too.
        assert.ok(!run(planned(one), `${field}\n`.repeat(200)).includes(gone));
      }
    });
  }

  const int8 = (value: bigint) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(value);
    return bytes;
  };
  const lengthOf = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return length;
  };
  const words = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 0xff])));
  const card = int8(4111111111111111n);
  const numeric = words(4, 3, 0, 2, 4111, 1111, 1111, 1111);
  const range = Buffer.concat([Buffer.from([2]), lengthOf(card), card, lengthOf(card), card]);
  const binaries: [string, Buffer][] = [
    ['an int8', card],
    ['a negative int8', int8(-4111111111111111n)],
    ['a numeric', numeric],
    ['jsonb with an escape', Buffer.from('\u0001{"a":"\\u0034111111111111111"}', 'latin1')],
    ['json with an escape', Buffer.from('{"a":"\\u0034111111111111111"}', 'latin1')],
    ['a range', range],
    ['a multirange', Buffer.concat([words(0, 1), lengthOf(range), range])],
    ['an array', Buffer.concat([words(0, 1, 0, 0, 0, 20, 0, 1, 0, 1), lengthOf(card), card])],
    ['a record', Buffer.concat([words(0, 1, 0, 1700), lengthOf(numeric), numeric])],
  ];
  const table = (value: Buffer) =>
    Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8), words(1), lengthOf(value), value, words(0xffff)]);
  for (const [name, value] of binaries) {
    it(`masks ${name} in binary`, () => {
      const shown = Buffer.from(run(planned(shape({ format: 'binary' })), table(value)), 'latin1');
      assert.ok(!shown.includes(card) && !shown.includes(words(4111, 1111)) && !shown.includes('u0034'), shown.toString('hex'));
    });
  }

  it('leaves floats, times and small numbers as they are in binary', () => {
    const float = Buffer.alloc(8);
    for (let i = 1; i < 500; i++) {
      float.writeDoubleBE(i * 1.25);
      for (const value of [float, int8(BigInt(i) * 86_400_000_000n + 848_000_000_000_000n)]) {
        const message = table(value);
        assert.equal(run(planned(shape({ format: 'binary' })), message), message.toString('latin1'));
      }
    }
  });

  it('does not believe a type that its name has, where the value is no such', () => {
    const people = catalogueOf({ 'hr.people': ['id'] }, [], true, 23);
    const relation = { schema: 'hr', table: 'people', columns: [] };
    for (const one of [shape({ relation }), csv({ relation })])
      assert.equal(run(planned(one, people), `1\n${EMAIL}\n4111111111111111\n`), '1\n[email]\n0\n');
    // The open transaction made another table of it: bytes in CSV are looked into then.
    assert.equal(run(planned(csv({ relation }), people, true), `\\x${hex}\n`), `\\x${Buffer.from('[email]').toString('hex')}\n`);
  });

  it('takes the types of columns that a query passes on', () => {
    const people = catalogueOf({ 'hr.people': ['id'] }, [], true, 20);
    const outputs = [output('x', { sources: [{ schema: 'hr', table: 'people', column: 'id' }], direct: true })];
    assert.equal(run(planned(shape({ outputs }), people), '4111111111111111\n'), '0\n');
    const message = table(card);
    const shown = run(planned(shape({ outputs, format: 'binary' }), people), message);
    assert.equal(shown, table(int8(0n)).toString('latin1'));
  });
});

describe('plan of a COPY', () => {
  const catalogue = catalogueOf({ 'hr.people': ['id', 'name', 'salary'] });
  const response = (count: number, format: 0 | 1 = 0) => ({ format, column_formats: new Array<number>(count).fill(format) });
  const relation = (...listed: string[]) => ({ schema: 'hr', table: 'people', columns: listed });
  const rule = masksOf(['hr.people.salary', 'null']);
  const planned = (one: CopyShape, count: number, view: typeof catalogue | 'none' = catalogue) => {
    const masker = CopyOutMasker.plan(one, response(count), rule, view === 'none' ? undefined : view);
    assert.ok(masker instanceof CopyOutMasker);
    return run(masker, `${Array.from({ length: count }, (_, i) => `v${i}`).join('\t')}\n`);
  };

  it('takes the table’s columns in their order, or those listed', () => {
    assert.equal(planned(shape({ relation: relation() }), 3), 'v0\tv1\t\\N\n');
    assert.equal(planned(shape({ relation: relation('salary', 'id') }), 2), '\\N\tv1\n');
    assert.equal(planned(shape({ relation: relation('salary', 'id') }), 2, 'none'), '\\N\tv1\n');
  });

  it('covers every column where it cannot tell which one it is', () => {
    assert.equal(planned(shape({ relation: relation() }), 3, 'none'), '\\N\t\\N\t\\N\n');
    assert.equal(planned(shape({ relation: relation() }), 4), '\\N\t\\N\t\\N\t\\N\n', 'the table has changed');
  });

  it('follows the outputs of a query', () => {
    const outputs = [
      output('a', { sources: [{ schema: 'hr', table: 'people', column: 'name' }] }),
      output('b', { sources: [{ schema: 'hr', table: 'people', column: 'salary' }] }),
    ];
    assert.equal(planned(shape({ outputs }), 2), 'v0\t\\N\n');
  });

  it('asks for the relation first', () => {
    const wanted = CopyOutMasker.plan(shape({ relation: relation() }), response(3), rule, catalogueOf({}, [], false));
    assert.deepEqual(wanted, { relations: [], names: [{ schema: 'hr', name: 'people' }], types: [] });
  });

  it('refuses a format that the statement did not ask for', () => {
    assert.throws(
      () => CopyOutMasker.plan(shape(), response(1, 1), rule, catalogue),
      (error) => error instanceof MidstreamError && error.code === 'protocol_violation',
    );
  });
});
