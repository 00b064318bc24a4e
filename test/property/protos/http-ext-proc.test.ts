import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeProcessingRequest, encodeProcessingResponse, type ProcessingResponse } from '../../../protos/http-ext-proc.js';
import { codec, loadProto } from '../../../protos/load.js';
import { field, ProtoError } from '../../../protos/wire.js';
import { runs } from '../../support/seed.js';

const root = loadProto('http-ext-proc.proto');
const requests = codec(root, 'envoy.service.ext_proc.v3.ProcessingRequest');
const responses = codec(root, 'envoy.service.ext_proc.v3.ProcessingResponse');

// biome-ignore lint/suspicious/noExplicitAny: what reflection reads has no type
type Loose = any;

const latin1 = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const name = fc.stringMatching(/^:?[a-z][a-z-]{0,12}$/);
const headers = fc.array(fc.tuple(name, latin1), { maxLength: 6 });
const body = fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes));
const headerMap = (list: readonly (readonly [string, string])[]) => ({
  headers: list.map(([key, value]) => ({ key, raw_value: Buffer.from(value, 'latin1') })),
});
const struct = { fields: { 'source.address': { stringValue: '127.0.0.1:7' } } };

describe('the hand-written codec of HTTP ext_proc, against reflection over the .proto file', () => {
  it('reads headers, bodies and trailers', () => {
    fc.assert(
      fc.property(fc.constantFrom('request', 'response'), headers, body, fc.boolean(), (side, list, bytes, end) => {
        const told = { attributes: { a: struct }, metadata_context: { filter_metadata: { m: struct } } };
        const head = decodeProcessingRequest(
          requests.encode({ [`${side}_headers`]: { headers: headerMap(list), end_of_stream: end }, ...told }),
        );
        assert.deepEqual([head.part, 'headers' in head && head.headers, 'end' in head && head.end], [`${side}_headers`, list, end]);
        assert.deepEqual(JSON.parse(JSON.stringify(head.attributes)), { a: { 'source.address': '127.0.0.1:7' } });
        assert.deepEqual(JSON.parse(JSON.stringify(head.metadata)), { m: { 'source.address': '127.0.0.1:7' } });
        const middle = decodeProcessingRequest(requests.encode({ [`${side}_body`]: { body: bytes, end_of_stream: end } }));
        assert.ok(middle.part === `${side}_body` && 'body' in middle && middle.body.equals(bytes) && middle.end === end);
        const tail = decodeProcessingRequest(requests.encode({ [`${side}_trailers`]: { trailers: headerMap(list) } }));
        assert.deepEqual([tail.part, 'headers' in tail && tail.headers], [`${side}_trailers`, list]);
      }),
      runs(100),
    );
    assert.equal(decodeProcessingRequest(Buffer.alloc(0)).part, 'none');
  });

  it('takes a header without raw_value by its value, and names in small letters', () => {
    const decoded = decodeProcessingRequest(requests.encode({ request_headers: { headers: { headers: [{ key: 'X-A', value: 'b' }] } } }));
    assert.deepEqual('headers' in decoded && decoded.headers, [['x-a', 'b']]);
  });

  it('writes answers as Envoy reads them', () => {
    const set = fc.array(fc.tuple(name, latin1), { maxLength: 4 });
    fc.assert(
      fc.property(fc.constantFrom('request', 'response'), set, set, fc.array(name, { maxLength: 3 }), (side, one, two, remove) => {
        const options = [
          ...one.map(([key, value]) => ({ key, value, append: false, append_action: 2 })),
          ...two.map(([key, value]) => ({ key, value, append: true, append_action: 0 })),
        ];
        const read = (response: ProcessingResponse) => responses.decode(encodeProcessingResponse(response)) as Loose;
        const shape = (mutation: Loose) =>
          (mutation?.set_headers ?? []).map(({ header, append, append_action = 0 }: Loose) => ({
            key: header.key,
            value: Buffer.from(header.raw_value ?? []).toString('latin1'),
            append: append?.value ?? false,
            append_action,
          }));
        for (const part of ['headers', 'trailers'] as const) {
          const answer = read({ part: `${side}_${part}` as 'request_headers', set: one, append: two, remove });
          const mutation =
            part === 'headers' ? answer[`${side}_headers`].response?.header_mutation : answer[`${side}_trailers`].header_mutation;
          assert.deepEqual(shape(mutation), options);
          assert.deepEqual(mutation?.remove_headers ?? [], remove);
        }
      }),
      runs(100),
    );
  });

  it('writes bodies whole, and immediate answers', () => {
    fc.assert(
      fc.property(fc.array(body, { maxLength: 4 }), fc.boolean(), (chunks, end) => {
        const answer = responses.decode(
          encodeProcessingResponse({ part: 'response_body', chunks, end, dynamicMetadata: { midstream: { session: 's' } } }),
        ) as Loose;
        const { streamed_response } = answer['response_body'].response.body_mutation;
        assert.ok(Buffer.from(streamed_response.body ?? []).equals(Buffer.concat(chunks)));
        assert.equal(streamed_response.end_of_stream ?? false, end);
        assert.ok(answer['dynamic_metadata'].fields.midstream);
      }),
      runs(100),
    );
    const refusal = responses.decode(
      encodeProcessingResponse({
        part: 'immediate',
        status: 403,
        headers: [['content-type', 'application/problem+json']],
        body: Buffer.from('{}'),
        grpcStatus: 7,
        details: 'midstream_denied',
      }),
    ) as Loose;
    const { status, grpc_status, details, headers: mutation } = refusal['immediate_response'];
    assert.deepEqual([status.code, grpc_status.status, details, mutation.set_headers.length], [403, 7, 'midstream_denied', 1]);
  });

  it('writes answers of its own that go out piece by piece', () => {
    const head = responses.decode(
      encodeProcessingResponse({
        part: 'local_headers',
        headers: [
          [':status', '200'],
          ['content-type', 'text/event-stream'],
        ],
      }),
    ) as Loose;
    const { headers } = head['streamed_immediate_response'].headers_response.headers;
    assert.deepEqual(
      headers.map(({ key, raw_value }: Loose) => [key, Buffer.from(raw_value as unknown as Uint8Array).toString()]),
      [
        [':status', '200'],
        ['content-type', 'text/event-stream'],
      ],
    );
    fc.assert(
      fc.property(fc.array(body, { maxLength: 4 }), fc.boolean(), (chunks, end) => {
        const answer = responses.decode(encodeProcessingResponse({ part: 'local_body', chunks, end })) as Loose;
        const sent = answer['streamed_immediate_response'].body_response;
        assert.ok(Buffer.from(sent.body ?? []).equals(Buffer.concat(chunks)));
        assert.equal(sent.end_of_stream ?? false, end);
      }),
      runs(100),
    );
  });

  it('refuses what is cut short, lies about its length, or carries two parts', () => {
    const whole = requests.encode({ request_headers: { headers: headerMap([[':path', '/a']]) }, attributes: { a: struct } });
    for (let cut = 1; cut < whole.length; cut++) {
      try {
        decodeProcessingRequest(whole.subarray(0, cut));
      } catch (error) {
        assert.ok(error instanceof ProtoError, String(error));
      }
    }
    assert.throws(() => decodeProcessingRequest(whole.subarray(0, whole.length - 1)), ProtoError);
    assert.throws(() => decodeProcessingRequest(Buffer.of(34, 200, 1, 10)), ProtoError);
    assert.throws(() => decodeProcessingRequest(Buffer.concat([field(4, Buffer.alloc(0)), field(5, Buffer.alloc(0))])), ProtoError);
    fc.assert(
      fc.property(body, (bytes) => {
        try {
          decodeProcessingRequest(bytes);
        } catch (error) {
          assert.ok(error instanceof ProtoError, String(error));
        }
      }),
      runs(100),
    );
  });
});
