import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { kinds } from '../../../filters/mask/index.js';
import { ByteSink } from '../../../filters/postgres/rows/byte-sink.js';
import { CopyOutMasker } from '../../../filters/postgres/rows/copy-out.js';
import { RowMasker } from '../../../filters/postgres/rows/data-row.js';
import { arrayElements, builtinShapes } from '../../../filters/postgres/rows/oids.js';
import type { CopyShape } from '../../../filters/sql/facts.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import {
  CARD,
  type CellValue,
  cellsOf,
  column,
  copyData,
  dataRow,
  EMAIL,
  endCopy,
  masksOf,
  planOf,
  pushCopy,
} from '../../unit/postgres-rows/support.js';

const everything = masksOf(['all', 'redact']);
const columnsToo = masksOf(['all', 'redact'], ['*.*.hidden', 'hash'], ['*.*.gone', 'null']);
const oids = [...builtinShapes.keys(), ...arrayElements.keys(), 99_999];

const bytes = (random: Random, length: number): Buffer => Buffer.from(Array.from({ length }, () => random.int(256)));

const pieces = [
  '{',
  '}',
  '"',
  '\\',
  ',',
  '(',
  ')',
  '[',
  ']',
  ':',
  '\\u',
  '0034',
  '\\x',
  '6a616e',
  'NULL',
  'null',
  EMAIL,
  CARD,
  '4111111111111111',
  ' ',
  '\t',
  '\n',
  'a',
  '1',
  '=>',
  '.',
  '-',
];
/** Text that looks like arrays, composites, JSON, and is none. */
const broken = (random: Random): Buffer => Buffer.from(Array.from({ length: random.int(12) }, () => random.pick(pieces)).join(''));

/** Words in which no detector finds anything. */
const words = (random: Random): string =>
  Array.from({ length: random.int(6) }, () =>
    random.pick(['red', 'green', 'blue', 'on', 'tree', 'ß', '😀', '-', '(', '"', '\\', '{', '5']),
  ).join(' ');

function value(random: Random): CellValue {
  if (random.chance(0.1)) return null;
  if (random.chance(0.4)) return broken(random);
  return random.chance(0.3) ? bytes(random, random.int(40)) : words(random);
}

const shapes: CopyShape[] = [
  {
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
  },
  {
    direction: 'out',
    format: 'text',
    delimiter: '|',
    null_string: '',
    header: true,
    quote: '"',
    escape: '"',
    relation: undefined,
    outputs: undefined,
    encoding: '',
  },
  {
    direction: 'out',
    format: 'csv',
    delimiter: ',',
    null_string: '',
    header: false,
    quote: '"',
    escape: '"',
    relation: undefined,
    outputs: undefined,
    encoding: '',
  },
  {
    direction: 'out',
    format: 'csv',
    delimiter: ';',
    null_string: 'NULL',
    header: true,
    quote: "'",
    escape: '\\',
    relation: undefined,
    outputs: undefined,
    encoding: '',
  },
];

