import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SOURCES } from '../../../filters/mask/anchors/module.js';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { createDetector } from '../../../filters/mask/detector.js';
import { kinds } from '../../../filters/mask/kinds.js';
import { createMasker } from '../../../filters/mask/masker.js';
import { composed, glued, Random } from './corpus.js';

const SEED = Number(process.env.MIDSTREAM_SEED ?? Math.floor(Math.random() * 2 ** 31));
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
  if (r.below(4) === 0) return composed(r);
  if (r.below(3) === 0) return glued(r, [composed(r), composed(r)]);
  return Buffer.concat(Array.from({ length: 1 + r.below(6) }, () => Buffer.concat([Buffer.from(r.pick(JOINS)), composed(r)])));
}

const KEYS = ['id', 'name', 'createdAt', 'price', 'note', 'email', 'order_no', 'phone', 'x-request-id', 'description'];

function record(r: Random): unknown {
  const field = (): unknown =>
    r.below(4) === 0 ? r.below(10 ** (1 + r.below(15))) / r.pick([1, 1, 100]) : text(r).toString('utf8').slice(0, r.below(120));
  return Object.fromEntries(
    Array.from({ length: 1 + r.below(8) }, () => [r.pick(KEYS), r.below(6) === 0 ? Array.from({ length: r.below(4) }, field) : field()]),
  );
}

function pick(r: Random): (typeof pairs)[0] {
  return r.below(3) === 0 ? pairs[r.below(6)]! : r.pick(pairs);
}

describe('first stage of the search, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(120_000);

  it('was compiled from the sources that stand beside it', () => {
    const folder = join(process.cwd(), 'filters', 'mask', 'anchors');
    const hash = createHash('sha256');
    for (const name of ['layout.ts', 'assembly/anchors.ts', 'assembly/rows.ts']) hash.update(readFileSync(join(folder, name)));
    assert.equal(hash.digest('hex'), SOURCES, 'run node extproc/cli/build-anchors.mjs');
  });

  it('leads to the same hits as looking at every byte', () => {
    for (let n = 0; n < ROUNDS; n++) {
      const r = new Random((SEED + n * 7919) | 0);
      const buf = text(r);
      const start = r.below(3) === 0 ? r.below(buf.length) : 0;
      const end = r.below(3) === 0 ? start + r.below(buf.length - start + 1) : buf.length;
      const context = r.below(4) === 0 ? { name: r.pick(['phone', 'password', 'dob', 'id', 'ssn', 'address', 'note']) } : undefined;
      const { name, bytes, places } = pick(r);
      assert.deepEqual(
        [...places.find(buf, start, end, context)],
        [...bytes.find(buf, start, end, context)],
        `MIDSTREAM_SEED=${SEED} round ${n} ${name} ${context?.name} ${JSON.stringify(buf.toString('latin1'))} from ${start} to ${end}`,
      );
    }
  });

  it('leads to the same hits in texts of many blocks', () => {
    for (let n = 0; n < 12; n++) {
      const r = new Random((SEED + n * 104729) | 0);
      const parts: Buffer[] = [];
      for (let length = 0; length < 100_000; ) {
        const part = r.below(6) === 0 ? Buffer.from(r.pick(['1', 'a1', ' 1', '4111 ']).repeat(r.below(3000))) : text(r);
        parts.push(part);
        length += part.length;
      }
      const buf = Buffer.concat(parts);
      const { bytes, places } = pairs[r.below(6)]!;
      assert.deepEqual([...places.find(buf, 0, buf.length)], [...bytes.find(buf, 0, buf.length)], `MIDSTREAM_SEED=${SEED} round ${n}`);
    }
  });

  it('leads to the same masked JSON, wherever it is cut', () => {
    const masker = createMasker('partial');
    for (let n = 0; n < ROUNDS / 4; n++) {
      const r = new Random((SEED + n * 611953) | 0);
      const { name, bytes, places } = pick(r);
      const json = Buffer.from(
        Array.from({ length: 1 + r.below(4) }, () => JSON.stringify(record(r))).join(r.pick(['\n', ' \n', '\n1234567\n'])),
      );
      const cuts = Array.from({ length: r.below(4) }, () => r.below(json.length + 1)).sort((a, b) => a - b);
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
      assert.equal(masked, expected, `MIDSTREAM_SEED=${SEED} round ${n} ${name} cut at ${cuts} ${JSON.stringify(json.toString('utf8'))}`);
    }
  });

  it('passes no cell in which something would be found, alone and among glued cells', () => {
    for (let n = 0; n < ROUNDS; n++) {
      const r = new Random((SEED + n * 15485863) | 0);
      const cells = Array.from({ length: 1 + r.below(4) }, () => composed(r));
      const chunk = glued(r, cells);
      const { name, bytes, places } = pick(r);
      for (const cell of cells) {
        if (bytes.find(cell, 0, cell.length).length === 0) continue;
        const note = `MIDSTREAM_SEED=${SEED} round ${n} ${name} ${JSON.stringify(cell.toString('latin1'))} in ${JSON.stringify(chunk.toString('latin1'))}`;
        assert.ok(places.mayHold(cell, 0, cell.length), `alone: ${note}`);
        assert.ok(places.mayHold(chunk, 0, chunk.length), `glued: ${note}`);
      }
    }
  });
});
