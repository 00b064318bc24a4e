import { join } from 'node:path';
import { bulk } from './bulk.js';
import { byteExact } from './byte-exact.js';
import type { Counts, SuiteContext } from './context.js';
import { identity } from './identity.js';
import { nodePostgres } from './node-postgres.js';
import { type Transport, transports } from './options.js';
import { runProgram, suiteFile } from './shell.js';
import { jdbcJar, type Need, needs } from './tools.js';

/** A test that cannot pass by one transport, for a reason that is not the gateway's to mend. It is counted and shown apart. */
export interface Gap {
  transport: Transport;
  /** the failure's line, without FAILED */
  test: string;
  why: string;
}

export interface Suite {
  name: string;
  what: string;
  needs: readonly Need[];
  /** tests that pass without the gateway, on the PostgreSQL 15 and the versions that are pinned here; undefined: --direct tells */
  expected: number | undefined;
  /** only with --full, or by its name */
  full?: true;
  /** it needs what no server has of itself: run by each transport, once */
  gatewayOnly?: true;
  gaps?: readonly Gap[];
  run: (context: SuiteContext) => Promise<Counts>;
}

const MINUTE_MS = 60_000;

const shell = (name: string, what: string, wanted: readonly Need[], expected: number, minutes: number): Suite => ({
  name,
  what,
  needs: [needs.bash, needs.psql, ...wanted],
  expected,
  run: (context) => runProgram(['bash', suiteFile(`${name}.sh`)], context, minutes * MINUTE_MS, `${name}-${context.through.port}`),
});

const python = (name: 'asyncpg' | 'psycopg2', what: string, expected: number): Suite => ({
  name,
  what,
  needs: [needs.server15, needs[name]],
  expected,
  run: (context) =>
    runProgram(
      [join(context.work, 'venv', 'bin', 'python'), suiteFile('python_suite.py'), name, join(context.work, 'src', name)],
      context,
      15 * MINUTE_MS,
      `${name}-${context.through.port}`,
    ),
});

const postgresOwn = [needs.server15, needs.source];

/** All suites, the quick ones first. */
export const suites: readonly Suite[] = [
  { name: 'byte-exact', what: 'byte streams of clients; answers compared byte for byte', needs: [], expected: 384, run: byteExact },
  { name: 'node-postgres', what: 'node-postgres with cursors, query streams, COPY', needs: [], expected: 35, run: nodePostgres },
  {
    name: 'identity',
    what: 'psql, psycopg, node-postgres, pgx, pgjdbc over TLS, by a token in place of a password; libpq 18 with each sslmode',
    needs: [],
    expected: 7,
    gatewayOnly: true,
    run: identity,
  },
  shell('node-postgres-own', "node-postgres' own tests", [needs.server15, needs.npm], 197, 15),
  {
    name: 'psycopg',
    what: 'psycopg 3 (Python)',
    needs: [needs.psycopg],
    expected: 10,
    run: (context) =>
      runProgram(
        [join(context.work, 'venv', 'bin', 'python'), suiteFile('psycopg_suite.py')],
        context,
        5 * MINUTE_MS,
        `psycopg-${context.through.port}`,
      ),
  },
  python('psycopg2', "psycopg2's own tests (Python)", 717),
  {
    ...python('asyncpg', "asyncpg's own tests (Python)", 261),
    gaps: transports.map((transport) => ({
      transport,
      test: 'tests.test_execute.TestExecuteMany.test_executemany_server_failure_during_writes',
      why: "it expects that a full socket stops it from sending before the server's error is back; on the way through Envoy more fits",
    })),
  },
  {
    name: 'jdbc',
    what: 'pgjdbc (Java)',
    needs: [needs.jdbc],
    expected: 6,
    run: (context) =>
      runProgram(['java', '-cp', jdbcJar(context.work)!, suiteFile('Jdbc.java')], context, 5 * MINUTE_MS, `jdbc-${context.through.port}`),
  },
  shell('pgbench', 'pgbench in each query mode', [needs.server15, needs.pgbench], 6, 10),
  shell('dump-restore', 'pg_dump, pg_restore, pgbench data', [needs.server15, needs.pgbench], 4, 10),
  {
    ...shell('pipeline', "PostgreSQL's own test of libpq's pipeline mode", postgresOwn, 20, 20),
    gaps: [
      {
        transport: 'ext_proc',
        test: 'uniqviol',
        why: "it sends until its socket is full, and Envoy 1.40's network ext_proc takes whatever a client sends",
      },
    ],
  },
  shell('regress', "PostgreSQL's own regression tests", [...postgresOwn, needs.pgRegress], 217, 20),
  shell('isolation', "PostgreSQL's own isolation tests", [...postgresOwn, needs.pgRegress], 115, 20),
  shell('sqlsmith', 'random queries of sqlsmith', [needs.server15, needs.sqlsmith], 3, 10),
  // One test sends 100,000 statements, each after the answer to the last, and Go compiles for minutes: much time on a machine under load.
  shell('pgx', "pgx's own tests (Go)", [needs.server15, needs.go, needs.python], 2657, 60),
  shell('pgjdbc', "pgjdbc's own tests (Java)", [needs.server15, needs.java, needs.mvn, needs.python], 4839, 90),
  { name: 'bulk', what: '1 GB of rows, three ways', needs: [], expected: 3, full: true, run: bulk },
];
