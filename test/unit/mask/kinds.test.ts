import assert from 'node:assert/strict';
import { isValid, NAMED } from '../../../filters/mask/detectors/national-forms.js';
import { VENDOR_KINDS } from '../../../filters/mask/detectors/token-table.js';
import { createDetector, kinds } from '../../../filters/mask/index.js';
import { callCases } from './call-cases.js';
import { cases } from './cases.js';
import { commandCases } from './command-cases.js';
import { fileCases } from './file-cases.js';
import { languageCases } from './language-cases.js';
import { namedCases } from './named-cases.js';
import { NATIONAL_NUMBERS, nationalCases } from './national-cases.js';
import { nearCases } from './near-cases.js';
import { nearSecretCases } from './near-secret-cases.js';
import { personalCases } from './personal-cases.js';
import { placedCases } from './placed-cases.js';
import { secretCases } from './secret-cases.js';
import { sentenceCases } from './sentence-cases.js';
import { spelledCases } from './spelled-cases.js';
import { worldCases } from './world-cases.js';

const tables = [
  ...cases,
  ...personalCases,
  ...worldCases,
  ...spelledCases,
  ...languageCases,
  ...secretCases,
  ...callCases,
  ...namedCases,
  ...placedCases,
  ...fileCases,
  ...nationalCases,
  ...nearCases,
  ...nearSecretCases,
  ...commandCases,
  ...sentenceCases,
];

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
  for (const { kind, found, clean } of tables) {
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

  it('have texts that hold them and texts that do not', () => {
    // the forms of vendors' tokens are tried one by one, both ways, in vendors.test.ts
    const vendors = new Set(VENDOR_KINDS.map((one) => one.kind));
    const has = (kind: string, side: 'found' | 'clean'): boolean => tables.some((one) => one.kind === kind && one[side].length > 0);
    assert.deepEqual(
      kinds.filter(({ kind }) => !vendors.has(kind) && !(has(kind, 'found') && has(kind, 'clean'))).map(({ kind }) => kind),
      [],
    );
  });

  it('have four numbers of every country that a word can mean', () => {
    for (const { validator, numbers } of NATIONAL_NUMBERS) {
      const [country = '', name = ''] = validator.split(' ');
      assert.deepEqual([new Set(numbers).size, numbers.filter((n) => !isValid(country, name, n))], [4, []], validator);
    }
    // five and six digits: too few for a word alone
    const short = ['FO vn', 'SM coe'];
    const known = new Set([...NATIONAL_NUMBERS.map(({ validator }) => validator), ...short]);
    assert.deepEqual(
      NAMED.map((one) => one.join(' ')).filter((one) => !known.has(one)),
      [],
    );
  });

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
