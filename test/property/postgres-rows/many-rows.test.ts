import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { kinds } from '../../../filters/mask/index.js';
import type { MaskAs } from '../../../filters/mask/types.js';
import { ByteSink } from '../../../filters/postgres/rows/byte-sink.js';
import { CopyOutMasker } from '../../../filters/postgres/rows/copy-out.js';
import { type Fired, RowMasker } from '../../../filters/postgres/rows/data-row.js';
import { ManyRows } from '../../../filters/postgres/rows/many-rows.js';
import { buildMaskSet, type MaskSet } from '../../../filters/postgres/rows/plan.js';
import type { CopyShape } from '../../../filters/sql/facts.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, Random } from '../../support/random.js';
import { address, card, grouped, inFours, nearly, phone } from '../../support/usual-values.js';
import { type CellValue, column, copyData, dataRow, key, planBy, planOf } from '../../unit/postgres-rows/support.js';

/** The fast way of rows must give what the exact way gives, byte for byte, with the same counts. */

const SEEDS = count(150, 5000);
const others = kinds.flatMap((kind) => kind.examples);
const words = [
  'red',
  'green',
  'Barbara',
  'Ada Okafor',
  'bank',
  'www',
  'on',
  'tree',
  'ß',
  '😀',
  '-',
  '(',
  '5',
  '2024-01-02',
  'a/b',
  '12',
  'x=1',
  '00',
];

const plain = ['Barbara', 'Ada Okafor', 'red', 'bank', 'box 12', 'on the way', 'ß', '😀', 'a/b'];

const makers: Record<string, (random: Random) => string> = {
  email: (random) =>
    random.chance(0.96)
      ? `jane.${random.pick(['doe', 'roe', 'bell', 'b'])}${random.int(99)}@example.${random.pick(['com', 'de', 'js'])}`
      : address(random),
  card: (random) => inFours(card(random), random.pick(['', ' ', '-'])),
  phone: (random) => (random.chance(0.96) ? phone(random) : grouped(random)),
  name: (random) => Array.from({ length: random.int(4) }, () => random.pick(random.chance(0.02) ? words : plain)).join(' '),
  long: (random) => Array.from({ length: random.int(60) }, () => random.pick(words)).join(' '),
  number: (random) => String(random.int(random.pick([9, 1e6, 1e12]))),
  anything: (random) => random.pick(others),
};
const names = ['id', 'email', 'phone', 'card', 'note', 'contact', 'name', 'password', 'national_id'];
const oids = [25, 1043, 25, 1042, 705, 0];

interface Column {
  name: string;
  oid: number;
  make: (random: Random) => string;
}

function columns(random: Random): Column[] {
  return Array.from({ length: 1 + random.int(5) }, () => {
    const kind = random.chance(0.03) ? 'anything' : random.pick(Object.keys(makers));
    return { name: random.chance(0.6) ? kind : random.pick(names), oid: random.pick(oids), make: makers[kind]! };
  });
}

function masks(random: Random): MaskSet {
  const as = (): MaskAs =>
    random.chance(0.1) ? random.pick(['hash', 'null', 'token']) : random.pick(['partial', 'partial', 'redact', 'fixed']);
  const rule = (detect: string[], columns: string[]) => ({
    name: `r${random.int(1e6)}`,
    detect,
    columns,
    as: as(),
    value: random.pick(['X', 'a;b', 'NULL', '(gone)']),
  });
  const rules = [
    rule(random.pick([['all'], ['pii'], ['credit_card', 'email', 'phone'], ['phone', 'email', 'credit_card', 'national_id']]), []),
  ];
  if (random.chance(0.5)) rules.push(rule(['secrets'], []));
  if (random.chance(0.4)) rules.push(rule([], [`*.*.${random.pick(names)}`]));
  if (random.chance(0.1)) rules.shift();
  return buildMaskSet(rules, { key, ...(random.chance(0.2) ? { regions: ['US', 'DE'] } : {}) });
}

