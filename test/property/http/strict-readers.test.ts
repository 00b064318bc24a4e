import assert from 'node:assert/strict';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';
import { maskedAnswer } from './masked-answer.js';
import { formats } from './strict-formats.js';

/**
 * What a strict reader reads from a masked body is what it reads from the original, outside of the masked values. The readers are libraries: none
 * of them is ours.
 */
const policies = [
  'version: 1\nmasks:\n  - { name: all, detect: [all], as: redact }\n',
  'version: 1\nmasks:\n  - { name: people, detect: [pii], as: redact }\n  - { name: keys, detect: [secrets], as: redact }\n',
];
describe('a masked body, to a strict reader', function () {
  this.timeout(300_000);

  for (const [name, { type, write, read }] of Object.entries(formats))
    it(name, async () => {
      const found: Promise<void>[] = [];
      forSeeds(count(100), (random, seed) => {
        const { whole, fields } = write(random);
        const out = maskedAnswer(random.pick(policies), type, whole, random.chance(0.5) ? random : undefined);
        const check = async (): Promise<void> => {
          const note = `MIDSTREAM_SEED=${seed}\n${JSON.stringify(whole)}\n${JSON.stringify(out)}`;
          assert.deepEqual(
            await read(whole, type),
            fields.map(({ text }) => text),
            `the original, ${note}`,
          );
          assert.deepEqual(
            await read(out, type),
            fields.map(({ masked }) => masked),
            note,
          );
        };
        found.push(check());
      });
      await Promise.all(found);
    });
});
