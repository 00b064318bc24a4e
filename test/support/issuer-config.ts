import type { IssuerConfig } from '../../extproc/identity/types.js';
import type { Issuer } from './issuer.js';

/** How a test's issuer stands in the configuration. */
export const issuerConfig = (issuer: Issuer, more: Partial<IssuerConfig> = {}): IssuerConfig => ({
  issuer: issuer.issuer,
  audiences: ['midstream'],
  kind: 'jwt',
  keys: { url: issuer.jwks_url },
  algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA'],
  id_claim: 'sub',
  groups_claim: 'groups',
  clock_tolerance_s: 2,
  keys_ms_max: 3_600_000,
  ...more,
});
