import assert from 'node:assert/strict';
import { peerFacts } from '../../../extproc/convert/network-ext-proc.js';
import { decodeProcessingRequest } from '../../../protos/http-ext-proc.js';
import { codec, loadProto } from '../../../protos/load.js';

const reference = codec(loadProto('http-ext-proc.proto'), 'envoy.service.ext_proc.v3.ProcessingRequest');
const struct = (values: Record<string, string>) => ({
  fields: Object.fromEntries(Object.entries(values).map(([name, stringValue]) => [name, { stringValue }])),
});
const request = (attributes: Record<string, object>) =>
  decodeProcessingRequest(reference.encode({ request_headers: { headers: { headers: [] } }, attributes }));
const from = (source: string) => request({ 'envoy.filters.http.ext_proc': struct({ 'source.address': source }) });

describe('what Envoy says of a connection with each of its requests', () => {
  it('is read once for a connection, and never for another one', () => {
    const first = from('192.0.2.1:1000');
    assert.equal(from('192.0.2.1:1000').attributes, first.attributes);
    assert.equal(peerFacts(from('192.0.2.1:1000')), peerFacts(first));
    for (let port = 1001; port < 3000; port++) assert.equal(peerFacts(from(`192.0.2.1:${port}`)).source, `192.0.2.1:${port}`);
    assert.equal(peerFacts(from('192.0.2.1:1000')).source, '192.0.2.1:1000');
  });

  it('is joined where it comes for several filters, whatever their names', () => {
    const one = struct({ 'source.address': '192.0.2.1:1' });
    const both = request({ a: one, __proto__b: struct({ 'connection.requested_server_name': 'x.example' }) });
    assert.deepEqual(Object.keys(both.attributes!), ['a', '__proto__b']);
    const { source, tls } = peerFacts(both);
    assert.deepEqual([source, tls], ['192.0.2.1:1', { requested_server_name: 'x.example' }]);
    // what one filter said stays as it was
    assert.deepEqual(Object.keys(request({ a: one }).attributes!), ['a']);
  });
});
