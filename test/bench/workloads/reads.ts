import { PEOPLE, peopleSelect } from '../database.js';
import type { Workload, WorkloadContext } from './index.js';
import { pgbenchSample } from './measure.js';

const ROWS = 100;
export const script = `\\set id random(1, ${PEOPLE - ROWS + 1})\n${peopleSelect} where id between :id and :id + ${ROWS - 1};\n`;

/** 100 rows with an e-mail address, a phone number and a card number each. */
export function reads({ options, pgbench }: WorkloadContext): Workload[] {
  const cases = (['prepared', 'simple'] as const).flatMap((protocol) => [1, 8].map((clients) => ({ protocol, clients })));
  return cases
    .filter(({ protocol }) => !options.quick || protocol === 'prepared')
    .map(({ protocol, clients }) => ({
      name: `reads-${protocol}-${clients}`,
      title: `100 rows, three masked columns, ${protocol}, ${clients} ${clients === 1 ? 'client' : 'clients'} (tps)`,
      run: async (target) => {
        const sample = await pgbenchSample(pgbench!, target, { script, protocol, clients, seconds: options.seconds, connect: false });
        return { ...sample, rows_per_s: sample.rate * ROWS };
      },
    }));
}
