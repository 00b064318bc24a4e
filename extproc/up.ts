import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { formatAddress } from '../envoy/address.js';
import { renderBootstrap } from '../envoy/render.js';
import { MidstreamError } from '../filters/errors.js';
import { accessDecider } from './config/access.js';
import { hashToken, newToken } from './console/tokens.js';
import type { Resource } from './gateway-options.js';
import { type KubeTarget, readKubeconfig, writeKubeconfig } from './kubernetes/kubeconfig.js';
import { type FoundEnvoy, findEnvoy, type RunningEnvoy, runEnvoy } from './process/envoy.js';
import { assertListenable, freePort } from './process/free-port.js';
import { inTurn } from './process/in-turn.js';
import { scratchFolder } from './process/scratch.js';
import { type Runtime, type RuntimeOptions, startRuntime } from './runtime.js';
import { openCatalogue } from './stores/catalogue.js';
import { type Discovery, reachableUrl, removeDiscovery, writeDiscovery } from './up/discovery.js';
import { renderOptions } from './up/envoy-config.js';
import { httpServers, type ServerListener } from './up/listeners.js';
import type { Up, UpBeforePostgres, UpOptions } from './up/options.js';
import { handshakePlaces, hopSockets } from './up/sockets.js';

export type { HttpServer, Up, UpBeforePostgres, UpOptions } from './up/options.js';

const LISTEN_OPTIONS = { http: '--http-listen', mcp: '--mcp-listen', kubernetes: '--kube-listen' } as const;

/** What runs, in the order in which it starts. */
interface Pieces {
  resource?: Resource | undefined;
  runtime?: Runtime;
  envoy?: RunningEnvoy;
  discovery?: Discovery;
}

/** Envoy and the gateway before one database, one HTTP server or both, in this process: what `midstream up`, the demonstration and the end-to-end tests run. */
export async function startUp(options: UpOptions & { postgres: { host: string; port: number } }): Promise<UpBeforePostgres>;
export async function startUp(options: UpOptions): Promise<Up>;
export async function startUp(options: UpOptions): Promise<Up> {
  const { signal } = options;
  const found = await findEnvoy({ log: options.progress, signal });
  const { path: directory, remove } = scratchFolder('midstream-');
  const pieces: Pieces = {};
  const stop = async () => {
    // Envoy's listeners go last: until the gateway has told every client, their connections must live.
    await inTurn(
      () => pieces.runtime?.stop('the gateway is stopping'),
      () => pieces.envoy?.stop(),
      () => pieces.resource?.catalogue?.close(),
      () => pieces.discovery && removeDiscovery(pieces.discovery),
      remove,
    );
  };
  try {
    const up = await start(options, found, directory, pieces);
    signal?.throwIfAborted();
    return { ...up, stop };
  } catch (error) {
    await stop().catch(() => {});
    throw error;
  }
}

