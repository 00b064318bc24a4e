import type { SessionTimes } from './sessions.js';

/** People log in at an OpenID provider (code flow with PKCE). */
export interface OidcLogin {
  /** its issuer: https, or http on this machine */
  issuer: string;
  client_id: string;
  /** undefined: a public client */
  client_secret_file: string | undefined;
  scopes: string[];
  /** claim that names the person; it stands on decisions */
  id_claim: string;
  groups_claim: string;
}

/** People log in at a SAML 2.0 identity provider. */
export interface SamlLogin {
  /** where the browser is sent (HTTP-Redirect) */
  entry_point: string;
  /** PEM certificate that the provider signs with */
  certificate_file: string;
  /** our own entity id */
  issuer: string;
  /** attribute that names the person; the NameID otherwise */
  id_attribute: string | undefined;
  groups_attribute: string;
}

export interface PeopleLogin extends SessionTimes {
  /** how browsers reach the API, for example https://approvals.shop.example; redirects go there */
  url: string;
  oidc: OidcLogin | undefined;
  saml: SamlLogin | undefined;
  /** group at the provider -> groups that rules name in approve.by; undefined: the provider's own names */
  groups: Record<string, string[]> | undefined;
}
