import { dirname, join } from 'node:path';
import { parseAddress } from './address.js';
import { typed } from './clusters.js';
import type { DownstreamTls, RenderOptions, UpstreamTls } from './options.js';

/** A certificate or an authority that Envoy reads from a file of its own (SDS by path), so that a renewed one counts without a restart. */
export interface SecretFile {
  /** within the folder of secrets */
  name: string;
  secret: object;
}

type Side = 'agents' | 'server';
export const secretName = (listener: { name: string }, side: Side): string => `${listener.name}_${side}`;
const authorityName = (listener: { name: string }, side: Side): string => `${listener.name}_${side}_ca`;
const secretFile = (name: string): string => `${name}.sds.yaml`;

const fromFile = (name: string, secrets_directory: string): object => ({
  name,
  sds_config: { resource_api_version: 'V3', path_config_source: { path: join(secrets_directory, secretFile(name)) } },
});

/** Where certificates stand: in the configuration itself, or in files beside it that Envoy watches. */
export function certificate(
  files: { certificate_file: string; key_file: string },
  name: string,
  secrets_directory: string | undefined,
): object {
  if (secrets_directory === undefined)
    return { tls_certificates: [{ certificate_chain: { filename: files.certificate_file }, private_key: { filename: files.key_file } }] };
  return { tls_certificate_sds_secret_configs: [fromFile(name, secrets_directory)] };
}

/** Whose certificates are believed, and what else must be true of them. The system's file is not watched. */
function authority(ca_file: string | undefined, name: string, secrets_directory: string | undefined, more: object = {}): object {
  if (ca_file === undefined || secrets_directory === undefined)
    return { validation_context: { trusted_ca: { filename: ca_file ?? '/etc/ssl/certs/ca-certificates.crt' }, ...more } };
  return {
    combined_validation_context: {
      default_validation_context: more,
      validation_context_sds_secret_config: fromFile(name, secrets_directory),
    },
  };
}

/** Servers' certificates: of an authority that is believed, and of the name that was asked for. */
export function serverAuthority(
  listener: { name: string },
  ca_file: string | undefined,
  name: { dns: string } | { ip: string },
  secrets_directory: string | undefined,
): object {
  const match = 'dns' in name ? { san_type: 'DNS', matcher: { exact: name.dns } } : { san_type: 'IP_ADDRESS', matcher: { exact: name.ip } };
  return authority(ca_file, authorityName(listener, 'server'), secrets_directory, { match_typed_subject_alt_names: [match] });
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
        ...(tls.client_ca_file === undefined ? {} : authority(tls.client_ca_file, authorityName(listener, 'agents'), secrets_directory)),
      },
    },
  };
}

/** Of itself Envoy offers servers no more than TLS 1.2, and one that takes 1.3 alone could not be reached. */
export const serverVersions = { tls_params: { tls_minimum_protocol_version: 'TLSv1_2', tls_maximum_protocol_version: 'TLSv1_3' } };

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
        ...serverVersions,
        ...(tls.negotiation === 'direct' ? { alpn_protocols: ['postgresql'] } : {}),
        ...(tls.certificate_file === undefined || tls.key_file === undefined
          ? {}
          : certificate(
              { certificate_file: tls.certificate_file, key_file: tls.key_file },
              secretName(listener, 'server'),
              secrets_directory,
            )),
        ...serverAuthority(listener, tls.ca_file, named ? { dns: host } : { ip: host }, secrets_directory),
      },
    },
  };
}

/** The files that `secrets_directory` must hold, as values; none without it. */
export function secretFiles(options: RenderOptions): SecretFile[] {
  if (options.secrets_directory === undefined) return [];
  const files: SecretFile[] = [];
  // Envoy hears of files that are moved into the folder, which is how secrets are mounted and certificates renewed.
  const watched = (path: string): object => ({ watched_directory: { path: dirname(path) } });
  const add = (name: string, kind: object): void => {
    const secret = { resources: [{ ...typed('envoy.extensions.transport_sockets.tls.v3.Secret'), name, ...kind }] };
    files.push({ name: secretFile(name), secret });
  };
  const certificateOf = (
    listener: { name: string },
    side: Side,
    tls: { certificate_file?: string; key_file?: string } | undefined,
  ): void => {
    if (tls?.certificate_file === undefined || tls.key_file === undefined) return;
    const { certificate_file, key_file } = tls;
    const files = { certificate_chain: { filename: certificate_file }, private_key: { filename: key_file } };
    add(secretName(listener, side), { tls_certificate: { ...files, ...watched(certificate_file) } });
  };
  const authorityOf = (listener: { name: string }, side: Side, ca_file: string | undefined): void => {
    if (ca_file === undefined) return;
    add(authorityName(listener, side), { validation_context: { trusted_ca: { filename: ca_file }, ...watched(ca_file) } });
  };
  for (const listener of [...options.listeners, ...(options.http ?? [])]) {
    certificateOf(listener, 'agents', listener.tls);
    authorityOf(listener, 'agents', listener.tls?.client_ca_file);
  }
  for (const listener of options.listeners) {
    certificateOf(listener, 'server', listener.upstream_tls);
    authorityOf(listener, 'server', listener.upstream_tls?.ca_file);
  }
  for (const listener of options.http ?? []) {
    certificateOf(listener, 'server', listener.upstream_certificate);
    authorityOf(listener, 'server', listener.upstream_ca_file);
  }
  return files;
}
