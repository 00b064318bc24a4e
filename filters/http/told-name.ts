/** Media types, codings, parameters, protocols as they are registered: words of letters with a few signs between them. */
const REGISTERED = /^[a-z]{1,18}(?:[+.*/-][a-z]{0,18}){0,8}$/i;
const DIGITS_MAX = 5;

/**
 * A name that somebody sent, as a reason may repeat it: reasons are recorded, and shown to approvers. What nobody would have registered so may be anything,
 * and is not said.
 */
export function toldName(name: string): string {
  const digits = name.match(/\d/g)?.length ?? 0;
  return digits <= DIGITS_MAX && REGISTERED.test(name.replace(/\d+/g, 'n')) ? name : '(not shown)';
}
