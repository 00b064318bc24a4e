import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RuleBook } from '../../../extproc/rules.js';
import { createPolicyDetector } from '../../../filters/mask/custom/detector.js';
import { createMasker, maskString } from '../../../filters/mask/index.js';
import { throughEscapes } from '../../../filters/mask/readings/through.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { createAnalyzer } from '../../../filters/sql/analyze.js';
import { isPlainUuid, isUuid } from '../../../filters/uuid.js';
import { runs } from '../../support/seed.js';

const grouped = (hex: string): string => hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const from = (signs: string): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...signs), { minLength: 32, maxLength: 32 }).map((all) => grouped(all.join('')));
/** More digits than in a UUID as it is made: what could be found in one are numbers. */
const uuids = fc.oneof(from('0123456789abcdef'), from('0123456789012345abcdef'), from('0123456789012345678901234567ade'));

const caller = { id: 'a', kind: 'token', issuer: '', groups: [], claims: {}, source: '10.0.0.1:1', proof: 'token' } as const;

function maskText(policy: string, regions: string[]): (text: string) => string {
  const compiled = compilePolicy(policy, 'policy.yaml');
  const analyzer = createAnalyzer({ cache_entries_max: 10, cache_bytes_max: 1e6, statement_bytes_max: 1e6 });
  return new RuleBook(() => compiled, analyzer, { regions }).http({ ...caller, groups: [] }, 'r').maskText;
}

describe('UUIDs in recordings', () => {
  for (const regions of [[], ['DE', 'US', 'GB', 'AC', 'NU', 'SH', 'TK']])
    it(`are what all detectors make of them, national numbers of ${regions.join() || 'nowhere'}`, () => {
      const detector = throughEscapes(
        createPolicyDetector({ detect: ['all'], ...(regions.length > 0 ? { regions } : {}), detection: undefined }),
      );
      const masker = createMasker('redact', {});
      const shown = maskText('version: 1', regions);
      let plain = 0;
      fc.assert(
        fc.property(uuids, (uuid) => {
          if (isPlainUuid(uuid)) plain++;
          assert.equal(shown(uuid), maskString(detector, masker, uuid));
        }),
        runs(3000, 100_000),
      );
      assert.ok(plain > 500, `${plain}`);
    });

  it('are read by all detectors where they hold rows of digits, or are no UUID whole', () => {
    assert.equal(isPlainUuid('a123456a-0a0a-4a0a-8a0a-0a0a0a0a0a0a'), true);
    for (const text of [
      'a1234567-aa0a-4a0a-8a0a-0a0a0a0a0a0a',
      'a0a0a0a0-a123-456a-7890-123a0a0a0a0a',
      '41111111-1111-1111-aaaa-aaaaaaaaaaaa',
      '12345678-1234-1234-1234-123456789012',
    ])
      assert.deepEqual([isUuid(text), isPlainUuid(text)], [true, false], text);
    for (const text of [
      'a0a0a0a0-0a0a-4a0a-8a0a-0a0a0a0a0a0',
      'A0A0A0A0-0A0A-4A0A-8A0A-0A0A0A0A0A0A',
      'a0a0a0a0-0a0a-4a0a-8a0a-0a0a0a0a0a0g',
    ])
      assert.deepEqual([isUuid(text), isPlainUuid(text)], [false, false], text);
  });

  it('are looked for by kinds of a policy’s own', () => {
    const uuid = 'aaaa0000-0a0a-4a0a-8a0a-0123a567a9ab';
    assert.equal(isPlainUuid(uuid), true);
    const own = `version: 1\ndetection: { kinds: [{ kind: tenant, words: [${uuid}] }] }`;
    assert.notEqual(maskText(own, [])(uuid), uuid);
  });
});
