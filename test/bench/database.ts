import pg from 'pg';
import { type Postgres, startPostgres, useDatabaseUrl } from '../../extproc/process/postgres.js';
import { random } from './random.js';

export const SCHEMA = 'midstream_bench';
export const ACCOUNTS = 100_000;
export const PEOPLE = 200_000;
const WIDE_ROWS = 1000;
const NOTE_CHARS = 980;
/** One row of the wide table as DataRow, in bytes: what the size of the memory workloads' result is reckoned with. */
const WIDE_ROW_BYTES = 1050;
const BATCH_ROWS = 10_000;

export interface Person {
  name: string;
  email: string;
  phone: string;
  card: string;
}

/** The row with id 1: its originals must not be seen where masks are on. */
export const firstPerson = (): Person => person(random(1));

/** The database that DATABASE_URL names, or an embedded one without fsync; the same for all targets. */
export function openDatabase(log: (line: string) => void): Promise<Postgres> {
  const url = process.env['DATABASE_URL'];
  if (url) return useDatabaseUrl(url);
  return startPostgres({
    log,
    auth: 'trust',
    settings: { max_connections: '300', shared_buffers: '256MB', jit: 'off', autovacuum: 'off' },
  });
}

/** Fills the schema that the workloads read. */
export async function seed(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`drop schema if exists ${SCHEMA} cascade; create schema ${SCHEMA}`);
    await client.query(
      `create table ${SCHEMA}.accounts as select g as aid, (g * 7) % 1000 as abalance from generate_series(1, ${ACCOUNTS}) g`,
    );
    await client.query(`create table ${SCHEMA}.people (id int, name text, email text, phone text, card text)`);
    const next = random(1);
    for (let id = 1; id <= PEOPLE; id += BATCH_ROWS) await insertPeople(client, id, next);
    await client.query(`create table ${SCHEMA}.wide (id int, email text, note text)`);
    const rows = Array.from({ length: WIDE_ROWS }, () => ({ email: person(next).email, note: prose(next) }));
    await client.query(`insert into ${SCHEMA}.wide select row_number() over (), * from unnest($1::text[], $2::text[])`, [
      rows.map((row) => row.email),
      rows.map((row) => row.note),
    ]);
    await client.query(`create unique index on ${SCHEMA}.accounts (aid); create unique index on ${SCHEMA}.people (id)`);
    for (const table of ['accounts', 'people', 'wide']) await client.query(`vacuum analyze ${SCHEMA}.${table}`);
    await client.query('checkpoint').catch(() => undefined); // needs a right that not every user has
  } finally {
    await client.end();
  }
}

export async function unseed(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`drop schema if exists ${SCHEMA} cascade`).finally(() => client.end());
}

async function insertPeople(client: pg.Client, from: number, next: () => number): Promise<void> {
  const batch = Array.from({ length: BATCH_ROWS }, () => person(next));
  const columns = (['name', 'email', 'phone', 'card'] as const).map((key) => batch.map((row) => row[key]));
  await client.query(
    `insert into ${SCHEMA}.people select $1 + row_number() over () - 1, * from unnest($2::text[], $3::text[], $4::text[], $5::text[])`,
    [from, ...columns],
  );
}

const given = ['Ada', 'Grace', 'Edsger', 'Barbara', 'Donald', 'Frances', 'Niklaus', 'Radia', 'Tony', 'Margaret'];
const family = ['Okafor', 'Lindqvist', 'Moreau', 'Tanaka', 'Silva', 'Novak', 'Haddad', 'Kowalski', 'Rossi', 'Nguyen'];
const words =
  'the order was packed and left on time but a box came back since nobody had been at home that day please call again about it'.split(' ');

function person(next: () => number): Person {
  const first = pick(given, next);
  const last = pick(family, next);
  const number = Math.floor(next() * 1e6);
  return {
    name: `${first} ${last}`,
    email: `${first}.${last}${number}@example.org`.toLowerCase(),
    phone: `+1 415 ${digits(next, 3, 200)} ${digits(next, 4, 0)}`,
    card: card(next),
  };
}

const pick = (list: readonly string[], next: () => number): string => list[Math.floor(next() * list.length)]!;
const digits = (next: () => number, count: number, least: number): string =>
  String(least + Math.floor(next() * (10 ** count - least))).padStart(count, '0');

/** A made-up card number whose check digit is right, in groups of four. */
function card(next: () => number): string {
  const body = `4000${digits(next, 5, 0)}${digits(next, 6, 0)}`;
  let sum = 0;
  for (const [i, digit] of [...body].entries()) {
    const doubled = Number(digit) * (i % 2 === 0 ? 2 : 1);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return `${body}${(10 - (sum % 10)) % 10}`.replace(/(.{4})(?=.)/g, '$1 ');
}

function prose(next: () => number): string {
  let text = '';
  while (text.length < NOTE_CHARS) text += `${pick(words, next)} `;
  return text.slice(0, NOTE_CHARS);
}

/** Every row of the people: 200,000. */
export const peopleSelect = `select id, name, email, phone, card from ${SCHEMA}.people`;
export const peopleCopy = `copy (${peopleSelect}) to stdout`;

/** A result of about so many bytes. */
export function wideSelect(bytes: number): string {
  const times = Math.max(1, Math.round(bytes / (WIDE_ROWS * WIDE_ROW_BYTES)));
  return `select w.id, w.email, w.note from generate_series(1, ${times}) g cross join ${SCHEMA}.wide w`;
}
