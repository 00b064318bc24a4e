import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { createDetector, createMasker, type Detector } from '../../../filters/mask/index.js';
import { textMasker } from '../../../filters/mask/stream/text-masker.js';
import { DIGITS, HEX } from '../../property/mask/corpus.js';
import { Random } from '../../support/random.js';
import * as make from './values.js';

/** CPU seconds are taken, the best of a few rounds: other work on the machine then disturbs least. */
const ROUNDS = 5;
const CHUNK_BYTES = 16_384;
const ROWS = 20_000;

export interface Speed {
  text: string;
  what: string;
  mbPerSecond: number;
}

interface Corpus {
  name: string;
  bytes: Buffer;
  /** how it goes through a gateway, if not as cells of a protocol */
  as?: 'text' | 'json';
  /** start and end of each cell or line */
  cells: number[];
}

function rows(name: string, seed: number, row: (r: Random, n: number) => string[]): Corpus {
  const r = new Random(seed);
  const parts: Buffer[] = [];
  const cells: number[] = [];
  let at = 0;
  for (let n = 0; n < ROWS; n++) {
    const values = row(r, n).map((v) => Buffer.from(v));
    const head = Buffer.alloc(7);
    head[0] = 0x44;
    head.writeInt32BE(6 + values.reduce((sum, v) => sum + 4 + v.length, 0), 1);
    head.writeInt16BE(values.length, 5);
    parts.push(head);
    at += head.length;
    for (const v of values) {
      const length = Buffer.alloc(4);
      length.writeInt32BE(v.length);
      parts.push(length, v);
      cells.push(at + 4, at + 4 + v.length);
      at += 4 + v.length;
    }
  }
  return { name, bytes: Buffer.concat(parts), cells };
}

function lines(name: string, seed: number, line: (r: Random, n: number) => string): Corpus {
  const r = new Random(seed);
  const cells: number[] = [];
  let at = 0;
  const parts: Buffer[] = [];
  for (let n = 0; n < ROWS; n++) {
    const bytes = Buffer.from(`${line(r, n)}\n`);
    parts.push(bytes);
    cells.push(at, at + bytes.length - 1);
    at += bytes.length;
  }
  return { name, bytes: Buffer.concat(parts), cells };
}

const NAMES = ['Anna Schmidt', 'John Carter', 'Maria da Silva', 'Wei Zhang', 'Olga Petrova'];
/** A record as an API gives it; `more` stands before its end. */
const order = (r: Random, n: number, more: object): object => ({
  id: n,
  name: r.pick(NAMES),
  status: 'active',
  createdAt: '2024-05-01T10:20:30.123Z',
  price: r.int(1e5) / 100,
  tags: ['red', 'large'],
  ...more,
  city: 'Lisbon',
});
const stamp = (r: Random): string => `2024-0${1 + r.int(9)}-1${r.int(10)} 0${r.int(10)}:1${r.int(10)}:2${r.int(10)}`;

export function corpora(): Corpus[] {
  return [
    rows('clean SQL rows', 1, (r, n) => [
      String(n),
      r.pick(NAMES),
      stamp(r),
      r.pick(['pending', 'shipped', 'returned']),
      `${r.int(1000)}.${r.chars(DIGITS, 2)}`,
      'Delivered to the front desk at noon, signed by the receptionist',
    ]),
    rows('clean SQL rows with UUIDs', 2, (r, n) => [
      String(n),
      `${r.chars(HEX, 8)}-${r.chars(HEX, 4)}-4${r.chars(HEX, 3)}-a${r.chars(HEX, 3)}-${r.chars(HEX, 12)}`,
      r.pick(NAMES),
      stamp(r),
      'open',
    ]),
    lines('clean JSON', 3, (r, n) => JSON.stringify(order(r, n, { note: 'left at the door' }))),
    lines(
      'clean prose',
      4,
      (r) =>
        `The board met in ${r.pick(['May', 'June'])} and decided, after a long debate, to postpone the matter; ${r.int(40)} members voted against it.`,
    ),
    rows('dirty SQL rows, three masked columns', 5, (r, n) => [String(n), r.pick(NAMES), make.email(r), make.card(r), make.ssn(r)]),
    lines('dirty JSON', 6, (r, n) =>
      JSON.stringify({ id: n, name: r.pick(NAMES), email: make.email(r), status: 'active', city: 'Lisbon', ssn: make.ssn(r) }),
    ),
  ];
}

