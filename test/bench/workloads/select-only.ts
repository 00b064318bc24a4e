import { ACCOUNTS, SCHEMA } from '../database.js';
import type { Workload, WorkloadContext } from './index.js';
import { pgbenchSample } from './measure.js';

/** pgbench's own select-only transaction, on a table of ours. */
export const script = `\\set aid random(1, ${ACCOUNTS})\nselect abalance from ${SCHEMA}.accounts where aid = :aid;\n`;

export function selectOnly({ options, pgbench }: WorkloadContext): Workload[] {
  const cases = (['prepared', 'extended', 'simple'] as const).flatMap((protocol) => [1, 8, 32].map((clients) => ({ protocol, clients })));
  const quick = ({ protocol, clients }: (typeof cases)[number]) => (protocol === 'prepared' ? clients <= 8 : clients === 8);
  return cases
    .filter((one) => !options.quick || quick(one))
    .map(({ protocol, clients }) => ({
      name: `select-${protocol}-${clients}`,
      title: `select-only, ${protocol}, ${clients} ${clients === 1 ? 'client' : 'clients'} (tps)`,
      run: (target) => pgbenchSample(pgbench!, target, { script, protocol, clients, seconds: options.seconds, connect: false }),
    }));
}
