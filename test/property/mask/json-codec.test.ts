import assert from 'node:assert/strict';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { createDetector, createMasker, maskString } from '../../../filters/mask/index.js';
import { throughEscapes } from '../../../filters/mask/readings/through.js';
import type { Masker } from '../../../filters/mask/types.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { composed, VALUES, WORDS } from './corpus.js';

const ROUNDS = 300;

const detector = createDetector({ detect: ['all'] });
const maskers: Masker[] = [
  createMasker('redact'),
  createMasker('partial'),
  createMasker('hash', { key: Buffer.alloc(32, 7) }),
  createMasker('null'),
];

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

function value(r: Random, depth: number): Json {
  const kind = r.int(depth > 3 ? 6 : 9);
  if (kind < 3) return composed(r).toString('utf8');
  if (kind === 3) return r.pick(VALUES);
  if (kind === 4) return r.pick([null, true, false, 0, -1.5e10, 4111111111111111, 378282246310005, 12, 1e-7]);
  if (kind === 5) return r.pick(['', '\ud800', 'tab\t"quoted"\\', '\u0000\u001f', '\u{1f600}']);
  if (kind === 6) return Array.from({ length: r.int(4) }, () => value(r, depth + 1));
  return Object.fromEntries(Array.from({ length: r.int(5) }, (_, n) => [`${r.pick(WORDS)}${n}`, value(r, depth + 1)]));
}