function cell(random: Random, { make }: Column): CellValue {
  if (random.chance(0.05)) return null;
  const value = random.chance(0.01) ? random.pick(Object.values(makers))(random) : make(random);
  return random.chance(0.01) ? nearly(random, value) : value;
}

/** Rows as they come: some alike, one now and then not. */
function rows(random: Random, all: readonly Column[]): CellValue[][] {
  return Array.from({ length: 60 + random.int(140) }, () => all.map((one) => cell(random, one)));
}

let fast = 0;
let total = 0;
const run = ManyRows.prototype.run;

interface Masked {
  bytes: Buffer;
  fired: Fired[];
  masked: number;
}

/** Feeds the messages in pieces that end anywhere. */
function feed(
  random: Random,
  buf: Buffer,
  step: (from: number, end: number, out: ByteSink) => { at: number; masked: number },
  changed: (one: { at: number; masked: number }) => boolean,
  parts: Buffer[] = [],
) {
  let masked = 0;
  let from = 0;
  for (let end = 0; from < buf.length && end < buf.length; ) {
    end = Math.min(buf.length, end + 1 + random.int(random.pick([200, 5000, 60_000])));
    const out = new ByteSink(64);
    const one = step(from, end, out);
    parts.push(changed(one) ? out.take() : Buffer.from(buf.subarray(from, one.at)));
    masked += one.masked;
    from = one.at;
  }
  return { bytes: Buffer.concat(parts), masked };
}

/** Rows that a broken or hostile server sent: some bytes are others than they were, lengths and counts among them. */
function damage(random: Random, buf: Buffer): Buffer {
  const damaged = Buffer.from(buf);
  for (let changes = 1 + random.int(4); changes > 0; changes--) {
    const at = random.int(buf.length);
    if (random.chance(0.4)) damaged[at] = random.int(256);
    else if (random.chance(0.5)) damaged[at]! ^= 1 << random.int(8);
    else if (at + 4 <= buf.length) damaged.writeInt32BE(random.pick([-2, -1, 0, 1, 3, 4, 0xffff, 0x7fffffff, -0x80000000]), at);
  }
  return damaged;
}

/** What went out, and the refusal that ended it; anything thrown that is no refusal of the protocol goes on. */
function untilRefused(work: (sink: Buffer[]) => void): { bytes: string; refused: string } {
  const sink: Buffer[] = [];
  let refused = '';
  try {
    work(sink);
  } catch (error) {
    if (!(error instanceof MidstreamError && error.code === 'protocol_violation')) throw error;
    refused = error.message;
  }
  return { bytes: Buffer.concat(sink).toString('latin1'), refused };
}

function same(fastOne: Masked, exact: Masked, what: string): void {
  if (!fastOne.bytes.equals(exact.bytes)) assert.equal(fastOne.bytes.toString('latin1'), exact.bytes.toString('latin1'), what);
  assert.deepEqual(fastOne.fired, exact.fired, what);
  assert.equal(fastOne.masked, exact.masked, what);
}

