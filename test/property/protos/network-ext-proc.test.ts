import assert from 'node:assert/strict';
import fc from 'fast-check';
import { codec, loadProto } from '../../../protos/load.js';
import { ConnectionStatus, decodeProcessingRequest, encodeProcessingResponse } from '../../../protos/network-ext-proc.js';
import { type Json, ProtoError } from '../../../protos/wire.js';
import { runs } from '../../support/seed.js';

const root = loadProto('network-ext-proc.proto');
const requests = codec(root, 'envoy.service.network_ext_proc.v3.ProcessingRequest');
const responses = codec(root, 'envoy.service.network_ext_proc.v3.ProcessingResponse');

const struct = (object: { [key: string]: Json }): object => ({
  fields: Object.fromEntries(Object.entries(object).map(([key, one]) => [key, value(one)])),
});

function value(json: Json): object {
  if (json === null) return { nullValue: 0 };
  if (typeof json === 'boolean') return { boolValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'string') return { stringValue: json };
  if (Array.isArray(json)) return { listValue: { values: json.map(value) } };
  return { structValue: struct(json) };
}

// As the key of a map, `__proto__` can't be given to the reflecting encoder (it would set a prototype): it has a test of its own.
const name = fc.stringMatching(/^[a-zA-Z_.]{1,12}$/).filter((one) => one !== '__proto__');
const leaf = fc.oneof(
  fc.string(),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
  fc.constant(null),
);
const json: fc.Arbitrary<Json> = fc.oneof(
  leaf,
  fc.array(leaf, { maxLength: 4 }),
  fc.dictionary(name, leaf, { maxKeys: 4 }),
) as fc.Arbitrary<Json>;
const namespaces = fc.dictionary(name, fc.dictionary(name, json, { maxKeys: 4 }), { maxKeys: 3 });
const bytes = fc.uint8Array({ maxLength: 600 }).map((b) => Buffer.from(b));
// Both readers make plain objects, and both keep -0 and +0 apart from each other by their own ways.
const plain = (v: unknown): unknown => JSON.parse(JSON.stringify(v ?? null));

describe('the hand-written codec of network ext_proc, against reflection over the .proto file', () => {
  it('reads every request', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('read', 'write', 'none'),
        bytes,
        fc.boolean(),
        namespaces,
        namespaces,
        (direction, data, end, metadata, attributes) => {
          const encoded = requests.encode({
            ...(direction === 'none' ? {} : { [`${direction}_data`]: { data, end_of_stream: end } }),
            ...(Object.keys(metadata).length > 0
              ? { metadata: { filter_metadata: Object.fromEntries(Object.entries(metadata).map(([k, v]) => [k, struct(v)])) } }
              : {}),
            attributes: Object.fromEntries(Object.entries(attributes).map(([k, v]) => [k, struct(v)])),
          });
          const decoded = decodeProcessingRequest(encoded);
          assert.equal(decoded.direction, direction);
          assert.deepEqual(decoded.data, direction === 'none' ? Buffer.alloc(0) : data);
          assert.equal(decoded.endOfStream, direction !== 'none' && end);
          assert.deepEqual(plain(decoded.metadata ?? {}), plain(metadata));
          assert.deepEqual(plain(decoded.attributes ?? {}), plain(attributes));
        },
      ),
      runs(100),
    );
  });

  it('reads the key __proto__ as any other', () => {
    const bytes = requests.encode({
      attributes: { __pr0to__: struct({ a: 1 }) },
      metadata: { filter_metadata: { __pr0to__: struct({ b: 2 }) } },
    });
    const decoded = decodeProcessingRequest(
      Buffer.from(Buffer.from(bytes).toString('latin1').replaceAll('__pr0to__', '__proto__'), 'latin1'),
    );
    assert.deepEqual(Object.entries(decoded.attributes ?? {}), [['__proto__', { a: 1 }]]);
    assert.deepEqual(Object.entries(decoded.metadata ?? {}), [['__proto__', { b: 2 }]]);
  });

  it('writes every response', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('read' as const, 'write' as const, 'none' as const),
        fc.array(bytes, { maxLength: 4 }),
        fc.boolean(),
        fc.constantFrom(ConnectionStatus.Continue, ConnectionStatus.Close, ConnectionStatus.CloseReset),
        fc.option(fc.dictionary(name, fc.dictionary(name, fc.string(), { maxKeys: 3 }), { maxKeys: 2 }), { nil: undefined }),
        (direction, chunks, endOfStream, connectionStatus, dynamicMetadata) => {
          const decoded = responses.decode(
            encodeProcessingResponse({
              direction,
              chunks,
              endOfStream,
              connectionStatus,
              closeStream: false,
              ...(dynamicMetadata ? { dynamicMetadata } : {}),
            }),
          );
          const sent = decoded[`${direction}_data`] as { data?: Buffer; end_of_stream?: boolean } | undefined;
          assert.equal(sent !== undefined, direction !== 'none');
          if (sent) assert.deepEqual([Buffer.from(sent.data ?? []), sent.end_of_stream ?? false], [Buffer.concat(chunks), endOfStream]);
          assert.equal(decoded['connection_status'] ?? 0, connectionStatus);
          if (dynamicMetadata) {
            const { fields = {} } = decoded['dynamic_metadata'] as { fields?: object };
            assert.deepEqual(plain(fields), plain((struct(dynamicMetadata) as { fields: object }).fields));
          } else assert.equal(decoded['dynamic_metadata'], undefined);
        },
      ),
      runs(100),
    );
  });

  it('breaks on no bytes, whatever they are: it reads them or says that they are none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        try {
          decodeProcessingRequest(Buffer.from(noise));
        } catch (error) {
          assert.ok(error instanceof ProtoError, String(error));
        }
      }),
      runs(2000, 100_000),
    );
  });
});
