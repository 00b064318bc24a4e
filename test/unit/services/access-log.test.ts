import assert from 'node:assert/strict';
import { accessEntries } from '../../../extproc/convert/access-log.js';

describe("Envoy's entries of its access log", () => {
  const common = {
    tls_properties: { tls_version: 'TLSv1_3', tls_sni_hostname: '4111111111111111.example.com', tls_session_id: 'x' },
    upstream_remote_address: { socket_address: { address: '127.0.0.1', port_value: 5432 } },
  };
  const tcp = { tcp_logs: { log_entry: [{ common_properties: common, connection_properties: { received_bytes: 7 } }] } };
  const http = { http_logs: { log_entry: [{ common_properties: common, response: { response_code: { value: 200 } } }] } };

  for (const [kind, message] of [
    ['TCP', tcp],
    ['HTTP', http],
  ] as const) {
    it(`of ${kind} keep what is told of TLS, but for the name that the client asked for`, () => {
      const [one] = accessEntries(message);
      assert.deepEqual(one!.entry['tls'], { tls_version: 'TLSv1_3', tls_session_id: 'x' });
      assert.ok(!JSON.stringify(one).includes('4111'));
    });
  }

  it('without TLS have none', () => {
    const [one] = accessEntries({ tcp_logs: { log_entry: [{ common_properties: {} }] } });
    assert.equal(one!.entry['tls'], null);
  });
});
