import assert from 'node:assert/strict';
import { ageOf } from '../../../extproc/identity/age.js';

describe('the age of a token', () => {
  it('is counted in whole seconds from its iat, and never below 0', () => {
    assert.equal(ageOf(1000, 1_900_999), 900);
    assert.equal(ageOf(1000.5, 1_002_000), 1);
    assert.equal(ageOf(2000, 1_000_000), 0);
  });

  it('is not known where the token does not say', () => {
    for (const iat of [undefined, null, '1000', Number.NaN, Number.POSITIVE_INFINITY, {}]) assert.equal(ageOf(iat), undefined);
  });
});
