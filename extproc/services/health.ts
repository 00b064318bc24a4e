import type { ServerWritableStream, sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js';
import { loadProto } from '../../protos/load.js';
import { method } from './grpc-method.js';
import type { GrpcServices } from './grpc-server.js';
import { status } from './grpc-status.js';

const SERVING = 1;
const NOT_SERVING = 2;

export interface Health {
  /** NOT_SERVING takes this gateway out of Envoy's rotation while its connections are brought to an end */
  set(serving: boolean): void;
}

/** grpc.health.v1: the empty name and the name of each service that is served here. */
export function addHealth(server: GrpcServices, services: readonly string[]): Health {
  const root = loadProto('health.proto');
  const name = 'grpc.health.v1';
  let serving = true;
  const watchers = new Set<ServerWritableStream<object, object>>();
  const known = new Set(['', ...services]);
  const now = () => ({ status: serving ? SERVING : NOT_SERVING });
  const check = (call: { request: { service?: string } }, done: sendUnaryData<object>) => {
    if (known.has(call.request.service ?? '')) done(null, now());
    else done({ code: status.NOT_FOUND, details: 'unknown service' });
  };
  const watch = (call: ServerWritableStream<{ service?: string }, object>) => {
    if (!known.has(call.request.service ?? '')) call.write({ status: 3 });
    else {
      call.write(now());
      watchers.add(call);
    }
    call.on('cancelled', () => watchers.delete(call));
  };
  server.addService(
    {
      Check: method(root, `/${name}.Health/Check`, `${name}.HealthCheckRequest`, `${name}.HealthCheckResponse`),
      Watch: method(root, `/${name}.Health/Watch`, `${name}.HealthCheckRequest`, `${name}.HealthCheckResponse`, { response: true }),
    },
    { Check: check as UntypedHandleCall, Watch: watch as UntypedHandleCall },
  );
  return {
    set: (value) => {
      serving = value;
      for (const call of watchers) call.write(now());
    },
  };
}
