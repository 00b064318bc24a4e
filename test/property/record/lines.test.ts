import assert from 'node:assert/strict';
import { LineBlocks } from '../../../extproc/stores/recordings/line-blocks.js';
import { formatLine, headRoom, sha256Hex, writeHead } from '../../../filters/record/chain.js';
import { withWire } from '../../../filters/record/events.js';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';

describe('lines with bytes in them', () => {
  it('are what one string of all would be, whatever the pieces, the blocks and the turn', () => {
    forSeeds(count(400), (random) => {
      const blocks = new LineBlocks();
      const expected: string[] = [];
      const got: Buffer[] = [];
      let told = 0;
      for (let n = 0; n < 30; n++) {
        const session = random.pick(['s', 'a'.repeat(32)]);
        const seq = random.int(random.pick([11, 1e5, 2 ** 31]));
        const t = random.pick([0, 9, 10, 999_999_999, 1e9, 1_000_000_009, Number.MAX_SAFE_INTEGER, 1e18, random.int(2 ** 40)]);
        const prev = sha256Hex(String(n));
        const type = random.pick(['request', 'session.open']);
        const json = random.pick(['', ',"a":1', `,"text":"${'ü'.repeat(random.int(3000))}"`]);
        const chunks = Array.from({ length: random.int(5) }, () =>
          Buffer.from(Array.from({ length: random.int(random.pick([3, 10, 20_000])) }, () => random.int(256))),
        );
        const rest = random.pick(['"}', '","masked":[]}', '€'.repeat(random.int(50))]);
        const wire = random.chance(0.3) ? undefined : { chunks, rest };
        const line = formatLine(session, seq, t, prev, type, withWire(json, wire));
        expected.push(line);
        const source = {
          headRoom: () => headRoom(session, type),
          writeHead: (block: Buffer, start: number) => {
            const end = writeHead(block, start, session, seq, t, prev, type);
            assert.ok(end - start <= headRoom(session, type));
            return end;
          },
          written: (bytes: Uint8Array) => assert.equal(Buffer.from(bytes).toString(), line),
        };
        told += blocks.add(source, json, wire);
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
