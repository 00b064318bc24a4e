/**
 * The long runs of `npm run test:full`: asked for by MIDSTREAM_FULL, which any value but nothing, `0`, `false`, `no` and `off` sets.
 * Every test has a short form that runs always; what differs is how often it tries.
 */
export const full: boolean = !['', '0', 'false', 'no', 'off'].includes((process.env['MIDSTREAM_FULL'] ?? '').trim().toLowerCase());

/** How long a test of many rounds may take, in milliseconds: nothing is asserted about time, and machines are slow and busy. */
export const TEST_MS_MAX = full ? 1_800_000 : 120_000;

const asked = Number(process.env['MIDSTREAM_COUNT'] ?? '');

/** Whether MIDSTREAM_COUNT asks for a number of rounds: too few, maybe, for a test that wants each case to have come up. */
export const counted: boolean = Number.isInteger(asked) && asked > 0;

/** How often a test tries, ten times as often in the long runs where it says nothing else; MIDSTREAM_COUNT sets any other number. */
export function count(usual: number, long = 10 * usual): number {
  return counted ? asked : full ? long : usual;
}
