import type { Server as HttpServer } from 'node:http';
import { dirname, resolve } from 'node:path';
import pino, { type Logger } from 'pino';
import type { Reach } from '../filters/http/readings.js';
import { kinds } from '../filters/mask/index.js';
import type { Policy } from '../filters/policy/types.js';
import { loadPasswordTables } from '../filters/postgres/auth/scram.js';
import { createAnalyzer, loadParser } from '../filters/sql/analyze.js';
import { serviceName } from '../protos/network-ext-proc.js';
import { readMaskKey } from './config/mask-key.js';
import type { ApproverToken } from './console/api.js';
import type { PeopleLogin } from './console/login/types.js';
import type { RunningApi } from './console/serve.js';
import type { AccessEntry } from './convert/access-log.js';
import type { ConnectQuestion } from './convert/ext-authz.js';
import { type Gateway, startGateway } from './gateway.js';
import type { HttpResource, Resource } from './gateway-options.js';
import { BufferCollector } from './process/buffer-collector.js';
import { inTurn } from './process/in-turn.js';
import { compileSearch } from './process/search-module.js';
import { growYoungGeneration } from './process/young-generation.js';
import { RuleBook } from './rules.js';
import { addAccessLog } from './services/access-log.js';
import { type Answer, addExtAuthz } from './services/ext-authz.js';
import { addHealth, type Health } from './services/health.js';
import { createMetrics, serveMetrics } from './services/metrics.js';
import { openApprovals } from './stores/approvals/sqlite.js';
import { openMcpStore } from './stores/mcp/sqlite.js';
import { openPolicyFile } from './stores/policy-file.js';
import { openRecordings, type Recordings, type RecoveryReport } from './stores/recordings/index.js';

export interface RuntimeOptions {
  version: string;
  grpc: string;
  resources: Resource[];
  http?: HttpResource[];
  policyFile: string;
  record: {
    directory: string;
    durability: 'strict' | 'relaxed';
    worker: number;
    segment_bytes_max?: number;
    recipients?: string[];
    signing_key_file?: string;
  };
  approvals: {
    database: string;
    api: { host: string; port: number; hosts?: string[]; tokens: ApproverToken[]; login?: PeopleLogin | undefined } | undefined;
    /** another worker of this gateway serves the API, until serveApi() asks for it here */
    elsewhere?: boolean;
  };
  /** file of what is remembered of MCP servers; mcp.db beside the approvals otherwise */
  mcpStore?: string;
  mask_key_file?: string;
  /** the key itself, where no file names it: workers of one gateway share it */
  mask_key?: Uint8Array;
  mask_key_id?: string;
  /** the other workers of this gateway */
  siblings?: Siblings;
  regions?: string[];
  metrics: { host: string; port: number } | undefined;
  /** `everybody`: it need not be asked about a request to a listener that is known */
  mayConnect: ((question: ConnectQuestion & { reach?: Reach }) => Answer) & { everybody?: boolean };
  log: Logger;
  limits?: { names_max?: number; notice_every_ms?: number };
}

/** What one worker asks of the others. Both give up by themselves, with the answer `no`. */
export interface Siblings {
  /** cancels what another worker holds for this cancel key */
  cancelHeld(key: string): Promise<boolean>;
  /** session of a connection by `listener/Envoy's id`; empty when nobody has it */
  sessionOf(connection: string): Promise<string>;
}

export interface Runtime {
  gateway: Gateway;
  recordings: Recordings;
  /** address of the approvals API, empty when it is off or elsewhere */
  api: string;
  /** serves the approvals API from now on, after another worker did; nothing where it is off or here already */
  serveApi(): Promise<void>;
  /** the other side of Siblings */
  cancelHeld(key: string): boolean;
  sessionOf(connection: string): string;
  reload(): Promise<boolean>;
  stop(reason: string): Promise<void>;
}

