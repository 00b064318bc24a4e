import { Agent, type IncomingMessage, request } from 'node:http';
import { cpuSeconds, peakMib, resetPeak } from '../machine.js';
import { percentile } from '../statistics.js';
import type { HttpTarget } from './targets.js';

/** What one workload gave before one target. */
export interface Row {
  workload: string;
  target: string;
  result: string;
  /** what is compared with the echo's: `rate`s by their ratio, `age`s (ms) by their difference */
  compared?: { by: 'rate' | 'age'; value: number };
  /** CPU time, in the workload's own measure */
  gateway: string;
  envoy: string;
  peak_mib?: number;
  envoy_peak_mib?: number;
}

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
  envoy_peak_mib: number;
}

async function costOf(target: HttpTarget, work: () => Promise<unknown>): Promise<Cost> {
  const { gateway, envoy } = target;
  for (const pid of [gateway, envoy]) if (pid !== undefined) resetPeak(pid);
  const cpu = (pid: number | undefined): number => (pid === undefined ? 0 : cpuSeconds(pid));
  const before = [cpu(gateway), cpu(envoy)] as const;
  await work();
  const peak = (pid: number | undefined): number => (pid === undefined ? 0 : peakMib(pid));
  return {
    gateway_s: cpu(gateway) - before[0],
    envoy_s: cpu(envoy) - before[1],
    peak_mib: peak(gateway),
    envoy_peak_mib: peak(envoy),
  };
}

/** Small requests, one after the other on each connection; gives how many were answered. */
async function askSmall({ port }: HttpTarget, agent: Agent, connections: number, seconds: number): Promise<number> {
  let requests = 0;
  const until = performance.now() + seconds * 1000;
  const run = async (): Promise<void> => {
    while (performance.now() < until) {
      const response = await ask(port, '/small', agent);
      if (response.statusCode !== 200) throw new Error(`a small request was answered with ${response.statusCode}`);
      await drained(response);
      requests++;
    }
  };
  await Promise.all(Array.from({ length: connections }, run));
  return requests;
}

const WARM_CONNECTIONS = 8;
const WARM_MEGABYTES = 20;

/** Lets the compiler of a target's process see what comes: what a request costs at first is several times what it costs later (decision 0207). */
export async function warmUp(target: HttpTarget, seconds: number): Promise<void> {
  if (target.gateway === undefined) return;
  const agent = new Agent({ keepAlive: true, maxSockets: WARM_CONNECTIONS });
  await askSmall(target, agent, WARM_CONNECTIONS, seconds);
  agent.destroy();
  await drained(await ask(target.port, `/big?mb=${WARM_MEGABYTES}`, false));
}

/** Requests of 1 KB of JSON, one after the other on each connection. */
export async function small(target: HttpTarget, connections: number, seconds: number): Promise<Row> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  await askSmall(target, agent, connections, seconds / 2);
  let requests = 0;
  const start = performance.now();
  const cost = await costOf(target, async () => (requests = await askSmall(target, agent, connections, seconds)));
  const rate = requests / ((performance.now() - start) / 1000);
  agent.destroy();
  const each = (cpu_s: number): string => (cpu_s === 0 ? '' : `${Math.round((cpu_s / requests) * 1e6)} µs a request`);
  return {
    workload: `1 KB of JSON, ${connections} connection(s)`,
    target: target.name,
    result: `${Math.round(rate)} requests/s`,
    compared: { by: 'rate', value: rate },
    gateway: each(cost.gateway_s),
    envoy: each(cost.envoy_s),
  };
}

