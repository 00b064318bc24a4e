import { parseDuration } from '../../filters/policy/units.js';
import type { LoginRule, SecretSource } from '../identity/credentials.js';
import type { HttpCredential } from '../identity/http-login.js';
import { isName } from '../identity/names.js';
import type { LoginMethod } from '../identity/postgres-login.js';
import type { IdentityConfig, IssuerConfig } from '../identity/types.js';
import { isEncryptedOrLocal } from './encrypted-or-local.js';

export interface IdentityDocument {
  issuers?: {
    issuer: string;
    audiences: string[];
    kind?: IssuerConfig['kind'];
    jwks_url?: string;
    jwks_file?: string;
    algorithms?: string[];
    id_claim?: string;
    groups_claim?: string;
    clock_tolerance?: string;
    keys_age_max?: string;
  }[];
  tokens?: { id: string; groups?: string[]; hash: string; expires?: string }[];
  scram?: { user: string; groups?: string[]; verifier: string }[];
  token_review?: { api: string; ca_file?: string; token_file: string; audiences: string[] };
  revoked_file?: string;
}

export interface AuthenticationDocument {
  methods?: LoginMethod[];
  cleartext?: 'tls' | 'any';
  ends_with_token?: boolean;
  logins: {
    identities?: string[];
    groups?: string[];
    proofs?: string[];
    databases?: string[];
    role: string;
    password_file?: string;
    password_env?: string;
    password_command?: string[];
    password_age_max?: string;
  }[];
}

/** How agents log in at one listener; the gateway's own part of it is in extproc/identity. */
export interface AuthenticationConfig {
  methods: LoginMethod[];
  cleartext: 'tls' | 'any';
  ends_with_token: boolean;
  logins: LoginRule[];
}

/** By how much clocks may be said to differ, seconds: a token that has ended counts for so long. */
const TOLERANCE_S_MAX = 600;

interface Context {
  problem: (pointer: string, what: string, fix: string) => void;
  path: (name: string) => string;
}

export function resolveIdentity(document: IdentityDocument | undefined, { problem, path }: Context): IdentityConfig {
  const seen = new Set<string>();
  const issuers = (document?.issuers ?? []).map((one, i): IssuerConfig => {
    const at = `/identity/issuers/${i}`;
    if (seen.has(one.issuer)) problem(`${at}/issuer`, `two issuers are called ${one.issuer}`, 'keep one of them');
    seen.add(one.issuer);
    if ((one.jwks_url === undefined) === (one.jwks_file === undefined))
      problem(at, `the issuer ${one.issuer} has not exactly one of jwks_url and jwks_file`, 'keep one of them');
    if (one.jwks_url !== undefined && !isEncryptedOrLocal(one.jwks_url))
      problem(
        `${at}/jwks_url`,
        `the keys of ${one.issuer} would be fetched without TLS`,
        'write an https address; http is for this machine alone',
      );
    const clock_tolerance_s = (parseDuration(one.clock_tolerance ?? '30s') ?? 0) / 1000;
    if (clock_tolerance_s > TOLERANCE_S_MAX)
      problem(
        `${at}/clock_tolerance`,
        `tokens of ${one.issuer} would count for ${one.clock_tolerance} after their end`,
        'write 10m or less',
      );
    const keys_ms_max = parseDuration(one.keys_age_max ?? '1h') ?? 0;
    if (keys_ms_max < 1000)
      problem(`${at}/keys_age_max`, `the keys of ${one.issuer} would be too old at once`, 'write a second or more, for example 1h');
    return {
      issuer: one.issuer,
      audiences: one.audiences,
      kind: one.kind ?? 'jwt',
      keys: one.jwks_file === undefined ? { url: one.jwks_url ?? '' } : { file: path(one.jwks_file) },
      algorithms: one.algorithms ?? ['RS256', 'PS256', 'ES256', 'EdDSA'],
      id_claim: one.id_claim ?? 'sub',
      groups_claim: one.groups_claim ?? 'groups',
      clock_tolerance_s,
      keys_ms_max,
    };
  });
  const review = document?.token_review;
  if (review !== undefined && !isEncryptedOrLocal(review.api))
    problem(
      '/identity/token_review/api',
      'the gateway’s own token would be sent without TLS',
      'write https://host:port; http is for this machine alone',
    );
  const named = (pointer: string, one: string): void => {
    if (!isName(one)) problem(pointer, `${JSON.stringify(one)} is no name`, 'leave out line ends and other control characters');
  };
  const hashes = new Set<string>();
  const users = new Set<string>();
  return {
    issuers,
    tokens: (document?.tokens ?? []).map(({ id, groups = [], hash, expires }, i) => {
      const at = `/identity/tokens/${i}`;
      named(`${at}/id`, id);
      if (hashes.has(hash)) problem(`${at}/hash`, 'two tokens have the same hash', 'give each agent a token of its own');
      hashes.add(hash);
      if (expires !== undefined && !isDate(expires))
        problem(`${at}/expires`, `${expires} is no date`, 'write a date, for example 2030-01-31');
      return { id, groups, hash, ...(expires === undefined ? {} : { expires }) };
    }),
    scram: (document?.scram ?? []).map(({ user, groups = [], verifier }, i) => {
      named(`/identity/scram/${i}/user`, user);
      if (users.has(user)) problem(`/identity/scram/${i}/user`, `two users are called ${user}`, 'keep one of them');
      users.add(user);
      return { user, groups, verifier };
    }),
    token_review: review && {
      api: review.api,
      ca_file: review.ca_file === undefined ? undefined : path(review.ca_file),
      token_file: path(review.token_file),
      audiences: review.audiences,
    },
    revoked_file: document?.revoked_file === undefined ? undefined : path(document.revoked_file),
  };
}

