import { authenticationSchema, httpAuthenticationSchema, httpCredentialSchema, identitySchema } from './identity-schema.js';
import { LOG_LEVELS } from './log-levels.js';
import { peopleSchema } from './people.js';
import { address, bytes, count, duration, file, name, object, text, texts } from './schema-parts.js';

/** JSON Schema (draft-07) of midstream.yaml. `x-say` is what a wrong value should be; `default` is what holds without the field. */

const downstreamTls = object(
  'TLS from the first byte on, ended by this Envoy. Leave it out where a mesh does it.',
  {
    certificate_file: file('PEM certificate chain of this listener.'),
    key_file: file('Its private key.'),
    client_ca_file: file('Clients must show a certificate of this authority; its SPIFFE id becomes the identity.'),
    client_certificate: {
      enum: ['required', 'optional'],
      default: 'required',
      description: 'optional: a client without one may go on, and must prove otherwise who it is.',
    },
  },
  ['certificate_file', 'key_file'],
);

const postgresTls = object(
  'TLS with agents, ended by this Envoy. Leave it out where a mesh does it.',
  {
    ...downstreamTls.properties,
    negotiation: {
      enum: ['postgres', 'direct'],
      default: 'postgres',
      description: 'postgres: asked for by SSLRequest, or at once; direct: at once alone (a mesh, sslnegotiation=direct).',
    },
    required: { type: 'boolean', default: true, description: 'Agents that go on in clear are refused.', 'x-say': 'write true or false' },
  },
  ['certificate_file', 'key_file'],
);

const upstreamTls = object('TLS towards the server, whose certificate must be believed and of the right name (verify-full).', {
  ca_file: file('PEM certificates that are believed; the system’s file where Debian keeps it otherwise.'),
  server_name: text('The name in the server’s certificate; the host of upstream otherwise.', 'write a name'),
  certificate_file: file('A client certificate of the gateway’s own.'),
  key_file: file('Its private key.'),
  negotiation: {
    enum: ['postgres', 'direct'],
    default: 'postgres',
    description: 'postgres: asked for by SSLRequest; direct: TLS at once, which PostgreSQL 17 knows.',
  },
});

const httpListener = object(
  'One HTTP server that agents reach through Envoy (envoy/http).',
  {
    name: name('Unique in the file; Envoy tells it to the gateway.'),
    listen: address('Where agents connect.', '127.0.0.1:8080'),
    upstream: text('The server behind.', 'write http://host:port or https://host'),
    protocol: {
      enum: ['http', 'mcp', 'kubernetes'],
      default: 'http',
      description:
        'mcp: what is posted to it are messages of MCP, and judged by rules on mcp too. kubernetes: it is a Kubernetes API, and rules on kubernetes judge.',
    },
    grpc_descriptors: {
      ...texts(
        'Descriptors of its gRPC API, by which answers are masked: .proto files, or what protoc --include_imports --descriptor_set_out writes.',
        'write a list of files',
      ),
    },
    mcp_filter: {
      type: 'boolean',
      default: false,
      description: 'protocol mcp: Envoy reads messages too and forwards what it read, as a second opinion.',
      'x-say': 'write true or false',
    },
    upstream_ca_file: file('https: PEM certificates that are believed; the system’s file where Debian keeps it otherwise.'),
    kubernetes: object(
      'protocol: kubernetes: what the gateway calls the API with. Callers need no credential, and their own goes no further.',
      {
        token_file: file('Bearer token; read again when it changes.'),
        certificate_file: file('PEM certificate that Envoy shows to the API server.'),
        key_file: file('Its private key.'),
        as_caller: {
          type: 'boolean',
          default: false,
          description: 'The gateway’s credential acts for whoever was proven (Impersonate-User, Impersonate-Group); needs authentication.',
          'x-say': 'write true or false',
        },
        impersonation: {
          type: 'boolean',
          default: false,
          description: 'Callers may impersonate others, as far as the credential may.',
          'x-say': 'write true or false',
        },
      },
    ),
    resource: text('What policies, recordings and access rules call this server; the name of the listener otherwise.', 'write a name'),
    tls: downstreamTls,
    authentication: httpAuthenticationSchema,
    credential: httpCredentialSchema,
    hop: object(
      'Where upgraded streams (WebSocket) go to the gateway and come back; without it Envoy refuses upgrades. Loopback addresses or Unix sockets.',
      {
        gateway: address(
          'Where the gateway takes them from Envoy; see gateway.grpc for several workers.',
          'unix:/run/midstream/api-hop-{worker}.sock',
        ),
        back: address('Where Envoy takes them back.', 'unix:/run/midstream/api-back.sock'),
      },
      ['gateway', 'back'],
    ),
    upgrades: {
      type: 'array',
      minItems: 1,
      maxItems: 20,
      uniqueItems: true,
      items: { type: 'string', pattern: '^[!-+\\--~]{1,64}$', 'x-say': 'write the name of a protocol, for example websocket' },
      default: ['websocket', 'SPDY/3.1'],
      description:
        'With hop: the protocols that Upgrade may name. WebSocket is read; SPDY is refused with a message that helps; of others nothing can be read, so defaults.opaque of the policy decides.',
      'x-say': 'write a list, for example [websocket]',
    },
  },
  ['name', 'listen', 'upstream'],
);

