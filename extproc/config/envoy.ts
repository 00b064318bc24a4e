import type { RenderOptions } from '../../envoy/options.js';
import type { HttpAuthenticationConfig } from './identity.js';
import type { Config } from './types.js';

/** Where a certificate is enough, the gateway alone knows that neither was shown. */
const needsToken = ({ required, methods }: HttpAuthenticationConfig): boolean => required && !methods.includes('certificate');

/** What `midstream envoy render` needs of the configuration. */
export function renderOptionsOf(config: Config): RenderOptions {
  const { connections_max, connection_buffer_bytes_max, connect_ms_max } = config.limits;
  return {
    gateway: { grpc: config.gateway.grpc },
    ...(config.envoy.admin === undefined ? {} : { admin: config.envoy.admin }),
    limits: { connections_max, connection_buffer_bytes_max, connect_ms_max },
    ...(config.http.length === 0
      ? {}
      : {
          http: config.http.map(
            ({ name, listen, upstream, upstream_ca_file, tls, hop, upgrades, kubernetes, mcp_filter, authentication, credential }) => ({
              name,
              listen,
              upstream,
              ...(config.access === undefined ? {} : { authorize: true }),
              ...(upstream_ca_file === undefined ? {} : { upstream_ca_file }),
              ...(tls ? { tls } : {}),
              ...(hop ? { hop } : {}),
              ...(upgrades ? { upgrades } : {}),
              ...(kubernetes ? { kubernetes: true } : {}),
              ...(kubernetes?.certificate ? { upstream_certificate: kubernetes.certificate } : {}),
              ...(mcp_filter ? { mcp_filter } : {}),
              ...(credential?.as === 'aws' ? { aws: credential } : {}),
              ...(authentication?.by_envoy ? { jwt: { required: needsToken(authentication), providers: config.identity.issuers } } : {}),
            }),
          ),
        }),
    listeners: config.listeners.map(({ name, transport, listen, upstream, tls, upstream_tls, hop, postgres_proxy }) => ({
      name,
      transport,
      listen,
      upstream,
      ...(tls ? { tls } : {}),
      ...(upstream_tls ? { upstream_tls } : {}),
      ...(hop ? { hop } : {}),
      ...(postgres_proxy ? { postgres_proxy } : {}),
    })),
  };
}
