import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bootstrap } from '../../../envoy/render.js';
import { renderOptionsOf } from '../../../extproc/config/envoy.js';
import { type Config, loadConfig } from '../../../extproc/config/load.js';
import { packageRoot } from '../../../extproc/process/places.js';
import { MidstreamError, type ReasonCode } from '../../../filters/errors.js';

const least = `version: 1
listeners:
  - { name: shop, listen: "127.0.0.1:6432", upstream: "db:5432" }
policy: policy.yaml
record: { directory: records }
`;

describe('midstream.yaml', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-config-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  const load = (text: string, env: NodeJS.ProcessEnv = {}): Promise<Config> => {
    writeFileSync(join(folder, 'midstream.yaml'), text);
    return loadConfig(join(folder, 'midstream.yaml'), { env });
  };
  const refused = (text: string, ...said: RegExp[]) =>
    assert.rejects(load(text), (error) => {
      assert.ok(error instanceof MidstreamError, String(error));
      assert.equal(error.code, 'config_invalid' satisfies ReasonCode, error.message);
      for (const line of said) assert.match(error.message, line);
      return true;
    });

  it('stands before HTTP servers, with databases or without', async () => {
    const http = `version: 1
http:
  - { name: api, listen: "127.0.0.1:8080", upstream: "https://api.shop.example", tls: { certificate_file: a.pem, key_file: a.key } }
  - { name: mcp, listen: "127.0.0.1:8081", upstream: "http://127.0.0.1:3000", resource: tools }
policy: policy.yaml
record: { directory: records }
access: [{ resource: tools, sources: [127.0.0.1] }]
`;
    const config = await load(http);
    assert.deepEqual(
      config.http.map(({ name, resource, upstream }) => [name, resource, upstream]),
      [
        ['api', 'api', 'https://api.shop.example'],
        ['mcp', 'tools', 'http://127.0.0.1:3000'],
      ],
    );
    assert.equal(config.http[0]!.tls!.certificate_file, join(folder, 'a.pem'));
    const text = JSON.stringify(bootstrap(renderOptionsOf(config)));
    assert.match(text, /http_connection_manager/);
    assert.match(text, /"sni":"api.shop.example"/);
    await refused(
      http.replace('https://api.shop.example', 'api.shop.example'),
      /midstream.yaml:3:\d+: the upstream of api is no server: .*write http/,
    );
    await refused(http.replace('http://127.0.0.1:3000', 'http://user:secret@127.0.0.1:3000'), /mcp is no server: it holds a credential/);
    await refused(http.replace('name: mcp', 'name: api'), /two listeners are called api/);
    await refused(http.replace('127.0.0.1:8081', '127.0.0.1:8080'), /127.0.0.1:8080 is taken by api already/);
    const aws = (credential: string): string =>
      `${http}identity: { tokens: [{ id: robot, hash: "sha256:${'ab'.repeat(32)}" }] }\n`.replace(
        'upstream: "http://127.0.0.1:3000"',
        `upstream: "https://b.s3.example", credential: { as: aws, ${credential} }`,
      );
    const login = ', region: eu-central-1 }, authentication: { methods: [token]';
    assert.deepEqual((await load(aws(`service: s3, file: keys${login}`))).http[1]!.credential, {
      as: 'aws',
      service: 's3',
      region: 'eu-central-1',
      file: join(folder, 'keys'),
      sign_body: false,
    });
    await refused(aws('service: s3, region: eu-central-1'), /midstream.yaml:\d+:\d+: .*signed for AWS would be asked by anybody.*add auth/);
    await refused(aws('service: s3 }, authentication: { methods: [token]'), /a credential as aws has no region/);
    await refused(aws(`service: s3, env: KEY${login}`), /takes its credential from its own environment or a file/);
    const cluster = http.replace(
      'upstream: "http://127.0.0.1:3000"',
      'upstream: "https://10.0.0.1:6443", protocol: kubernetes, kubernetes: { token_file: t, certificate_file: c.pem, key_file: c.key }',
    );
    const { kubernetes } = (await load(cluster)).http[1]!;
    assert.deepEqual(kubernetes, {
      token_file: join(folder, 't'),
      certificate: { certificate_file: join(folder, 'c.pem'), key_file: join(folder, 'c.key') },
      impersonation: false,
      as_caller: false,
    });
    const rendered = JSON.stringify(bootstrap(renderOptionsOf(await load(cluster))));
    assert.match(rendered, /"upgrade_type":"SPDY/);
    assert.match(rendered, /"private_key":."filename":"[^"]*c.key/);
    await refused(cluster.replace(', key_file: c.key', ''), /a certificate and its key belong together/);
    await refused(cluster.replace('https://10.0.0.1', 'http://10.0.0.1'), /in the clear/);
    await refused(cluster.replace('protocol: kubernetes, ', ''), /has kubernetes, and the protocol http/);
    await refused('version: 1\npolicy: p\nrecord: { directory: r }\n', /neither listeners nor http/);
    const both = await load(`${http}listeners:\n  - { name: shop, listen: "127.0.0.1:6432", upstream: "db:5432" }\n`);
    assert.deepEqual([both.listeners.length, both.http.length], [1, 2]);
  });

  it('fills in every default, and makes paths absolute', async () => {
    const config = await load(least);
    assert.deepEqual(config, {
      file: join(folder, 'midstream.yaml'),
      listeners: [
        {
          name: 'shop',
          transport: 'ext_proc',
          listen: '127.0.0.1:6432',
          upstream: 'db:5432',
          resource: 'shop',
          catalogue_url: undefined,
          tls: undefined,
          hop: undefined,
          upstream_tls: undefined,
          authentication: undefined,
          postgres_proxy: false,
        },
      ],
      http: [],
      gateway: { grpc: ['127.0.0.1:50051'], workers: 1 },
      policy_file: join(folder, 'policy.yaml'),
      identity: { issuers: [], tokens: [], scram: [], token_review: undefined, revoked_file: undefined },
      record: {
        directory: join(folder, 'records'),
        durability: 'strict',
        segment_bytes_max: 64 * 1024 * 1024,
        recipients: [],
        signing_key_file: undefined,
      },
      approvals: { database: join(folder, 'approvals.db'), api: undefined },
      access: undefined,
      masks: { key_file: undefined, regions: [] },
      log: { level: 'info' },
      metrics: undefined,
      envoy: { admin: undefined },
      limits: {
        connections_max: 10_000,
        connection_buffer_bytes_max: 256 * 1024,
        connect_ms_max: 5000,
        names_max: 10_000,
        notice_every_ms: 30_000,
        body_ms_max: 300_000,
      },
    } satisfies Config);
  });

  it('gives each worker addresses of its own', async () => {
    const config = await load(`version: 1
listeners:
  - name: shop
    transport: hop
    listen: 127.0.0.1:6432
    upstream: "[fd00::1]:5432"
    hop: { gateway: 127.0.0.1:7000, back: "unix:/run/back.sock" }
gateway: { grpc: "unix:/run/gateway-{worker}.sock", workers: 3 }
policy: /etc/policy.yaml
record: { directory: /var/records }
metrics: { listen: "0.0.0.0:9000" }
`);
    assert.deepEqual(config.gateway.grpc, ['unix:/run/gateway-1.sock', 'unix:/run/gateway-2.sock', 'unix:/run/gateway-3.sock']);
    assert.deepEqual(config.listeners[0]!.hop, {
      gateway: ['127.0.0.1:7000', '127.0.0.1:7001', '127.0.0.1:7002'],
      back: 'unix:/run/back.sock',
    });
    assert.deepEqual(
      config.metrics?.map(({ port }) => port),
      [9000, 9001, 9002],
    );
    assert.equal(config.policy_file, '/etc/policy.yaml');
  });

  it('takes the catalogue’s connection string from a file or the environment', async () => {
    writeFileSync(join(folder, 'catalogue.url'), 'postgres://reader:secret@db/shop\n');
    const withCatalogue = (catalogue: string) => least.replace('upstream: "db:5432" }', `upstream: "db:5432", catalogue: ${catalogue} }`);
    assert.equal(
      (await load(withCatalogue('{ url_file: catalogue.url }'))).listeners[0]!.catalogue_url,
      'postgres://reader:secret@db/shop',
    );
    const fromEnv = await load(withCatalogue('{ url_env: CATALOGUE }'), { CATALOGUE: 'postgresql://reader@db/shop' });
    assert.equal(fromEnv.listeners[0]!.catalogue_url, 'postgresql://reader@db/shop');
    const bySocket = 'postgres:///shop?host=/run/postgresql';
    assert.equal((await load(withCatalogue(`{ url: "${bySocket}" }`))).listeners[0]!.catalogue_url, bySocket);
    await refused(withCatalogue('{ url_env: CATALOGUE }'), /CATALOGUE is not set/);
    await refused(withCatalogue('{ url_file: nowhere }'), /there is no file .*nowhere/);
    await refused(withCatalogue('{ url_env: A, url: "postgres://b" }'), /not exactly one of/);
    await refused(withCatalogue('{}'), /not exactly one of/);
  });

  it('never repeats a connection string in an error', async () => {
    writeFileSync(join(folder, 'catalogue.url'), 'mysql://reader:hunter2@db/shop');
    await assert.rejects(
      load(least.replace('"db:5432" }', '"db:5432", catalogue: { url_file: catalogue.url } }')),
      (error) => error instanceof Error && !error.message.includes('hunter2'),
    );
  });

  it('says file, line, column, and what to do', async () => {
    await refused(
      `${least}metrcs: { listen: "127.0.0.1:1" }\n`,
      /midstream\.yaml:6:1: the file has no field "metrcs"; did you mean metrics\?/,
    );
    await refused(
      least.replace('upstream', 'upstrem'),
      /midstream\.yaml:3:\d+: listeners\[0\] has no field "upstrem"; did you mean upstream\?/,
      /has no upstream/,
    );
    await refused(
      least.replace('record: { directory: records }', 'record: { directory: records, durability: strikt }'),
      /:5:\d+: record\.durability can't be the text "strikt"; did you mean strict\?/,
    );
  });

  it('names every mistake at once', () =>
    refused(
      least.replace('version: 1', 'version: 2').replace('records', 'records, segment_bytes_max: much'),
      /midstream\.yaml:1:/,
      /midstream\.yaml:5:/,
    ));

  const wrong: [string, string, RegExp][] = [
    ['an address', least.replace('127.0.0.1:6432', '127.0.0.1'), /"127\.0\.0\.1" is no address/],
    ['a server behind a socket', least.replace('db:5432', 'unix:/run/pg'), /reached over TCP/],
    ['a gateway that others reach', `${least}gateway: { grpc: "0.0.0.0:50051" }\n`, /can be reached from other machines/],
    ['an admin interface that others reach', `${least}envoy: { admin: "10.1.2.3:9901" }\n`, /can be reached from other machines/],
    ['a hop without addresses', least.replace('name: shop', 'name: shop, transport: hop'), /has the transport hop, and no hop/],
    [
      'addresses without a hop',
      least.replace('name: shop', 'name: shop, hop: { gateway: "127.0.0.1:1", back: "127.0.0.1:2" }'),
      /has a hop, and the transport ext_proc/,
    ],
    ['workers on one socket', `${least}gateway: { grpc: "unix:/run/g.sock", workers: 2 }\n`, /put \{worker\} into its path/],
    ['workers without ports', `${least}gateway: { grpc: "127.0.0.1:65535", workers: 2 }\n`, /not enough ports/],
    [
      'two listeners of one name',
      least.replace('policy:', '  - { name: shop, listen: "127.0.0.1:1", upstream: "b:2" }\npolicy:'),
      /two listeners are called shop/,
    ],
    [
      'two listeners on one address',
      least.replace('policy:', '  - { name: two, listen: "127.0.0.1:6432", upstream: "b:2" }\npolicy:'),
      /is taken by shop already/,
    ],
    [
      'access to a resource that is not there',
      `${least}access: [{ resource: shoop }]\n`,
      /no listener has the resource shoop; use one of: shop/,
    ],
    [
      'access to paths of a database',
      `${least}access: [{ resource: shop, paths: [/v1] }]\n`,
      /shop is a database, which has no hosts, paths and methods/,
    ],
    ['access to a path without a slash', `${least}access: [{ paths: [v1] }]\n`, /begins with no slash/],
    ['access by a method in small letters', `${least}access: [{ methods: [get] }]\n`, /write a method in capitals/],
    ['access from no network', `${least}access: [{ sources: [10.0.0.0/33] }]\n`, /is no address and no network/],
    [
      'a token without a hash',
      `${least}approvals: { api: { listen: "127.0.0.1:1", tokens: [{ id: a, groups: [], hash: secret }] } }\n`,
      /write sha256:/,
    ],
    [
      'a date that is none',
      `${least}approvals: { api: { listen: "127.0.0.1:1", tokens: [{ id: a, groups: [], hash: "sha256:${'0'.repeat(64)}", expires: 2030-13-41 }] } }\n`,
      /is no date/,
    ],
    ['a country that is none', `${least}masks: { regions: [Germany] }\n`, /is no country/],
    ['two keys of one name', `${least}policy: other.yaml\n`, /stands here twice/],
    ['nothing at all', '', /the file is empty/],
    ['no YAML', 'a: [', /not valid YAML/],
  ];
  for (const [what, text, said] of wrong) it(`refuses ${what}`, () => refused(text, said));

  it('says that a file is not there, is a folder, is too large, or is not UTF-8', async () => {
    const code = async (path: string) => {
      try {
        await loadConfig(path);
      } catch (error) {
        return error instanceof MidstreamError ? error.code : error;
      }
      return 'loaded';
    };
    assert.equal(await code(join(folder, 'nowhere.yaml')), 'not_found');
    assert.equal(await code(folder), 'bad_input');
    writeFileSync(join(folder, 'large.yaml'), '#'.repeat(1024 * 1024 + 1));
    assert.equal(await code(join(folder, 'large.yaml')), 'config_invalid');
    writeFileSync(join(folder, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0xe9]));
    assert.equal(await code(join(folder, 'latin.yaml')), 'config_invalid');
  });

  it('comes with a sample that loads, and renders', async () => {
    const config = await loadConfig(join(packageRoot(), 'extproc', 'config', 'midstream.sample.yaml'));
    assert.equal(config.listeners[0]!.resource, 'shop');
    assert.ok(bootstrap(renderOptionsOf(config)));
  });
});
