import { cpuSeconds, peakMib, resetPeak } from '../machine.js';
import { type PgbenchRun, pgbench } from '../pgbench.js';
import type { Target } from '../targets.js';
import type { Sample } from './index.js';

export interface Used {
  gateway_cpu_s: number;
  envoy_cpu_s: number;
  gateway_peak_mib: number;
  envoy_peak_mib: number;
}

/** Runs `work` and says what the gateway and Envoy used meanwhile; NaN for what is not there. */
export async function measured<T>(target: Target, work: () => Promise<T>): Promise<{ result: T; used: Used }> {
  const { gateway, envoy } = target;
  for (const pid of [gateway, envoy]) if (pid !== undefined) resetPeak(pid);
  const cpu = (pid: number | undefined) => (pid === undefined ? Number.NaN : cpuSeconds(pid));
  const peak = (pid: number | undefined) => (pid === undefined ? Number.NaN : peakMib(pid));
  const before = [cpu(gateway), cpu(envoy)] as const;
  const result = await work();
  const used = {
    gateway_cpu_s: cpu(gateway) - before[0],
    envoy_cpu_s: cpu(envoy) - before[1],
    gateway_peak_mib: peak(gateway),
    envoy_peak_mib: peak(envoy),
  };
  return { result, used };
}

/** One run of pgbench as a sample: tps, latencies, CPU per transaction. */
export async function pgbenchSample(program: string, target: Target, work: PgbenchRun): Promise<Sample> {
  const { result, used } = await measured(target, () => pgbench(program, target.url, work));
  return {
    rate: result.tps,
    tps: result.tps,
    p50_ms: result.p50_ms,
    p95_ms: result.p95_ms,
    p99_ms: result.p99_ms,
    connection_ms: result.connection_ms,
    gateway_cpu_us: (used.gateway_cpu_s * 1e6) / result.transactions,
    envoy_cpu_us: (used.envoy_cpu_s * 1e6) / result.transactions,
    gateway_peak_mib: used.gateway_peak_mib,
    envoy_peak_mib: used.envoy_peak_mib,
  };
}