/** A value of one of five kinds. */
const value = (r: Random): string => r.pick([make.email, make.card, make.ssn, make.iban, make.ipv4])(r);

/** What answers of HTTP are like: read in pieces of what a socket gives, a value on each line. */
function streams(): Corpus[] {
  return [
    {
      as: 'text',
      ...lines(
        'log lines, a value on each',
        7,
        (r) =>
          `2024-05-01T10:20:30.123Z INFO  [http-nio-8080-exec-${r.int(10)}] c.e.shop.OrderController : request ${r.chars(HEX, 8)} for ${value(r)} done in ${r.int(900)} ms status=200`,
      ),
    },
    {
      as: 'text',
      ...lines(
        'prose, a value on each line',
        8,
        (r) =>
          `The board met in ${r.pick(['May', 'June'])} and decided, after a long debate, to write to ${value(r)} about it; ${r.int(40)} members voted against.`,
      ),
    },
    {
      as: 'json',
      ...lines('JSON, a value on each line', 9, (r, n) => JSON.stringify(order(r, n, { contact: value(r) }))),
    },
    { as: 'text', ...lines('13 digits behind a word for identifiers', 10, (r) => `tax id: ${r.chars(DIGITS, 13)}`) },
  ];
}

/** What many write first: one alternation for all. */
const UNION = new RegExp(
  [
    '\\b(?:\\d[ -]?){12,19}\\b',
    '[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}',
    '\\b\\d{3}-\\d{2}-\\d{4}\\b',
    '\\b[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){3,7}\\b',
    '\\+\\d{1,3}[ -]?\\d[\\d -]{6,14}',
    '\\b(?:\\d{1,3}\\.){3}\\d{1,3}\\b',
    '\\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\\b',
    'AKIA[A-Z0-9]{16}',
    'gh[pousr]_[A-Za-z0-9]{36}',
    'glpat-[\\w-]{20}',
    'xox[bpars]-[\\w-]{10,}',
    '[sr]k_live_\\w{10,}',
    'AIza[\\w-]{35}',
    'sk-[\\w-]{20,}',
    'npm_\\w{36}',
    'eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]*',
    '-----BEGIN [A-Z ]*PRIVATE KEY-----',
    '\\w+://[^\\s:]+:[^\\s@]+@',
    '(?:password|passwd|pwd|secret|token|api_key)["\' ]*[:=]["\' ]*\\S+',
  ].join('|'),
  'gi',
);

function best(bytes: number, run: () => void): number {
  run();
  let seconds = Infinity;
  for (let n = 0; n < ROUNDS; n++) {
    const before = process.cpuUsage();
    run();
    const used = process.cpuUsage(before);
    seconds = Math.min(seconds, (used.user + used.system) / 1e6);
  }
  return bytes / 1e6 / seconds;
}

/** Asked per chunk of whole rows, and where it says "look closer" each cell is asked, as the filter does. */
function gate(detector: Detector, { bytes, cells }: Corpus): void {
  let first = 0;
  for (let k = 0; k < cells.length; k += 2) {
    if (cells[k + 1]! - cells[first]! < CHUNK_BYTES && k + 2 < cells.length) continue;
    if (detector.mayHold(bytes, cells[first]!, cells[k + 1]!))
      for (let c = first; c <= k; c += 2) detector.mayHold(bytes, cells[c]!, cells[c + 1]!);
    first = k + 2;
  }
}