/** Of the calendar: 31 February is another day to Date. */
const isDate = (text: string): boolean => {
  const ms = Date.parse(text);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text.slice(0, 10));
};

/** What each way of logging in proves. */
const PROOFS: Record<LoginMethod, readonly string[]> = { certificate: ['mtls'], token: ['jwt', 'token'], scram: ['scram'] };

export function resolveAuthentication(
  { methods = ['certificate', 'token'], cleartext = 'tls', ends_with_token = false, logins }: AuthenticationDocument,
  pointer: string,
  listener: { tls: boolean; client_ca: boolean },
  { problem, path }: Context,
): AuthenticationConfig {
  if (methods.includes('token') && cleartext === 'tls' && !listener.tls)
    problem(
      pointer,
      'tokens are taken over TLS alone, and this listener has none',
      'add tls, or write cleartext: any where something else encrypts the way',
    );
  if (methods.length === 1 && methods[0] === 'certificate' && listener.tls && !listener.client_ca)
    problem(pointer, 'agents must show a certificate, and the listener believes none', 'add client_ca_file to tls');
  const possible = methods.flatMap((method) => PROOFS[method]);
  for (const [i, { proofs, role }] of logins.entries())
    if (proofs !== undefined && !proofs.some((proof) => possible.includes(proof)))
      problem(
        `${pointer}/logins/${i}/proofs`,
        `nobody becomes ${role}: nothing that is taken here proves by ${proofs.join(' or ')}`,
        `use some of ${possible.join(', ')}, or add a method`,
      );
  return {
    methods,
    cleartext,
    ends_with_token,
    logins: logins.map((one, i) => ({
      identities: one.identities,
      groups: one.groups,
      proofs: one.proofs,
      databases: one.databases,
      role: one.role,
      secret: secretSource(one, `${pointer}/logins/${i}`, { problem, path }),
    })),
  };
}

