import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeProcessingResponse, type ProcessingResponse } from '../../../protos/http-ext-proc.js';
import { codec, loadProto } from '../../../protos/load.js';
import { runs } from '../../support/seed.js';

const reference = codec(loadProto('http-ext-proc.proto'), 'envoy.service.ext_proc.v3.ProcessingResponse');

const ascii = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 300 });
const bytes = fc.uint8Array({ maxLength: 400 }).map((array) => Buffer.from(array));
const headers = fc.array(fc.tuple(ascii, ascii), { maxLength: 5 });
const changes = { set: headers, append: headers, remove: fc.array(ascii, { maxLength: 5 }) };

const option = (append: boolean) => (header: readonly [string, string]) => ({
  header: { key: header[0], raw_value: Buffer.from(header[1]) },
  ...(append ? { append: { value: true } } : { append_action: 2 }),
});
interface Changed {
  set: [string, string][];
  append: [string, string][];
  remove: string[];
}
const mutation = ({ set, append, remove }: Changed) =>
  set.length + append.length + remove.length === 0
    ? undefined
    : { set_headers: [...set.map(option(false)), ...append.map(option(true))], remove_headers: remove };

/** Both read by the reference: what is empty and what is absent are the same. */
const same = (encoded: Buffer, expected: object): void =>
  assert.deepEqual(reference.decode(encoded), reference.decode(reference.encode(expected)));

describe('answers to HTTP ext_proc, as a reader of protocol buffers has them', () => {
  it('changes of headers and trailers, and a body in place of the one that came', () => {
    const kinds = fc.constantFrom('request_headers', 'response_headers', 'request_trailers', 'response_trailers');
    fc.assert(
      fc.property(kinds, fc.record(changes), fc.option(bytes, { nil: undefined }), (part, changed, body) => {
        const header_mutation = mutation(changed);
        if (part.endsWith('trailers'))
          return same(encodeProcessingResponse({ part, ...changed } as ProcessingResponse), { [part]: { header_mutation } });
        const replaced = body === undefined ? {} : { status: 1, body_mutation: { body } };
        const nothing = header_mutation === undefined && body === undefined;
        same(encodeProcessingResponse({ part, ...changed, ...(body && { body }) } as ProcessingResponse), {
          [part]: nothing ? {} : { response: { header_mutation, ...replaced } },
        });
      }),
      runs(100),
    );
  });

  it('bodies, with the metadata of a session, behind the bytes that are asked for', () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 4 }), fc.boolean(), fc.nat(16), ascii, (chunks, end, reserve, session) => {
        const encoded = encodeProcessingResponse(
          { part: 'response_body', chunks, end, dynamicMetadata: { midstream: { session } } },
          reserve,
        );
        const streamed_response = { body: Buffer.concat(chunks), end_of_stream: end };
        const fields = { session: { stringValue: session } };
        same(encoded.subarray(reserve), {
          response_body: { response: { body_mutation: { streamed_response } } },
          dynamic_metadata: { fields: { midstream: { structValue: { fields } } } },
        });
      }),
      runs(100),
    );
  });

  it('answers of the gateway’s own', () => {
    fc.assert(
      fc.property(headers, bytes, fc.nat(16), ascii, (set, body, grpcStatus, details) => {
        const head = mutation({ set, append: [], remove: [] });
        const encoded = encodeProcessingResponse({ part: 'immediate', status: 403, headers: set, body, grpcStatus, details });
        same(encoded, {
          immediate_response: { status: { code: 403 }, headers: head, body, grpc_status: { status: grpcStatus }, details },
        });
      }),
      runs(100),
    );
  });
});
