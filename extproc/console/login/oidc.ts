import { readFile } from 'node:fs/promises';
import * as client from 'openid-client';
import { MidstreamError } from '../../../filters/errors.js';
import { isName } from '../../identity/names.js';
import type { Person } from './sessions.js';
import type { OidcLogin } from './types.js';

/** What has to be the same when the browser comes back. */
export interface OidcState {
  verifier: string;
  nonce: string;
}

/** Claims that name a person (OpenID Connect Core 1.0, section 5.1; `upn` of Entra ID): whoever has one of them in common is the same one. */
const NAMES = ['sub', 'email', 'preferred_username', 'upn'];

/** How long what the provider says of itself is believed, milliseconds. */
const DISCOVERY_MS_MAX = 3_600_000;

/** OpenID Connect Core 1.0 with PKCE (RFC 7636): the code flow, of a maintained client library. */
export class Oidc {
  private known: { config: client.Configuration; until_ms: number } | undefined;

  constructor(
    private readonly options: OidcLogin,
    private readonly redirect_uri: string,
    private readonly now: () => number,
  ) {}

  /** Where the browser is sent; `state` is the attempt's name. Throws unavailable when the provider can't be reached. */
  async begin(state: string, { verifier, nonce }: OidcState): Promise<string> {
    const config = await this.configuration();
    return client.buildAuthorizationUrl(config, {
      redirect_uri: this.redirect_uri,
      scope: this.options.scopes.join(' '),
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
    }).href;
  }

  static newState(): OidcState {
    return { verifier: client.randomPKCECodeVerifier(), nonce: client.randomNonce() };
  }

  /** Who came back. Throws unauthenticated, without what the provider said. */
  async finish(query: string, state: string, { verifier, nonce }: OidcState): Promise<Person> {
    const config = await this.configuration();
    let claims: Record<string, unknown>;
    try {
      const tokens = await client.authorizationCodeGrant(config, new URL(`${this.redirect_uri}${query}`), {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      const idToken = tokens.claims()!;
      // Providers may keep groups out of the token, and tell them when asked.
      const more =
        config.serverMetadata().userinfo_endpoint === undefined ? {} : await client.fetchUserInfo(config, tokens.access_token, idToken.sub);
      claims = { ...more, ...idToken };
    } catch (cause) {
      throw new MidstreamError('unauthenticated', 'the provider’s answer was not accepted', { hint: 'Log in again.', cause });
    }
    const id = claims[this.options.id_claim];
    if (!isName(id))
      throw new MidstreamError('unauthenticated', `the provider does not tell the claim ${this.options.id_claim}`, {
        hint: 'An operator must ask for another scope, or name another claim.',
      });
    // An address that anybody can type into a profile names nobody.
    if (this.options.id_claim === 'email' && claims.email_verified === false)
      throw new MidstreamError('unauthenticated', 'the provider has not verified this e-mail address', { hint: 'Verify it there first.' });
    const groups = claims[this.options.groups_claim];
    const list = typeof groups === 'string' ? [groups] : Array.isArray(groups) ? groups : [];
    const names = NAMES.filter((name) => name !== 'email' || claims.email_verified !== false).map((name) => claims[name]);
    return { id, names: names.filter(isName), groups: list.filter(isName), issuer: this.options.issuer };
  }

  private async configuration(): Promise<client.Configuration> {
    if (this.known !== undefined && this.now() < this.known.until_ms) return this.known.config;
    const { issuer, client_id, client_secret_file } = this.options;
    try {
      const secret = client_secret_file === undefined ? undefined : (await readFile(client_secret_file, 'utf8')).trim();
      const url = new URL(issuer);
      const config = await client.discovery(url, client_id, secret, secret === undefined ? client.None() : undefined, {
        timeout: 10,
        ...(url.protocol === 'http:' ? { execute: [client.allowInsecureRequests] } : {}),
      });
      this.known = { config, until_ms: this.now() + DISCOVERY_MS_MAX };
      return config;
    } catch (cause) {
      throw new MidstreamError('unavailable', 'the identity provider can’t be reached', { hint: 'Try again in a moment.', cause });
    }
  }
}