const quoteCsv = (text: string): string => (/[",\n\r;|]/.test(text) || text === '' ? `"${text.replaceAll('"', '""')}"` : text);
const escapeText = (text: string): string =>
  text.replace(/[\\\t\n\r|;,]/g, (c) => ({ '\t': '\\t', '\n': '\\n', '\r': '\\r' })[c] ?? `\\${c}`);

const shape = (format: CopyShape['format'], delimiter: string, null_string: string, header: boolean): CopyShape => ({
  direction: 'out',
  format,
  delimiter,
  null_string,
  header,
  quote: '"',
  escape: '"',
  relation: undefined,
  outputs: undefined,
  encoding: '',
});

function copyMessages(
  random: Random,
  { format, delimiter, null_string, header }: CopyShape,
  all: readonly CellValue[][],
  width: number,
): Buffer {
  const messages: Buffer[] = [];
  if (format === 'binary') {
    messages.push(copyData(Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex')));
    for (const row of all) messages.push(copyData(dataRow(...row).subarray(5)));
    messages.push(copyData(Buffer.from([255, 255])));
  } else {
    const write = format === 'csv' ? quoteCsv : escapeText;
    const line = (row: readonly CellValue[]) => `${row.map((one) => (one === null ? null_string : write(String(one)))).join(delimiter)}\n`;
    if (header) messages.push(copyData(line(Array.from({ length: width }, (_, i) => `c${i}`))));
    for (const row of all) messages.push(copyData(line(row)));
  }
  // now and then two rows share a message, or one is cut in two
  return Buffer.concat(
    messages.flatMap((message, i) => {
      if (format === 'binary' && (i === 0 || i === messages.length - 1)) return [message];
      if (!random.chance(0.02)) return [message];
      const body = message.subarray(5);
      const at = random.int(body.length);
      return [copyData(body.subarray(0, at)), copyData(body.subarray(at))];
    }),
  );
}

describe('rows in bulk, at random', function () {
  this.timeout(TEST_MS_MAX);

  before(() => {
    ManyRows.prototype.run = function (...args) {
      const done = run.apply(this, args);
      fast += done?.rows ?? 0;
      return done;
    };
  });
  after(() => {
    ManyRows.prototype.run = run;
  });
  beforeEach(() => {
    fast = total = 0;
  });

  it('of DataRow, text and binary, are masked as one by one', () => {
    forSeeds(SEEDS, (random) => {
      const all = columns(random);
      const set = masks(random);
      const format = random.int(2);
      const layout = all.map(({ name, oid }) => column(name, oid, format));
      let made = rows(random, all);
      if (format === 1 && random.chance(0.3)) {
        layout.push(column('total', 20, 1));
        made = made.map((row) => [...row, int8(random)]);
      }
      if (random.chance(0.3)) {
        layout.push(column('ratio', 701, format));
        made = made.map((row) => [...row, float8(random, format)]);
      }
      const plan = planOf(set, ...layout);
      const buf = Buffer.concat(made.map((row) => dataRow(...row)));
      total += made.length;
      const results = [false, true].map((exact) => {
        const masker = new RowMasker(plan, exact);
        const cuts = new Random(made.length);
        const fed = feed(
          cuts,
          buf,
          (from, end, out) => masker.maskChunk(buf, from, end, 1 << 24, out),
          ({ masked }) => masked > 0,
        );
        return { ...fed, fired: masker.takeFired() };
      });
      same(results[0]!, results[1]!, 'DataRow');
    });
    assert.ok(fast > 1500, `only ${fast} of ${total} rows went the fast way`);
  });

  it('of COPY, in text, CSV and binary, are masked as one by one', () => {
    forSeeds(SEEDS, (random) => {
      const all = columns(random);
      const set = masks(random);
      const copy = random.pick([
        shape('text', '\t', '\\N', false),
        shape('text', '|', '', random.chance(0.5)),
        shape('csv', ',', '', random.chance(0.5)),
        shape('csv', ';', 'NULL', false),
        shape('binary', '\t', '\\N', false),
      ]);
      const binary = copy.format === 'binary';
      // integers whose types the statement tells, which may be mistaken
      const withIntegers = binary && random.chance(0.5);
      const made = rows(random, all).map((row) => (withIntegers ? [int4(random), ...row, int8(random)] : row));
      const layout = all.map(({ name, oid }) => column(name, oid, binary ? 1 : 0));
      if (withIntegers) layout.unshift(column(random.pick(['id', 'ssn']), 23, 1));
      if (withIntegers) layout.push(column('total', 20, 1));
      const plan = planBy(withIntegers ? 'statement' : 'exact', set, ...layout);
      const buf = copyMessages(random, copy, made, layout.length);
      total += made.length;
      const results = [false, true].map((exact) => {
        const masker = new CopyOutMasker(copy, plan, 1 << 20, exact);
        const cuts = new Random(made.length);
        const fed = feed(
          cuts,
          buf,
          (from, end, out) => {
            const one = masker.pushAll(buf, from, end, 1 << 24, out);
            if (one.changed && out.length === 0) return { at: one.at, masked: Number.MIN_VALUE };
            return { at: one.at, masked: one.changed ? Math.max(one.masked, Number.MIN_VALUE) : 0 };
          },
          ({ masked }) => masked > 0,
        );
        const rest = new ByteSink();
        masker.end(rest);
        return { bytes: Buffer.concat([fed.bytes, rest.take()]), masked: Math.round(fed.masked), fired: masker.takeFired() };
      });
      same(results[0]!, results[1]!, copy.format);
    });
    assert.ok(fast > 1500, `only ${fast} of ${total} rows went the fast way`);
  });

  it('of DataRow with damaged bytes give the same rows and the same refusal', () => {
    let refusals = 0;
    forSeeds(SEEDS, (random) => {
      const all = columns(random);
      const format = random.int(2);
      const plan = planOf(masks(random), ...all.map(({ name, oid }) => column(name, oid, format)));
      const buf = damage(random, Buffer.concat(rows(random, all).map((row) => dataRow(...row))));
      const [quick, exact] = [false, true].map((slow) => {
        const masker = new RowMasker(plan, slow);
        const step = (from: number, end: number, out: ByteSink) => masker.maskChunk(buf, from, end, 1 << 24, out);
        return untilRefused((sink) => void feed(new Random(buf.length), buf, step, ({ masked }) => masked > 0, sink));
      });
      assert.deepEqual(quick, exact);
      if (exact!.refused !== '') refusals++;
    });
    assert.ok(fast > 2 * SEEDS && refusals > SEEDS / 8, `${fast} of the rows went the fast way, ${refusals} streams were refused`);
  });

  it('of binary COPY with damaged bytes give the same rows and the same refusal', () => {
    let refusals = 0;
    forSeeds(SEEDS, (random) => {
      const all = columns(random);
      const copy = shape('binary', '\t', '\\N', false);
      const plan = planOf(masks(random), ...all.map(({ name, oid }) => column(name, oid, 1)));
      const buf = damage(random, copyMessages(random, copy, rows(random, all), all.length));
      const [quick, exact] = [false, true].map((slow) => {
        const masker = new CopyOutMasker(copy, plan, 1 << 26, slow);
        const step = (from: number, end: number, out: ByteSink) => {
          const one = masker.pushAll(buf, from, end, 1 << 24, out);
          return { at: one.at, masked: one.changed ? 1 : 0 };
        };
        return untilRefused((sink) => void feed(new Random(buf.length), buf, step, ({ masked }) => masked > 0, sink));
      });
      assert.deepEqual(quick, exact);
      if (exact!.refused !== '') refusals++;
    });
    assert.ok(fast > 2 * SEEDS && refusals > SEEDS / 8, `${fast} of the rows went the fast way, ${refusals} streams were refused`);
  });
});

/** Sometimes of another length, as a value of another type would be. */
function int4(random: Random): CellValue {
  if (random.chance(0.02))
    return random.chance(0.5) ? null : Buffer.from(random.pick(['jane@example.com', '4111111111111111', 'four', 'x']));
  const value = Buffer.alloc(4);
  value.writeInt32BE(random.int(0x7fffffff));
  return value;
}

function int8(random: Random): CellValue {
  if (random.chance(0.05)) return null;
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(random.chance(0.1) ? 4111111111111111n : BigInt(random.int(1e6)) * (random.chance(0.3) ? -1n : 1n));
  return bytes;
}

const floats = [
  0, 1.5, -0.25, 1e-7, 40.712776, 123456789012.5, 411111111111, 1e300, -1e15, 4111111111111111, -4111111111111111, 5555555555554444,
];

function float8(random: Random, format: number): CellValue {
  if (random.chance(0.05)) return null;
  const value = random.chance(0.1) ? random.pick([...floats, Number.NaN, Number.POSITIVE_INFINITY]) : random.int(1e6) / 7;
  if (format === 0)
    return Buffer.from(String(value).replace('111111111111111', '.111111111111111e+15').replace('555555555554444', '.555555555554444e+15'));
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}