/** JSON with blanks and with escapes that nobody needs. */
function written(r: Random, json: Json): string {
  const blank = (): string => r.pick(['', '', ' ', '\n', '\t ']);
  const string = (text: string): string => {
    let out = '"';
    for (let k = 0; k < text.length; k++) {
      const unit = text[k]!;
      if (r.int(9) === 0) out += `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
      else if (unit === '/' && r.int(2) === 0) out += '\\/';
      else out += JSON.stringify(unit).slice(1, -1);
    }
    return `${out}"`;
  };
  const write = (one: Json): string => {
    if (typeof one === 'string') return string(one);
    if (Array.isArray(one)) return `[${blank()}${one.map((item) => write(item) + blank()).join(`,${blank()}`)}]`;
    if (one === null || typeof one !== 'object') return JSON.stringify(one);
    return `{${blank()}${Object.entries(one)
      .map(([key, item]) => `${string(key)}${blank()}:${blank()}${write(item)}${blank()}`)
      .join(',')}}`;
  };
  return write(json);
}

function masked(masker: Masker, text: Buffer, size: () => number, flushed = false): Buffer {
  const out: Buffer[] = [];
  const codec = new JsonMasker({ detector, masker, write: (bytes) => out.push(Buffer.from(bytes)) });
  for (let at = 0; at < text.length; ) {
    const length = Math.max(1, size());
    codec.push(text.subarray(at, at + length));
    at += length;
    if (flushed) codec.flush();
  }
  codec.end();
  return Buffer.concat(out);
}

/** Every string of the output is what masking the decoded string under its key gives, and nothing else changed. */
function compare(masker: Masker, before: Json, after: Json, key: string, note: string): void {
  if (Array.isArray(before)) {
    assert.ok(Array.isArray(after) && after.length === before.length, note);
    for (const [n, one] of before.entries()) compare(masker, one, after[n]!, key, note);
  } else if (typeof before === 'string') {
    const whole = Buffer.from(before, 'utf8').toString('utf8');
    // a text is read through its own escapes, too
    const through = throughEscapes(detector);
    const hits = through.find(Buffer.from(whole), 0, Buffer.byteLength(whole), { name: key });
    if (hits.length === 0) assert.equal(after, before, note);
    else if (after === null) assert.ok(masker.as === 'null' && hits.length === 1, note);
    else assert.equal(after, maskString(through, masker, whole, key), note);
  } else if (typeof before === 'number') {
    if (detector.find(Buffer.from(String(before)), 0, String(before).length, { name: key }).length === 0) assert.equal(after, before, note);
    else assert.ok(after === null || (typeof after === 'number' && after !== before), note);
  } else if (before === null || typeof before !== 'object') assert.equal(after, before, note);
  else {
    assert.ok(after !== null && typeof after === 'object' && !Array.isArray(after), note);
    const keys = Object.keys(before);
    const maskedKeys = keys.map((one) => (detector.find(Buffer.from(one), 0, Buffer.byteLength(one)).length === 0 ? one : undefined));
    for (const [n, one] of maskedKeys.entries()) if (one !== undefined) compare(masker, before[keys[n]!]!, after[one]!, one, note);
  }
}

describe('JSON codec, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(300_000);

  it('JSON stays JSON, with every string masked as its text is, wherever it is cut', () => {
    forSeeds(count(ROUNDS), (r) => {
      const json = value(r, 0);
      const text = Buffer.from(written(r, json), 'utf8');
      const masker = r.pick(maskers);
      const note = `${masker.as} ${text.toString('utf8')}`;
      const whole = masked(masker, text, () => text.length);
      compare(masker, json, JSON.parse(whole.toString('utf8')) as Json, '', `${note} became ${whole.toString('utf8')}`);
      for (const flushed of [false, true]) {
        const got = masked(masker, text, () => 1 + r.int(9), flushed);
        assert.ok(got.equals(whole), `${note} cut gave ${got.toString('utf8')} and not ${whole.toString('utf8')}`);
      }
    });
  });

  it('a name counts on both sides of its value, wherever it is cut', () => {
    const names = ['DB_PASSWORD', 'ssn', 'color', 'phone', 'API_KEY', 'x'];
    const values = ['hunter22', '536904399', 'a8f5f167f44f4964e6c998dee827110c', 'eu-west-1', 4155552671, 'plain text'];
    forSeeds(count(ROUNDS), (r) => {
      const fields: [string, Json][] = [
        ['name', r.pick(names)],
        ['value', r.pick(values)],
        ...Array.from({ length: r.int(3) }, (_, n): [string, Json] => [
          `f${n}`,
          r.pick<Json>(['z', 7, [1, { name: 'password' }], { a: { b: [] } }]),
        ]),
      ];
      const masker = r.pick(maskers);
      const gives = (all: [string, Json][], size: () => number): { [key: string]: Json } =>
        JSON.parse(masked(masker, Buffer.from(written(r, [Object.fromEntries(all)])), size).toString('utf8'))[0];
      const expected = gives(fields, () => 1e9);
      for (let k = fields.length - 1; k > 0; k--) {
        const other = r.int(k + 1);
        [fields[k], fields[other]] = [fields[other]!, fields[k]!];
      }
      assert.deepEqual(
        gives(fields, () => 1 + r.int(9)),
        expected,
        JSON.stringify(fields),
      );
    });
  });

  it('takes what is no JSON, and gives the same wherever it is cut', () => {
    forSeeds(count(ROUNDS), (r) => {
      const text = Buffer.from(written(r, value(r, 0)), 'utf8');
      for (let k = r.int(4); k >= 0; k--) text[r.int(text.length)] = r.pick([0x22, 0x2c, 0x5c, 0x7b, 0x5d, 0x20, 0x00, 0xff, 0x31, 0x3d]);
      const masker = createMasker('redact');
      const whole = masked(masker, text, () => text.length);
      const got = masked(masker, text, () => 1 + r.int(9));
      assert.ok(got.equals(whole), `${text.toString('utf8')} gave ${got.toString('utf8')} and not ${whole.toString('utf8')}`);
    });
  });

  it('masks the hundredth value under a key as if it were the first', () => {
    const usual: Record<string, string[]> = {
      email: ['jane.doe@example.com', 'a7@b.org', 'x.y.z123@sub.example-one.net', 'no address', 'birth1984@b.org'],
      phone: ['+1 415 555 2671', '+442071838750', '555', 'call +1 415 555 2671', '+47 22 12 34 56'],
      card: ['4111 1111 1111 1111', '5555555555554444', '4111 1111 1111 1112', 'x'],
      note: ['jane.doe@example.com', '+1 415 555 2671', '4111 1111 1111 1111', 'nothing', 'a \\"quoted\\" jane.doe@example.com'],
    };
    const maskers = [
      createMasker('redact'),
      createMasker('partial'),
      createMasker('null'),
      createMasker('hash', { key: Buffer.alloc(32, 7) }),
    ];
    forSeeds(count(40), (r) => {
      const note = ``;
      const detector = createDetector({ detect: [r.pick(['all', 'pii', 'email'])] });
      const masker = r.pick(maskers);
      const lines = Array.from({ length: 120 }, () => {
        const fields = Object.entries(usual).map(([key, values]) => `"${key}":"${r.int(5) > 0 ? values[0] : r.pick(values)}"`);
        return `{${fields.join(',')},"n":${r.int(9)}}\n`;
      });
      const run = (text: string): string => {
        let out = '';
        const codec = new JsonMasker({ detector, masker, write: (bytes) => (out += bytes.toString()) });
        const bytes = Buffer.from(text);
        for (let at = 0; at < bytes.length; ) {
          const next = at + 1 + r.int(700);
          codec.push(bytes.subarray(at, next));
          at = next;
        }
        codec.end();
        return out;
      };
      assert.equal(run(lines.join('')), lines.map(run).join(''), note);
    });
  });
});
