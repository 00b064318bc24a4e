import assert from 'node:assert/strict';
import { createDetector, kinds } from '../../../filters/mask/index.js';
import { cases } from './cases.js';
import { personalCases } from './personal-cases.js';

/** Cuts the marks out of a text and says where they were, in bytes. */
function marked(text: string): { bytes: Buffer; spans: [number, number][] } {
  let plain = '';
  const spans: [number, number][] = [];
  for (const part of text.split('⟦')) {
    const [value, rest] = part.split('⟧');
    const start = Buffer.byteLength(plain);
    plain += value;
    if (rest === undefined) continue;
    spans.push([start, Buffer.byteLength(plain)]);
    plain += rest;
  }
  return { bytes: Buffer.from(plain), spans };
}

describe('kinds', () => {
  const all = createDetector({ detect: ['all'] });
  for (const { kind, found, clean } of [...cases, ...personalCases]) {
    describe(kind, () => {
      const alone = createDetector({ detect: [kind] });
      for (const text of found) {
        it(`finds ${text}`, () => {
          const { bytes, spans } = marked(text);
          const hits = alone.find(bytes, 0, bytes.length);
          assert.deepEqual(
            hits.map((h) => [h.start, h.end]),
            spans,
          );
          assert.ok(hits.every((h) => h.kind === kind));
          assert.ok(alone.mayHold(bytes, 0, bytes.length));
          assert.ok(
            all.find(bytes, 0, bytes.length).some((h) => h.start <= spans[0]![0] && h.end >= spans[0]![1]),
            'with all kinds the value is covered too',
          );
        });
      }
      for (const text of clean) {
        it(`leaves ${text}`, () => {
          const bytes = Buffer.from(text);
          assert.deepEqual([...alone.find(bytes, 0, bytes.length)], []);
        });
      }
    });
  }

  it('are found in their own examples', () => {
    for (const { kind, examples } of kinds) {
      for (const example of examples) {
        const bytes = Buffer.from(example);
        assert.ok(
          all.find(bytes, 0, bytes.length).some((h) => h.kind === kind),
          `${kind}: ${example}`,
        );
      }
    }
  });
});
