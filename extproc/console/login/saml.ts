import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { inflateRawSync } from 'node:zlib';
import type { SAML } from '@node-saml/node-saml';
import { MidstreamError } from '../../../filters/errors.js';
import { isName } from '../../identity/names.js';
import { ATTEMPT_MS_MAX, type Person } from './sessions.js';
import type { SamlLogin } from './types.js';

/** Loaded where somebody signs in by SAML: it takes 16 MB of every gateway otherwise. */
const library = () => createRequire(import.meta.url)('@node-saml/node-saml') as typeof import('@node-saml/node-saml');

/** By how much clocks may differ, milliseconds. */
const SKEW_MS_MAX = 30_000;

/** Attributes that name a person, by their usual names: whoever has one of them in common is the same one. */
const NAMES = [
  'nameID',
  'email',
  'mail',
  'upn',
  'uid',
  'urn:oid:0.9.2342.19200300.100.1.3',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress',
  'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn',
];

const BEARER = 'urn:oasis:names:tc:SAML:2.0:cm:bearer';
/** Longest request that we send, bytes unpacked. */
const REQUEST_BYTES_MAX = 64 * 1024;

/** SAML 2.0, web browser SSO profile: HTTP-Redirect out, HTTP-POST back; assertions must be signed, and be the answer to a request of ours. */
export class Saml {
  private readonly saml: SAML;

  /** Throws config_invalid when the certificate can't be read. */
  constructor(
    private readonly options: SamlLogin,
    private readonly callback: string,
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

  /** Where the browser is sent, and the id of the request that goes with it. */
  async begin(relay: string): Promise<{ url: string; request: string }> {
    const url = await this.saml.getAuthorizeUrlAsync(relay, undefined, {});
    const packed = Buffer.from(new URL(url).searchParams.get('SAMLRequest') ?? '', 'base64');
    const request = / ID="([^"]+)"/.exec(inflateRawSync(packed, { maxOutputLength: REQUEST_BYTES_MAX }).toString('utf8'))?.[1];
    if (request === undefined) throw new MidstreamError('internal', 'a request to the SAML provider has no id');
    return { url, request };
  }

  /** Who the provider says came, in answer to this request. Throws unauthenticated, without what it said; each answer is taken once. */
  async finish(response: string, request: string): Promise<Person> {
    let profile: Record<string, unknown> | null;
    try {
      // No answer needs one, and entities come with it.
      if (Buffer.from(response, 'base64').includes('<!DOCTYPE')) throw new Error('it has a document type');
      ({ profile } = (await this.saml.validatePostResponseAsync({ SAMLResponse: response })) as {
        profile: Record<string, unknown> | null;
      });
    } catch (cause) {
      throw new MidstreamError('unauthenticated', 'the provider’s answer was not accepted', { hint: 'Log in again.', cause });
    }
    const assertion = (profile?.getAssertion as (() => Verified) | undefined)?.();
    if (assertion === undefined || !isConfirmed(assertion, this.callback, request))
      throw new MidstreamError('unauthenticated', 'the provider’s answer is for somebody else, or for another log-in', {
        hint: 'Begin again at /login; an operator may compare the address that the provider sends answers to.',
      });
    const { id_attribute, groups_attribute } = this.options;
    const id = profile?.[id_attribute ?? 'nameID'];
    if (!isName(id))
      throw new MidstreamError('unauthenticated', 'the provider does not tell who this is', {
        hint: 'An operator must name another attribute.',
      });
    const groups = profile?.[groups_attribute];
    const list = typeof groups === 'string' ? [groups] : Array.isArray(groups) ? groups : [];
    const names = NAMES.map((name) => profile?.[name]).filter(isName);
    return { id, names, groups: list.filter(isName), issuer: String(profile?.issuer ?? '') };
  }

  /** For the provider's administrators. */
  metadata(): string {
    return this.saml.generateServiceProviderMetadata(null, null);
  }
}

/** What of a signed assertion is asked here, as the library reads XML. */
interface Verified {
  Assertion?: {
    Subject?: {
      SubjectConfirmation?: { $?: { Method?: string }; SubjectConfirmationData?: { $?: Record<string, string> }[] }[];
    }[];
  };
}

/**
 * SAML 2.0 profiles, 4.1.4.3: an assertion is borne to the address that it names, as the answer to the very request of this log-in. The library asks
 * neither for the address, nor which of our requests it was: whoever had another's answer could end their own log-in with it. (Destination says the same
 * of the whole answer, which need not be signed.)
 */
const isConfirmed = ({ Assertion }: Verified, callback: string, request: string): boolean =>
  (Assertion?.Subject?.[0]?.SubjectConfirmation ?? []).some(({ $, SubjectConfirmationData }) => {
    const { Recipient, InResponseTo, NotOnOrAfter } = SubjectConfirmationData?.[0]?.$ ?? {};
    const ends_ms = Date.parse(NotOnOrAfter ?? '');
    return $?.Method === BEARER && Recipient === callback && InResponseTo === request && Date.now() < ends_ms + SKEW_MS_MAX;
  });
