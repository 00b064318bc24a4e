import type { ServerReadableStream, sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js';
import { loadProto } from '../../protos/load.js';
import { type AccessEntry, accessEntries } from '../convert/access-log.js';
import { method } from './grpc-method.js';
import type { GrpcServices } from './grpc-server.js';

/** tcp_grpc access logs: Envoy's own view of each connection joins the session's recording. */
export function addAccessLog(server: GrpcServices, accept: (entry: AccessEntry) => void): void {
  const root = loadProto('access-log.proto');
  const name = 'envoy.service.accesslog.v3';
  const stream = (call: ServerReadableStream<Record<string, unknown>, object>, done: sendUnaryData<object>) => {
    call.on('data', (message: Record<string, unknown>) => {
      for (const entry of accessEntries(message)) accept(entry);
    });
    call.on('end', () => done(null, {}));
    call.on('error', () => call.destroy());
  };
  server.addService(
    {
      StreamAccessLogs: method(
        root,
        `/${name}.AccessLogService/StreamAccessLogs`,
        `${name}.StreamAccessLogsMessage`,
        `${name}.StreamAccessLogsResponse`,
        { request: true },
      ),
    },
    { StreamAccessLogs: stream as unknown as UntypedHandleCall },
  );
}
