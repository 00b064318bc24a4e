import { Server, ServerCredentials, type UntypedHandleCall } from '@grpc/grpc-js';
import { networkExtProcDefinition } from '../../extproc/services/network-ext-proc.js';
import { echo } from './echo-ext-proc.js';

/** The same echo on grpc-js: what its work for each message costs (decision 0092). */
export async function startEchoGrpcJs(address: string): Promise<Server> {
  const server = new Server({
    'grpc.max_receive_message_length': 64 * 1024 * 1024,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': 0x7fffffff,
  });
  server.addService(networkExtProcDefinition, { Process: echo as unknown as UntypedHandleCall });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error) => (error ? reject(error) : resolve()));
  });
  return server;
}