function secretSource(
  { role, password_file, password_env, password_command, password_age_max = '5m' }: AuthenticationDocument['logins'][number],
  pointer: string,
  { problem, path }: Context,
): SecretSource | undefined {
  const given = [password_file, password_env, password_command].filter((one) => one !== undefined).length;
  if (given > 1) problem(pointer, `the role ${role} has several passwords`, 'keep one of password_file, password_env and password_command');
  if (password_file !== undefined) return { file: path(password_file) };
  if (password_env !== undefined) return { env: password_env };
  return password_command && { command: password_command, ms_max: parseDuration(password_age_max) ?? 0 };
}

export interface HttpAuthenticationDocument {
  methods?: ('certificate' | 'token')[];
  by?: 'gateway' | 'envoy';
  required?: boolean;
}

export interface HttpAuthenticationConfig {
  methods: ('certificate' | 'token')[];
  by_envoy: boolean;
  required: boolean;
}

export const resolveHttpAuthentication = ({
  methods = ['certificate', 'token'],
  by = 'gateway',
  required = true,
}: HttpAuthenticationDocument): HttpAuthenticationConfig => ({ methods, by_envoy: by === 'envoy', required });

/** What Envoy signs with, since nothing may be changed after it. */
export interface AwsCredential {
  as: 'aws';
  service: string;
  region: string;
  /** as the AWS programs write it (`aws_access_key_id = …`); undefined: the environment and the machine's role, as Envoy finds them */
  file: string | undefined;
  sign_body: boolean;
}

export interface HttpCredentialDocument {
  as: HttpCredential['as'] | 'aws';
  cleartext?: 'tls' | 'any';
  service?: string;
  region?: string;
  sign_body?: boolean;
  header?: string;
  user?: string;
  token_url?: string;
  client_id?: string;
  scopes?: string[];
  audience?: string;
  file?: string;
  env?: string;
  command?: string[];
  age_max?: string;
}

/** Headers that say where a request goes, or how it is read: no credential belongs there. */
const NO_CREDENTIAL = /^(host|content-.*|transfer-encoding|connection|upgrade|:.*|te|trailer)$/i;

export function resolveHttpCredential(
  one: HttpCredentialDocument,
  pointer: string,
  { problem, path }: Context,
): HttpCredential | AwsCredential {
  const { as, header, user, token_url, client_id, scopes = [], audience } = one;
  const needs = (field: string, value: string | undefined): string => {
    if (value === undefined) problem(pointer, `a credential as ${as} has no ${field}`, `add ${field}`);
    return value ?? '';
  };
  if (as === 'aws') {
    if (one.env !== undefined || one.command !== undefined)
      problem(
        pointer,
        'Envoy signs for AWS, and takes its credential from its own environment or a file',
        'remove env and command, or write file',
      );
    const service = needs('service', one.service);
    const file = one.file === undefined ? undefined : path(one.file);
    return { as, service, region: needs('region', one.region), file, sign_body: one.sign_body ?? service !== 's3' };
  }
  const given = [one.file, one.env, one.command].filter((source) => source !== undefined).length;
  if (given !== 1) problem(pointer, 'a credential has not exactly one of file, env and command', 'keep one of them');
  const secret: SecretSource =
    one.file !== undefined
      ? { file: path(one.file) }
      : one.env !== undefined
        ? { env: one.env }
        : { command: one.command ?? [], ms_max: parseDuration(one.age_max ?? '5m') ?? 0 };
  if (as === 'bearer') return { as, secret };
  if (as === 'basic') return { as, user: needs('user', user), secret };
  if (as === 'header') {
    const name = needs('header', header).toLowerCase();
    if (header !== undefined && (!/^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name) || NO_CREDENTIAL.test(name)))
      problem(
        `${pointer}/header`,
        `${JSON.stringify(header)} is no header for a credential`,
        'write the name of a header, for example x-api-key',
      );
    return { as, header: name, secret };
  }
  const url = needs('token_url', token_url);
  if (token_url !== undefined && !isEncryptedOrLocal(url))
    problem(`${pointer}/token_url`, 'the token would be asked for without TLS', 'write an https address; http is for this machine alone');
  return { as, token_url: url, client_id: needs('client_id', client_id), secret, scopes, audience };
}
