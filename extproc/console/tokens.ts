import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** One person or program that may decide. Tokens are random (256 bits), so a plain hash keeps them. */
export interface ApproverToken {
  id: string;
  /** what the same person is called elsewhere: one person has one voice */
  also?: string[];
  groups: string[];
  /** decides whatever group an operation is for: who runs `midstream up` */
  every_group?: true;
  /** sha256:<hex> of the token */
  hash: string;
  /** ISO 8601; none: it does not end */
  expires?: string;
}

export const hashToken = (token: string): string => `sha256:${createHash('sha256').update(token).digest('hex')}`;

/** A new token, for one person; the configuration keeps its hash alone. */
export const newToken = (): string => `mst_${randomBytes(32).toString('base64url')}`;

/** Finds whose token was presented, ended or not. Every known hash is compared, in constant time, whatever the outcome. */
export function findToken(tokens: readonly ApproverToken[], presented: string): ApproverToken | undefined {
  const given = Buffer.from(hashToken(presented));
  let found: ApproverToken | undefined;
  for (const token of tokens) {
    const known = Buffer.from(token.hash);
    if (known.length === given.length && timingSafeEqual(known, given)) found = token;
  }
  return found;
}

/** A date that can't be read has passed. */
export const hasEnded = (token: ApproverToken, now_ms: number): boolean =>
  token.expires !== undefined && !(now_ms < Date.parse(token.expires));
