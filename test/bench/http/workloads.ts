import { Agent, type IncomingMessage, request } from 'node:http';
import { cpuSeconds, peakMib, resetPeak } from '../machine.js';
import { percentile } from '../statistics.js';
import type { HttpTarget } from './targets.js';

export type Row = Record<string, number | string>;

const ask = (port: number, path: string, agent: Agent | false, method = 'GET'): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request({ host: '127.0.0.1', port, path, method, agent }, resolve).on('error', reject).end();
  });

async function drained(response: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  return bytes;
}

interface Cost {
  gateway_s: number;
  envoy_s: number;
  peak_mib: number;
}

async function costOf(target: HttpTarget, work: () => Promise<unknown>): Promise<Cost> {
  const { gateway, envoy } = target;
  if (gateway !== undefined) resetPeak(gateway);
  const cpu = (pid: number | undefined): number => (pid === undefined ? 0 : cpuSeconds(pid));
  const before = [cpu(gateway), cpu(envoy)] as const;
  await work();
  return { gateway_s: cpu(gateway) - before[0], envoy_s: cpu(envoy) - before[1], peak_mib: gateway === undefined ? 0 : peakMib(gateway) };
}

/** Requests of 1 KB of JSON, one after the other on each connection. */
export async function small(target: HttpTarget, connections: number, seconds: number): Promise<Row> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  let requests = 0;
  const run = async (until: number): Promise<void> => {
    while (performance.now() < until) {
      await drained(await ask(target.port, '/small', agent));
      requests++;
    }
  };
  const all = (s: number) => Promise.all(Array.from({ length: connections }, () => run(performance.now() + s * 1000)));
  await all(seconds / 2);
  requests = 0;
  const start = performance.now();
  const cost = await costOf(target, () => all(seconds));
  const rate = requests / ((performance.now() - start) / 1000);
  agent.destroy();
  return {
    workload: `1 KB of JSON, ${connections} connection(s)`,
    target: target.name,
    'requests/s': Math.round(rate),
    'gateway µs/request': Math.round((cost.gateway_s / requests) * 1e6),
    'Envoy µs/request': Math.round((cost.envoy_s / requests) * 1e6),
  };
}

/** One answer of rows with two values to be masked in each. */
export async function big(target: HttpTarget, megabytes: number): Promise<Row> {
  await drained(await ask(target.port, '/big?mb=2', false));
  const start = performance.now();
  let bytes = 0;
  const cost = await costOf(target, async () => (bytes = await drained(await ask(target.port, `/big?mb=${megabytes}`, false))));
  return {
    workload: `${megabytes} MB of JSON`,
    target: target.name,
    'MB/s': Math.round(bytes / 1e3 / (performance.now() - start)),
    'MB per gateway CPU s': cost.gateway_s === 0 ? '' : Math.round(bytes / 1e6 / cost.gateway_s),
    'gateway peak MiB': Math.round(cost.peak_mib),
  };
}

/** What an event is old when it is read: server and reader share this machine's clock. */
export async function events(target: HttpTarget, count: number): Promise<Row> {
  const ages: number[] = [];
  let text = '';
  for await (const chunk of await ask(target.port, `/events?n=${count}`, false)) {
    text += (chunk as Buffer).toString();
    const now = process.hrtime.bigint();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      ages.push(Number(now - BigInt(/"at":(\d+)/.exec(text.slice(0, end))![1]!)) / 1e6);
      text = text.slice(end + 2);
    }
  }
  ages.sort((a, b) => a - b);
  const ms = (share: number) => Number(percentile(ages, share).toFixed(2));
  return { workload: `${count} events`, target: target.name, 'ms old, median': ms(0.5), p99: ms(0.99) };
}

/** Requests that wait for a person, and go when their clients go. */
export async function held(target: HttpTarget, count: number): Promise<Row> {
  const agent = new Agent({ keepAlive: false, maxSockets: count });
  const waiting: { destroy(): void }[] = [];
  const cost = await costOf(target, async () => {
    for (let n = 0; n < count; n++) {
      const one = request({ host: '127.0.0.1', port: target.port, path: '/held', agent }, (response) => response.resume());
      one.on('error', () => undefined).end();
      waiting.push(one);
      if (n % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await new Promise((resolve) => setTimeout(resolve, 2000));
  });
  for (const one of waiting) one.destroy();
  agent.destroy();
  return {
    workload: `${count} held requests`,
    target: target.name,
    'gateway ms CPU each': Number(((cost.gateway_s / count) * 1000).toFixed(2)),
    'gateway peak MiB': Math.round(cost.peak_mib),
  };
}
