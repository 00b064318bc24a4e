import assert from 'node:assert/strict';
import { joinedRules } from '../../../filters/http/joined-masks.js';
import { strongestFirst } from '../../../filters/http/masking.js';
import { RowMasker } from '../../../filters/postgres/rows/data-row.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';
import { cellsOf, column, dataRow, masksOf, planOf } from '../../unit/postgres-rows/support.js';
import { composed } from '../mask/corpus.js';

const sets = [
  masksOf(['all', 'redact']),
  masksOf(['secrets', 'redact'], ['pii', 'partial']),
  masksOf(['pii', 'redact'], ['secrets', 'hash']),
  masksOf(['email', 'redact'], ['credit_card', 'token'], ['secrets', 'partial']),
].map((masks) => ({ masks, ordered: strongestFirst(masks.detectors) }));

describe('a cell and a text of HTTP', function () {
  this.timeout(TEST_MS_MAX);

  it('are masked alike, by several rules too', () => {
    forSeeds(count(1500), (r) => {
      const { masks, ordered } = r.pick(sets);
      const name = r.pick(['note', 'password', 'ssn', 'x']);
      const text = Array.from({ length: 1 + r.int(4) }, () => composed(r).toString('utf8')).join(r.pick(['', ' ', '\n']));
      const bytes = Buffer.from(text);
      const masker = new RowMasker(planOf(masks, column(name)));
      const row = dataRow(bytes);
      const masked = masker.maskRow(row, 0, 5, row.length);
      const cell = masked === undefined ? text : cellsOf(masked)[0]!.toString('utf8');
      const body = joinedRules(ordered).maskWhole(bytes, 0, bytes.length, { name }, false)?.toString('utf8') ?? text;
      assert.equal(cell, body, `${name}: ${JSON.stringify(text)}`);
    });
  });

  it('are masked alike whatever the bytes of a cell’s length are, digits and letters too', () => {
    const { masks } = sets[0]!;
    for (const token of [
      '1//0ya29xKz0Q8f14e45fceea167a5a36dedd4bea25438f14e45f',
      'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
      '4111111111111111',
    ])
      for (let length = token.length; length < 400; length++) {
        const masker = new RowMasker(planOf(masks, column('id', 23), column('note')));
        const row = dataRow('7', token.padEnd(length, ' '));
        assert.ok(masker.maskRow(row, 0, 5, row.length) !== undefined, `${token}, ${length} bytes`);
      }
  });
});
