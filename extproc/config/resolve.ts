import { isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { type Address, isLocal, parseAddress } from '../../envoy/address.js';
import { parseUpstreamUrl } from '../../envoy/http.js';
import type { DownstreamTls, EnvoyListener, HopAddresses, UpstreamTls } from '../../envoy/options.js';
import { parseBytes, parseDuration } from '../../filters/policy/units.js';
import {
  type AuthenticationDocument,
  type HttpAuthenticationDocument,
  type HttpCredentialDocument,
  type IdentityDocument,
  resolveAuthentication,
  resolveHttpAuthentication,
  resolveHttpCredential,
  resolveIdentity,
} from './identity.js';
import { type PeopleDocument, resolvePeople } from './people.js';
import type { AccessRule, Config, HttpConfig, KubernetesConfig, ListenerConfig, TokenConfig } from './types.js';

/** The file's content after its structure was found to be right (schema.ts). */
export interface ConfigDocument {
  listeners?: ListenerDocument[];
  http?: HttpDocument[];
  gateway?: { grpc?: string; workers?: number };
  policy: string;
  record: {
    directory: string;
    durability?: 'strict' | 'relaxed';
    segment_bytes_max?: number | string;
    recipients?: string[];
    signing_key_file?: string;
  };
  approvals?: {
    database?: string;
    api?: {
      listen: string;
      hosts?: string[];
      login?: PeopleDocument;
      tokens?: { id: string; groups: string[]; hash: string; expires?: string }[];
    };
  };
  identity?: IdentityDocument;
  access?: AccessDocument[];
  masks?: { key_file?: string; regions?: string[] };
  log?: { level?: Config['log']['level'] };
  metrics?: { listen: string };
  envoy?: { admin?: string };
  limits?: {
    connections_max?: number;
    connection_buffer_bytes_max?: number | string;
    connect_timeout?: string;
    names_max?: number;
    notice_every?: string;
  };
}

export type AccessDocument = Partial<AccessRule>;

interface ListenerDocument {
  name: string;
  transport?: 'ext_proc' | 'hop';
  listen: string;
  upstream: string;
  resource?: string;
  catalogue?: { url?: string; url_file?: string; url_env?: string };
  tls?: NonNullable<EnvoyListener['tls']>;
  upstream_tls?: UpstreamTls;
  authentication?: AuthenticationDocument;
  hop?: { gateway: string; back: string; starttls?: { agents: string; tls: string; server: string; plain: string } };
  postgres_proxy?: boolean;
}

interface HttpDocument {
  name: string;
  listen: string;
  upstream: string;
  upstream_ca_file?: string;
  protocol?: 'http' | 'mcp' | 'kubernetes';
  kubernetes?: { token_file?: string; certificate_file?: string; key_file?: string; impersonation?: boolean; as_caller?: boolean };
  grpc_descriptors?: string[];
  mcp_filter?: boolean;
  resource?: string;
  tls?: DownstreamTls;
  authentication?: HttpAuthenticationDocument;
  credential?: HttpCredentialDocument;
  hop?: { gateway: string; back: string };
  upgrades?: string[];
}

/** What the checks need of the world, so that they themselves are plain. */
export interface ResolveContext {
  file: string;
  env: NodeJS.ProcessEnv;
  /** text of a file that the configuration names; rejects when it can't be read */
  readFile: (name: string) => Promise<string>;
  problem: (pointer: string, what: string, fix: string) => void;
}

/** Fills in defaults and checks what a schema can't. Mistakes are told to `problem`; what is returned then is of no use. */
export async function resolveConfig(document: ConfigDocument, context: ResolveContext): Promise<Config> {
  const at = new Places(context);
  const workers = document.gateway?.workers ?? 1;
  const path = (name: string) => resolve(dirname(context.file), name);
  const optionalPath = (name: string | undefined) => (name === undefined ? undefined : path(name));
  const directory = path(document.record.directory);
  const listeners: ListenerConfig[] = [];
  for (const [i, one] of (document.listeners ?? []).entries()) listeners.push(await listener(one, `/listeners/${i}`, workers, at, path));
  const http = (document.http ?? []).map((one, i) => httpListener(one, `/http/${i}`, workers, at, path));
  if (listeners.length + http.length === 0)
    at.problem('', 'there are neither listeners nor http', 'name a database under listeners, or a server under http');
  distinct(document, listeners, http, at);
  const { api } = document.approvals ?? {};
  if (api !== undefined && api.login === undefined && api.tokens === undefined)
    at.problem('/approvals/api', 'nobody may use the approvals API', 'add tokens (`midstream approvals token`), or login');
  const { limits = {} } = document;
  return {
    file: context.file,
    listeners,
    http,
    gateway: { grpc: at.perWorker('/gateway/grpc', document.gateway?.grpc ?? '127.0.0.1:50051', workers), workers },
    policy_file: path(document.policy),
    record: {
      directory,
      durability: document.record.durability ?? 'strict',
      segment_bytes_max: parseBytes(document.record.segment_bytes_max ?? '64MiB') ?? 0,
      recipients: document.record.recipients ?? [],
      signing_key_file: optionalPath(document.record.signing_key_file),
    },
    approvals: {
      database: path(document.approvals?.database ?? resolve(directory, '..', 'approvals.db')),
      api: document.approvals?.api && {
        ...at.socket('/approvals/api/listen', document.approvals.api.listen),
        hosts: document.approvals.api.hosts ?? [],
        tokens: tokens(document.approvals.api.tokens ?? [], at),
        login:
          document.approvals.api.login &&
          resolvePeople(document.approvals.api.login, '/approvals/api/login', { problem: context.problem, path }),
      },
    },
    identity: resolveIdentity(document.identity, { problem: context.problem, path }),
    access: document.access && resolveAccess(document.access, '/access', { listeners, http }, context),
    masks: {
      key_file: optionalPath(document.masks?.key_file),
      regions: (document.masks?.regions ?? []).map((region, i) => at.region(`/masks/regions/${i}`, region)),
    },
    log: { level: document.log?.level ?? 'info' },
    metrics: document.metrics && metrics(document.metrics.listen, workers, at),
    envoy: { admin: document.envoy?.admin && at.local('/envoy/admin', document.envoy.admin) },
    limits: {
      connections_max: limits.connections_max ?? 10_000,
      connection_buffer_bytes_max: parseBytes(limits.connection_buffer_bytes_max ?? '256KiB') ?? 0,
      connect_ms_max: parseDuration(limits.connect_timeout ?? '5s') ?? 0,
      names_max: limits.names_max ?? 10_000,
      notice_every_ms: parseDuration(limits.notice_every ?? '30s') ?? 0,
    },
  };
}

async function listener(
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

const tlsFiles = (
  { certificate_file, key_file, client_ca_file, client_certificate }: DownstreamTls,
  path: (name: string) => string,
): DownstreamTls => ({
  certificate_file: path(certificate_file),
  key_file: path(key_file),
  ...(client_ca_file === undefined ? {} : { client_ca_file: path(client_ca_file) }),
  ...(client_certificate === undefined ? {} : { client_certificate }),
});

function httpListener(one: HttpDocument, pointer: string, workers: number, at: Places, path: (name: string) => string): HttpConfig {
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
      at.problem(`${pointer}/url_env`, `the environment variable ${catalogue.url_env} is not set`, 'set it before the gateway starts');
  }
  if (url !== '' && !/^postgres(ql)?:\/\/[^\s]+$/.test(url))
    at.problem(
      `${pointer}/${way}`,
      'the connection string is not one of PostgreSQL',
      'it looks like postgres://user:password@host:5432/database',
    );
  return url;
}

/** Names and addresses that stand for one thing each. */
function distinct(document: ConfigDocument, listeners: readonly ListenerConfig[], http: readonly HttpConfig[], at: Places): void {
  const names = new Set<string>();
  const addresses = new Map<string, string>();
  const take = (pointer: string, name: string, listen: string, hop: HopAddresses | undefined, back: string | undefined): void => {
    const taken: [string, string][] = [[`${pointer}/listen`, listen]];
    if (back !== undefined) taken.push([`${pointer}/hop/back`, back]);
    for (const address of hop?.gateway ?? []) taken.push([`${pointer}/hop/gateway`, address]);
    for (const [where, address] of taken) {
      const other = addresses.get(address);
      if (other !== undefined) at.problem(where, `${address} is taken by ${other} already`, 'choose another port');
      addresses.set(address, name);
    }
  };
  for (const [i, one] of (document.http ?? []).entries()) {
    if (names.has(one.name)) at.problem(`/http/${i}/name`, `two listeners are called ${one.name}`, 'give them different names');
    names.add(one.name);
    take(`/http/${i}`, one.name, one.listen, http[i]?.hop, one.hop?.back);
  }
  for (const [i, one] of listeners.entries()) {
    if (names.has(one.name)) at.problem(`/listeners/${i}/name`, `two listeners are called ${one.name}`, 'give them different names');
    names.add(one.name);
    take(`/listeners/${i}`, one.name, document.listeners![i]!.listen, one.hop, one.hop?.back);
  }
}

function tokens(given: readonly { id: string; groups: string[]; hash: string; expires?: string }[], at: Places): TokenConfig[] {
  const hashes = new Set<string>();
  return given.map((token, i) => {
    if (hashes.has(token.hash))
      at.problem(`/approvals/api/tokens/${i}/hash`, 'two tokens have the same hash', 'give each person a token of their own');
    hashes.add(token.hash);
    if (token.expires !== undefined && Number.isNaN(Date.parse(token.expires)))
      at.problem(`/approvals/api/tokens/${i}/expires`, `${token.expires} is no date`, 'write a date, for example 2030-01-31');
    return { id: token.id, groups: token.groups, hash: token.hash, ...(token.expires === undefined ? {} : { expires: token.expires }) };
  });
}

/** Rules of a list at `pointer`; the resources are those that rules may name. */
export function resolveAccess(
  rules: readonly AccessDocument[],
  pointer: string,
  resources: Resources,
  context: ResolveContext,
): AccessRule[] {
  const at = new Places(context);
  return rules.map((rule, i) => accessRule(rule, `${pointer}/${i}`, resources, at));
}

interface Resources {
  listeners: readonly { resource: string }[];
  http: readonly { resource: string }[];
}

function accessRule(rule: AccessDocument, pointer: string, { listeners: databases, http }: Resources, at: Places): AccessRule {
  const { resource = '*', identities, sources, hosts, paths, methods } = rule;
  const listeners = [...databases, ...http];
  const forRequests = hosts !== undefined || paths !== undefined || methods !== undefined;
  if (
    forRequests &&
    !resource.includes('*') &&
    listeners.some((one) => one.resource === resource) &&
    !http.some((one) => one.resource === resource)
  )
    at.problem(
      `${pointer}/resource`,
      `${resource} is a database, which has no hosts, paths and methods`,
      'remove them, or name an HTTP server',
    );
  for (const [i, path] of (paths ?? []).entries())
    if (!/^[/*]/.test(path)) at.problem(`${pointer}/paths/${i}`, `the path ${path} begins with no slash`, `write /${path}`);
  if (!resource.includes('*') && !listeners.some((one) => one.resource === resource)) {
    at.problem(
      `${pointer}/resource`,
      `no listener has the resource ${resource}`,
      `use one of: ${[...new Set(listeners.map((one) => one.resource))].join(', ')}`,
    );
  }
  for (const [i, source] of (sources ?? []).entries()) {
    const [network = '', bits, ...more] = source.split('/');
    const version = isIP(network);
    const wrong =
      version === 0 || more.length > 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)));
    if (wrong)
      at.problem(
        `${pointer}/sources/${i}`,
        `${source} is no address and no network`,
        'write an address or a network, for example 10.0.0.0/8',
      );
  }
  return { resource, identities, sources, ...(forRequests ? { hosts, paths, methods } : {}) };
}

function metrics(listen: string, workers: number, at: Places): { host: string; port: number }[] {
  at.socket('/metrics/listen', listen);
  return at.perWorker('/metrics/listen', listen, workers, { local: false }).map((address) => at.socket('/metrics/listen', address));
}

/** Checks of single values, each told at its place in the file. */
class Places {
  constructor(readonly context: ResolveContext) {}

  problem(pointer: string, what: string, fix: string): void {
    this.context.problem(pointer, what, fix);
  }

  address(pointer: string, text: string): Address | undefined {
    try {
      return parseAddress(text);
    } catch (error) {
      this.problem(pointer, error instanceof Error ? error.message : String(error), '');
      return undefined;
    }
  }

  /** Only this machine may reach it. */
  local(pointer: string, text: string): string {
    const address = this.address(pointer, text);
    if (address && !isLocal(address))
      this.problem(pointer, `${text} can be reached from other machines`, 'use a loopback address or a Unix socket');
    return text;
  }

  socket(pointer: string, text: string): { host: string; port: number } {
    const address = this.address(pointer, text);
    if (address && 'host' in address) return address;
    if (address) this.problem(pointer, `${text} is a Unix socket`, 'write host:port');
    return { host: '', port: 0 };
  }

  /** Each worker listens on a port, or a socket, of its own. */
  perWorker(pointer: string, text: string, workers: number, { local = true } = {}): string[] {
    const first = text.replaceAll('{worker}', '1');
    const address = local ? this.address(pointer, this.local(pointer, first)) : this.address(pointer, first);
    if (!address) return [];
    if ('path' in address) {
      if (workers > 1 && !text.includes('{worker}'))
        this.problem(pointer, `${workers} workers can't share one Unix socket`, 'put {worker} into its path');
      return Array.from({ length: workers }, (_, i) => text.replaceAll('{worker}', String(i + 1)));
    }
    if (address.port + workers - 1 > 65_535)
      this.problem(pointer, `there are not enough ports from ${address.port} on for ${workers} workers`, 'begin with a lower port');
    const host = text.slice(0, text.lastIndexOf(':'));
    return Array.from({ length: workers }, (_, i) => `${host}:${address.port + i}`);
  }

  region(pointer: string, text: string): string {
    const region = text.toUpperCase();
    if (!/^[A-Z]{2}$/.test(region)) this.problem(pointer, `${text} is no country`, 'write two letters, for example US');
    return region;
  }

  async read(pointer: string, name: string): Promise<string> {
    try {
      return (await this.context.readFile(name)).trim();
    } catch (error) {
      this.problem(pointer, error instanceof Error ? error.message : String(error), '');
      return '';
    }
  }
}
