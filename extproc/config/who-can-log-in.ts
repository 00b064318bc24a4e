import type { IdentityConfig } from '../identity/types.js';
import { isEncryptedOrLocal } from './encrypted-or-local.js';
import type { HttpConfig, ListenerConfig } from './types.js';

type Problem = (pointer: string, what: string, fix: string) => void;

/**
 * Listeners at which nobody could log in, and credentials that would go over the network in clear.
 * @param inClear whether the operator says of this one under http that it may
 */
export function checkLogins(
  listeners: readonly ListenerConfig[],
  http: readonly HttpConfig[],
  identity: IdentityConfig,
  inClear: (http: number) => boolean,
  problem: Problem,
): void {
  const hasTokens = identity.issuers.length + identity.tokens.length > 0 || identity.token_review !== undefined;
  for (const [i, { name, authentication }] of listeners.entries())
    if (authentication !== undefined) check(`/listeners/${i}/authentication`, name, authentication.methods);
  for (const [i, one] of http.entries()) {
    const pointer = `/http/${i}`;
    const { name, authentication, credential, upstream, tls } = one;
    // Envoy signs for AWS, and a Kubernetes API’s own credential is looked at where it stands.
    if (credential !== undefined && credential.as !== 'aws' && !inClear(i) && !isEncryptedOrLocal(upstream))
      problem(
        `${pointer}/upstream`,
        `the credential for ${name} would go to another machine in the clear`,
        'write https://host, or cleartext: any where something else encrypts the way',
      );
    if (authentication === undefined) continue;
    check(`${pointer}/authentication`, name, authentication.methods);
    if (authentication.by_envoy && identity.issuers.length === 0)
      problem(
        `${pointer}/authentication/by`,
        `Envoy verifies tokens of issuers, and none is named for ${name}`,
        'add issuers under identity',
      );
    if (authentication.required && authentication.methods.every((method) => method === 'certificate') && tls?.client_ca_file === undefined)
      problem(
        `${pointer}/authentication`,
        `callers of ${name} must show a certificate, and the listener believes none`,
        'add tls with client_ca_file',
      );
  }

  function check(pointer: string, name: string, methods: readonly string[]): void {
    if (methods.includes('scram') && identity.scram.length === 0)
      problem(
        pointer,
        `agents log in to ${name} by SCRAM, and nobody has a verifier`,
        'add scram under identity (`midstream identity scram`)',
      );
    if (methods.includes('token') && !methods.includes('certificate') && !hasTokens)
      problem(pointer, `agents log in to ${name} by a token, and no token is known`, 'add issuers, tokens or token_review under identity');
  }
}
