import { createServer, type Server } from 'node:http';
import { Counter, collectDefaultMetrics, Gauge, Registry as MetricsRegistry } from 'prom-client';
import type { ConnectionMetrics } from './connection.js';

export interface Metrics extends ConnectionMetrics {
  registry: MetricsRegistry;
  /** connections open now, read when scraped */
  connections(read: () => number): void;
  policy(version: string, ok: boolean): void;
  recording(read: () => { pending_bytes: number; failed: boolean }): void;
}

/** Prometheus metrics. Labels come from policy rule names and closed sets, never from traffic. */
export function createMetrics(): Metrics {
  const registry = new MetricsRegistry();
  collectDefaultMetrics({ register: registry, prefix: 'midstream_' });
  const registers = [registry];
  // Counted by hand and told when they are asked for: the library makes and looks up a key of all labels for every count, which on a hot
  // connection costs more than deciding did.
  const decided: Counts = new Map();
  const masked: Counts = new Map();
  const sent = { upstream: 0, downstream: 0 };
  const closed = new Map<string, { count: number }>();
  new Counter({
    name: 'midstream_decisions_total',
    help: 'Operations judged, by verdict and the rule that settled it',
    labelNames: ['verdict', 'rule'],
    registers,
    collect() {
      this.reset();
      for (const [verdict, rules] of decided) for (const [rule, { count }] of rules) this.inc({ verdict, rule }, count);
    },
  });
  new Counter({
    name: 'midstream_connections_closed_total',
    help: 'Connections ended, by class of reason',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const [reason, { count }] of closed) this.inc({ reason }, count);
    },
  });
  const held = new Counter({
    name: 'midstream_holds_total',
    help: 'Held operations ended, by outcome',
    labelNames: ['outcome'],
    registers,
  });
  new Counter({
    name: 'midstream_bytes_total',
    help: 'Bytes sent on, by side',
    labelNames: ['side'],
    registers,
    collect() {
      this.reset();
      this.inc({ side: 'upstream' }, sent.upstream);
      this.inc({ side: 'downstream' }, sent.downstream);
    },
  });
  new Counter({
    name: 'midstream_masked_values_total',
    help: 'Values masked in answers that are over, by mask of the policy, and by kind where it is known',
    labelNames: ['mask', 'kind'],
    registers,
    collect() {
      this.reset();
      for (const [mask, kinds] of masked) for (const [kind, { count }] of kinds) this.inc({ mask, kind }, count);
    },
  });
  const reloads = new Counter({ name: 'midstream_policy_loads_total', help: 'Policy loads, by result', labelNames: ['result'], registers });
  const version = new Gauge({ name: 'midstream_policy_info', help: 'The policy in force', labelNames: ['version'], registers });
  return {
    registry,
    decision: (verdict, rule) => add(decided, verdict, rule, 1),
    masked: (values) => {
      for (const { rule, kind = '', count } of values) add(masked, rule, kind, count);
    },
    closed: (reason) => {
      at(closed, reasonClasses.has(reason) ? reason : 'other', none).count++;
    },
    held: (outcome) => held.inc({ outcome }),
    bytes: (side, count) => {
      sent[side] += count;
    },
    connections: (read) => {
      new Gauge({
        name: 'midstream_connections',
        help: 'Connections open now',
        registers,
        collect() {
          this.set(read());
        },
      });
    },
    policy: (now, ok) => {
      reloads.inc({ result: ok ? 'loaded' : 'refused' });
      if (!ok) return;
      version.reset();
      version.set({ version: now.slice(0, 12) }, 1);
    },
    recording: (read) => {
      new Gauge({
        name: 'midstream_recording_pending_bytes',
        help: 'Bytes of events not yet on disk',
        registers,
        collect() {
          this.set(read().pending_bytes);
        },
      });
      new Gauge({
        name: 'midstream_recording_failed',
        help: '1 while nothing can be recorded and so nothing new passes',
        registers,
        collect() {
          this.set(read().failed ? 1 : 0);
        },
      });
    },
  };
}

/** by the values of two labels */
type Counts = Map<string, Map<string, { count: number }>>;

function add(counts: Counts, one: string, other: string, count: number): void {
  const others = at(counts, one, () => new Map<string, { count: number }>());
  at(others, other, none).count += count;
}

const none = (): { count: number } => ({ count: 0 });

function at<V>(map: Map<string, V>, key: string, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const reasonClasses = new Set([
  'closed',
  'cancelled',
  'stream error',
  'stream failed',
  'closed by the client',
  'closed by the server',
  'the server could not be reached',
  'the gateway stopped',
]);

/** GET /metrics and nothing else. */
export async function serveMetrics(metrics: Metrics, host: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ type: 'about:blank', title: 'Not Found', status: 404, detail: 'only GET /metrics is served here' }));
      return;
    }
    metrics.registry.metrics().then(
      (text) => {
        response.writeHead(200, { 'content-type': metrics.registry.contentType });
        response.end(text);
      },
      () => {
        response.writeHead(500);
        response.end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}