async function start(options: UpOptions, found: FoundEnvoy, directory: string, pieces: Pieces): Promise<Omit<Up, 'stop'>> {
  const { progress, postgres, listen } = options;
  const record = resolve(options.recordDirectory);
  makeDirectory(record);
  const operatorToken = newToken();
  const listenPort = listen.port || (await freePort());
  const cluster = options.kubernetes && readKubeconfig(options.kubernetes.kubeconfig, directory);
  const servers = await httpServers(options, cluster);
  if (postgres) await assertListenable({ host: listen.host, port: listenPort }, '--listen');
  for (const { name, at } of servers) await assertListenable(at, LISTEN_OPTIONS[name]);
  if (options.metrics) await assertListenable(options.metrics, '--metrics-port');
  const placeOf = (name: string) => servers.find((one) => one.name === name)?.at;
  pieces.resource = postgres && databaseResource(options, postgres, directory);

  options.signal?.throwIfAborted();
  progress(`starting the gateway (${options.transport})`);
  const runtime = await startRuntime(
    runtimeOptions(options, { directory, record, operatorToken, cluster, servers, resource: pieces.resource }),
  );
  pieces.runtime = runtime;
  options.signal?.throwIfAborted();
  const discovery = writeDiscovery(options.discoveryDirectory ?? join(record, '..'), runtime.api, operatorToken);
  pieces.discovery = discovery;
  const { tokenFile } = discovery;
  if (discovery.other !== undefined)
    progress(`commands in this folder find process ${discovery.other}; this one by --api ${runtime.api} --token-file ${tokenFile}`);
  const kubernetes = placeOf('kubernetes');
  const kubeconfig = join(discovery.directory, 'kubeconfig');
  if (kubernetes) writeKubeconfig(kubeconfig, reachableUrl(kubernetes), cluster?.namespace);

  progress(`starting Envoy ${found.version}`);
  const envoy = await runEnvoy({
    path: found.path,
    config: renderBootstrap(renderOptions(options, listenPort, servers, directory, runtime, cluster)),
    ...(options.envoyConcurrency ? { concurrency: options.envoyConcurrency } : {}),
    signal: options.signal,
  });
  pieces.envoy = envoy;
  return {
    postgres: postgres && { host: listen.host, port: listenPort },
    http: placeOf('http'),
    mcp: placeOf('mcp'),
    kubernetes: kubernetes && { ...kubernetes, kubeconfig },
    runtime,
    envoy,
    envoyVersion: found.version,
    api: runtime.api,
    operatorToken,
    tokenFile,
    failed: envoy.exited.then((exit) => `Envoy ended (${exit.signal ?? exit.code})`),
  };
}

function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new MidstreamError('config_invalid', `the directory for recordings ${path} cannot be made: ${(error as Error).message}`, {
      hint: 'give another one with --record',
      cause: error,
    });
  }
}

function databaseResource(options: UpOptions, { host, port }: { host: string; port: number }, directory: string): Resource {
  const { gateway, back } = hopSockets(directory, 'postgres');
  return {
    listener: 'postgres',
    resource: options.resource ?? formatAddress(host, port),
    catalogue: options.catalogueUrl === undefined ? undefined : openCatalogue({ url: options.catalogueUrl, log: options.log }),
    ...(options.transport === 'hop' && { hop: { ...gateway, upstream: back }, starttls: handshakePlaces(directory, options) }),
  };
}

interface Made {
  directory: string;
  record: string;
  operatorToken: string;
  cluster: KubeTarget | undefined;
  servers: readonly ServerListener[];
  resource: Resource | undefined;
}

function runtimeOptions(options: UpOptions, { directory, record, operatorToken, cluster, servers, resource }: Made): RuntimeOptions {
  const { approvals = {}, access, metrics } = options;
  return {
    version: options.version,
    grpc: `unix:${join(directory, 'gateway.sock')}`,
    resources: resource === undefined ? [] : [resource],
    http: servers.map(({ name, resource: known, authority, grpc }) => {
      const { gateway, back } = hopSockets(directory, name);
      return {
        listener: name,
        resource: known,
        mcp: name === 'mcp',
        ...(authority === undefined ? {} : { authority }),
        hop: { ...gateway, upstream: back },
        ...(name === 'kubernetes' && cluster && { kubernetes: { credential: cluster.credential, impersonation: false } }),
        ...(grpc && { grpc }),
      };
    }),
    policyFile: options.policyFile,
    record: { directory: record, durability: options.durability, worker: 1 },
    approvals: {
      database: approvals.database ?? join(record, '..', 'approvals.db'),
      api: {
        host: '127.0.0.1',
        port: approvals.port ?? 0,
        tokens: [...(approvals.tokens ?? []), { id: 'operator', groups: [], every_group: true, hash: hashToken(operatorToken) }],
      },
    },
    metrics,
    mayConnect: accessDecider({
      access: access === undefined ? undefined : [...access],
      listeners: resource === undefined ? [] : [{ name: resource.listener, resource: resource.resource }],
      http: servers.map(({ name, url }) => ({ name, resource: options.resource ?? new URL(url).host })),
    }),
    log: options.log,
    ...(options.limits ? { limits: options.limits } : {}),
  };
}