const listener = object(
  'One database that agents reach through Envoy.',
  {
    name: name('Unique in the file; Envoy tells it to the gateway.'),
    transport: {
      enum: ['ext_proc', 'hop'],
      default: 'ext_proc',
      description: 'How the bytes come to the gateway (envoy/postgres, envoy/postgres-hop).',
    },
    listen: address('Where agents connect.', '127.0.0.1:6432'),
    upstream: address('The PostgreSQL server behind.', 'db.internal:5432'),
    resource: text('What policies, recordings and access rules call this database; the name of the listener otherwise.', 'write a name'),
    catalogue: object(
      'A connection of the gateway of its own, to learn which column a result comes from. Without it, column masks go by name alone.',
      {
        url: text(
          'The connection string itself. Better: url_file or url_env, so that no password stands here.',
          'write postgres://user:password@host:5432/database',
        ),
        url_file: file('A file that holds the connection string.'),
        url_env: text('An environment variable that holds the connection string.', 'write the name of a variable'),
      },
    ),
    tls: postgresTls,
    upstream_tls: upstreamTls,
    authentication: authenticationSchema,
    hop: object(
      'Transport hop only: loopback addresses or Unix sockets.',
      {
        gateway: address('Where the gateway takes connections from Envoy; see gateway.grpc for several workers.', '127.0.0.1:50061'),
        back: address('Where Envoy takes them back.', '127.0.0.1:50071'),
        starttls: object(
          'Where the handshakes of TLS that is asked for in band stand; needed with tls or upstream_tls.',
          {
            agents: address('The gateway’s, with agents; see gateway.grpc for several workers.', '127.0.0.1:50081'),
            tls: address('Envoy’s listener that does TLS with them.', '127.0.0.1:50091'),
            server: address('The gateway’s, with the server; see gateway.grpc for several workers.', '127.0.0.1:50101'),
            plain: address('Envoy’s plain way to the server.', '127.0.0.1:50111'),
          },
          ['agents', 'tls', 'server', 'plain'],
        ),
      },
      ['gateway', 'back'],
    ),
    postgres_proxy: {
      type: 'boolean',
      default: false,
      description: 'A contrib Envoy: forward what its postgres_proxy read, as a second opinion.',
      'x-say': 'write true or false',
    },
  },
  ['name', 'listen', 'upstream'],
);

const token = object(
  'Somebody who approves over the API.',
  {
    id: text('Who it is; stands on the decisions.', 'write a name'),
    also: texts(
      'What the same person is called elsewhere, as at the provider: one person has one voice.',
      'for example [jane@shop.example]',
    ),
    groups: texts('Groups of this person, as rules name them in approve.by.', 'for example [dba]'),
    hash: {
      type: 'string',
      pattern: '^sha256:[0-9a-f]{64}$',
      'x-secret': true,
      description: 'SHA-256 of the token; the token itself is not kept.',
      'x-say': 'write sha256: and 64 hexadecimal digits (printf %s TOKEN | sha256sum)',
    },
    expires: {
      type: 'string',
      pattern: '^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d)?Z)?$',
      description: 'The token is refused from then on.',
      'x-say': 'write a date, for example 2030-01-31 or 2030-01-31T12:00:00Z',
    },
  },
  ['id', 'groups', 'hash'],
);

const access = object('Somebody who matches everything said here may connect.', {
  resource: text('Resources, with * for any part.', 'for example shop or shop-*'),
  identities: texts(
    'SPIFFE ids, certificate subjects, or what tokens say, with * for one part of the path and ** for any rest. Without it: anybody.',
    'for example [spiffe://shop.example/agent/*]',
  ),
  sources: texts('Addresses and networks that they come from. Without it: from anywhere.', 'for example [10.0.0.0/8, 127.0.0.1]'),
  hosts: texts('HTTP: hosts that are asked for, without the port, with * for any part. Without it: any.', 'for example [api.shop.example]'),
  paths: texts(
    'HTTP: paths, decoded, with * for one part and ** for any rest; a path that servers may read in several ways must match in each. Without it: any.',
    'for example ["/v1/**"]',
  ),
  methods: {
    type: 'array',
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    items: { type: 'string', pattern: '^[A-Z-]{1,32}$', 'x-say': 'write a method in capitals, for example GET' },
    description: 'HTTP: methods. Without it: any.',
    'x-say': 'write a list of methods, for example [GET, HEAD]',
  },
});

