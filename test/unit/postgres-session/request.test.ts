import assert from 'node:assert/strict';
import { Request } from '../../../filters/postgres/session/request.js';
import { withWire } from '../../../filters/record/events.js';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';
import { dataRow } from '../postgres-rows/support.js';

const fields = (request: Request): unknown => {
  const { json, wire } = request.responseFields((name) => name, ',"more":true');
  return JSON.parse(`{${withWire(json, wire).slice(1)}}`);
};

describe('what is kept of an answer', () => {
  it('is the same whether its messages come one by one or many at once', () => {
    forSeeds(count(300), (random) => {
      const max = random.int(random.pick([600, 4000]));
      const one = new Request('r', max, true);
      const many = new Request('r', max, true);
      for (let chunk = 0; chunk < 4; chunk++) {
        const rows = Array.from({ length: 1 + random.int(8) }, () => dataRow('x'.repeat(random.int(60)), 'y'.repeat(random.int(20))));
        const buf = Buffer.concat(rows);
        for (const row of rows) {
          one.capture(row, 0, row.length);
          one.captureOriginal(row, 0, row.length);
        }
        // bytes that are used again for something else right after
        const borrowed = random.chance(0.5);
        const again = Buffer.from(buf);
        many.captureAll(again, 0, again.length, borrowed);
        many.captureOriginals(buf, 0, buf.length);
        if (borrowed) again.fill(0);
      }
      assert.deepEqual(fields(many), fields(one));
      assert.deepEqual(many.takeOriginal(), one.takeOriginal());
    });
  });
});
