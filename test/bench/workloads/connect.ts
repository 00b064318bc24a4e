import type { Workload, WorkloadContext } from './index.js';
import { pgbenchSample } from './measure.js';
import { script } from './select-only.js';

/** A new connection for each transaction. */
export function connect({ options, pgbench }: WorkloadContext): Workload[] {
  return [1, 8]
    .filter((clients) => !options.quick || clients === 1)
    .map((clients) => ({
      name: `connect-${clients}`,
      title: `a new connection for each select, ${clients} ${clients === 1 ? 'client' : 'clients'} (connections/s)`,
      run: (target) => pgbenchSample(pgbench!, target, { script, protocol: 'simple', clients, seconds: options.seconds, connect: true }),
    }));
}
