import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { formatAddress } from '../envoy/address.js';
import { authorityOf } from '../envoy/http.js';
import type { EnvoyListener, HopAddresses, UpstreamTls } from '../envoy/options.js';
import { type RenderOptions, renderBootstrap } from '../envoy/render.js';
import type { GrpcSchema } from '../filters/http/grpc/schema.js';
import { accessDecider } from './config/access.js';
import { readGrpcSchema } from './config/grpc-schema.js';
import type { AccessRule } from './config/types.js';
import type { ApproverToken } from './console/api.js';
import { hashToken, newToken } from './console/tokens.js';
import type { Resource } from './gateway-options.js';
import { type KubeTarget, readKubeconfig, writeKubeconfig } from './kubernetes/kubeconfig.js';
import { findEnvoy, type RunningEnvoy, runEnvoy } from './process/envoy.js';
import { freePort } from './process/free-port.js';
import { inTurn } from './process/in-turn.js';
import { type Runtime, startRuntime } from './runtime.js';
import { openCatalogue } from './stores/catalogue.js';

export interface HttpServer {
  url: string;
  /** its name in recordings and policies; `resource` of all, or its host and port, otherwise */
  resource?: string;
  /** port 0 for any */
  listen: { host: string; port: number };
  /** descriptors of its gRPC API: .proto files or descriptor sets */
  grpcDescriptors?: readonly string[];
  /** MCP: Envoy's own reading as a second opinion */
  mcp_filter?: boolean;
}

export interface UpOptions {
  version: string;
  /** the database behind; undefined: none */
  postgres?: { host: string; port: number };
  /** where clients of the database connect; port 0 for any */
  listen: { host: string; port: number };
  /** the HTTP server behind, and where its clients connect */
  http?: HttpServer;
  /** the MCP server behind, and where its clients connect */
  mcp?: HttpServer;
  /** the Kubernetes API that a kubeconfig's current context names, and where its clients connect; port 0 for any */
  kubernetes?: { kubeconfig: string; listen: { host: string; port: number } };
  transport: 'ext_proc' | 'hop';
  /** TLS with clients of the database, and towards it; paths are absolute */
  tls?: NonNullable<EnvoyListener['tls']>;
  upstreamTls?: UpstreamTls;
  policyFile: string;
  recordDirectory: string;
  /** where `midstream approvals` on this machine looks for the API and its token; beside the recordings otherwise */
  discoveryDirectory?: string;
  durability: 'strict' | 'relaxed';
  /** connection string of the gateway's own, for origins of columns; undefined: masks go by name */
  catalogueUrl: string | undefined;
  /** approvals store and API tokens; a token for this machine's operator is made beside what is given */
  approvals?: { database?: string; tokens?: ApproverToken[]; port?: number };
  resource?: string;
  /** who may connect to what; undefined: everybody. Asked by Envoy's ext_authz */
  access?: readonly AccessRule[];
  log: Logger;
  progress: (line: string) => void;
  envoyConcurrency?: number;
  metricsPort?: number;
  limits?: { notice_every_ms?: number };
}

export interface Up {
  /** where clients of the database connect */
  postgres: { host: string; port: number } | undefined;
  /** where HTTP clients connect */
  http: { host: string; port: number } | undefined;
  /** where clients of the MCP server connect */
  mcp: { host: string; port: number } | undefined;
  /** where clients of the Kubernetes API connect, and a kubeconfig for them */
  kubernetes: { host: string; port: number; kubeconfig: string } | undefined;
  runtime: Runtime;
  envoy: RunningEnvoy;
  envoyVersion: string;
  /** base URL of the approvals API, and a token for it */
  api: string;
  operatorToken: string;
  /** file that holds it, for `midstream approvals --token-file` */
  tokenFile: string;
  /** settles when Envoy ends by itself */
  failed: Promise<string>;
  stop(): Promise<void>;
}

export type UpBeforePostgres = Up & { postgres: { host: string; port: number } };

