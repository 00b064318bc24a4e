import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { apiKeys, customers, employees, orders } from './shop.js';

export interface Shop {
  /** the new database */
  database: string;
  /** role that the agent logs in as: reads and writes the shop's tables, and owns the database */
  agent: { user: string; password: string };
  /** connection string of the database as the administrator who made it, past the gateway */
  adminUrl: string;
  /** takes the database and the role away again */
  drop(): Promise<void>;
}

const tables = `
create table customers (id int generated always as identity primary key, name text not null, email text not null, phone text not null, card_number text not null, ssn text not null);
create table orders (id int generated always as identity primary key, customer_id int not null references customers, item text not null, amount numeric(10, 2) not null);
create table api_keys (id int generated always as identity primary key, owner text not null, secret text not null);
create table employees (id int generated always as identity primary key, name text not null, role text not null, salary int not null);
`;

/**
 * Makes a small shop on a PostgreSQL server, in a database of its own, with a role for the agent. Both get names that nothing
 * else has, so that a server which is somebody's own keeps what is there. Rejects with the server's own error; what it had made is gone then.
 */
export async function seedShop(serverUrl: string, options: { database?: string } = {}): Promise<Shop> {
  const suffix = randomBytes(3).toString('hex');
  const database = options.database ?? `midstream_shop_${suffix}`;
  const agent = { user: `midstream_agent_${suffix}`, password: randomBytes(12).toString('hex') };
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  const drop = () =>
    on(serverUrl, async (client) => {
      await client.query(`drop database if exists ${pg.escapeIdentifier(database)} with (force)`);
      await client.query(`drop role if exists ${pg.escapeIdentifier(agent.user)}`);
    });
  try {
    await on(serverUrl, (client) => makeDatabase(client, database, agent));
    await on(url.href, (client) => fill(client, agent.user));
  } catch (error) {
    // Its name is nobody else's, where it is not the embedded server's own.
    await drop().catch(() => undefined);
    throw error;
  }
  return { database, agent, adminUrl: url.href, drop };
}

async function makeDatabase(client: pg.Client, database: string, agent: Shop['agent']): Promise<void> {
  await client.query(`create role ${pg.escapeIdentifier(agent.user)} login password ${pg.escapeLiteral(agent.password)}`);
  // The agent owns the database: PostgreSQL itself would let it drop it.
  await client.query(`create database ${pg.escapeIdentifier(database)} owner ${pg.escapeIdentifier(agent.user)}`);
}

async function fill(client: pg.Client, user: string): Promise<void> {
  await client.query('begin');
  await client.query(tables);
  await insert(
    client,
    'customers',
    ['name', 'email', 'phone', 'card_number', 'ssn'],
    customers.map((one) => [one.name, one.email, one.phone, one.card_number, one.ssn]),
  );
  await insert(
    client,
    'orders',
    ['customer_id', 'item', 'amount'],
    orders.map((one) => [one.customer + 1, one.item, one.amount]),
  );
  await insert(
    client,
    'api_keys',
    ['owner', 'secret'],
    apiKeys.map((one) => [one.owner, one.secret]),
  );
  await insert(
    client,
    'employees',
    ['name', 'role', 'salary'],
    employees.map((one) => [one.name, one.role, one.salary]),
  );
  await client.query(`grant select, insert, update, delete on all tables in schema public to ${pg.escapeIdentifier(user)}`);
  await client.query('commit');
}

async function insert(client: pg.Client, table: string, columns: readonly string[], rows: readonly (readonly unknown[])[]): Promise<void> {
  const values = rows.map((row, i) => `(${row.map((_, j) => `$${i * columns.length + j + 1}`).join(', ')})`);
  await client.query(`insert into ${table} (${columns.join(', ')}) values ${values.join(', ')}`, rows.flat());
}

async function on(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'midstream demo', connectionTimeoutMillis: 10_000 });
  client.on('error', () => undefined); // a lost connection shows in the query's own error
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end().catch(() => undefined);
  }
}