describe('rows, at random', () => {
  it('of clean words come out byte for byte as they went in', () => {
    forSeeds(count(500), (random) => {
      const width = 1 + random.int(8);
      const masker = new RowMasker(
        planOf(everything, ...Array.from({ length: width }, (_, i) => column(`c${i}`, random.pick([25, 1043, 1042, 705])))),
      );
      const rows = Array.from({ length: 1 + random.int(5) }, () =>
        dataRow(...Array.from({ length: width }, () => (random.chance(0.1) ? null : words(random)))),
      );
      const buf = Buffer.concat(rows);
      const out = new ByteSink(16);
      assert.deepEqual(masker.maskChunk(buf, 0, buf.length, 1 << 20, out), { at: buf.length, rows: rows.length, masked: 0 });
      assert.equal(out.length, 0);
      for (const row of rows) assert.equal(masker.maskRow(row, 0, 5, row.length), undefined);
    });
  });

  it('of any bytes under any type stay rows, and never throw', () => {
    forSeeds(count(3000), (random) => {
      const width = 1 + random.int(5);
      const names = ['c', 'hidden', 'gone', 'password', 'dob', 'ssn'];
      const layout = Array.from({ length: width }, () => column(random.pick(names), random.pick(oids), random.int(2) as 0 | 1));
      const masker = new RowMasker(planOf(columnsToo, ...layout));
      const cells = layout.map(() => value(random));
      const row = dataRow(...cells);
      const out = cellsOf(masker.maskRow(row, 0, 5, row.length) ?? row);
      assert.equal(out.length, width);
      layout.forEach((one, i) => {
        if (cells[i] === null) assert.equal(out[i], null, 'NULL stays NULL');
        if (one.name === 'gone') assert.equal(out[i], null);
        // In plain text nothing may be left that stands free.
        if (one.type_oid === 25 && Buffer.from((cells[i] ?? '') as string).equals(Buffer.from(EMAIL))) assert.ok(!out[i]?.includes(EMAIL));
      });
    });
  });

  it('cut short or with lying lengths are refused or masked, never something else', () => {
    forSeeds(count(2000), (random) => {
      const masker = new RowMasker(planOf(columnsToo, column('a'), column('b', 1009), column('hidden')));
      const row = dataRow(value(random), value(random), value(random));
      const at = random.int(row.length - 5) + 5;
      const mutated = random.chance(0.5) ? row.subarray(0, at) : Buffer.from(row);
      if (mutated.length === row.length) mutated[at] = random.int(256);
      try {
        const out = masker.maskRow(mutated, 0, 5, mutated.length);
        if (out !== undefined) cellsOf(out);
      } catch (error) {
        assert.ok(error instanceof MidstreamError && error.code === 'protocol_violation', String(error));
      }
    });
  });

  it('one by one and in a run give the same', () => {
    forSeeds(count(500), (random) => {
      const layout = [column('a'), column('j', 114), column('hidden', 23), column('l', 1009)];
      const rows = Array.from({ length: 1 + random.int(6) }, () => dataRow(...layout.map(() => value(random))));
      const buf = Buffer.concat(rows);
      const out = new ByteSink(16);
      const { masked } = new RowMasker(planOf(columnsToo, ...layout)).maskChunk(buf, 0, buf.length, 1 << 20, out);
      const single = new RowMasker(planOf(columnsToo, ...layout));
      const expected = Buffer.concat(rows.map((row) => single.maskRow(row, 0, 5, row.length) ?? row));
      assert.ok((masked === 0 ? buf : out.take()).equals(expected));
    });
  });

  it('the hundredth is masked like the first: what was seen before changes the time and nothing else', () => {
    const all = kinds.flatMap((kind) => kind.examples);
    forSeeds(count(60), (random) => {
      const plan = planOf(columnsToo, column('a'), column('b'), column('j', 114));
      const warm = new RowMasker(plan);
      for (let n = 0; n < 100; n++) {
        const dirty = random.chance(n < 50 ? 0.95 : 0.3);
        const text = () => (dirty ? random.pick(all) : random.chance(0.5) ? words(random) : value(random));
        const row = dataRow(text(), text(), JSON.stringify({ a: dirty ? random.pick(all) : 'x' }));
        assert.deepEqual(warm.maskRow(row, 0, 5, row.length), new RowMasker(plan).maskRow(row, 0, 5, row.length));
      }
    });
  });

  it('of columns that are full of one kind are masked as if each value were the first, in rows and in COPY', () => {
    const usual: Record<string, string[]> = {
      email: [
        'jane.doe@example.com',
        'a7@b.org',
        'okafor123456@example.org',
        'x.y.z12@sub.example-one.net',
        'no address',
        'git@host.com:a/b',
      ],
      phone: ['+1 415 555 2671', '+14155552671', '+47 22 12 34 56', '+49 1512 3456789', '555', 'call +1 415 555 2671', '+1 415 55 2671'],
      card: ['4111 1111 1111 1111', '4111-1111-1111-1111', '5555555555554444', '4111 1111 1111 1112', '378282246310005', '1234'],
    };
    const rules: Parameters<typeof masksOf>[] = [
      [['all', 'redact']],
      [
        [['credit_card', 'us_ssn', 'email', 'phone'], 'partial'],
        ['secrets', 'redact'],
      ],
      [
        ['email', 'hash'],
        [['phone', 'credit_card'], 'null'],
      ],
      [
        [['email', 'phone'], 'partial'],
        [['phone', 'credit_card'], 'redact'],
      ],
      [
        [['email', 'phone', 'credit_card'], 'partial'],
        ['*.*.gone', 'null'],
      ],
    ];
    forSeeds(count(60), (random) => {
      const names = [...Object.keys(usual), 'note'];
      const layout = [column(random.pick(names)), column(random.pick(names)), column('gone')];
      const plan = planOf(masksOf(...random.pick(rules)), ...layout);
      const lines = Array.from({ length: 120 }, () =>
        layout.map(({ name }) => {
          const values = usual[name === 'note' ? 'phone' : name] ?? ['x'];
          return random.chance(0.8) ? values[0]! : random.chance(0.8) ? random.pick(values) : random.pick(Object.values(usual).flat());
        }),
      );
      const warm = new RowMasker(plan);
      const shape = shapes[0]!;
      assert.equal(shape.format, 'text');
      const warmCopy = new CopyOutMasker(shape, plan);
      for (const cells of lines) {
        const row = dataRow(...cells);
        assert.deepEqual(warm.maskRow(row, 0, 5, row.length), new RowMasker(plan).maskRow(row, 0, 5, row.length), cells.join(' | '));
        const line = copyData(Buffer.from(`${cells.join('\t')}\n`));
        assert.deepEqual(pushCopy(warmCopy, line), pushCopy(new CopyOutMasker(shape, plan), line), cells.join(' | '));
      }
      assert.equal(warmCopy.rows, lines.length);
    });
  });

  it('of a long answer, cut into chunks anywhere, give what each row gives to a masker that saw no other', () => {
    const all = kinds.flatMap((kind) => kind.examples);
    forSeeds(count(40), (random) => {
      // a name that says what stands under it is treated in another way than the rest
      const plan = planOf(columnsToo, column('a'), column('card'), column('hidden'), column('j', 114));
      const rows = Array.from({ length: 120 }, (_, n) => {
        // long runs of rows with hits and without, and both mixed
        const share = [1, 0.05, 0.6][Math.floor(n / 40)]!;
        const text = () => (random.chance(share) ? random.pick(all) : random.chance(0.8) ? words(random) : value(random));
        return dataRow(text(), text(), text(), JSON.stringify({ a: random.chance(share) ? random.pick(all) : 'x' }));
      });
      const expected = Buffer.concat(rows.map((row) => new RowMasker(plan).maskRow(row, 0, 5, row.length) ?? row));
      const buf = Buffer.concat(rows);
      const masker = new RowMasker(plan);
      const got: Buffer[] = [];
      let at = 0;
      let seen = 0;
      while (at < buf.length) {
        const out = new ByteSink(16);
        const end = Math.min(buf.length, at + 1 + random.int(4000));
        const run = masker.maskChunk(buf, at, end, 1 << 20, out);
        // a row that the cut went through comes whole, as the frame reader gives it
        if (run.rows === 0) {
          const stop = at + 1 + buf.readInt32BE(at + 1);
          got.push(masker.maskRow(buf, at, at + 5, stop) ?? buf.subarray(at, stop));
          at = stop;
          seen++;
          continue;
        }
        got.push(run.masked === 0 ? buf.subarray(at, run.at) : out.take());
        at = run.at;
        seen += run.rows;
      }
      assert.equal(seen, rows.length);
      assert.ok(Buffer.concat(got).equals(expected));
    });
  });

  it('hide what every kind is known by, whatever stands in the cells beside it', () => {
    const all = kinds.flatMap((kind) => kind.examples);
    forSeeds(count(all.length * 4), (random, seed) => {
      const example = all[seed % all.length]!;
      // The length of a neighbour puts any byte before and behind the value, digits and letters too.
      const beside = () => 'x'.repeat(random.pick([0, 0x30, 0x39, 0x41, 0x61, 0x2d, 0x40, random.int(256)]));
      const row = dataRow(beside(), example, beside());
      const alone = new RowMasker(planOf(everything, column('c')));
      const expected = alone.maskRow(dataRow(example), 0, 5, dataRow(example).length);
      assert.ok(expected, `${example} is not found by itself`);
      const out = new RowMasker(planOf(everything, column('a'), column('c'), column('d'))).maskRow(row, 0, 5, row.length);
      assert.ok(out, `${example} was lost among its neighbours`);
      assert.deepEqual(cellsOf(out)[1], cellsOf(expected)[0]);
    });
  });
});

