import { peopleCopy, peopleSelect } from '../database.js';
import { checkPeople, readResult } from '../read-result.js';
import type { Target } from '../targets.js';
import type { Sample, Workload } from './index.js';
import { measured } from './measure.js';

/** 200,000 rows with three columns to mask, by SELECT and by COPY. */
export function bulk(): Workload[] {
  return [
    { name: 'bulk-select', title: '200,000 rows by SELECT, three masked columns (rows/s)', run: (target) => read(target, peopleSelect) },
    { name: 'bulk-copy', title: '200,000 rows by COPY, three masked columns (rows/s)', run: (target) => read(target, peopleCopy) },
  ];
}

async function read(target: Target, sql: string): Promise<Sample> {
  const { result, used } = await measured(target, () => readResult({ url: target.url, sql }));
  checkPeople(result, target.masks);
  return {
    rate: result.rows / result.seconds,
    rows_per_s: result.rows / result.seconds,
    mb_per_s: result.bytes / result.seconds / 1e6,
    seconds: result.seconds,
    gateway_cpu_s: used.gateway_cpu_s,
    envoy_cpu_s: used.envoy_cpu_s,
    mb_per_gateway_core_s: result.bytes / 1e6 / used.gateway_cpu_s,
    gateway_peak_mib: used.gateway_peak_mib,
    envoy_peak_mib: used.envoy_peak_mib,
  };
}