/** Envoy and the gateway before one database, one HTTP server or both, in this process: what `midstream up`, the demonstration and the end-to-end tests run. */
export async function startUp(options: UpOptions & { postgres: { host: string; port: number } }): Promise<UpBeforePostgres>;
export async function startUp(options: UpOptions): Promise<Up>;
export async function startUp(options: UpOptions): Promise<Up> {
  const { progress } = options;
  const found = await findEnvoy({ log: progress });
  const directory = mkdtempSync(join(tmpdir(), 'midstream-'));
  const record = resolve(options.recordDirectory);
  mkdirSync(record, { recursive: true, mode: 0o700 });
  const operatorToken = newToken();
  const { postgres: database } = options;
  const listenPort = options.listen.port || (await freePort());
  const cluster = options.kubernetes && readCluster(options.kubernetes.kubeconfig, directory);
  const servers = await httpServers(options, cluster);
  const portOf = (name: string) => servers.find((one) => one.name === name)?.at;
  // In a directory that only this user can enter, and half the price of a port.
  const back = { path: join(directory, 'back.sock') };
  const resource: Resource | undefined = database && {
    listener: 'postgres',
    resource: options.resource ?? formatAddress(database.host, database.port),
    catalogue: options.catalogueUrl === undefined ? undefined : openCatalogue({ url: options.catalogueUrl, log: options.log }),
    ...(options.transport === 'hop'
      ? {
          hop: { path: join(directory, 'hop.sock'), upstream: back },
          starttls: {
            ...(options.tls && {
              agents: { at: socket(directory, 'agents'), next: socket(directory, 'tls'), required: options.tls.required === true },
            }),
            ...(options.upstreamTls && { server: { at: socket(directory, 'server'), next: socket(directory, 'plain') } }),
          },
        }
      : {}),
  };
  let tokenFile = '';
  let runtime: Runtime | undefined;
  let envoy: RunningEnvoy | undefined;
  const kubernetes = portOf('kubernetes');
  const kubeconfig = join(options.discoveryDirectory ?? join(record, '..'), 'kubeconfig');
  const stop = async () => {
    // Envoy's listeners go last: until the gateway has told every client, their connections must live.
    await inTurn(
      () => runtime?.stop('the gateway is stopping'),
      () => envoy?.stop(),
      () => resource?.catalogue?.close(),
      () => rmSync(directory, { recursive: true, force: true }),
    );
  };
  try {
    progress(`starting the gateway (${options.transport})`);
    runtime = await startRuntime({
      version: options.version,
      grpc: `unix:${join(directory, 'gateway.sock')}`,
      resources: resource === undefined ? [] : [resource],
      http: servers.map(({ name, resource: known, authority, grpc }) => ({
        listener: name,
        resource: known,
        mcp: name === 'mcp',
        ...(authority === undefined ? {} : { authority }),
        hop: { path: join(directory, `${name}-hop.sock`), upstream: { path: join(directory, `${name}-back.sock`) } },
        ...(name === 'kubernetes' && cluster && { kubernetes: { credential: cluster.credential, impersonation: false } }),
        ...(grpc && { grpc }),
      })),
      policyFile: options.policyFile,
      record: { directory: record, durability: options.durability, worker: 1 },
      approvals: {
        database: options.approvals?.database ?? join(record, '..', 'approvals.db'),
        api: {
          host: '127.0.0.1',
          port: options.approvals?.port ?? 0,
          tokens: [
            ...(options.approvals?.tokens ?? []),
            { id: 'operator', groups: ['dba', 'admin', 'finance'], hash: hashToken(operatorToken) },
          ],
        },
      },
      metrics: options.metricsPort === undefined ? undefined : { host: '127.0.0.1', port: options.metricsPort },
      mayConnect: accessDecider({
        access: options.access === undefined ? undefined : [...options.access],
        listeners: resource === undefined ? [] : [{ name: resource.listener, resource: resource.resource }],
        http: servers.map(({ name, url }) => ({ name, resource: options.resource ?? new URL(url).host })),
      }),
      log: options.log,
      ...(options.limits ? { limits: options.limits } : {}),
    });
    tokenFile = writeDiscovery(options.discoveryDirectory ?? join(record, '..'), runtime.api, operatorToken);
    if (kubernetes) writeKubeconfig(kubeconfig, `http://${formatAddress(reachable(kubernetes.host), kubernetes.port)}`, cluster?.namespace);
    progress(`starting Envoy ${found.version}`);
    envoy = await runEnvoy({
      path: found.path,
      config: renderBootstrap(renderOptions(options, listenPort, servers, directory, runtime, cluster)),
      ...(options.envoyConcurrency ? { concurrency: options.envoyConcurrency } : {}),
    });
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
  return {
    postgres: database && { host: options.listen.host, port: listenPort },
    http: portOf('http'),
    mcp: portOf('mcp'),
    kubernetes: kubernetes && { ...kubernetes, kubeconfig },
    runtime,
    envoy,
    envoyVersion: found.version,
    api: runtime.api,
    operatorToken,
    tokenFile,
    failed: envoy.exited.then((exit) => `Envoy ended (${exit.signal ?? exit.code})`),
    stop,
  };
}

/** One listener before each HTTP server. */
interface ServerListener {
  name: 'http' | 'mcp' | 'kubernetes';
  resource: string;
  url: string;
  mcp_filter: boolean;
  authority: string | undefined;
  at: { host: string; port: number };
  grpc: GrpcSchema | undefined;
}

/** The temporary folder goes with what can't be read. */
function readCluster(kubeconfig: string, directory: string): KubeTarget {
  try {
    return readKubeconfig(kubeconfig, directory);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** An address that listens on all is reached on this machine's own. */
const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

async function httpServers({ http, mcp, kubernetes, resource }: UpOptions, cluster: KubeTarget | undefined): Promise<ServerListener[]> {
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

/** In a directory that only this user can enter, and half the price of a port. */
const socket = (directory: string, name: string): { path: string } => ({ path: join(directory, `${name}.sock`) });

function handshakes(directory: string): NonNullable<HopAddresses['starttls']> {
  const at = (name: string): string => `unix:${socket(directory, name).path}`;
  return { agents: [at('agents')], tls: at('tls'), server: [at('server')], plain: at('plain') };
}

function renderOptions(
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
                ? { hop: { gateway: [hop.address], back: `unix:${join(directory, 'back.sock')}`, starttls: handshakes(directory) } }
                : {}),
            },
          ],
    http: servers.map(({ name, url, mcp_filter, at }) => ({
      name,
      listen: formatAddress(at.host, at.port),
      upstream: url,
      ...(mcp_filter ? { mcp_filter } : {}),
      ...(options.access === undefined ? {} : { authorize: true }),
      hop: { gateway: [hopOf(name)!.address], back: `unix:${join(directory, `${name}-back.sock`)}` },
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

/** Lets `midstream approvals` on this machine find the API by api.json; only its owner may read it. Gives the token's file. */
function writeDiscovery(directory: string, api: string, token: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const tokenFile = join(directory, 'operator.token');
  writeOwn(tokenFile, `${token}\n`);
  writeOwn(join(directory, 'api.json'), `${JSON.stringify({ url: api, token_file: tokenFile })}\n`);
  return tokenFile;
}

/** A new file, so that no older one's rights and no link of somebody else's count. */
function writeOwn(file: string, text: string): void {
  rmSync(file, { force: true });
  writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
}
