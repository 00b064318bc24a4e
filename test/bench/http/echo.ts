/** An HTTP ext_proc that gives every part back as it came: `echo.ts ADDRESS`. Its gRPC server and codec are the gateway's. Tells its parent `ready`, ends with it. */
import type { UntypedHandleCall } from '@grpc/grpc-js';
import type { GrpcCall } from '../../../extproc/services/grpc-call.js';
import { GrpcServer } from '../../../extproc/services/grpc-server.js';
import { httpExtProcDefinition } from '../../../extproc/services/http-ext-proc.js';
import type { ProcessingRequest } from '../../../protos/http-ext-proc.js';

function echo(call: GrpcCall): void {
  call.on('data', (request: ProcessingRequest) => {
    if (request.part === 'none' || call.destroyed) return;
    const { part } = request;
    const body = part === 'request_body' || part === 'response_body';
    const room = call.write(body ? { part, chunks: request.body.length === 0 ? [] : [request.body], end: request.end } : { part });
    if (!room) call.pause();
  });
  call.on('drain', () => call.resume());
  call.on('end', () => call.end());
  call.on('error', () => undefined); // the request is over
}

const server = new GrpcServer({ message_bytes_max: 64 * 1024 * 1024 });
server.addService(httpExtProcDefinition, { Process: echo as unknown as UntypedHandleCall });
await server.listen(process.argv[2]!);
process.send!('ready');
process.once('disconnect', () => process.exit(0));
process.once('SIGTERM', () => process.exit(0));
process.on('SIGINT', () => undefined);
