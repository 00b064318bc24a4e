import assert from 'node:assert/strict';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { JsonKeys } from '../../../filters/mask/codecs/json-place.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import { count } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { address, card, digits, grouped, inFours, nearly, phone } from '../../support/usual-values.js';

const NAMES = ['email', 'phone', 'card', 'name', 'value', 'key', 'password', 'note', 'DB_PASSWORD', ''];

function valueFor(random: Random, depth: number): unknown {
  if (depth < 3 && random.chance(0.15)) return objectFor(random, depth + 1);
  if (depth < 3 && random.chance(0.1)) return [valueFor(random, depth + 1), valueFor(random, depth + 1)];
  const text = random.pick([
    () => address(random),
    () => inFours(card(random), ' '),
    () => phone(random),
    () => grouped(random),
    () => digits(random, 9 + random.int(8)),
    () => random.pick([...NAMES, 'hunter2', 'Springfield']),
  ])();
  return random.chance(0.3) ? nearly(random, text) : random.chance(0.2) ? Number(digits(random, 16)) : text;
}

function objectFor(random: Random, depth = 0): object {
  return Object.fromEntries(
    Array.from({ length: 1 + random.int(5) }, () => [
      random.chance(0.2) ? `key${random.int(60)}` : random.pick(NAMES),
      valueFor(random, depth),
    ]),
  );
}

describe('what is known of the keys of JSON', () => {
  it('makes no difference to the texts that come later, nor to those that come meanwhile', () => {
    const detectors = [['all'], ['credit_card', 'phone', 'email'], ['secrets', 'phone']].map((detect) => createDetector({ detect }));
    const kept = detectors.map(() => new JsonKeys());
    forSeeds(count(600), (random) => {
      const n = random.int(detectors.length);
      const detector = detectors[n]!;
      const masker = createMasker(random.pick(['redact', 'partial', 'null']), {});
      const started = Array.from({ length: 1 + random.int(3) }, () => {
        const rows = Array.from({ length: 1 + random.int(20) }, () => objectFor(random));
        const text = Buffer.from(JSON.stringify(random.chance(0.5) ? { rows } : rows));
        const run = (keys: JsonKeys | undefined) => {
          const out: Buffer[] = [];
          const write = (bytes: Buffer): void => void out.push(Buffer.from(bytes));
          const codec = new JsonMasker({ detector, masker, write, ...(keys === undefined ? {} : { keys }) });
          return { codec, out };
        };
        return { text, alone: run(undefined), shared: run(kept[n]), at: 0 };
      });
      // in turn, as answers of one server come
      for (let left = started.slice(); left.length > 0; left = left.filter(({ at, text }) => at < text.length)) {
        const one = random.pick(left);
        const piece = one.text.subarray(one.at, one.at + 1 + random.int(300));
        one.at += piece.length;
        one.alone.codec.push(piece);
        one.shared.codec.push(piece);
      }
      for (const { text, alone, shared } of started) {
        alone.codec.end();
        shared.codec.end();
        assert.equal(Buffer.concat(shared.out).toString(), Buffer.concat(alone.out).toString(), text.toString());
        assert.equal(shared.codec.hits, alone.codec.hits);
      }
    });
  });
});
