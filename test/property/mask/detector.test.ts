import assert from 'node:assert/strict';
import type { Detector } from '../../../filters/mask/index.js';
import { createDetector, createMasker, kinds, maskText } from '../../../filters/mask/index.js';
import { composed, glued, Random } from './corpus.js';

const SEED = Number(process.env.MIDSTREAM_SEED ?? Math.floor(Math.random() * 2 ** 31));
const ROUNDS = 3000;

const detectors: [string, Detector][] = [
  ['all', createDetector({ detect: ['all'] })],
  ['all, by region', createDetector({ detect: ['all'], regions: ['US', 'GB', 'DE', 'FR'] })],
  ['pii', createDetector({ detect: ['pii'] })],
  ...kinds.filter((k) => k.group === 'pii').map((k): [string, Detector] => [k.kind, createDetector({ detect: [k.kind], regions: ['GB'] })]),
];

/** Runs the property with a seed per round, so that one round can be run alone. */
function each(rounds: number, property: (r: Random, note: string) => void): void {
  for (let n = 0; n < rounds; n++) {
    const seed = (SEED + n * 7919) | 0;
    property(new Random(seed), `MIDSTREAM_SEED=${SEED} round ${n}`);
  }
}

describe('detector, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(120_000);

  it('gives spans inside the range, in order, apart, and never throws', () => {
    each(ROUNDS, (r, note) => {
      const text = composed(r);
      const start = r.below(3) === 0 ? r.below(text.length) : 0;
      const end = r.below(3) === 0 ? start + r.below(text.length - start + 1) : text.length;
      const [name, detector] = r.pick(detectors);
      let last = start;
      for (const hit of detector.find(text, start, end)) {
        assert.ok(
          hit.start >= last && hit.end > hit.start && hit.end <= end && hit.score > 0 && hit.score <= 1,
          `${note} ${name} ${JSON.stringify(hit)} in ${JSON.stringify(text.toString('latin1'))}`,
        );
        last = hit.end;
      }
    });
  });

  it('finds the same in a range as in a copy of it', () => {
    each(ROUNDS / 2, (r, note) => {
      const text = composed(r);
      const start = r.below(text.length);
      const end = start + r.below(text.length - start + 1);
      const [name, detector] = r.pick(detectors);
      const inside = detector.find(text, start, end).map((h) => ({ ...h, start: h.start - start, end: h.end - start }));
      const copy = Buffer.from(text.subarray(start, end));
      assert.deepEqual(
        inside,
        [...detector.find(copy, 0, copy.length)],
        `${note} ${name} ${JSON.stringify(text.toString('latin1'))} from ${start} to ${end}`,
      );
    });
  });

  it('is not passed by the gate where it would find, in a cell alone and among glued cells', () => {
    each(ROUNDS, (r, note) => {
      const cells = Array.from({ length: 1 + r.below(4) }, () => composed(r));
      const chunk = glued(r, cells);
      const [name, detector] = r.pick(detectors);
      for (const cell of cells) {
        const hits = detector.find(cell, 0, cell.length);
        if (hits.length === 0) continue;
        const what = `${note} ${name} ${JSON.stringify(hits)} in ${JSON.stringify(cell.toString('latin1'))}`;
        assert.ok(detector.mayHold(cell, 0, cell.length), `alone: ${what}`);
        assert.ok(detector.mayHold(chunk, 0, chunk.length), `glued: ${what} within ${JSON.stringify(chunk.toString('latin1'))}`);
      }
    });
  });

  it('finds nothing again in what was redacted', () => {
    const redact = createMasker('redact');
    each(ROUNDS, (r, note) => {
      const text = composed(r);
      const [name, detector] = r.pick(detectors);
      const masked = maskText(detector, redact, text, 0, text.length);
      if (masked === undefined) return;
      const again = detector.find(masked, 0, masked.length);
      assert.deepEqual(
        [...again],
        [],
        `${note} ${name} ${JSON.stringify(text.toString('latin1'))} became ${JSON.stringify(masked.toString('latin1'))}`,
      );
    });
  });

  it('takes any bytes', () => {
    each(1500, (r) => {
      const bytes = Buffer.from(Array.from({ length: r.below(300) }, () => r.below(256)));
      for (const [, detector] of detectors.slice(0, 3)) {
        detector.mayHold(bytes, 0, bytes.length);
        detector.find(bytes, 0, bytes.length, { name: r.pick(['', 'password', 'phone', 'dob', 'id']) });
      }
    });
  });
});
