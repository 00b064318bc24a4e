/**
 * On which byte of a prefix the scan stops: the best first, those that end a search soonest because they are rare in data. A digit is one
 * only where nothing else can be.
 */
const RARE = '~$_-.|QZJXKVYGWCLMRFHPBDNUOISTAEq:';

/**
 * Where a prefix has none of them: letters that are common, the best first, of which the scan stops only at those that stand between the
 * same two bytes (Anchors).
 */
const COMMON = 'kycupiadlsh';

/** Which of them go into one set there, with an M that is no letter of a prefix: those whose neighbours cost little together in English text. */
export const COMMON_SETS: readonly string[] = ['k', 'y', 'ch', 'u', 'pM', 'is', 'a', 'dl'];

/** Which of the common letters a byte is, in their order; -1 for none. */
export function commonness(b: number): number {
  return COMMON.indexOf(String.fromCharCode(b));
}

/** Where the anchor stands in a prefix, never first. Throws RangeError where nothing can be one: that is a mistake in a table. */
export function anchorOf(prefix: string): number {
  for (const c of RARE) {
    const at = prefix.indexOf(c, 1);
    if (at > 0 && !isSwallowed(prefix, at)) return at;
  }
  // one with a byte of the prefix behind it, if there is one: else it may be any
  for (const text of [prefix.slice(0, -1), prefix])
    for (const c of COMMON) {
      const at = text.indexOf(c, 1);
      if (at > 0 && !isSwallowed(prefix, at)) return at;
    }
  const digit = prefix.slice(1).search(/[0-9]/) + 1;
  if (digit > 0) return digit;
  throw new RangeError(`prefix ${prefix} has no byte to anchor on`);
}

/** The scan reads a run of digits, the separators between them and the letters behind them at once: it stops at none of their bytes. */
function isSwallowed(prefix: string, at: number): boolean {
  return /[0-9]$/.test(prefix.slice(0, at))
    ? /[-.0-9A-Za-z]/.test(prefix[at]!)
    : /[0-9][A-Za-z]*$/.test(prefix.slice(0, at)) && /[A-Za-z]/.test(prefix[at]!);
}
