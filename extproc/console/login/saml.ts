import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { SAML } from '@node-saml/node-saml';
import { MidstreamError } from '../../../filters/errors.js';
import { ATTEMPT_MS_MAX, type Person } from './sessions.js';
import type { SamlLogin } from './types.js';

/** Loaded where somebody signs in by SAML: it takes 16 MB of every gateway otherwise. */
const library = () => createRequire(import.meta.url)('@node-saml/node-saml') as typeof import('@node-saml/node-saml');

/** By how much clocks may differ, milliseconds. */
const SKEW_MS_MAX = 30_000;

/** SAML 2.0, web browser SSO profile: HTTP-Redirect out, HTTP-POST back; assertions must be signed, and be the answer to a request of ours. */
export class Saml {
  private readonly saml: SAML;

  /** Throws config_invalid when the certificate can't be read. */
  constructor(
    private readonly options: SamlLogin,
    callback: string,
  ) {
    let certificate: string;
    try {
      certificate = readFileSync(options.certificate_file, 'utf8');
    } catch (cause) {
      throw new MidstreamError('config_invalid', `the certificate ${options.certificate_file} of the SAML provider can’t be read`, {
        cause,
      });
    }
    const { SAML, ValidateInResponseTo } = library();
    this.saml = new SAML({
      callbackUrl: callback,
      entryPoint: options.entry_point,
      issuer: options.issuer,
      audience: options.issuer,
      idpCert: certificate,
      wantAssertionsSigned: true,
      // Some sign the assertion alone; an answer whose assertion is not signed is refused above.
      wantAuthnResponseSigned: false,
      signatureAlgorithm: 'sha256',
      identifierFormat: null,
      disableRequestedAuthnContext: true,
      validateInResponseTo: ValidateInResponseTo.always,
      requestIdExpirationPeriodMs: ATTEMPT_MS_MAX,
      acceptedClockSkewMs: SKEW_MS_MAX,
    });
  }

  async begin(relay: string): Promise<string> {
    return await this.saml.getAuthorizeUrlAsync(relay, undefined, {});
  }

  /** Who the provider says came. Throws unauthenticated, without what it said; each answer is taken once. */
  async finish(response: string): Promise<Person> {
    let profile: Record<string, unknown> | null;
    try {
      ({ profile } = (await this.saml.validatePostResponseAsync({ SAMLResponse: response })) as {
        profile: Record<string, unknown> | null;
      });
    } catch (cause) {
      throw new MidstreamError('unauthenticated', 'the provider’s answer was not accepted', { hint: 'Log in again.', cause });
    }
    const { id_attribute, groups_attribute } = this.options;
    const id = profile?.[id_attribute ?? 'nameID'];
    if (typeof id !== 'string' || id === '')
      throw new MidstreamError('unauthenticated', 'the provider does not tell who this is', {
        hint: 'An operator must name another attribute.',
      });
    const groups = profile?.[groups_attribute];
    const list = typeof groups === 'string' ? [groups] : Array.isArray(groups) ? groups : [];
    return { id, groups: list.filter((one): one is string => typeof one === 'string'), issuer: String(profile?.issuer ?? '') };
  }

  /** For the provider's administrators. */
  metadata(): string {
    return this.saml.generateServiceProviderMetadata(null, null);
  }
}
