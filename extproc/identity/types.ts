import type { Identity } from '../../filters/policy/types.js';

/** Somebody whose signed tokens are believed. */
export interface IssuerConfig {
  /** the claim `iss`, letter by letter */
  issuer: string;
  /** one of these must stand in `aud` */
  audiences: string[];
  kind: 'jwt' | 'service-account';
  /** JSON Web Key Set: an address, or a file */
  keys: { url: string } | { file: string };
  /** signature algorithms that are taken; all of them asymmetric */
  algorithms: string[];
  /** claim that names the agent */
  id_claim: string;
  /** claim with the agent's groups: a list, or words with blanks between */
  groups_claim: string;
  clock_tolerance_s: number;
  /** keys are used for so long when their address can't be reached, and no longer */
  keys_ms_max: number;
}

/** A token that the gateway's operators gave to an agent; only its hash is kept. */
export interface AgentTokenConfig {
  id: string;
  groups: string[];
  /** `sha256:` and 64 hexadecimal digits */
  hash: string;
  /** ISO 8601 */
  expires?: string;
}

/** An agent that insists on SCRAM. */
export interface ScramUserConfig {
  user: string;
  groups: string[];
  /** as in pg_authid: SCRAM-SHA-256$4096:salt$StoredKey:ServerKey */
  verifier: string;
}

/** Asks a Kubernetes API whose token it is, where its keys can't be had. */
export interface TokenReviewConfig {
  /** https://host:port */
  api: string;
  ca_file: string | undefined;
  /** the gateway's own token, which may create tokenreviews */
  token_file: string;
  audiences: string[];
}

export interface IdentityConfig {
  issuers: IssuerConfig[];
  tokens: AgentTokenConfig[];
  scram: ScramUserConfig[];
  token_review: TokenReviewConfig | undefined;
  /** a line for each identity that is not let in any more, with * and ** as in access rules; read again when it changes */
  revoked_file: string | undefined;
}

/** Why a secret does not say who somebody is. Classes only: nothing of the secret. */
export type RefusalClass =
  | 'not a token that is known here'
  | 'the token is malformed'
  | 'the token is too long'
  | 'the token’s issuer is not known here'
  | 'the token is for somebody else'
  | 'the token is of a kind that nobody logs in with'
  | 'the token has expired'
  | 'the token is not valid yet'
  | 'the token says nothing of its end or its owner'
  | 'the token’s owner has no name that can be used'
  | 'the token’s signature is wrong'
  | 'the token’s key is not known'
  | 'the token’s algorithm is not taken'
  | 'the identity was revoked'
  | 'the keys of the token’s issuer can’t be had';

export type Verified =
  | { ok: true; identity: Identity /** seconds since the epoch; undefined: it does not end */; expires_s: number | undefined }
  | { ok: false; reason: RefusalClass /** nothing is wrong with the token that is known */; unavailable?: true };
