import type { PostgresOperation } from '../types.js';
import { convertIdentity } from './identity-values.js';
import { convertParams, convertSql } from './sql-values.js';
import type { OwnContext } from './types.js';

function unreadable(): never {
  throw new Error('the values of a SQL-level EXECUTE are not read');
}

export function postgresContext(facts: PostgresOperation): OwnContext {
  const sql = convertSql(facts.sql);
  const params = facts.params ?? (facts.sql.parameters === 0 ? [] : undefined);
  const variables: Record<string, unknown> = {
    on: facts.on,
    identity: convertIdentity(facts.identity),
    resource: facts.resource,
    database: facts.database,
    user: facts.user,
    application: facts.application,
    sql: sql.value,
  };
  if (sql.executes) Object.defineProperty(variables, 'params', { get: unreadable });
  // biome-ignore lint/complexity/useLiteralKeys: TypeScript asks for it, since the key is not declared
  else if (params !== undefined) variables['params'] = convertParams(params);
  return {
    variables,
    sizes: {
      statements: sql.statements,
      statement: sql.statement,
      longest: sql.longest,
      groups: facts.identity.groups.length,
      params: params?.length ?? 0,
    },
  };
}
