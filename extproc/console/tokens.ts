import { createHash, timingSafeEqual } from 'node:crypto';

/** One person or program that may decide. Tokens are random (192 bits), so a plain hash keeps them. */
export interface ApproverToken {
  id: string;
  groups: string[];
  /** sha256:<hex> of the token */
  hash: string;
  /** ISO 8601; none: it does not end */
  expires?: string;
}

export const hashToken = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;

/** Every known hash is compared, in constant time, whatever the outcome. */
export function findToken(tokens: readonly ApproverToken[], presented: string, now_ms: number): ApproverToken | undefined {
  const given = Buffer.from(hashToken(presented));
  let found: ApproverToken | undefined;
  for (const token of tokens) {
    const known = Buffer.from(token.hash);
    if (known.length === given.length && timingSafeEqual(known, given)) found = token;
  }
  if (found?.expires !== undefined && Date.parse(found.expires) <= now_ms) return undefined;
  return found;
}
