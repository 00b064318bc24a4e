import type { BenchOptions } from '../options.js';
import type { Target } from '../targets.js';
import { bulk } from './bulk.js';
import { connect, connectByLogin } from './connect.js';
import { memory } from './memory.js';
import { reads } from './reads.js';
import { selectOnly } from './select-only.js';

/** What was measured once: numbers by name, with their units in the names; `rate` is what ratios are made of. */
export type Sample = { rate: number } & Record<string, number>;

export interface Workload {
  name: string;
  /** in words, with the unit of `rate` */
  title: string;
  /** the targets that make sense for it; all when absent */
  targets?: (name: string) => boolean;
  /** needs processes that nothing else ran in */
  fresh?: boolean;
  run(target: Target): Promise<Sample>;
}

export interface WorkloadContext {
  options: BenchOptions;
  /** undefined when pgbench is not here */
  pgbench: string | undefined;
}

/** All workloads that the options ask for, in the order in which they run. */
export function workloads(context: WorkloadContext): Workload[] {
  const all = [
    ...(context.pgbench ? [...selectOnly(context), ...reads(context), ...connect(context), ...connectByLogin(context)] : []),
    ...bulk(),
    ...memory(context),
  ];
  const { only } = context.options;
  return only.length === 0 ? all : all.filter(({ name }) => only.some((start) => name.startsWith(start)));
}
