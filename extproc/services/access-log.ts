import type { ServerReadableStream, sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js';
import { type AccessLog, decodeAccessLogs } from '../../protos/access-log.js';
import { loadProto } from '../../protos/load.js';
import { type AccessEntry, accessEntry } from '../convert/access-log.js';
import { method } from './grpc-method.js';
import type { GrpcServices } from './grpc-server.js';

/** tcp_grpc access logs: Envoy's own view of each connection joins the session's recording. */
export function addAccessLog(server: GrpcServices, accept: (entry: AccessEntry) => void): void {
  const root = loadProto('access-log.proto');
  const name = 'envoy.service.accesslog.v3';
  const stream = (call: ServerReadableStream<AccessLog[], object>, done: sendUnaryData<object>) => {
    call.on('data', (logs: AccessLog[]) => {
      for (const log of logs) accept(accessEntry(log));
    });
    call.on('end', () => done(null, {}));
    call.on('error', () => call.destroy());
  };
  server.addService(
    {
      StreamAccessLogs: {
        ...method(
          root,
          `/${name}.AccessLogService/StreamAccessLogs`,
          `${name}.StreamAccessLogsMessage`,
          `${name}.StreamAccessLogsResponse`,
          { request: true },
        ),
        // One for each request: by reflection it was a twentieth of what a small request costs.
        requestDeserialize: decodeAccessLogs,
      },
    },
    { StreamAccessLogs: stream as unknown as UntypedHandleCall },
  );
}
