import { ALGORITHMS } from '../identity/jwt.js';
import { duration, file, object, someTexts, text, texts } from './schema-parts.js';

const command = {
  type: 'array',
  minItems: 1,
  maxItems: 100,
  items: text('', 'write a word of the command'),
  description: 'A program and its words, run without a shell; it prints the password, or JSON with username and password.',
  'x-say': 'write a list, for example [/usr/bin/vault, read, …]',
};

const issuer = object(
  'Somebody whose signed tokens (JWT) say who an agent is.',
  {
    issuer: text('The claim iss, letter by letter.', 'for example https://login.example.com'),
    audiences: someTexts('One of them must stand in the claim aud.', 'for example [midstream]'),
    kind: { enum: ['jwt', 'service-account'], default: 'jwt', description: 'service-account: tokens of a Kubernetes cluster.' },
    jwks_url: text('Where its keys are fetched: https, or http on this machine.', 'for example https://login.example.com/keys'),
    jwks_file: file('A JSON Web Key Set; read again when it changes.'),
    algorithms: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: ALGORITHMS },
      default: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      description: 'Signatures that are taken.',
      'x-say': `use some of ${ALGORITHMS.join(', ')}`,
    },
    id_claim: { ...text('Claim that names the agent.', 'for example sub'), default: 'sub' },
    groups_claim: { ...text('Claim with its groups.', 'for example groups'), default: 'groups' },
    clock_tolerance: duration('By how much clocks may differ.', '30s'),
    keys_age_max: duration('How long keys are used while their address can’t be reached; after that nobody is let in.', '1h'),
  },
  ['issuer', 'audiences'],
);

export const identitySchema = object('Who agents are. What is listed here may be shown to listeners with an authentication of their own.', {
  issuers: { type: 'array', maxItems: 100, items: issuer, description: 'Issuers of tokens.', 'x-say': 'write a list of issuers' },
  tokens: {
    type: 'array',
    maxItems: 10_000,
    items: object(
      'A token that was given to an agent (`midstream identity token`).',
      {
        id: text('The agent.', 'write a name'),
        groups: texts('Its groups.', 'for example [agents]'),
        hash: {
          type: 'string',
          pattern: '^sha256:[0-9a-f]{64}$',
          'x-secret': true,
          description: 'SHA-256 of the token; the token itself is not kept.',
          'x-say': 'write sha256: and 64 hexadecimal digits (`midstream identity token` prints it)',
        },
        expires: {
          type: 'string',
          pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d)?Z)?$',
          description: 'Refused from then on.',
          'x-say': 'write a date, for example 2030-01-31',
        },
      },
      ['id', 'hash'],
    ),
    description: 'Tokens of the gateway’s own.',
    'x-say': 'write a list of tokens',
  },
  scram: {
    type: 'array',
    maxItems: 10_000,
    items: object(
      'An agent that logs in by SCRAM-SHA-256.',
      {
        user: text('Its user name.', 'write a name'),
        groups: texts('Its groups.', 'for example [agents]'),
        verifier: {
          ...text('SCRAM-SHA-256$4096:salt$StoredKey:ServerKey, as in pg_authid.', '`midstream identity scram` prints it'),
          'x-secret': true,
          pattern: '^SCRAM-SHA-256\\$\\d{1,7}:[A-Za-z0-9+/=]+\\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$',
        },
      },
      ['user', 'verifier'],
    ),
    description: 'Agents with a password of their own, of which a verifier is kept.',
    'x-say': 'write a list of users',
  },
  token_review: object(
    'Asks a Kubernetes API whose a service account’s token is, where its issuer is not listed.',
    {
      api: text('Its address.', 'write https://host:port'),
      ca_file: file('Certificates that are believed.'),
      token_file: file('The gateway’s own token, which may create tokenreviews.'),
      audiences: someTexts('One of them must be the token’s.', 'for example [midstream]'),
    },
    ['api', 'token_file', 'audiences'],
  ),
  revoked_file: file(
    'Identities that are not let in any more, a line each, with * and **; read again when it changes, and their sessions end.',
  ),
});

const secretFields = {
  file: file('A file that holds it, or JSON with username and password; read again when it changes.'),
  env: text('An environment variable that holds it.', 'write the name of a variable'),
  command,
  age_max: duration('How long what the command printed counts.', '5m'),
};