function findAll(detector: Detector, { bytes, cells }: Corpus): void {
  for (let k = 0; k < cells.length; k += 2) detector.find(bytes, cells[k]!, cells[k + 1]!);
}

/** What a masking filter does: gate per chunk is true on dirty rows, so each cell is searched and its hits masked. */
function maskAll(detector: Detector, { bytes, cells }: Corpus): void {
  const masker = createMasker('partial');
  for (let k = 0; k < cells.length; k += 2)
    for (const hit of detector.find(bytes, cells[k]!, cells[k + 1]!)) masker.mask(hit.kind, bytes, hit.start, hit.end);
}

/** bytes that a socket gives at once */
const PIECE_BYTES = 32_768;

function findPieces(detector: Detector, { bytes }: Corpus): void {
  for (let k = 0; k < bytes.length; k += PIECE_BYTES) detector.find(bytes, k, Math.min(bytes.length, k + PIECE_BYTES));
}

function maskPieces(detector: Detector, { bytes, as }: Corpus): void {
  const options = { detector, masker: createMasker('partial'), write: () => {} };
  const stream = as === 'json' ? new JsonMasker(options) : textMasker(options);
  for (let k = 0; k < bytes.length; k += PIECE_BYTES) stream.push(bytes.subarray(k, k + PIECE_BYTES));
  stream.end();
}

/** A loop over bytes with a table of classes: what this machine gives at all, to read the other figures by. */
function byteLoop({ bytes }: Corpus): number {
  let digits = 0;
  for (let k = 0; k < bytes.length; k++) digits += YARDSTICK[bytes[k]!]!;
  return digits;
}

const YARDSTICK = Uint8Array.from({ length: 256 }, (_, b) => (b >= 0x30 && b <= 0x39 ? 1 : 0));

export function speed(): Speed[] {
  const out: Speed[] = [];
  const detectors: [string, Detector][] = [
    ['the five kinds of the policy sample', createDetector({ detect: ['credit_card', 'us_ssn', 'iban', 'email', 'phone'] })],
    ['all kinds', createDetector({ detect: ['all'] })],
  ];
  const [first] = corpora();
  if (first !== undefined)
    out.push({
      text: first.name,
      what: 'a byte loop with a class table',
      mbPerSecond: best(first.bytes.length, () => void byteLoop(first)),
    });
  for (const corpus of streams()) {
    const { name, bytes } = corpus;
    for (const [which, detector] of detectors) {
      out.push({ text: name, what: `find by 32 kB, ${which}`, mbPerSecond: best(bytes.length, () => findPieces(detector, corpus)) });
      out.push({
        text: name,
        what: `find and mask as a stream, ${which}`,
        mbPerSecond: best(bytes.length, () => maskPieces(detector, corpus)),
      });
    }
    const text = bytes.toString('latin1');
    out.push({
      text: name,
      what: 'union of regular expressions',
      mbPerSecond: best(bytes.length, () => void [...text.matchAll(UNION)].length),
    });
  }
  for (const corpus of corpora()) {
    const { name, bytes } = corpus;
    const dirty = name.startsWith('dirty');
    for (const [which, detector] of detectors) {
      if (!dirty) {
        out.push({ text: name, what: `find by 32 kB, ${which}`, mbPerSecond: best(bytes.length, () => findPieces(detector, corpus)) });
        out.push({ text: name, what: `gate, ${which}`, mbPerSecond: best(bytes.length, () => gate(detector, corpus)) });
      }
      out.push({ text: name, what: `find by cell or line, ${which}`, mbPerSecond: best(bytes.length, () => findAll(detector, corpus)) });
      if (dirty)
        out.push({ text: name, what: `find and mask, ${which}`, mbPerSecond: best(bytes.length, () => maskAll(detector, corpus)) });
    }
    const text = bytes.toString('latin1');
    out.push({
      text: name,
      what: 'union of regular expressions',
      mbPerSecond: best(bytes.length, () => void [...text.matchAll(UNION)].length),
    });
  }
  return out;
}
