import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { putSigns } from '../../../filters/mask/anchors/anchors.js';
import { SOURCES } from '../../../filters/mask/anchors/module.js';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { createDetector } from '../../../filters/mask/detector.js';
import { kinds } from '../../../filters/mask/kinds.js';
import { createMasker } from '../../../filters/mask/masker.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { composed, glued } from './corpus.js';

const ROUNDS = 4000;

/** Each pair finds byte by byte, and by the places of the first stage however short the text is. */
const pairs = [['all'], ['pii'], ['secrets'], ...kinds.map((k) => [k.kind])].flatMap((detect) =>
  [[], ['US', 'DE']].map((regions) => ({
    name: `${detect} ${regions}`,
    bytes: createDetector({ detect, regions }, Number.POSITIVE_INFINITY),
    places: createDetector({ detect, regions }, 0),
  })),
);
const JOINS = [' ', '"', '\n', ',', '-', 'a', '1', '":"', '=', '  ', '{"id":"', '2024-05-01T10:20:30.123Z', '"],"', "','"];

function text(r: Random): Buffer {
  if (r.int(4) === 0) return composed(r);
  if (r.int(3) === 0) return glued(r, [composed(r), composed(r)]);
  return Buffer.concat(Array.from({ length: 1 + r.int(6) }, () => Buffer.concat([Buffer.from(r.pick(JOINS)), composed(r)])));
}

const KEYS = ['id', 'name', 'createdAt', 'price', 'note', 'email', 'order_no', 'phone', 'x-request-id', 'description'];

function record(r: Random): unknown {
  const field = (): unknown =>
    r.int(4) === 0 ? r.int(10 ** (1 + r.int(15))) / r.pick([1, 1, 100]) : text(r).toString('utf8').slice(0, r.int(120));
  return Object.fromEntries(
    Array.from({ length: 1 + r.int(8) }, () => [r.pick(KEYS), r.int(6) === 0 ? Array.from({ length: r.int(4) }, field) : field()]),
  );
}

function pick(r: Random): (typeof pairs)[0] {
  return r.int(3) === 0 ? pairs[r.int(6)]! : r.pick(pairs);
}

describe('first stage of the search, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(TEST_MS_MAX);

  it('was compiled from the sources that stand beside it', () => {
    const folder = join(process.cwd(), 'filters', 'mask', 'anchors');
    const hash = createHash('sha256');
    for (const name of ['layout.ts', 'assembly/anchors.ts', 'assembly/rows.ts', 'assembly/signs.ts'])
      hash.update(readFileSync(join(folder, name)));
    assert.equal(hash.digest('hex'), SOURCES, 'run node extproc/cli/build-anchors.mjs');
  });

  it('leads to the same hits as looking at every byte', () => {
    forSeeds(count(ROUNDS), (r) => {
      const buf = text(r);
      const start = r.int(3) === 0 ? r.int(buf.length) : 0;
      const end = r.int(3) === 0 ? start + r.int(buf.length - start + 1) : buf.length;
      const context = r.int(4) === 0 ? { name: r.pick(['phone', 'password', 'dob', 'id', 'ssn', 'address', 'note']) } : undefined;
      const { name, bytes, places } = pick(r);
      assert.deepEqual(
        [...places.find(buf, start, end, context)],
        [...bytes.find(buf, start, end, context)],
        `${name} ${context?.name} ${JSON.stringify(buf.toString('latin1'))} from ${start} to ${end}`,
      );
    });
  });

  it('leads to the same hits in texts of many blocks', () => {
    forSeeds(count(12), (r) => {
      const parts: Buffer[] = [];
      for (let length = 0; length < 100_000; ) {
        const part = r.int(6) === 0 ? Buffer.from(r.pick(['1', 'a1', ' 1', '4111 ']).repeat(r.int(3000))) : text(r);
        parts.push(part);
        length += part.length;
      }
      const buf = Buffer.concat(parts);
      const { bytes, places } = pairs[r.int(6)]!;
      assert.deepEqual([...places.find(buf, 0, buf.length)], [...bytes.find(buf, 0, buf.length)]);
    });
  });

  it('leads to the same masked JSON, wherever it is cut', () => {
    const masker = createMasker('partial');
    forSeeds(count(ROUNDS / 4), (r) => {
      const { name, bytes, places } = pick(r);
      const json = Buffer.from(
        Array.from({ length: 1 + r.int(4) }, () => JSON.stringify(record(r))).join(r.pick(['\n', ' \n', '\n1234567\n'])),
      );
      const cuts = Array.from({ length: r.int(4) }, () => r.int(json.length + 1)).sort((a, b) => a - b);
      const [expected, masked] = [bytes, places].map((detector) => {
        const out: Buffer[] = [];
        const codec = new JsonMasker({ detector, masker, write: (part) => void out.push(Buffer.from(part)) });
        let at = 0;
        for (const cut of [...cuts, json.length]) {
          codec.push(json.subarray(at, cut));
          at = cut;
        }
        codec.end();
        return Buffer.concat(out).toString('utf8');
      });
      assert.equal(masked, expected, `${name} cut at ${cuts} ${JSON.stringify(json.toString('utf8'))}`);
    });
  });

  it('has a bit for each quote, backslash, ampersand and less-than sign, and for nothing else', () => {
    forSeeds(count(200), (r) => {
      const buf = Buffer.from(r.chars('"\\&<abc\u00e9 ', r.pick([1, 31, 32, 33, 200, 70_000])), 'latin1');
      const from = r.int(Math.min(buf.length, 40));
      const to = from + 1 + r.int(buf.length - from);
      const bits = new Int32Array((to - from + 31) >> 5).fill(-1);
      assert.ok(putSigns(buf, from, to, bits));
      const expected = new Int32Array(bits.length);
      for (let k = from; k < to; k++) if ('"\\&<'.includes(String.fromCharCode(buf[k]!))) expected[(k - from) >> 5]! |= 1 << (k - from);
      assert.deepEqual(bits, expected);
    });
  });

  it('passes no cell in which something would be found, alone and among glued cells', () => {
    forSeeds(count(ROUNDS), (r) => {
      const cells = Array.from({ length: 1 + r.int(4) }, () => composed(r));
      const chunk = glued(r, cells);
      const { name, bytes, places } = pick(r);
      for (const cell of cells) {
        if (bytes.find(cell, 0, cell.length).length === 0) continue;
        const note = `${name} ${JSON.stringify(cell.toString('latin1'))} in ${JSON.stringify(chunk.toString('latin1'))}`;
        assert.ok(places.mayHold(cell, 0, cell.length), `alone: ${note}`);
        assert.ok(places.mayHold(chunk, 0, chunk.length), `glued: ${note}`);
      }
    });
  });
});
