import assert from 'node:assert/strict';
import type { Detector } from '../../../filters/mask/index.js';
import { createDetector, createMasker, kinds, maskText } from '../../../filters/mask/index.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';
import { composed, glued } from './corpus.js';

const ROUNDS = 3000;

const detectors: [string, Detector][] = [
  ['all', createDetector({ detect: ['all'] })],
  ['all, by region', createDetector({ detect: ['all'], regions: ['US', 'GB', 'DE', 'FR'] })],
  ['pii', createDetector({ detect: ['pii'] })],
  ...kinds.filter((k) => k.group === 'pii').map((k): [string, Detector] => [k.kind, createDetector({ detect: [k.kind], regions: ['GB'] })]),
];

describe('detector, properties', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(TEST_MS_MAX);

  it('gives spans inside the range, in order, apart, and never throws', () => {
    forSeeds(count(ROUNDS), (r) => {
      const text = composed(r);
      const start = r.int(3) === 0 ? r.int(text.length) : 0;
      const end = r.int(3) === 0 ? start + r.int(text.length - start + 1) : text.length;
      const [name, detector] = r.pick(detectors);
      let last = start;
      for (const hit of detector.find(text, start, end)) {
        assert.ok(
          hit.start >= last && hit.end > hit.start && hit.end <= end && hit.score > 0 && hit.score <= 1,
          `${name} ${JSON.stringify(hit)} in ${JSON.stringify(text.toString('latin1'))}`,
        );
        last = hit.end;
      }
    });
  });

  it('finds the same in a range as in a copy of it', () => {
    forSeeds(count(ROUNDS / 2), (r) => {
      const text = composed(r);
      const start = r.int(text.length);
      const end = start + r.int(text.length - start + 1);
      const [name, detector] = r.pick(detectors);
      const inside = detector.find(text, start, end).map((h) => ({ ...h, start: h.start - start, end: h.end - start }));
      const copy = Buffer.from(text.subarray(start, end));
      assert.deepEqual(
        inside,
        [...detector.find(copy, 0, copy.length)],
        `${name} ${JSON.stringify(text.toString('latin1'))} from ${start} to ${end}`,
      );
    });
  });

  it('is not passed by the gate where it would find, in a cell alone and among glued cells', () => {
    forSeeds(count(ROUNDS), (r) => {
      const cells = Array.from({ length: 1 + r.int(4) }, () => composed(r));
      const chunk = glued(r, cells);
      const [name, detector] = r.pick(detectors);
      for (const cell of cells) {
        const hits = detector.find(cell, 0, cell.length);
        if (hits.length === 0) continue;
        const what = `${name} ${JSON.stringify(hits)} in ${JSON.stringify(cell.toString('latin1'))}`;
        assert.ok(detector.mayHold(cell, 0, cell.length), `alone: ${what}`);
        assert.ok(detector.mayHold(chunk, 0, chunk.length), `glued: ${what} within ${JSON.stringify(chunk.toString('latin1'))}`);
      }
    });
  });

  it('finds nothing again in what was redacted', () => {
    const redact = createMasker('redact');
    forSeeds(count(ROUNDS), (r) => {
      const text = composed(r);
      const [name, detector] = r.pick(detectors);
      const masked = maskText(detector, redact, text, 0, text.length);
      if (masked === undefined) return;
      const again = detector.find(masked, 0, masked.length);
      assert.deepEqual(
        [...again],
        [],
        `${name} ${JSON.stringify(text.toString('latin1'))} became ${JSON.stringify(masked.toString('latin1'))}`,
      );
    });
  });

  it('takes any bytes', () => {
    forSeeds(count(1500), (r) => {
      const bytes = Buffer.from(Array.from({ length: r.int(300) }, () => r.int(256)));
      for (const [, detector] of detectors.slice(0, 3)) {
        detector.mayHold(bytes, 0, bytes.length);
        detector.find(bytes, 0, bytes.length, { name: r.pick(['', 'password', 'phone', 'dob', 'id']) });
      }
    });
  });
});
