import pg from 'pg';
import { peopleSelect } from './database.js';
import { readResult } from './read-result.js';
import type { Target } from './targets.js';
import { script } from './workloads/select-only.js';

const STATEMENTS = 3000;
const ROWS = 20_000;

/** Lets the compiler of a target's process see what comes, so that the first workload is not measured cold. */
export async function warmUp(target: Target): Promise<void> {
  const client = new pg.Client({ connectionString: target.url });
  client.on('error', () => undefined); // shows in the query's own error
  await client.connect();
  try {
    const sql = script.split('\n')[1]!.replace(':aid', '$1');
    for (let i = 1; i <= STATEMENTS; i++) await client.query({ name: 'warm', text: sql, values: [i] });
    for (let i = 1; i <= STATEMENTS / 10; i++) await client.query(`${peopleSelect} where id between ${i} and ${i + 99}`);
  } finally {
    await client.end();
  }
  const bulk = `${peopleSelect} where id <= ${ROWS}`;
  for (const sql of [bulk, `copy (${bulk}) to stdout`]) await readResult({ url: target.url, sql });
}
