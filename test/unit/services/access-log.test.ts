import assert from 'node:assert/strict';
import { accessEntry } from '../../../extproc/convert/access-log.js';
import { type AccessLog, decodeAccessLogs } from '../../../protos/access-log.js';
import { codec, loadProto } from '../../../protos/load.js';
import { ProtoError } from '../../../protos/wire.js';

const root = loadProto('access-log.proto');
const reference = codec(root, 'envoy.service.accesslog.v3.StreamAccessLogsMessage');
const socket = (address: string, port_value: number) => ({ socket_address: { address, port_value } });
const session = (text: string) => ({
  filter_metadata: { other: { fields: {} }, midstream: { fields: { session: { stringValue: text } } } },
});

const common = {
  downstream_remote_address: socket('192.0.2.7', 40_001),
  downstream_local_address: socket('192.0.2.1', 443),
  tls_properties: { tls_version: 4, tls_sni_hostname: '4111111111111111.example.com' },
  start_time: { seconds: 1_764_000_000, nanos: 5 },
  upstream_remote_address: socket('127.0.0.1', 5432),
  upstream_cluster: 'http_upstream',
  response_flags: { no_healthy_upstream: true, local_reset: false, dns_resolution_failure: true, upstream_overflow: true },
  metadata: session('s1'),
  upstream_transport_failure_reason: 'TLS error: ünknown',
  custom_tags: { connection_id: '46-5b', listener: 'http', midstream_session: 's2', midstream_refused: '-' },
  duration: { seconds: 2, nanos: 345_678_900 },
  connection_termination_details: 'filter',
};
const http = {
  http_logs: {
    log_entry: [
      {
        common_properties: common,
        request: { request_headers_bytes: 206, request_body_bytes: 17 },
        response: { response_code: { value: 403 }, response_body_bytes: 5_000_000_000, response_code_details: 'via_upstream' },
      },
      { common_properties: { metadata: session('s3') } },
    ],
  },
};
const tcp = {
  identifier: { log_name: 'midstream' },
  tcp_logs: {
    log_entry: [
      {
        common_properties: { upstream_remote_address: { pipe: { path: '/run/x.sock' } }, custom_tags: { midstream_refused: 's4' } },
        connection_properties: { received_bytes: 7, sent_bytes: 70_000 },
      },
    ],
  },
};
const read = (message: object): AccessLog[] => decodeAccessLogs(reference.encode(message));

describe("Envoy's entries of its access log", () => {
  it('of HTTP are told with their bodies, status and flags', () => {
    const [one, two] = read(http).map(accessEntry);
    assert.deepEqual(one, {
      session: 's1',
      connectionId: '46-5b',
      listener: 'http',
      entry: {
        source: '192.0.2.7:40001',
        upstream: '127.0.0.1:5432',
        upstream_cluster: 'http_upstream',
        received_bytes: 17,
        sent_bytes: 5_000_000_000,
        status: 403,
        details: 'via_upstream',
        duration_ms: 2345.6789,
        flags: ['no_healthy_upstream', 'upstream_overflow', 'dns_resolution_failure'],
        failure: 'TLS error: ünknown',
        termination: 'filter',
        tls: { tls_version: 4 },
      },
    });
    assert.equal(two!.session, 's3');
    assert.deepEqual([two!.entry['source'], two!.entry['status'], two!.entry['duration_ms'], two!.entry['tls']], ['', 0, undefined, null]);
  });

  it('of TCP are told with what the connection carried, and belong to the session by which they were refused', () => {
    const [one] = read(tcp).map(accessEntry);
    assert.equal(one!.session, 's4');
    assert.deepEqual(one!.entry, {
      ...{ source: '', upstream: '/run/x.sock', upstream_cluster: '', received_bytes: 7, sent_bytes: 70_000 },
      ...{ duration_ms: undefined, flags: [], failure: '', termination: '', tls: null },
    });
  });

  it('repeat no name that a client asked for by TLS', () => {
    assert.ok(!JSON.stringify(read(http)).includes('4111'));
  });

  it('have the names of all flags that the definition has', () => {
    const type = root.lookupType('envoy.service.accesslog.v3.ResponseFlags');
    const names = [...type.fieldsArray].sort((a, b) => a.id - b.id).map(({ name }) => name);
    const flags = Object.fromEntries(names.map((name) => [name, true]));
    const [one] = read({ tcp_logs: { log_entry: [{ common_properties: { response_flags: flags } }] } });
    assert.deepEqual(one!.flags, names);
  });

  it('that are cut short are an error, wherever', () => {
    const bytes = reference.encode(http);
    const whole = read(http);
    for (let end = 0; end < bytes.length; end++) {
      try {
        assert.notDeepEqual(decodeAccessLogs(bytes.subarray(0, end)), whole);
      } catch (error) {
        assert.ok(error instanceof ProtoError, String(error));
      }
    }
  });
});
