import pg from 'pg';
import { peopleSelect } from './database.js';
import { pgbench } from './pgbench.js';
import { readResult } from './read-result.js';
import type { Target } from './targets.js';
import { script as reads } from './workloads/reads.js';
import { script as selects } from './workloads/select-only.js';

const STATEMENTS = 3000;
const ROWS = 20_000;
const CLIENTS = 8;

/**
 * Lets the compiler of a target's process see what comes. A gateway is compiled during its first 30,000 to 40,000 statements, which cost two to four times as much
 * as the later ones (decision 0207): a few seconds of its life, and all of a workload's.
 */
export async function warmUp(target: Target, seconds: number, program: string | undefined): Promise<void> {
  await warmByDriver(target);
  const bulk = `${peopleSelect} where id <= ${ROWS}`;
  for (const sql of [bulk, `copy (${bulk}) to stdout`]) await readResult({ url: target.url, sql });
  // Without a process of Node's there is nothing to be compiled.
  if (program === undefined || target.gateway === undefined) return;
  for (const protocol of ['prepared', 'simple', 'extended'] as const)
    await pgbench(program, target.url, { script: selects, protocol, clients: CLIENTS, seconds, connect: false });
  for (const protocol of ['prepared', 'simple'] as const)
    await pgbench(program, target.url, { script: reads, protocol, clients: CLIENTS, seconds, connect: false });
}

async function warmByDriver(target: Target): Promise<void> {
  const client = new pg.Client({ connectionString: target.url });
  client.on('error', () => undefined); // shows in the query's own error
  await client.connect();
  try {
    const sql = selects.split('\n')[1]!.replace(':aid', '$1');
    for (let i = 1; i <= STATEMENTS; i++) await client.query({ name: 'warm', text: sql, values: [i] });
    for (let i = 1; i <= STATEMENTS / 10; i++) await client.query(`${peopleSelect} where id between ${i} and ${i + 99}`);
  } finally {
    await client.end();
  }
}
