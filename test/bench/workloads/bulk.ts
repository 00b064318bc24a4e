import { setTimeout as sleep } from 'node:timers/promises';
import { peopleCopy, peopleSelect } from '../database.js';
import { cpuSeconds } from '../machine.js';
import { checkPeople, readResult } from '../read-result.js';
import type { Target } from '../targets.js';
import type { Sample, Workload } from './index.js';
import { measured } from './measure.js';

/** Results that are read one after the other: one takes a fifth of a second, which says little of a rate. */
const RESULTS = 5;

/** 200,000 rows with three columns to mask, by SELECT and by COPY. */
export function bulk(): Workload[] {
  return [
    { name: 'bulk-select', title: '200,000 rows by SELECT, three masked columns (rows/s)', run: (target) => read(target, peopleSelect) },
    { name: 'bulk-copy', title: '200,000 rows by COPY, three masked columns (rows/s)', run: (target) => read(target, peopleCopy) },
    {
      name: 'bulk-binary',
      title: '200,000 rows by binary COPY, three masked columns (rows/s)',
      run: (target) => read(target, `${peopleCopy} (format binary)`, TRAILERS),
    },
  ];
}

/** The end of binary COPY is a message of its own, which the reader counts as a row. */
const TRAILERS = 1;

async function read(target: Target, sql: string, trailers = 0): Promise<Sample> {
  // Of a statement that was not run before, most of the first result's time is V8's compiler (decision 0207).
  await readResult({ url: target.url, sql });
  await idle(target);
  const { result, used } = await measured(target, async () => {
    const sum = { rows: 0, bytes: 0, seconds: 0 };
    for (let i = 0; i < RESULTS; i++) {
      const one = await readResult({ url: target.url, sql });
      one.rows -= trailers;
      checkPeople(one, target.masks);
      sum.rows += one.rows;
      sum.bytes += one.bytes;
      sum.seconds += one.seconds;
    }
    return sum;
  });
  return {
    rate: result.rows / result.seconds,
    rows_per_s: result.rows / result.seconds,
    mb_per_s: result.bytes / result.seconds / 1e6,
    seconds: result.seconds / RESULTS,
    gateway_cpu_s: used.gateway_cpu_s / RESULTS,
    envoy_cpu_s: used.envoy_cpu_s / RESULTS,
    mb_per_gateway_core_s: result.bytes / 1e6 / used.gateway_cpu_s,
    gateway_peak_mib: used.gateway_peak_mib,
    envoy_peak_mib: used.envoy_peak_mib,
  };
}

/** Milliseconds between two looks, and in all. */
const LOOK_MS = 250;
const IDLE_MS_MAX = 20_000;
const IDLE_SHARE = 0.05;

/** Waits until the gateway does nothing more: recordings of the workloads before are still being packed when they are over, and are not this one's. */
async function idle({ gateway }: Target): Promise<void> {
  if (gateway === undefined) return;
  let before = cpuSeconds(gateway);
  for (let waited = 0; waited < IDLE_MS_MAX; waited += LOOK_MS) {
    await sleep(LOOK_MS);
    const now = cpuSeconds(gateway);
    // Where there is no /proc nothing can be told.
    if (!(now - before >= (IDLE_SHARE * LOOK_MS) / 1000)) return;
    before = now;
  }
}
