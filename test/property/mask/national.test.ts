import assert from 'node:assert/strict';
import { hasForm, isSomeCountrys, isTaken, LENIENT, passesSieve } from '../../../filters/mask/detectors/national-any.js';
import { isValid, NAMED } from '../../../filters/mask/detectors/national-forms.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** A word of digits with letters at its ends, as most identifiers have them, or anywhere. */
function word(r: Random): string {
  const length = 6 + r.int(13);
  const ends = r.int(3);
  const head = r.int(4);
  const tail = r.int(4);
  return Array.from({ length }, (_, k) => {
    const letter = ends === 2 ? r.int(3) === 0 : k < head || k >= length - tail;
    return letter ? r.chars(LETTERS, 1) : String(r.int(10));
  }).join('');
}

/** Where the library takes letters that those numbers do not have, or any number of zeros in front; those of Spain are all NIF. */
const LAX = new Set(['AZ tin', 'BO ci', 'ES cif', 'ES dni', 'ES nie', 'ES nif', 'LI peid', 'SM coe']);

/** 11 to 16 digits, many of them with a date where countries write theirs. */
function longNumber(r: Random): string {
  const length = 11 + r.int(6);
  const two = (n: number): string => String(n).padStart(2, '0');
  const dates = [
    () => two(r.int(100)) + two(1 + r.int(12)) + two(1 + r.int(28)),
    () => two(1 + r.int(28)) + two(1 + r.int(12)) + two(r.int(100)),
    () => r.chars('123456789', 1) + two(r.int(100)) + two(1 + r.int(12)) + two(1 + r.int(28)),
    () => '',
  ];
  const head = r.pick(dates)();
  return head + r.chars('0123456789', length - head.length);
}

/** validators of 11 digits and more that ask for check digits or a date */
const SIFTED = [
  ['CO', 'nit'],
  ['JP', 'cn'],
  ['KR', 'rrn'],
  ['MD', 'idno'],
  ['BA', 'jmbg'],
  ['SI', 'emso'],
  ['PK', 'cnic'],
  ['RO', 'cnp'],
  ['TH', 'idnr'],
  ['TH', 'tin'],
  ['VN', 'mst'],
  ['ZA', 'idnr'],
  ['MK', 'edb'],
  ['EC', 'ruc'],
  ['FR', 'siret'],
  ['PL', 'regon'],
  ['SV', 'nit'],
  ['BR', 'cnpj'],
  ['BR', 'cpf'],
  ['GT', 'nit'],
  ['MY', 'nric'],
  ['ES', 'nss'],
  ['IN', 'aadhaar'],
] as const;

describe('national identifiers, properties', function () {
  this.timeout(TEST_MS_MAX);

  it('has no form that is narrower than the validator it stands before', () => {
    Error.stackTraceLimit = 0;
    let valid = 0;
    forSeeds(count(1500), (r) => {
      const text = word(r);
      for (const [country, name] of NAMED) {
        // the country's own letters before a number are read elsewhere
        if (text.startsWith(country) || text.startsWith('EL') || LAX.has(`${country} ${name}`) || !isValid(country, name, text)) continue;
        valid++;
        assert.ok(hasForm(country, name, text), `${country} ${name} takes ${text}`);
        assert.ok(isSomeCountrys(text), `${text} is of ${country} ${name}`);
      }
    });
    Error.stackTraceLimit = 10;
    assert.ok(valid > 100, String(valid));
  });

  it('sifts no number that a validator takes', () => {
    let sifted = 0;
    const taken = new Map<string, number>();
    forSeeds(count(4000), (r) => {
      const text = longNumber(r);
      for (const [country, name] of NAMED) {
        if (LAX.has(`${country} ${name}`) || passesSieve(country, name, text)) continue;
        sifted++;
        // asking the library about all that is sifted takes minutes
        if (sifted % 8 !== 0 || !isValid(country, name, text)) continue;
        assert.fail(`${country} ${name} takes ${text}`);
      }
    });
    forSeeds(count(20_000), (r, seed) => {
      const text = longNumber(r);
      const [country, name] = SIFTED[seed % SIFTED.length]!;
      if (!isValid(country, name, text)) return;
      taken.set(`${country} ${name}`, (taken.get(`${country} ${name}`) ?? 0) + 1);
      assert.ok(passesSieve(country, name, text), `${country} ${name} takes ${text}`);
    });
    assert.ok(taken.size > 8, `only ${[...taken.keys()]} took any`);
  });

  it('takes plain numbers of 4 to 12 digits, since one validator takes any', () => {
    forSeeds(count(2000), (r) => {
      const text = r.chars('123456789', 1) + r.chars('0123456789', 3 + r.int(9));
      assert.ok(isSomeCountrys(text));
      assert.ok(isValid('LI', 'peid', text), text);
    });
  });

  it('knows what lenient validators take without asking them', () => {
    const counts = new Map<string, number>();
    const saw = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1);
    forSeeds(count(8000), (r) => {
      const digits = r.pick(['', '0', '000']) + r.chars(r.pick(['0123456789', '12']), 4 + r.int(12));
      const text = Array.from(digits, (d, k) => (k > 0 && r.int(4) === 0 ? r.pick([' ', '-', '.', '/']) : '') + d).join('');
      const { length } = digits;
      const known = isTaken(text);
      // of other lengths the library is asked about German numbers
      if (length === 10 || length === 11) assert.equal(known.german, isValid('DE', 'stnr', text), text);
      const some = LENIENT.some(([country, name, min, max]) => length >= min && length <= max && isValid(country, name, text));
      assert.equal(known.lenient, some || (length < 13 && isValid('LI', 'peid', text)), text);
      saw(`${known.lenient} ${known.german}`);
    });
    assert.equal(counts.size, 4);
  });
});
