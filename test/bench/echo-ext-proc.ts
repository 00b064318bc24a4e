import type { UntypedHandleCall } from '@grpc/grpc-js';
import type { GrpcCall } from '../../extproc/services/grpc-call.js';
import { GrpcServer } from '../../extproc/services/grpc-server.js';
import { networkExtProcDefinition } from '../../extproc/services/network-ext-proc.js';
import { ConnectionStatus, type ProcessingRequest } from '../../protos/network-ext-proc.js';

/**
 * Network ext_proc that gives every byte back as it came: the limit of what a gateway of this shape can reach, with the same
 * gRPC server, the same codec and the same backpressure as the gateway. `address` is `unix:/path` or `host:port`.
 */
export async function startEchoExtProc(address: string): Promise<GrpcServer> {
  const server = new GrpcServer({ message_bytes_max: 64 * 1024 * 1024 });
  server.addService(networkExtProcDefinition, { Process: echo as unknown as UntypedHandleCall });
  await server.listen(address);
  return server;
}

export function echo(call: GrpcCall): void {
  call.on('data', ({ direction, data, endOfStream }: ProcessingRequest) => {
    if (direction === 'none' || call.destroyed) return;
    const chunks = data.length === 0 ? [] : [data];
    const room = call.write({ direction, chunks, endOfStream, connectionStatus: ConnectionStatus.Continue, closeStream: false });
    if (!room) call.pause();
  });
  call.on('drain', () => call.resume());
  call.on('end', () => call.end());
  call.on('error', () => undefined); // the connection is over; there is nothing to tell and nobody to tell it
}
