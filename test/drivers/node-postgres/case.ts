import pg from 'pg';
import { type Address, USER } from '../context.js';

export const DATABASE = 'node_postgres';

/** One test: it runs against any address, checks what it knows, and may give what must be equal wherever it ran. */
export interface Case {
  name: string;
  run: (at: Connections) => Promise<unknown>;
}

/** Opens connections to one address and closes them all. */
export class Connections {
  readonly #clients: pg.Client[] = [];
  constructor(readonly address: Address) {}

  settings(extra: pg.ClientConfig = {}): pg.ClientConfig {
    return { ...this.address, user: USER, database: DATABASE, ssl: false, ...extra };
  }

  async client(extra: pg.ClientConfig = {}): Promise<pg.Client> {
    const client = new pg.Client(this.settings(extra));
    client.on('error', () => undefined); // shows in the query that fails
    this.#clients.push(client);
    await client.connect();
    return client;
  }

  async end(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.end().catch(() => undefined)));
  }
}

const errorFields = [
  'severity',
  'code',
  'message',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'where',
  'schema',
  'table',
  'column',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
  'length',
] as const;

/** All fields of an error or notice as the driver tells them. */
export function fieldsOf(error: unknown): Record<string, unknown> {
  const record = error as Record<string, unknown>;
  return Object.fromEntries(errorFields.map((name) => [name, record[name] ?? null]));
}

/** The error that the work must fail with, as fields; throws when it succeeds or fails without a SQLSTATE. */
export async function failureOf(work: Promise<unknown>): Promise<Record<string, unknown>> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) throw new Error('it should have failed');
  if (typeof (error as { code?: unknown }).code !== 'string') throw error;
  return fieldsOf(error);
}
