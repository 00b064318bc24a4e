import { formatAddress } from '../../envoy/address.js';
import type { RenderOptions } from '../../envoy/render.js';
import type { KubeTarget } from '../kubernetes/kubeconfig.js';
import type { Runtime } from '../runtime.js';
import type { ServerListener } from './listeners.js';
import type { UpOptions } from './options.js';
import { handshakeAddresses, hopSockets, unixAddress } from './sockets.js';

export function renderOptions(
  { postgres, ...options }: UpOptions,
  listenPort: number,
  servers: readonly ServerListener[],
  directory: string,
  runtime: Runtime,
  cluster: KubeTarget | undefined,
): RenderOptions {
  const hopOf = (name: string) => runtime.gateway.hops.find(({ listener }) => listener === name);
  const hop = hopOf('postgres');
  return {
    listeners:
      postgres === undefined
        ? []
        : [
            {
              name: 'postgres',
              transport: options.transport,
              listen: formatAddress(options.listen.host, listenPort),
              upstream: formatAddress(postgres.host, postgres.port),
              ...(options.tls && { tls: options.tls }),
              ...(options.upstreamTls && { upstream_tls: options.upstreamTls }),
              ...(hop
                ? {
                    hop: {
                      gateway: [hop.address],
                      back: unixAddress(hopSockets(directory, 'postgres').back),
                      starttls: handshakeAddresses(directory),
                    },
                  }
                : {}),
            },
          ],
    http: servers.map(({ name, url, mcp_filter, at }) => ({
      name,
      listen: formatAddress(at.host, at.port),
      upstream: url,
      ...(mcp_filter ? { mcp_filter } : {}),
      ...(options.access === undefined ? {} : { authorize: true }),
      hop: { gateway: [hopOf(name)!.address], back: unixAddress(hopSockets(directory, name).back) },
      ...(name === 'kubernetes' && cluster ? upstreamOf(cluster) : {}),
    })),
    gateway: { grpc: [runtime.gateway.grpc] },
  };
}

const upstreamOf = ({ ca_file, insecure, tls_name, certificate }: KubeTarget) => ({
  kubernetes: true,
  ...(ca_file === undefined ? {} : { upstream_ca_file: ca_file }),
  ...(insecure ? { upstream_insecure: true } : {}),
  ...(tls_name === undefined ? {} : { upstream_tls_name: tls_name }),
  ...(certificate === undefined ? {} : { upstream_certificate: certificate }),
});
