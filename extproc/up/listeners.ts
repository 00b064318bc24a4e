import { authorityOf } from '../../envoy/http.js';
import type { GrpcSchema } from '../../filters/http/grpc/schema.js';
import { readGrpcSchema } from '../config/grpc-schema.js';
import type { KubeTarget } from '../kubernetes/kubeconfig.js';
import { freePort } from '../process/free-port.js';
import type { UpOptions } from './options.js';

/** One listener before each HTTP server. */
export interface ServerListener {
  name: 'http' | 'mcp' | 'kubernetes';
  resource: string;
  url: string;
  mcp_filter: boolean;
  authority: string | undefined;
  at: { host: string; port: number };
  grpc: GrpcSchema | undefined;
}

export async function httpServers(
  { http, mcp, kubernetes, resource }: UpOptions,
  cluster: KubeTarget | undefined,
): Promise<ServerListener[]> {
  const listeners: ServerListener[] = [];
  for (const [name, server] of [
    ['http', http],
    ['mcp', mcp],
    ['kubernetes', kubernetes && cluster && { url: cluster.server, listen: kubernetes.listen }],
  ] as const)
    if (server)
      listeners.push({
        name,
        resource: server.resource ?? resource ?? new URL(server.url).host,
        url: server.url,
        mcp_filter: server.mcp_filter ?? false,
        authority: authorityOf(server.url),
        at: { host: server.listen.host, port: server.listen.port || (await freePort()) },
        grpc: server.grpcDescriptors && readGrpcSchema(server.grpcDescriptors),
      });
  return listeners;
}
