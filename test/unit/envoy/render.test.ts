import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type RenderOptions, renderBootstrap, renderSnippet } from '../../../envoy/render.js';
import { scenarios } from '../../../envoy/scenarios.js';
import { packageRoot } from '../../../extproc/process/places.js';
import { MidstreamError } from '../../../filters/errors.js';

const update = process.env['MIDSTREAM_UPDATE_GOLDEN'] === '1';

function golden(file: string, text: string): void {
  const path = join(packageRoot(), 'envoy', file);
  if (update) writeFileSync(path, text);
  assert.equal(text, readFileSync(path, 'utf8'), `envoy/${file} differs from what is rendered; MIDSTREAM_UPDATE_GOLDEN=1 writes it anew`);
}

const plain: RenderOptions = scenarios['postgres']!;
const hop: RenderOptions = scenarios['postgres-hop']!;
const refused = (options: RenderOptions, why: RegExp) =>
  assert.throws(
    () => renderBootstrap(options),
    (error) => error instanceof MidstreamError && error.code === 'config_invalid' && why.test(error.message),
  );

/** Every mapping below a value that has this key. */
function holding(value: unknown, key: string): Record<string, unknown>[] {
  if (value === null || typeof value !== 'object') return [];
  const inner = Object.values(value).flatMap((one) => holding(one, key));
  return key in value ? [value as Record<string, unknown>, ...inner] : inner;
}

describe('envoy render', () => {
  for (const [name, options] of Object.entries(scenarios)) {
    it(`writes the bootstrap that is kept for ${name}`, () => golden(`${name}/envoy.yaml`, renderBootstrap(options)));
    it(`writes the snippet that is kept for ${name}`, () => golden(`${name}/snippet.yaml`, renderSnippet(options)));
    it(`fails closed everywhere in ${name}`, () => {
      const filters = holding(parse(renderBootstrap(options)), 'failure_mode_allow');
      assert.ok(filters.length > 0);
      for (const filter of filters) assert.equal(filter['failure_mode_allow'], false);
    });
  }

  it('puts each worker of the gateway into the cluster', () => {
    const text = renderBootstrap({ ...plain, gateway: { grpc: ['127.0.0.1:5001', 'unix:/run/midstream/2.sock', '[::1]:5003'] } });
    const [gateway] = parse(text).static_resources.clusters;
    assert.deepEqual(
      gateway.load_assignment.endpoints[0].lb_endpoints.map((one: { endpoint: { address: object } }) => one.endpoint.address),
      [
        { socket_address: { address: '127.0.0.1', port_value: 5001 } },
        { pipe: { path: '/run/midstream/2.sock' } },
        { socket_address: { address: '::1', port_value: 5003 } },
      ],
    );
    assert.equal(gateway.type, 'STATIC');
  });

  it('looks a server up by name, and takes an address as it is', () => {
    const typeOf = (upstream: string) =>
      parse(renderBootstrap({ ...plain, listeners: [{ ...plain.listeners[0]!, upstream }] })).static_resources.clusters[1].type;
    assert.equal(typeOf('db.internal:5432'), 'STRICT_DNS');
    assert.equal(typeOf('10.0.0.5:5432'), 'STATIC');
    assert.equal(typeOf('[fd00::5]:5432'), 'STATIC');
  });

  it('lets as many streams through as connections, and more', () => {
    const [gateway] = parse(renderBootstrap({ ...plain, limits: { connections_max: 5000 } })).static_resources.clusters;
    assert.ok(gateway.circuit_breakers.thresholds[0].max_requests > 5000);
  });

  it('writes limits into every listener and cluster', () => {
    const { listeners, clusters } = parse(renderBootstrap({ ...hop, limits: { connection_buffer_bytes_max: 12_345 } })).static_resources;
    for (const one of [...listeners, ...clusters]) assert.equal(one.per_connection_buffer_limit_bytes, 12_345, one.name);
  });

  it('asks for postgres_proxy before ext_proc, and forwards what it read', () => {
    const text = renderBootstrap({ ...plain, listeners: [{ ...plain.listeners[0]!, postgres_proxy: true }] });
    const filters: { name: string; typed_config: { metadata_options?: object } }[] =
      parse(text).static_resources.listeners[0].filter_chains[0].filters;
    assert.deepEqual(
      filters.map((filter) => filter.name.split('.').at(-1)),
      ['ext_authz', 'postgres_proxy', 'ext_proc', 'tcp_proxy'],
    );
    assert.deepEqual(filters[2]!.typed_config.metadata_options, {
      receiving_namespaces: { untyped: ['midstream'] },
      forwarding_namespaces: { untyped: ['envoy.filters.network.postgres_proxy'] },
    });
  });

  it('refuses what Envoy would take but must not be given', () => {
    refused({ ...plain, listeners: [] }, /no listener/);
    refused({ ...plain, gateway: { grpc: [] } }, /no address for gRPC/);
    refused({ ...plain, admin: '0.0.0.0:9901' }, /only a loopback address/);
    refused({ ...plain, listeners: [plain.listeners[0]!, plain.listeners[0]!] }, /two listeners are called postgres/);
    refused({ ...plain, listeners: [{ ...plain.listeners[0]!, name: 'a b' }] }, /no name for a listener/);
    refused({ ...plain, listeners: [{ ...plain.listeners[0]!, transport: 'hop' }] }, /no addresses for it/);
    const hopOf = (addresses: object) => ({
      ...hop,
      listeners: [{ ...hop.listeners[0]!, hop: { ...hop.listeners[0]!.hop!, ...addresses } }],
    });
    refused(hopOf({ gateway: ['10.0.0.5:50061'] }), /only loopback addresses/);
    refused(hopOf({ back: '0.0.0.0:50071' }), /only loopback addresses/);
    refused(hopOf({ gateway: [] }), /no addresses for it/);
  });

  it('refuses addresses that are none', () => {
    for (const upstream of [
      '',
      'db',
      'db:',
      ':5432',
      'db:0',
      'db:65536',
      'db:5432x',
      'a b:1',
      '::1:5432',
      'unix:relative',
      `unix:/${'x'.repeat(110)}`,
    ]) {
      refused({ ...plain, listeners: [{ ...plain.listeners[0]!, upstream }] }, /is no address/);
    }
  });

  it('gives the same text for the same options', () => assert.equal(renderBootstrap(hop), renderBootstrap(structuredClone(hop))));
});

describe('a listener before an MCP server', () => {
  it('has Envoy’s own reader before the gateway where that is asked for, and forwards what it read', () => {
    const [listener] = scenarios['http']!.http!;
    const filters = (mcp_filter: boolean) =>
      holding(parse(renderBootstrap({ ...scenarios['http']!, http: [{ ...listener!, mcp_filter }] })), 'http_filters').flatMap(
        (manager) => manager['http_filters'] as { name: string; typed_config: Record<string, unknown> }[],
      );
    const named = filters(true).map(({ name }) => name);
    assert.equal(named.indexOf('envoy.filters.http.mcp') + 1, named.indexOf('envoy.filters.http.ext_proc'));
    assert.equal(holding(filters(true), 'forwarding_namespaces').length, 1);
    assert.ok(filters(false).every(({ name }) => name !== 'envoy.filters.http.mcp'));
    assert.equal(holding(filters(false), 'forwarding_namespaces').length, 0);
  });
});
