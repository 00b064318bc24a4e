import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js';
import { networkExtProcDefinition } from '../../extproc/services/network-ext-proc.js';
import { ConnectionStatus, type ProcessingRequest, type ProcessingResponse } from '../../protos/network-ext-proc.js';

/**
 * Network ext_proc that gives every byte back as it came: the limit of what a gateway of this shape can reach, with the same
 * gRPC library, the same codec and the same backpressure as the gateway. `address` is `unix:/path` or `host:port`.
 */
export async function startEchoExtProc(address: string): Promise<Server> {
  const server = new Server({
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 0x7fffffff,
    'grpc.keepalive_time_ms': 0x7fffffff,
  });
  server.addService(networkExtProcDefinition, { Process: echo });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  return server;
}

function echo(call: ServerDuplexStream<ProcessingRequest, ProcessingResponse>): void {
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
