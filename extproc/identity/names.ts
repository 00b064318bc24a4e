/** Longest name of somebody or of a group, characters; a SPIFFE id has no more (SPIFFE-ID, 2.3). */
const NAME_CHARACTERS_MAX = 2048;

/**
 * Names go into headers, startup packets, lists with a line each, and onto terminals: a control character there ends one thing and begins
 * another, and half of a surrogate pair becomes another character on the way. Whoever has such a name is nobody.
 */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && value.length <= NAME_CHARACTERS_MAX && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(value);
