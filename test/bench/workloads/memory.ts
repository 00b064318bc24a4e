import { wideSelect } from '../database.js';
import { onStop } from '../lifetime.js';
import type { ReadRequest } from '../raw-reader.js';
import { readResult } from '../read-result.js';
import type { Target } from '../targets.js';
import type { Sample, Workload, WorkloadContext } from './index.js';
import { measured } from './measure.js';

/** A slow client takes this much, then nothing for a while. */
const CLIENT_BYTES = 100e6;
const CLIENT_PAUSE_MS = 1000;
/** A slow gateway is stopped for most of the time, by signal: whatever it is sent piles up before it. */
const GATEWAY_STOPPED_MS = 600;
const GATEWAY_RUNS_MS = 400;

/** Peaks of the gateway and of Envoy while a result of gigabytes passes. */
export function memory({ options }: WorkloadContext): Workload[] {
  const sql = wideSelect(options.memory_bytes);
  const size = `${(options.memory_bytes / 1e9).toFixed(1)} GB`;
  const pause = { pause_every_bytes: Math.min(CLIENT_BYTES, options.memory_bytes / 10), pause_ms: CLIENT_PAUSE_MS };
  const inTheWay = (name: string) => name !== 'direct';
  const slowable = (name: string) => name !== 'direct' && name !== 'envoy';
  return [
    { name: 'memory-fast', title: `${size}, fast client (MB/s)`, fresh: true, targets: inTheWay, run: (target) => pass(target, sql, {}) },
    {
      name: 'memory-slow-client',
      title: `${size}, client with pauses (MB/s)`,
      fresh: true,
      targets: inTheWay,
      run: (target) => pass(target, sql, pause),
    },
    {
      name: 'memory-slow-gateway',
      title: `${size}, gateway stopped 60 % of the time (MB/s)`,
      fresh: true,
      targets: slowable,
      run: (target) => slowed(target, () => pass(target, sql, {})),
    },
  ];
}

async function pass(target: Target, sql: string, pauses: Partial<ReadRequest>): Promise<Sample> {
  const { result, used } = await measured(target, () => readResult({ url: target.url, sql, ...pauses }));
  const mb_per_s = result.bytes / result.seconds / 1e6;
  return { rate: mb_per_s, mb_per_s, seconds: result.seconds, gigabytes: result.bytes / 1e9, ...used };
}

/** Runs `work` while the gateway is stopped and let go in turn. */
async function slowed<T>(target: Target, work: () => Promise<T>): Promise<T> {
  const pid = target.gateway!;
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const turn = (stop: boolean) => {
    if (over) return;
    process.kill(pid, stop ? 'SIGSTOP' : 'SIGCONT');
    timer = setTimeout(() => turn(!stop), stop ? GATEWAY_STOPPED_MS : GATEWAY_RUNS_MS);
  };
  const end = onStop('the gateway that was stopped', () => {
    over = true;
    clearTimeout(timer);
    process.kill(pid, 'SIGCONT');
  });
  // The connection is made first, or the very log-in would wait.
  timer = setTimeout(() => turn(true), GATEWAY_RUNS_MS);
  try {
    return await work();
  } finally {
    await end();
  }
}