/** One answer of rows with two values to be masked in each. */
export async function big(target: HttpTarget, megabytes: number): Promise<Row> {
  await drained(await ask(target.port, '/big?mb=2', false));
  const start = performance.now();
  let bytes = 0;
  const cost = await costOf(target, async () => (bytes = await drained(await ask(target.port, `/big?mb=${megabytes}`, false))));
  const rate = bytes / 1e3 / (performance.now() - start);
  const each = (cpu_s: number): string => (cpu_s === 0 ? '' : `${Math.round(bytes / 1e6 / cpu_s)} MB a CPU second`);
  return {
    workload: `${megabytes} MB of JSON`,
    target: target.name,
    result: `${Math.round(rate)} MB/s`,
    compared: { by: 'rate', value: rate },
    gateway: each(cost.gateway_s),
    envoy: each(cost.envoy_s),
    peak_mib: cost.peak_mib,
    envoy_peak_mib: cost.envoy_peak_mib,
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
  const ms = (share: number): number => percentile(ages, share);
  return {
    workload: `${count} events`,
    target: target.name,
    result: `${ms(0.5).toFixed(2)} ms old (p99 ${ms(0.99).toFixed(2)})`,
    compared: { by: 'age', value: ms(0.5) },
    gateway: '',
    envoy: '',
  };
}

/** What the approvals API tells and takes. */
class Approver {
  constructor(private readonly api: NonNullable<HttpTarget['api']>) {}

  /** On a connection of its own: one that is kept is closed by a busy server just when it is used. */
  private async ask(path: string, method = 'GET'): Promise<string> {
    const headers = { authorization: `Bearer ${this.api.token}`, 'content-type': 'application/json' };
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request(`${this.api.url}/v1/approvals${path}`, { method, headers, agent: false }, resolve)
        .on('error', reject)
        .end(method === 'POST' ? '{}' : undefined);
    });
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk as string;
    if (response.statusCode !== 200) throw new Error(`${method} ${path} gave ${response.statusCode}: ${text}`);
    return text;
  }

  async pending(): Promise<string[]> {
    const answer = JSON.parse(await this.ask('?status=pending&limit=1000')) as { approvals: { operation: { hold: string } }[] };
    return answer.approvals.map(({ operation }) => operation.hold);
  }

  async approve(hold: string): Promise<void> {
    await this.ask(`/${hold}/approve`, 'POST');
  }
}

/** Milliseconds until so many wait. */
async function untilPending(approver: Approver, count: number): Promise<number> {
  const start = performance.now();
  while ((await approver.pending()).length !== count) await new Promise((resolve) => setTimeout(resolve, 100));
  return performance.now() - start;
}

/** Requests that wait for a person all at once (the API lists 1,000), are approved, and have their answers. */
export async function held(target: HttpTarget, count: number): Promise<Row> {
  const approver = new Approver(target.api!);
  const agent = new Agent({ keepAlive: false, maxSockets: count });
  let answers: Promise<number[]> | undefined;
  let held_ms = 0;
  const holding = await costOf(target, async () => {
    answers = Promise.all(
      Array.from({ length: count }, async () => {
        const response = await ask(target.port, '/held', agent);
        await drained(response);
        return response.statusCode!;
      }),
    );
    answers.catch(() => undefined); // told below
    held_ms = await untilPending(approver, count);
  });
  const start = performance.now();
  const releasing = await costOf(target, async () => {
    const left = await approver.pending();
    const approveSome = async (): Promise<void> => {
      for (let hold = left.pop(); hold !== undefined; hold = left.pop()) await approver.approve(hold);
    };
    await Promise.all(Array.from({ length: 8 }, approveSome));
    const wrong = (await answers!).filter((status) => status !== 200);
    if (wrong.length > 0) throw new Error(`${wrong.length} requests that were approved were answered with ${wrong[0]}`);
  });
  const released_ms = performance.now() - start;
  await untilPending(approver, 0);
  agent.destroy();
  const each = (cpu_s: number): string => `${((cpu_s / count) * 1000).toFixed(2)} ms each`;
  return {
    workload: `${count} held requests`,
    target: target.name,
    result: `held after ${(held_ms / 1000).toFixed(1)} s, approved and answered after ${(released_ms / 1000).toFixed(1)} s more`,
    gateway: each(holding.gateway_s + releasing.gateway_s),
    envoy: each(holding.envoy_s + releasing.envoy_s),
    peak_mib: Math.max(holding.peak_mib, releasing.peak_mib),
    envoy_peak_mib: Math.max(holding.envoy_peak_mib, releasing.envoy_peak_mib),
  };
}
