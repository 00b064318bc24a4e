import type { MethodDefinition } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import { codec } from '../../protos/load.js';

/** One method of a service whose messages are read by reflection. */
export function method(
  root: protobuf.Root,
  path: string,
  request: string,
  response: string,
  stream: { request?: boolean; response?: boolean } = {},
): MethodDefinition<object, object> {
  const requests = codec(root, request);
  const responses = codec(root, response);
  return {
    path,
    requestStream: stream.request === true,
    responseStream: stream.response === true,
    requestSerialize: requests.encode,
    requestDeserialize: requests.decode,
    responseSerialize: responses.encode,
    responseDeserialize: responses.decode,
  };
}
