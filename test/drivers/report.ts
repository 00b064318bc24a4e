import type { Counts } from './context.js';
import type { Gap } from './suites.js';

export interface Result extends Counts {
  suite: string;
  target: string;
  /** of the measure: the run without the gateway, or what is known of it; undefined where nothing is known yet */
  expected: number | undefined;
  /** failures that are known and explained */
  gaps: Gap[];
  /** failures that a direct connection has too */
  shared: string[];
  /** tests that a direct connection passes and this one does not */
  lost: number;
  seconds: number;
}

/** The lines of a suite's output that name a failure. unittest's own sum, `FAILED (failures=1)`, names none and would count as one more. */
export const failuresIn = (output: string): string[] =>
  output.split('\n').filter((line) => line.includes('FAILED') && !line.startsWith('FAILED ('));

/** A failure's name, without times and details, which differ from run to run. */
export const nameOf = (failure: string): string =>
  failure
    .replace(/^\s*(test\s+)?/, '')
    .replace(/\s*\.\.\. FAILED.*$/, '')
    .replace(/^FAILED\s*/, '')
    .replace(/: .*$/s, '')
    .trim();

/** Puts a run beside the direct one (or beside what is known of it): what counts is only what the gateway loses. */
export function compare(
  counts: Counts,
  { direct, expected, gaps }: { direct: Result | undefined; expected: number | undefined; gaps: readonly Gap[] },
): Pick<Result, 'gaps' | 'shared' | 'lost' | 'expected'> {
  const names = new Set(counts.failures.map(nameOf));
  const met = gaps.filter(({ test }) => names.has(test));
  const shared = (direct?.failures ?? []).map(nameOf).filter((name) => names.has(name));
  const measure = direct?.passed ?? expected;
  const alone = counts.failures.length - met.length - shared.length;
  const lost = Math.max(counts.failed - met.length - shared.length, (measure ?? 0) - counts.passed - met.length, alone, 0);
  return { gaps: met, shared, lost: counts.passed === 0 ? Math.max(lost, 1) : lost, expected: measure };
}

/** Suites down, targets across: what passed, and what did not. */
export function tableOf(results: readonly Result[], skipped: readonly { suite: string; reason: string }[]): string {
  const targets = [...new Set(results.map(({ target }) => target))];
  const suites = [...new Set(results.map(({ suite }) => suite))];
  const cell = (suite: string, target: string): string => {
    const result = results.find((one) => one.suite === suite && one.target === target);
    if (result === undefined) return '';
    const parts = [`${result.passed} passed`];
    if (result.lost > 0) parts.push(`${result.lost} FAILED`);
    if (result.gaps.length > 0) parts.push(`${result.gaps.length} known gap`);
    if (result.shared.length > 0) parts.push(`${result.shared.length} fail directly too`);
    if (result.skipped > 0) parts.push(`${result.skipped} skipped`);
    return parts.join(', ');
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
  const gaps = results.flatMap(({ suite, target, gaps }) =>
    gaps.map(({ test, why }) => `${suite}, ${target}: ${test} is a known gap: ${why}`),
  );
  return [...lines, ...gaps, ...skipped.map(({ suite, reason }) => `${suite} was skipped, so nothing is known of it: ${reason}`)].join(
    '\n',
  );
}

/** The last line: all tests of all suites and targets. */
export function totalOf(results: readonly Result[]): { passed: number; failed: number } {
  return {
    passed: results.reduce((sum, { passed }) => sum + passed, 0),
    failed: results.reduce((sum, { lost }) => sum + lost, 0),
  };
}
