import type { Server as HttpServer } from 'node:http';
import { dirname, resolve } from 'node:path';
import { loadPasswordTables } from '../filters/postgres/auth/scram.js';
import { createAnalyzer, loadParser } from '../filters/sql/analyze.js';
import { serviceName } from '../protos/network-ext-proc.js';
import { readMaskKey } from './config/mask-key.js';
import type { RunningApi } from './console/serve.js';
import { type Gateway, startGateway } from './gateway.js';
import { BufferCollector } from './process/buffer-collector.js';
import { inTurn } from './process/in-turn.js';
import { compileSearch } from './process/search-module.js';
import { HALF_MIB, HALF_MIB_OF_HTTP, YoungGeneration } from './process/young-generation.js';
import { RuleBook } from './rules.js';
import { joinAccess, RecentConnections } from './runtime/access-join.js';
import type { Runtime, RuntimeOptions } from './runtime/options.js';
import { openOwnPolicy, openOwnRecordings, sealAsAsked } from './runtime/own-stores.js';
import { addAccessLog } from './services/access-log.js';
import { addExtAuthz } from './services/ext-authz.js';
import { addHealth, type Health } from './services/health.js';
import { createMetrics, serveMetrics } from './services/metrics.js';
import { UnreachableServers } from './services/unreachable.js';
import { openApprovals } from './stores/approvals/sqlite.js';
import { openMcpStore } from './stores/mcp/sqlite.js';
import type { Recordings } from './stores/recordings/index.js';

export type { Runtime, RuntimeOptions, Siblings } from './runtime/options.js';

