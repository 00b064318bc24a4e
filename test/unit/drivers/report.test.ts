import assert from 'node:assert/strict';
import type { Counts } from '../../drivers/context.js';
import { compare, failuresIn, nameOf, type Result, tableOf, totalOf } from '../../drivers/report.js';
import { type Gap, suites } from '../../drivers/suites.js';

const gap: Gap = { transport: 'ext_proc', test: 'uniqviol', why: 'no flow control' };
const counts = (passed: number, ...failures: string[]): Counts => ({ passed, failed: failures.length, skipped: 0, failures });
const measured = (suite: string, target: string, run: Counts, measure: Partial<Parameters<typeof compare>[1]> = {}): Result => ({
  suite,
  target,
  seconds: 1,
  ...run,
  ...compare(run, { direct: undefined, expected: undefined, gaps: [], ...measure }),
});

describe('the report of test:drivers', () => {
  it('names a failure without times and details', () => {
    for (const [line, name] of [
      ['     numeric                      ... FAILED     3608 ms', 'numeric'],
      ['test select_parallel              ... FAILED     3305 ms', 'select_parallel'],
      ['FAILED uniqviol', 'uniqviol'],
      ['FAILED /pgtype TestA/b', '/pgtype TestA/b'],
      ['a pool of 20: it did not end within 120 s', 'a pool of 20'],
    ] as const)
      assert.equal(nameOf(line), name);
  });

  it('takes the names of failures alone from what a suite prints', () => {
    const printed =
      'FAIL: test_b (tests.A)\nRan 3 tests in 0.1s\n\nFAILED (failures=1, skipped=44)\nFAILED tests.A.test_b\n2 passed, 1 failed, 44 skipped\n';
    assert.deepEqual(failuresIn(printed), ['FAILED tests.A.test_b']);
  });

  it('counts what is lost against what is known, even where nothing says that it failed', () => {
    assert.equal(compare(counts(10), { direct: undefined, expected: 10, gaps: [] }).lost, 0);
    assert.equal(compare(counts(9), { direct: undefined, expected: 10, gaps: [] }).lost, 1);
    assert.equal(compare(counts(9, 'FAILED a'), { direct: undefined, expected: 10, gaps: [] }).lost, 1);
    assert.equal(compare(counts(0), { direct: undefined, expected: undefined, gaps: [] }).lost, 1, 'a suite that ran nothing');
  });

  it('a known gap is shown apart, and hides no other failure', () => {
    const known = compare(counts(19, 'FAILED uniqviol'), { direct: undefined, expected: 20, gaps: [gap] });
    assert.deepEqual([known.lost, known.gaps], [0, [gap]]);
    assert.equal(compare(counts(18, 'FAILED uniqviol', 'FAILED other'), { direct: undefined, expected: 20, gaps: [gap] }).lost, 1);
    assert.equal(compare(counts(19, 'FAILED other'), { direct: undefined, expected: 20, gaps: [gap] }).lost, 1);
    assert.deepEqual(compare(counts(20), { direct: undefined, expected: 20, gaps: [gap] }).gaps, []);
  });

  it('a test that fails directly too is not the gateway’s, another in its place is', () => {
    const direct = measured('s', 'direct', counts(9, 'FAILED a'));
    const same = compare(counts(9, 'FAILED a'), { direct, expected: 10, gaps: [] });
    assert.deepEqual([same.lost, same.shared, same.expected], [0, ['a'], 9]);
    assert.equal(compare(counts(9, 'FAILED b'), { direct, expected: 10, gaps: [] }).lost, 1);
  });

  it('says what was skipped by name, and never among what passed', () => {
    const results = [measured('s', 'hop', counts(3), { expected: 3 }), measured('p', 'hop', counts(1, 'FAILED uniqviol'), { gaps: [gap] })];
    const table = tableOf(results, [{ suite: 'pgx', reason: 'go is missing (Debian: golang)' }]);
    assert.match(table, /pgx was skipped, so nothing is known of it: go is missing/);
    assert.match(table, /1 passed, 1 known gap/);
    assert.match(table, /p, hop: uniqviol is a known gap: no flow control/);
    assert.deepEqual(totalOf(results), { passed: 4, failed: 0 });
  });

  it('every known gap belongs to a suite and says why', () => {
    for (const { gaps } of suites) for (const { test, why } of gaps ?? []) assert.ok(test !== '' && why.length > 20);
  });
});