/** The pieces of one gateway process, started in the order in which they need each other and stopped in reverse. */
export async function startRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { log } = options;
  growYoungGeneration();
  compileSearch();
  await loadParser();
  if (options.resources.some(({ login }) => login !== undefined)) await loadPasswordTables();
  if ((options.http ?? []).length > 0) await (await import('./process/unpackers.js')).loadUnpackers();
  const metrics = createMetrics();
  let gateway: Gateway | undefined;
  let health: Health | undefined;
  let collector: BufferCollector | undefined;
  const policy = await openPolicyFile(options.policyFile, {
    kinds,
    onChange: (changed) => {
      metrics.policy(changed.version, true);
      log.info({ version: changed.version }, 'a new policy is in force');
      sayNamesOnly(changed, options.resources, log);
      recordings
        .sealTo(recipientsOf(changed.recording?.sealed))
        .catch((error: unknown) => log.error({ error: String(error) }, 'originals cannot be sealed as the policy asks'));
      gateway?.policyChanged();
    },
    onError: (error) => {
      metrics.policy('', false);
      log.error({ reason: error.message }, 'the policy was not loaded; the last good one stays in force');
    },
  });
  const recipientsOf = (fromPolicy: readonly string[] | undefined) => [
    ...new Set([...(options.record.recipients ?? []), ...(fromPolicy ?? [])]),
  ];
  metrics.policy(policy.current().version, true);
  sayNamesOnly(policy.current(), options.resources, log);
  const approvals = await openApprovals({ file: options.approvals.database });
  const recordings = await openRecordings({ ...options.record, recipients: recipientsOf(policy.current().recording?.sealed) });
  recordings.onError = (error) => (error ? log.error({ error: error.message }, 'recording trouble') : log.info('recording works again'));
  const recovered = async (report: RecoveryReport) => {
    log.warn({ ...report }, 'a recording was recovered after a crash');
    // Sessions that had no end were held by a process that is gone: approvers need not be asked any more.
    const holds =
      report.sessions.length === 0 ? 0 : await approvals.abandon(report.sessions, 'the gateway that held it ended before its time');
    if (holds > 0) log.warn({ holds }, 'holds of a gateway that was killed were ended; none of them ran');
  };
  for (const report of recordings.recovered) await recovered(report);
  recordings.onRecovered = (report) =>
    void recovered(report).catch((error: unknown) =>
      log.error({ error: String(error) }, 'holds of a gateway that was killed could not be ended'),
    );
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
    received: (bytes) => collector?.received(bytes),
    limits: { names_max: options.limits?.names_max ?? 10_000, notice_every_ms: options.limits?.notice_every_ms ?? 30_000 },
    opened: (listener, connectionId, session) => byConnection.add(`${listener}/${connectionId}`, session),
    ...(options.siblings ? { cancelElsewhere: (key: string) => options.siblings!.cancelHeld(key) } : {}),
    register: (server) => {
      health = addHealth(server, [serviceName]);
      addExtAuthz(server, { mayConnect: options.mayConnect, refuses: (question, headers) => gateway!.refuses(question, headers) });
      addAccessLog(server, (entry) => void join(recordings, byConnection, options.siblings, entry));
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

const storeBeside = (database: string): string => (database === ':memory:' ? database : resolve(dirname(database), 'mcp.db'));

/** Masks by column know tables and their columns by name alone where there is no catalogue. */
function sayNamesOnly(policy: Policy, resources: readonly Resource[], log: Logger): void {
  if (!policy.usesColumns) return;
  for (const { resource, catalogue } of resources)
    if (catalogue === undefined)
      log.warn(
        { resource },
        'masks by column go by name: without a catalogue connection (--catalogue, listeners[].catalogue) columns of views are not followed',
      );
}

async function join(recordings: Recordings, recent: RecentConnections, siblings: Siblings | undefined, entry: AccessEntry): Promise<void> {
  const connection = `${entry.listener}/${entry.connectionId}`;
  // Envoy's log comes to one worker, its connections to all.
  const session = entry.session || recent.find(connection) || (await siblings?.sessionOf(connection));
  if (session) recordings.attach(session, 'access', `,"entry":${JSON.stringify(entry.entry)}`);
}

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

/** Session of a connection, by Envoy's listener and connection id: the access log comes after the connection has ended. */
class RecentConnections {
  private readonly sessions = new Map<string, string>();

  add(key: string, session: string): void {
    this.sessions.set(key, session);
    if (this.sessions.size > RECENT_MAX) this.sessions.delete(this.sessions.keys().next().value!);
  }

  find(key: string): string | undefined {
    return this.sessions.get(key);
  }
}

const RECENT_MAX = 20_000;

/** Milliseconds between looks for holds that nobody ended. */
const OVERDUE_MS = 10_000;

/** Bytes of events that wait for the disk, above which connections are not read; a quarter of what the recorder takes at most. */
const RECORDING_BUSY_BYTES = 16 * 1024 * 1024;

/** The gateway's own log: to standard error, as lines for people on a terminal and as JSON elsewhere. */
export function createLog(level: string): Logger {
  return process.stderr.isTTY
    ? pino({ level, transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } } })
    : pino({ level, base: undefined }, pino.destination(2));
}