/** The pieces of one gateway process, started in the order in which they need each other and stopped in reverse. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { log } = options;
  const young = new YoungGeneration(options.http?.length ? HALF_MIB_OF_HTTP : HALF_MIB);
  await loadCode(options);
  const metrics = createMetrics();
  let gateway: Gateway | undefined;
  let health: Health | undefined;
  let collector: BufferCollector | undefined;
  let opened: Recordings | undefined;
  const policy = await openOwnPolicy(options, metrics, (now) => {
    if (opened !== undefined) sealAsAsked(opened, options, now);
    gateway?.policyChanged();
  });
  const approvals = await openApprovals({ file: options.approvals.database });
  const first = policy.current();
  const recordings = await openOwnRecordings(options, first, approvals);
  opened = recordings;
  if (policy.current() !== first) sealAsAsked(recordings, options, policy.current());
  // The limit is the policy's, which may change: sessions hold each text against it before they ask.
  const analyzer = createAnalyzer({
    cache_entries_max: 5000,
    cache_bytes_max: 32 * 1024 * 1024,
    statement_bytes_max: Number.MAX_SAFE_INTEGER,
  });
  const rules = new RuleBook(() => policy.current(), analyzer, {
    ...maskKeyOf(options),
    ...(options.regions ? { regions: options.regions } : {}),
  });
  const byConnection = new RecentConnections();
  const memory = options.http?.some(({ mcp }) => mcp === true)
    ? openMcpStore(options.mcpStore ?? storeBeside(options.approvals.database))
    : undefined;
  // Listeners may stand before one server.
  const forget = (database: string) => {
    for (const { catalogue } of options.resources) catalogue?.invalidate(database);
  };
  gateway = await startGateway({
    ...(memory === undefined ? {} : { mcp: memory }),
    version: options.version,
    grpc: options.grpc,
    resources: options.resources,
    worker: options.record.worker,
    ...(options.http === undefined ? {} : { http: options.http }),
    ...(options.http === undefined || options.mayConnect.everybody === true ? {} : { mayConnect: options.mayConnect }),
    rules,
    approvals,
    record: (session) => recordings.begin(session),
    log,
    metrics,
    recordingBusy: () => recordings.pending_bytes > RECORDING_BUSY_BYTES,
    received: (bytes) => {
      young.used();
      collector?.received(bytes);
    },
    limits: { names_max: 10_000, notice_every_ms: 30_000, body_ms_max: 300_000, ...options.limits },
    opened: (listener, connectionId, session) => byConnection.add(`${listener}/${connectionId}`, session),
    redefined: (database) => {
      forget(database);
      options.siblings?.redefined(database);
    },
    ...(options.siblings ? { cancelElsewhere: (key: string) => options.siblings!.cancelHeld(key) } : {}),
    register: (server) => {
      health = addHealth(server, [serviceName]);
      addExtAuthz(server, { mayConnect: options.mayConnect, refuses: (question, headers) => gateway!.refuses(question, headers) });
      const unreachable = new UnreachableServers(log, Date.now);
      addAccessLog(server, (entry) => {
        unreachable.see(entry);
        joinAccess(recordings, byConnection, options.siblings, entry);
      });
    },
  });
  metrics.connections(() => gateway!.registry.connections.size);
  metrics.recording(() => ({ pending_bytes: recordings.pending_bytes, failed: !recordings.health().ok }));
  const metricsServer = options.metrics ? await serveMetrics(metrics, options.metrics.host, options.metrics.port) : undefined;
  let api: RunningApi | undefined;
  const startApi = async () => {
    if (options.approvals.api === undefined || api !== undefined) return;
    // of a gateway's workers one serves it
    const { serveApi } = await import('./console/serve.js');
    api = await serveApi({ ...options.approvals.api, store: approvals, log });
  };
  if (options.approvals.elsewhere !== true) await startApi();

  // Holds whose worker died wait for nobody; their time ends here.
  const overdue = setInterval(
    () =>
      void approvals
        .expireOverdue(Date.now())
        .catch((error: unknown) => log.warn({ error: String(error) }, 'overdue holds could not be ended')),
    OVERDUE_MS,
  ).unref();

  collector = new BufferCollector();
  return {
    cancelHeld: (key) => gateway!.registry.cancelHeld(key),
    sessionOf: (connection) => byConnection.find(connection) ?? '',
    redefined: forget,
    gateway,
    recordings,
    get api() {
      return api?.url ?? '';
    },
    reload: () => policy.reload(),
    serveApi: startApi,
    stop: async (reason) => {
      health?.set(false);
      policy.close();
      clearInterval(overdue);
      await inTurn(
        () => gateway!.stop(reason),
        () => api?.close(),
        () => closeServer(metricsServer),
        () => memory?.close(),
        () => approvals.close(),
        () => recordings.close(),
      );
    },
  };
}

/** What must be there before the first byte comes: parsers, tables and modules that are loaded or compiled once. */
async function loadCode({ resources, http = [] }: RuntimeOptions): Promise<void> {
  compileSearch();
  await loadParser();
  if (resources.some(({ login }) => login !== undefined)) await loadPasswordTables();
  if (http.length > 0) await (await import('./process/unpackers.js')).loadUnpackers();
}

const storeBeside = (database: string): string => (database === ':memory:' ? database : resolve(dirname(database), 'mcp.db'));

function closeServer(server: HttpServer | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (!server) return resolve();
    server.closeAllConnections();
    server.close(() => resolve());
  });
}

function maskKeyOf(options: RuntimeOptions): { mask_key: Uint8Array; mask_key_id?: string } {
  if (options.mask_key !== undefined)
    return { mask_key: options.mask_key, ...(options.mask_key_id === undefined ? {} : { mask_key_id: options.mask_key_id }) };
  const { key, id } = readMaskKey(options.mask_key_file, process.env.MIDSTREAM_MASK_KEY);
  return { mask_key: key, mask_key_id: id };
}

/** Milliseconds between looks for holds that nobody ended. */
const OVERDUE_MS = 10_000;

/** Bytes of events that wait for the disk, above which connections are not read; a quarter of what the recorder takes at most. */
const RECORDING_BUSY_BYTES = 16 * 1024 * 1024;
