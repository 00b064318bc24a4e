import { dirname, join } from 'node:path';
import { parseAddress } from './address.js';
import { typed } from './clusters.js';
import type { DownstreamTls, EnvoyListener, HttpListener, RenderOptions, UpstreamTls } from './options.js';

/** A certificate that Envoy reads from a file of its own (SDS by path), so that a renewed one counts without a restart. */
export interface SecretFile {
  /** within the folder of secrets */
  name: string;
  secret: object;
}

const secretName = (listener: { name: string }, side: 'agents' | 'server'): string => `${listener.name}_${side}`;
const secretFile = (name: string): string => `${name}.sds.yaml`;

/** Where certificates stand: in the configuration itself, or in files beside it that Envoy watches. */
function certificate(files: { certificate_file: string; key_file: string }, name: string, secrets_directory: string | undefined): object {
  if (secrets_directory === undefined)
    return { tls_certificates: [{ certificate_chain: { filename: files.certificate_file }, private_key: { filename: files.key_file } }] };
  return {
    tls_certificate_sds_secret_configs: [
      { name, sds_config: { resource_api_version: 'V3', path_config_source: { path: join(secrets_directory, secretFile(name)) } } },
    ],
  };
}

/** TLS that this Envoy ends. A client certificate is asked for where an authority of clients is named. */
export function downstreamTls(
  listener: { name: string },
  tls: DownstreamTls,
  alpn: readonly string[],
  secrets_directory: string | undefined,
): object {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      ...typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext'),
      require_client_certificate: tls.client_ca_file !== undefined && tls.client_certificate !== 'optional',
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        alpn_protocols: alpn,
        ...certificate(tls, secretName(listener, 'agents'), secrets_directory),
        ...(tls.client_ca_file === undefined ? {} : { validation_context: { trusted_ca: { filename: tls.client_ca_file } } }),
      },
    },
  };
}

/** TLS towards the server: its certificate must be of an authority that is believed, and of the name that was asked for. */
export function upstreamTls(listener: { name: string; upstream: string }, tls: UpstreamTls, secrets_directory: string | undefined): object {
  const address = parseAddress(listener.upstream);
  const host = tls.server_name ?? ('host' in address ? address.host : '');
  const named = !/^[\d.]+$|:/.test(host);
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: {
      ...typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext'),
      ...(named ? { sni: host } : {}),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: 'TLSv1_2' },
        ...(tls.negotiation === 'direct' ? { alpn_protocols: ['postgresql'] } : {}),
        ...(tls.certificate_file === undefined || tls.key_file === undefined
          ? {}
          : certificate(
              { certificate_file: tls.certificate_file, key_file: tls.key_file },
              secretName(listener, 'server'),
              secrets_directory,
            )),
        validation_context: {
          trusted_ca: { filename: tls.ca_file ?? '/etc/ssl/certs/ca-certificates.crt' },
          match_typed_subject_alt_names: [{ san_type: named ? 'DNS' : 'IP_ADDRESS', matcher: { exact: host } }],
        },
      },
    },
  };
}

/** The files that `secrets_directory` must hold, as values; none without it. */
export function secretFiles(options: RenderOptions): SecretFile[] {
  if (options.secrets_directory === undefined) return [];
  const files: SecretFile[] = [];
  const add = (
    listener: EnvoyListener | HttpListener,
    side: 'agents' | 'server',
    tls: { certificate_file?: string; key_file?: string } | undefined,
  ) => {
    if (tls?.certificate_file === undefined || tls.key_file === undefined) return;
    const name = secretName(listener, side);
    files.push({
      name: secretFile(name),
      secret: {
        resources: [
          {
            ...typed('envoy.extensions.transport_sockets.tls.v3.Secret'),
            name,
            tls_certificate: {
              certificate_chain: { filename: tls.certificate_file },
              private_key: { filename: tls.key_file },
              // Envoy hears of files that are moved into this folder, which is how secrets are mounted and certificates renewed.
              watched_directory: { path: dirname(tls.certificate_file) },
            },
          },
        ],
      },
    });
  };
  for (const listener of options.listeners) {
    add(listener, 'agents', listener.tls);
    add(listener, 'server', listener.upstream_tls);
  }
  for (const listener of options.http ?? []) add(listener, 'agents', listener.tls);
  return files;
}
