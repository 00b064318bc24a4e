import type { Identity } from '../types.js';
import type { FactDoc } from './doc.js';

export const identity = {
  id: {
    type: 'string',
    description: 'Who is calling. Of somebody who only claims it: see proof.',
    example: 'identity.id.startsWith("spiffe://example.org/agents/")',
  },
  kind: {
    type: 'string',
    values: ['spiffe', 'jwt', 'service-account', 'token', 'password', 'claimed'],
    description: 'spiffe, jwt, service-account, token (one of the gateway’s own), password, or claimed (nothing proves it).',
    example: 'identity.kind == "claimed"',
  },
  issuer: {
    type: 'string',
    description: 'Who vouches for the identity: trust domain, token issuer; empty when nobody does.',
    example: 'identity.issuer == "https://login.example.com"',
  },
  groups: { type: 'list<string>', description: 'Groups of the caller.', example: '"fraud" in identity.groups' },
  claims: {
    type: 'map<string, dyn>',
    description: 'Further claims of the token. Asking for one that is missing is an error, so the rule matches: guard with has().',
    example: 'has(identity.claims.team) && identity.claims.team == "billing"',
  },
  source: { type: 'string', description: 'Address of the caller, host:port.', example: 'identity.source.startsWith("10.1.")' },
  proof: {
    type: 'string',
    values: ['mtls', 'jwt', 'token', 'scram', 'claimed'],
    description:
      'How it was proven: mtls, jwt, token, scram, or claimed. In a condition that asks for neither proof nor kind, id, groups and claims of a claimed identity can’t be had: a rule matches, an allow allows nothing, a mask stays.',
    example: 'identity.proof != "mtls"',
  },
  age_s: {
    type: 'int',
    description:
      'Seconds that the proof was old when the connection (HTTP: the request) began: of a JWT since its iat, of a certificate or SCRAM 0. An error where nobody knows (no iat, the gateway’s own tokens, a claim), so the rule matches.',
    example: 'identity.proof == "jwt" && identity.age_s > 900',
  },
} satisfies Record<keyof Identity, FactDoc>;
