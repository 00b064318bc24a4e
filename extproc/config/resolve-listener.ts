import type { DownstreamTls, UpstreamTls } from '../../envoy/options.js';
import { isPostgresUrl, POSTGRES_URL_HINT } from '../../filters/postgres/connection-url.js';
import { shownVariable } from '../identity/credentials.js';
import type { ListenerDocument } from './document.js';
import { resolveAuthentication } from './identity.js';
import type { Places } from './places.js';
import type { ListenerConfig } from './types.js';

/** A database that agents reach through the gateway. */
export async function resolveListener(
  one: ListenerDocument,
  pointer: string,
  workers: number,
  at: Places,
  path: (name: string) => string,
): Promise<ListenerConfig> {
  const transport = one.transport ?? 'ext_proc';
  if (transport === 'hop' && !one.hop)
    at.problem(
      pointer,
      `the listener ${one.name} has the transport hop, and no hop`,
      'add hop: { gateway: 127.0.0.1:50061, back: 127.0.0.1:50071 }',
    );
  if (
    one.hop &&
    one.hop.starttls === undefined &&
    [one.tls, one.upstream_tls].some((tls) => tls !== undefined && tls.negotiation !== 'direct')
  )
    at.problem(
      `${pointer}/hop`,
      `TLS of ${one.name} is asked for in band, and its hop has no starttls`,
      'add starttls: { agents: 127.0.0.1:50081, tls: 127.0.0.1:50091, server: 127.0.0.1:50101, plain: 127.0.0.1:50111 }, or negotiation: direct',
    );
  if (transport !== 'hop' && one.hop)
    at.problem(`${pointer}/hop`, `the listener ${one.name} has a hop, and the transport ${transport}`, 'add transport: hop, or remove hop');
  if (transport === 'hop' && one.postgres_proxy)
    at.problem(`${pointer}/postgres_proxy`, 'postgres_proxy is of use with ext_proc alone', 'remove it');
  at.address(`${pointer}/listen`, one.listen);
  const upstream = at.address(`${pointer}/upstream`, one.upstream);
  if (upstream && 'path' in upstream && one.upstream !== '')
    at.problem(`${pointer}/upstream`, 'the server is reached over TCP', 'write host:port');
  return {
    name: one.name,
    transport,
    listen: one.listen,
    upstream: one.upstream,
    resource: one.resource ?? one.name,
    catalogue_url: one.catalogue && (await catalogueUrl(one.catalogue, `${pointer}/catalogue`, at)),
    tls: one.tls && { ...tlsFiles(one.tls, path), negotiation: one.tls.negotiation ?? 'postgres', required: one.tls.required ?? true },
    upstream_tls: one.upstream_tls && serverTls(one.upstream_tls, `${pointer}/upstream_tls`, at, path),
    authentication:
      one.authentication &&
      resolveAuthentication(
        one.authentication,
        `${pointer}/authentication`,
        { tls: one.tls !== undefined, client_ca: one.tls?.client_ca_file !== undefined },
        { problem: (where, what, fix) => at.problem(where, what, fix), path },
      ),
    hop: one.hop && {
      gateway: at.perWorker(`${pointer}/hop/gateway`, one.hop.gateway, workers),
      back: at.local(`${pointer}/hop/back`, one.hop.back),
      ...(one.hop.starttls
        ? {
            starttls: {
              agents: at.perWorker(`${pointer}/hop/starttls/agents`, one.hop.starttls.agents, workers),
              tls: at.local(`${pointer}/hop/starttls/tls`, one.hop.starttls.tls),
              server: at.perWorker(`${pointer}/hop/starttls/server`, one.hop.starttls.server, workers),
              plain: at.local(`${pointer}/hop/starttls/plain`, one.hop.starttls.plain),
            },
          }
        : {}),
    },
    postgres_proxy: one.postgres_proxy ?? false,
  };
}

/** Both files of a certificate, or neither. */
function serverTls(tls: UpstreamTls, pointer: string, at: Places, path: (name: string) => string): UpstreamTls {
  if ((tls.certificate_file === undefined) !== (tls.key_file === undefined))
    at.problem(pointer, 'a client certificate is a certificate and its key', 'give both certificate_file and key_file');
  return {
    ...tls,
    negotiation: tls.negotiation ?? 'postgres',
    ...(tls.ca_file === undefined ? {} : { ca_file: path(tls.ca_file) }),
    ...(tls.certificate_file === undefined ? {} : { certificate_file: path(tls.certificate_file) }),
    ...(tls.key_file === undefined ? {} : { key_file: path(tls.key_file) }),
  };
}

/** Its files, found from the configuration's place. */
export const tlsFiles = (
  { certificate_file, key_file, client_ca_file, client_certificate }: DownstreamTls,
  path: (name: string) => string,
): DownstreamTls => ({
  certificate_file: path(certificate_file),
  key_file: path(key_file),
  ...(client_ca_file === undefined ? {} : { client_ca_file: path(client_ca_file) }),
  ...(client_certificate === undefined ? {} : { client_certificate }),
});

/** Exactly one of the three ways; the value is never part of a message. */
async function catalogueUrl(catalogue: NonNullable<ListenerDocument['catalogue']>, pointer: string, at: Places): Promise<string> {
  const given = Object.keys(catalogue);
  if (given.length !== 1) {
    at.problem(pointer, 'catalogue has not exactly one of url, url_file and url_env', 'keep one of them');
    return '';
  }
  const [way] = given;
  let url = catalogue.url ?? '';
  if (catalogue.url_file !== undefined) url = await at.read(`${pointer}/url_file`, catalogue.url_file);
  else if (catalogue.url_env !== undefined) {
    url = at.context.env[catalogue.url_env] ?? '';
    if (url === '')
      at.problem(
        `${pointer}/url_env`,
        `the environment variable ${shownVariable(catalogue.url_env)} is not set`,
        'set it before the gateway starts',
      );
  }
  if (url !== '' && !isPostgresUrl(url))
    at.problem(`${pointer}/${way}`, 'the connection string is not one of PostgreSQL', POSTGRES_URL_HINT);
  return url;
}
