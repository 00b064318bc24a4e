import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import { codec } from '../../protos/load.js';
import { PREFIX_BYTES, writePrefix } from './grpc-frames.js';

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

/**
 * A service of one method, a stream both ways, whose messages have a codec of their own. The gateway serves it and never calls it.
 * `encodeBehind` is `encode` that leaves so many bytes in front: the prefix of the message is written there, and nothing is copied again.
 */
export function streaming<Request, Response>(
  path: string,
  decode: (bytes: Buffer) => Request,
  encode: (message: Response) => Buffer,
  encodeBehind?: (message: Response, reserve: number) => Buffer,
): ServiceDefinition {
  const never = (): never => {
    throw new Error('the gateway does not call this service');
  };
  const definition: MethodDefinition<Request, Response> & { responseFramed?: (message: Response) => Buffer } = {
    path,
    requestStream: true,
    responseStream: true,
    requestSerialize: never,
    requestDeserialize: decode,
    responseSerialize: encode,
    responseDeserialize: never,
  };
  if (encodeBehind !== undefined) {
    definition.responseFramed = (message) => {
      const out = encodeBehind(message, PREFIX_BYTES);
      writePrefix(out, out.length - PREFIX_BYTES);
      return out;
    };
  }
  return { Process: definition };
}
