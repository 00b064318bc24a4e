/**
 * The long runs of `npm run test:full`: asked for by MIDSTREAM_FULL, which any value but nothing, `0`, `false`, `no` and `off` sets.
 * Every test has a short form that runs always; what differs is how often it tries.
 */
export const full: boolean = !['', '0', 'false', 'no', 'off'].includes((process.env['MIDSTREAM_FULL'] ?? '').trim().toLowerCase());

/** How often a test tries; MIDSTREAM_COUNT sets any other number, for one file at a time. */
export function count(usual: number, long: number): number {
  const asked = Number(process.env['MIDSTREAM_COUNT'] ?? '');
  return Number.isInteger(asked) && asked > 0 ? asked : full ? long : usual;
}