const accessList = {
  type: 'array',
  maxItems: 10_000,
  items: access,
  description: 'Who may connect to what. With an empty list nobody may; without it everybody who reaches the listener.',
  'x-say': 'write a list of rules',
};

/** The list by itself, as a file of its own. */
export const accessSchema = accessList;

export const configSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'midstream.yaml',
  ...object(
    'What one gateway stands before, and how.',
    {
      $schema: { type: 'string' },
      version: { enum: [1], description: 'Of this format.', 'x-say': 'write version: 1' },
      listeners: {
        type: 'array',
        minItems: 1,
        maxItems: 100,
        items: listener,
        description: 'Databases. A file needs these, http or both.',
        'x-say': 'name at least one listener',
      },
      http: {
        type: 'array',
        minItems: 1,
        maxItems: 100,
        items: httpListener,
        description: 'HTTP servers.',
        'x-say': 'name at least one listener',
      },
      gateway: object('Where this gateway serves Envoy.', {
        grpc: {
          ...address(
            'Loopback or a Unix socket. Worker n listens n-1 ports further; in a path, {worker} stands for its number.',
            '127.0.0.1:50051',
          ),
          default: '127.0.0.1:50051',
        },
        workers: count('Processes; one serves one core.', 1, 64, 1),
      }),
      policy: file('The policy.'),
      record: object(
        'Recordings.',
        {
          directory: file('Where they lie; made when absent, for this account alone.'),
          durability: {
            enum: ['strict', 'relaxed'],
            default: 'strict',
            description: 'strict: an effect waits until its record is on disk; relaxed: it does not.',
          },
          segment_bytes_max: bytes('A file is closed and compressed at this size.', '64MiB'),
          recipients: texts('age recipients that originals are sealed to, besides those of the policy.', 'for example [age1…]'),
          signing_key_file: file('Ed25519 key of the checkpoints; made beside the recordings when absent.'),
        },
        ['directory'],
      ),
      approvals: object('Held operations.', {
        database: { ...file('SQLite file; approvals.db beside the recordings otherwise.') },
        api: object(
          'The approvers’ HTTP API; off without it.',
          {
            listen: address('Where it listens.', '127.0.0.1:8070'),
            hosts: texts(
              'Names that it is reached under, beside those of this machine, without the port.',
              'for example [approvals.shop.example]',
            ),
            login: peopleSchema,
            tokens: { type: 'array', maxItems: 10_000, items: token, description: 'Who may use it.', 'x-say': 'write a list of tokens' },
          },
          ['listen'],
        ),
      }),
      identity: identitySchema,
      access: accessList,
      masks: object('What masks need.', {
        key_file: file(
          '32 bytes in hex or base64, for as: hash and as: token, or lines of an id and a key, the first of which is in use. Without it (and without MIDSTREAM_MASK_KEY) they hold for one run only.',
        ),
        regions: texts('Countries whose national phone numbers are looked for, ISO 3166 alpha-2.', 'for example [US, DE]'),
      }),
      log: object('The gateway’s own log, which never holds payload.', {
        level: { enum: LOG_LEVELS, default: 'info', description: 'What is logged.' },
      }),
      metrics: object('Prometheus metrics; off without it.', { listen: address('Worker n listens n-1 ports further.', '127.0.0.1:9090') }, [
        'listen',
      ]),
      envoy: object('For `midstream envoy render`.', {
        admin: address('Envoy’s admin interface: loopback or a Unix socket.', '127.0.0.1:9901'),
      }),
      limits: object('Every limit has a default.', {
        connections_max: count('Connections of agents at once, through one Envoy.', 1, 1_000_000, 10_000),
        connection_buffer_bytes_max: bytes('Bytes that Envoy buffers for a connection before its sender waits.', '256KiB'),
        connect_timeout: duration('How long a server has to accept a connection.', '5s'),
        names_max: count('Prepared statements and portals that one connection may have at once.', 10, 1_000_000, 10_000),
        notice_every: duration('How often somebody whose statement is held is told so.', '30s'),
        body_within: duration('How long a request whose body a policy asks for has to send it; 408 after it.', '5m'),
      }),
    },
    ['version', 'policy', 'record'],
  ),
};
