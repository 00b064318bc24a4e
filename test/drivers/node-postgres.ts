import assert from 'node:assert/strict';
import pg from 'pg';
import { type Address, type Counts, countCases, type SuiteContext, USER } from './context.js';
import { Connections, DATABASE } from './node-postgres/case.js';
import { queries } from './node-postgres/queries.js';
import { streams } from './node-postgres/streams.js';
import { transactions } from './node-postgres/transactions.js';

/** node-postgres and its companions: each case runs directly and through the gateway, and what it gives must be equal. */
export async function nodePostgres({ direct, through }: SuiteContext): Promise<Counts> {
  await createDatabase(direct);
  return countCases(
    [...queries, ...streams, ...transactions].map(({ name, run }) => ({
      name,
      run: async () => {
        const [expected, actual] = [await onceAt(direct, run), await onceAt(through, run)];
        assert.deepEqual(actual, expected);
      },
    })),
  );
}

async function onceAt(address: Address, run: (at: Connections) => Promise<unknown>): Promise<unknown> {
  const connections = new Connections(address);
  try {
    return await run(connections);
  } finally {
    await connections.end();
  }
}

async function createDatabase({ host, port }: Address): Promise<void> {
  const client = new pg.Client({ host, port, user: USER, database: USER });
  await client.connect();
  await client.query(`drop database if exists ${DATABASE} with (force)`);
  await client.query(`create database ${DATABASE}`);
  await client.end();
}
