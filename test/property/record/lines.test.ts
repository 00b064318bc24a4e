import assert from 'node:assert/strict';
import { LineBlocks } from '../../../extproc/stores/recordings/line-blocks.js';
import { withWire } from '../../../filters/record/events.js';
import { forSeeds } from '../../support/random.js';

describe('lines with bytes in them', () => {
  it('are what one string of all would be, whatever the pieces, the blocks and the turn', () => {
    forSeeds(400, (random) => {
      const blocks = new LineBlocks();
      const expected: string[] = [];
      const got: Buffer[] = [];
      let told = 0;
      for (let n = 0; n < 30; n++) {
        const head = random.pick(['', '{"v":1', `{"text":"${'ü'.repeat(random.int(3000))}"`]);
        const chunks = Array.from({ length: random.int(5) }, () =>
          Buffer.from(Array.from({ length: random.int(random.pick([3, 10, 20_000])) }, () => random.int(256))),
        );
        const rest = random.pick(['"}', '","masked":[]}', '€'.repeat(random.int(50))]);
        const line = withWire(head, { chunks, rest });
        expected.push(line);
        if (random.chance(0.3)) told += blocks.add(line);
        else
          told += blocks.addWire(head, chunks, rest, (written) => {
            assert.equal(Buffer.from(written).toString(), line);
          });
        if (random.chance(0.1)) {
          const taken = blocks.take();
          if (random.chance(0.3)) blocks.again(taken);
          else {
            got.push(...taken.map((block) => Buffer.from(block)));
            blocks.done(taken);
          }
        }
      }
      got.push(...blocks.take());
      const all = Buffer.concat(got);
      assert.equal(all.toString(), expected.map((line) => `${line}\n`).join(''));
      assert.equal(told, all.length);
    });
  });
});
