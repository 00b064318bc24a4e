import type { Identity, PostgresOperation } from '../../../filters/policy/types.js';
import { emptyStatement } from '../../../filters/sql/empty-statement.js';
import type { SqlFacts, StatementFacts } from '../../../filters/sql/facts.js';

/** A statement that does nothing special, with what a test changes. */
export function statement(changes: Partial<StatementFacts> = {}): StatementFacts {
  return { ...emptyStatement('select', 'top'), ...changes };
}

export function sqlFacts(statements: Partial<StatementFacts>[], changes: Partial<SqlFacts> = {}): SqlFacts {
  return {
    statements: statements.map(statement),
    count: statements.length,
    unparsed: '',
    opaque: [],
    fingerprint: 'f00d',
    normalized: 'select 1',
    parameters: 0,
    ...changes,
  };
}

export const identity = (changes: Partial<Identity> = {}): Identity => ({
  id: 'agent',
  kind: 'claimed',
  issuer: '',
  groups: [],
  claims: {},
  source: '127.0.0.1:5',
  proof: 'claimed',
  ...changes,
});

export function operation(sql: SqlFacts, changes: Partial<PostgresOperation> = {}): PostgresOperation {
  return { on: 'postgres', sql, identity: identity(), resource: 'orders', database: 'shop', user: 'app', application: 'psql', ...changes };
}

/** A policy with one rule whose condition is given; everything else is open. */
export const oneRule = (when: string, then = 'deny', more = ''): string =>
  `version: 1\nrules:\n  - name: r\n    on: postgres\n    when: ${JSON.stringify(when)}\n    then: ${then}\n${more}defaults: { unparsed: allow, opaque: allow, grammar: follow }\n`;