describe('COPY, at random', () => {
  const layout = [column('a'), column('j', 3802), column('hidden')];

  /** A field as the server writes it. */
  function field(shape: CopyShape, text: string): string {
    if (shape.format === 'text')
      return [...text].map((c) => (c === '\\' || c === shape.delimiter ? `\\${c}` : c === '\n' ? '\\n' : c === '\t' ? '\\t' : c)).join('');
    const special = [shape.delimiter, shape.quote, '\n', '\r'].some((c) => text.includes(c)) || text === shape.null_string;
    return special
      ? shape.quote + [...text].map((c) => (c === shape.quote || c === shape.escape ? shape.escape + c : c)).join('') + shape.quote
      : text;
  }

  function output(masker: CopyOutMasker, chunks: Buffer[]): Buffer {
    const out: Buffer[] = [];
    for (const chunk of chunks) {
      const message = copyData(chunk);
      out.push(...(pushCopy(masker, message) ?? [message]));
    }
    out.push(...endCopy(masker));
    return Buffer.concat(out.map((message) => message.subarray(5)));
  }

  /** The same, by runs of messages as they stand in what the server sent. */
  function outputOfRuns(masker: CopyOutMasker, chunks: Buffer[], cut: () => number): Buffer {
    const messages = Buffer.concat(chunks.map(copyData));
    const out: Buffer[] = [];
    for (let at = 0; at < messages.length; ) {
      const sink = new ByteSink(16);
      const run = masker.pushAll(messages, at, Math.min(messages.length, at + cut()), 1 << 20, sink);
      assert.ok(run.masked <= sink.length);
      if (run.changed) out.push(sink.take());
      else out.push(messages.subarray(at, run.at));
      if (run.at > at) at = run.at;
      else {
        const stop = at + 1 + messages.readInt32BE(at + 1);
        out.push(...(pushCopy(masker, messages.subarray(at, stop)) ?? [messages.subarray(at, stop)]));
        at = stop;
      }
    }
    out.push(...endCopy(masker));
    return Buffer.concat(out);
  }

  it('gives the same messages one by one and in runs', () => {
    forSeeds(count(800), (random) => {
      const shape = random.pick(shapes);
      const line = () =>
        layout.map(() => field(shape, random.chance(0.3) ? broken(random).toString() : words(random))).join(shape.delimiter);
      const whole = Buffer.from(Array.from({ length: 1 + random.int(20) }, () => `${line()}\n`).join(''));
      const chunks: Buffer[] = [];
      for (let at = 0; at < whole.length; ) {
        const line_end = whole.indexOf(0x0a, at) + 1;
        const next = random.chance(0.8) ? line_end : Math.min(whole.length, at + 1 + random.int(20));
        chunks.push(whole.subarray(at, next));
        at = next;
      }
      const masks = random.chance(0.5) ? columnsToo : everything;
      const one = new CopyOutMasker(shape, planOf(masks, ...layout));
      const expected = Buffer.concat([...chunks.flatMap((chunk) => pushCopy(one, copyData(chunk)) ?? [copyData(chunk)]), ...endCopy(one)]);
      const runs = new CopyOutMasker(shape, planOf(masks, ...layout));
      assert.equal(outputOfRuns(runs, chunks, () => 1 + random.int(400)).toString('latin1'), expected.toString('latin1'));
      assert.equal(runs.rows, one.rows);
      assert.deepEqual(runs.takeFired(), one.takeFired());
    });
  });

  it('gives the same bytes however it is cut', () => {
    forSeeds(count(1500), (random) => {
      const shape = random.pick(shapes);
      const line = () =>
        layout
          .map(() =>
            random.chance(0.1) ? shape.null_string : field(shape, random.chance(0.5) ? broken(random).toString() : words(random)),
          )
          .join(shape.delimiter);
      const whole = Buffer.from(Array.from({ length: 1 + random.int(5) }, () => `${line()}\n`).join(''));
      const masks = random.chance(0.5) ? columnsToo : everything;
      const expected = output(new CopyOutMasker(shape, planOf(masks, ...layout)), [whole]);
      const chunks: Buffer[] = [];
      for (let at = 0; at < whole.length; ) {
        const next = Math.min(whole.length, at + 1 + random.int(random.pick([1, 3, 20])));
        chunks.push(whole.subarray(at, next));
        at = next;
      }
      assert.equal(output(new CopyOutMasker(shape, planOf(masks, ...layout)), chunks).toString(), expected.toString());
      assert.ok(
        !expected.includes(`${shape.delimiter}${EMAIL}${shape.delimiter}`) || shape.header,
        `a field that is an address went through: ${JSON.stringify(whole.toString())} gave ${JSON.stringify(expected.toString())}`,
      );
    });
  });

  it('of clean words comes out as it went in', () => {
    forSeeds(count(500), (random) => {
      const shape = random.pick(shapes);
      const line = () => layout.map(() => field(shape, words(random))).join(shape.delimiter);
      const whole = Buffer.from(Array.from({ length: 1 + random.int(5) }, () => `${line()}\n`).join(''));
      assert.equal(
        output(new CopyOutMasker(shape, planOf(everything, column('a'), column('b'), column('c'))), [whole]).toString(),
        whole.toString(),
      );
    });
  });

  it('of any bytes is masked or refused', () => {
    forSeeds(count(2000), (random) => {
      const shape = { ...random.pick(shapes), format: random.pick(['text', 'csv', 'binary'] as const) };
      const start =
        shape.format === 'binary' && random.chance(0.8)
          ? Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)])
          : Buffer.alloc(0);
      const chunks = [
        start,
        ...Array.from({ length: random.int(5) }, () => (random.chance(0.5) ? broken(random) : bytes(random, random.int(30)))),
      ];
      try {
        output(new CopyOutMasker(shape, planOf(columnsToo, ...layout)), chunks);
      } catch (error) {
        assert.ok(error instanceof MidstreamError && error.code === 'protocol_violation', String(error));
      }
    });
  });
});
