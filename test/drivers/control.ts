import pg from 'pg';
import { type Address, USER } from './context.js';

const DATABASE = 'midstream_control';
const SECRET = 'seen in the clear';

/** The one table that the masks of a run cover: in a database of its own, so that no suite meets it. */
async function makeTable({ host, port }: Address): Promise<void> {
  await ask({ host, port, database: USER }, `create database ${DATABASE}`).catch((error: unknown) => {
    if ((error as { code?: string }).code !== '42P04') throw error; // it is there from an earlier run
  });
  await ask({ host, port, database: DATABASE }, `drop table if exists nobody; create table nobody as select '${SECRET}'::text as secret`);
}

/** Throws when the gateway does not mask what the run's policy covers, or masks without being told: then the run would prove nothing. */
export async function checkMasks({ server, gateway, masks }: { server: Address; gateway: Address; masks: boolean }): Promise<void> {
  await makeTable(server);
  const { host, port } = gateway;
  const [row] = await ask({ host, port, database: DATABASE }, 'select secret from nobody');
  if ((row?.secret === SECRET) === masks) throw new Error(`the gateway ${masks ? 'does not mask' : 'masks'} the column nobody.secret`);
}

async function ask(at: Address & { database: string }, sql: string): Promise<{ secret?: string }[]> {
  const client = new pg.Client({ ...at, user: USER });
  await client.connect();
  try {
    const result: unknown = await client.query(sql);
    return Array.isArray(result) ? [] : (result as pg.QueryResult<{ secret?: string }>).rows;
  } finally {
    await client.end();
  }
}