export const httpAuthenticationSchema = object('Callers must show who they are. What they showed goes no further than the gateway.', {
  methods: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: { enum: ['certificate', 'token'] },
    default: ['certificate', 'token'],
    description: 'certificate: a client certificate with a SPIFFE id is enough; token: a bearer token in Authorization.',
    'x-say': 'use certificate, token or both',
  },
  by: {
    enum: ['gateway', 'envoy'],
    default: 'gateway',
    description:
      'Who verifies signed tokens. envoy: its jwt_authn filter, for the issuers under identity; tokens of the gateway’s own are none of them.',
  },
  required: {
    type: 'boolean',
    default: true,
    description: 'false: somebody without either goes on, and is what they claim.',
    'x-say': 'write true or false',
  },
});

export const httpCredentialSchema = object(
  'The gateway’s own credential for the server, in place of the agent’s.',
  {
    as: {
      enum: ['bearer', 'basic', 'header', 'oauth', 'aws'],
      description:
        'How it is sent; oauth: client credentials, whose token is kept and renewed; aws: Envoy signs what goes to AWS (SigV4), with the credential of its own environment, or of file.',
    },
    header: text('as: header. The header that carries it.', 'for example x-api-key'),
    user: text('as: basic. The user name.', 'write a name'),
    token_url: text(
      'as: oauth. Where tokens are asked for: https, or http on this machine.',
      'for example https://login.example.com/token',
    ),
    client_id: text('as: oauth. What the authorization server calls us.', 'write the client’s id'),
    scopes: texts('as: oauth. What is asked for.', 'for example [orders.read]'),
    audience: text('as: oauth. For whom the token is.', 'write an audience'),
    service: text('as: aws. The service, as its signatures name it.', 'for example s3'),
    region: text('as: aws. The region.', 'for example eu-central-1'),
    cleartext: {
      enum: ['tls', 'any'],
      default: 'tls',
      description: 'tls: it goes to another machine over TLS alone. any: something else encrypts the way (a mesh).',
    },
    sign_body: {
      type: 'boolean',
      description: 'as: aws. Bodies are part of what is signed, so Envoy keeps each whole; true unless the service is s3.',
      'x-say': 'write true or false',
    },
    ...secretFields,
  },
  ['as'],
);

export const authenticationSchema = object(
  'The gateway ends the agents’ authentication itself, and logs in at the server with a credential of its own. Without it the client’s own log-in passes through.',
  {
    methods: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: ['certificate', 'token', 'scram'] },
      default: ['certificate', 'token'],
      description:
        'certificate: a client certificate with a SPIFFE id is enough; token: a token is the password; scram: users listed under identity.scram.',
      'x-say': 'use some of certificate, token, scram',
    },
    cleartext: {
      enum: ['tls', 'any'],
      default: 'tls',
      description: 'tls: a token is taken over TLS alone. any: something else encrypts the way (a mesh), or nobody else can listen.',
    },
    ends_with_token: {
      type: 'boolean',
      default: false,
      description: 'A session ends when the token that it began with does.',
      'x-say': 'write true or false',
    },
    logins: {
      type: 'array',
      minItems: 1,
      maxItems: 10_000,
      description: 'Who goes to the server as which role; the first that matches, or the one of them whose role the client asked for.',
      'x-say': 'write a list of rules',
      items: object(
        'Somebody who matches everything said here goes to the server as this role.',
        {
          identities: texts(
            'Identities, with * for one part of the path and ** for any rest. Without it: anybody who is proven.',
            'for example [agent-*]',
          ),
          groups: texts('One of them is a group of the agent.', 'for example [agents]'),
          proofs: {
            type: 'array',
            minItems: 1,
            uniqueItems: true,
            items: { enum: ['mtls', 'jwt', 'token', 'scram'] },
            description: 'How it was proven.',
            'x-say': 'use some of mtls, jwt, token, scram',
          },
          databases: texts('Databases, with *.', 'for example [shop]'),
          role: text('Role at the server; its grants and row security apply.', 'write the name of a role'),
          password_file: file('Its password, or JSON with username and password; read again when it changes.'),
          password_env: text('An environment variable that holds it.', 'write the name of a variable'),
          password_command: command,
          password_age_max: duration('How long what the command printed counts.', '5m'),
        },
        ['role'],
      ),
    },
  },
  ['logins'],
);
