import { parseUpstreamUrl } from '../../envoy/http.js';
import type { HttpDocument } from './document.js';
import { resolveHttpAuthentication, resolveHttpCredential } from './identity.js';
import type { Places } from './places.js';
import { tlsFiles } from './resolve-listener.js';
import type { HttpConfig, KubernetesConfig } from './types.js';

/** A server that agents reach over HTTP: an API, an MCP server, a Kubernetes API. */
export function resolveHttpListener(
  one: HttpDocument,
  pointer: string,
  workers: number,
  at: Places,
  path: (name: string) => string,
): HttpConfig {
  at.address(`${pointer}/listen`, one.listen);
  try {
    parseUpstreamUrl(one.upstream);
  } catch (error) {
    const why = error instanceof TypeError && 'code' in error ? 'it is no URL' : (error as Error).message;
    at.problem(`${pointer}/upstream`, `the upstream of ${one.name} is no server: ${why}`, 'write http://host:port or https://host');
  }
  if (one.mcp_filter && one.protocol !== 'mcp')
    at.problem(`${pointer}/mcp_filter`, 'mcp_filter is of use before MCP servers alone', 'add protocol: mcp, or remove it');
  if (one.upgrades && !one.hop)
    at.problem(`${pointer}/upgrades`, 'upgrades have a meaning with hop alone', 'add hop: { gateway: …, back: … }, or remove upgrades');
  if (one.kubernetes !== undefined && one.protocol !== 'kubernetes')
    at.problem(
      `${pointer}/kubernetes`,
      `the listener ${one.name} has kubernetes, and the protocol ${one.protocol ?? 'http'}`,
      'add protocol: kubernetes, or remove kubernetes',
    );
  if (one.credential?.as === 'aws' && one.authentication === undefined)
    at.problem(`${pointer}/credential`, 'what is signed for AWS would be asked by anybody', 'add authentication');
  if (one.credential?.as === 'aws' && one.hop !== undefined)
    at.problem(`${pointer}/hop`, 'upgraded streams are not signed for AWS', 'remove hop');
  return {
    name: one.name,
    listen: one.listen,
    upstream: one.upstream,
    upstream_ca_file: one.upstream_ca_file === undefined ? undefined : path(one.upstream_ca_file),
    protocol: one.protocol ?? 'http',
    kubernetes: one.protocol === 'kubernetes' ? kubernetes(one, pointer, at, path) : undefined,
    grpc_descriptors: (one.grpc_descriptors ?? []).map(path),
    mcp_filter: one.mcp_filter ?? false,
    resource: one.resource ?? one.name,
    tls: one.tls && tlsFiles(one.tls, path),
    authentication: one.authentication && resolveHttpAuthentication(one.authentication),
    credential:
      one.credential &&
      resolveHttpCredential(one.credential, `${pointer}/credential`, { problem: (where, what, fix) => at.problem(where, what, fix), path }),
    hop: one.hop && {
      gateway: at.perWorker(`${pointer}/hop/gateway`, one.hop.gateway, workers),
      back: at.local(`${pointer}/hop/back`, one.hop.back),
    },
    upgrades: one.upgrades,
  };
}

function kubernetes(one: HttpDocument, pointer: string, at: Places, path: (name: string) => string): KubernetesConfig {
  const { token_file, certificate_file, key_file, impersonation = false, as_caller = false } = one.kubernetes ?? {};
  if (as_caller && one.authentication === undefined)
    at.problem(
      `${pointer}/kubernetes`,
      'as_caller acts for callers who are proven, and nobody has to prove anything here',
      'add authentication',
    );
  if ((certificate_file === undefined) !== (key_file === undefined))
    at.problem(`${pointer}/kubernetes`, 'a certificate and its key belong together', 'give certificate_file and key_file, or neither');
  if ((token_file !== undefined || certificate_file !== undefined) && one.upstream.startsWith('http:') && !LOOPBACK.test(one.upstream))
    at.problem(`${pointer}/upstream`, 'a credential would go to another machine in the clear', 'write https://host');
  return {
    token_file: token_file === undefined ? undefined : path(token_file),
    certificate:
      certificate_file === undefined || key_file === undefined
        ? undefined
        : { certificate_file: path(certificate_file), key_file: path(key_file) },
    impersonation,
    as_caller,
  };
}

const LOOPBACK = /^http:\/\/(127\.|localhost|\[::1\])/;
