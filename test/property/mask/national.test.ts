import assert from 'node:assert/strict';
import { hasForm, isSomeCountrys } from '../../../filters/mask/detectors/national-any.js';
import { isValid, NAMED } from '../../../filters/mask/detectors/national-forms.js';
import { Random } from './corpus.js';

const SEED = Number(process.env.MIDSTREAM_SEED ?? Math.floor(Math.random() * 2 ** 31));
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A word of digits with letters at its ends, as most identifiers have them, or anywhere. */
function word(r: Random): string {
  const length = 6 + r.below(13);
  const ends = r.below(3);
  const head = r.below(4);
  const tail = r.below(4);
  return Array.from({ length }, (_, k) => {
    const letter = ends === 2 ? r.below(3) === 0 : k < head || k >= length - tail;
    return letter ? r.chars(LETTERS, 1) : String(r.below(10));
  }).join('');
}

/** Where the library takes letters that those numbers do not have, or any number of zeros in front; those of Spain are all NIF. */
const LAX = new Set(['AZ tin', 'BO ci', 'ES cif', 'ES dni', 'ES nie', 'ES nif', 'LI peid', 'SM coe']);

describe('national identifiers, properties', function () {
  this.timeout(120_000);

  it('has no form that is narrower than the validator it stands before', () => {
    Error.stackTraceLimit = 0;
    let valid = 0;
    for (let n = 0; n < 1500; n++) {
      const r = new Random((SEED + n * 7919) | 0);
      const text = word(r);
      for (const [country, name] of NAMED) {
        // the country's own letters before a number are read elsewhere
        if (text.startsWith(country) || text.startsWith('EL') || LAX.has(`${country} ${name}`) || !isValid(country, name, text)) continue;
        valid++;
        assert.ok(hasForm(country, name, text), `MIDSTREAM_SEED=${SEED} round ${n}: ${country} ${name} takes ${text}`);
        assert.ok(isSomeCountrys(text), `MIDSTREAM_SEED=${SEED} round ${n}: ${text} is of ${country} ${name}`);
      }
    }
    Error.stackTraceLimit = 10;
    assert.ok(valid > 100, String(valid));
  });
});
