/**
 * Whole seconds since a token was issued (its `iat`, RFC 7519 section 4.1.6), by this machine's clock; 0 where the issuer's goes ahead,
 * undefined where the token does not say.
 */
export function ageOf(iat: unknown, now_ms: number = Date.now()): number | undefined {
  return typeof iat === 'number' && Number.isFinite(iat) ? Math.max(0, Math.floor(now_ms / 1000 - iat)) : undefined;
}
