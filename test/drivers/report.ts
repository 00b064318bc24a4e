import type { Counts } from './context.js';

export interface Result extends Counts {
  suite: string;
  target: string;
  /** of the measure: the run without the gateway, or what is known of it; undefined where nothing is known yet */
  expected: number | undefined;
  seconds: number;
}

/** Tests that failed, and tests that the direct run passed and this one did not even count. */
export const failedOf = ({ passed, failed, expected }: Result): number => Math.max(failed, (expected ?? 0) - passed);

/** Suites down, targets across: passed of expected, and what failed. */
export function tableOf(results: readonly Result[], skipped: readonly { suite: string; reason: string }[]): string {
  const targets = [...new Set(results.map(({ target }) => target))];
  const suites = [...new Set(results.map(({ suite }) => suite))];
  const cell = (suite: string, target: string): string => {
    const result = results.find((one) => one.suite === suite && one.target === target);
    if (result === undefined) return '';
    const failed = failedOf(result);
    const skippedTests = result.skipped > 0 ? `, ${result.skipped} skipped` : '';
    return `${result.passed}${failed > 0 ? ` passed, ${failed} FAILED` : ' passed'}${skippedTests}`;
  };
  const expectedOf = (suite: string): string =>
    String(results.find((one) => one.suite === suite && one.expected !== undefined)?.expected ?? '');
  const rows = [
    ['suite', 'expected', ...targets],
    ...suites.map((suite) => [suite, expectedOf(suite), ...targets.map((target) => cell(suite, target))]),
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const lines = rows.map((row) =>
    row
      .map((text, i) => text.padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...skipped.map(({ suite, reason }) => `${suite} was skipped: ${reason}`)].join('\n');
}

/** The last line: all tests of all suites and targets. */
export function totalOf(results: readonly Result[]): { passed: number; failed: number } {
  return {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.reduce((sum, result) => sum + failedOf(result), 0),
  };
}
