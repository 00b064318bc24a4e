import type { SqlFacts } from '../../sql/facts.js';
import { factClass, unavailable } from '../fact-class.js';
import { markForm } from '../form-values.js';
import type { HttpOperation, WebSocketOperation } from '../types.js';
import { convertIdentity } from './identity-values.js';
import { BODY_LEVELS, convertBody, convertJson, longestList } from './json-values.js';
import { convertParams, convertSql } from './sql-values.js';
import type { OwnContext } from './types.js';

/** A request in which no statement stands. */
const NO_SQL: SqlFacts = { statements: [], count: 0, unparsed: '', opaque: [], fingerprint: '', normalized: '', parameters: 0 };

/** A body that can't be had, or was not read, must not look like one that was: touching it is an error. */
export function httpContext({ http, sql: asked, params = [], form, identity, resource }: HttpOperation): OwnContext {
  const sql = convertSql(asked ?? NO_SQL);
  let longest: number | undefined;
  const query = convertJson(http.query, 2);
  markForm(query);
  const value = new (factClass('Http'))({
    ...http,
    query,
    headers: convertJson(http.headers, 1),
    body: convertBody(http.body),
    graphql: http.graphql?.map((one) => ({
      ...one,
      arguments: one.arguments.map((argument) => ({ ...argument, value: convertJson(argument.value, BODY_LEVELS) })),
    })),
  });
  const why = http.unreadable || http.unparsed || 'the body was not read';
  for (const name of ['body', 'files', 'graphql'] as const) if (http[name] === undefined) unavailable(value, name, why);
  return {
    variables: { on: 'http', identity: convertIdentity(identity), resource, http: value, sql: sql.value, params: convertParams(params) },
    form,
    sizes: {
      statements: sql.statements,
      statement: sql.statement,
      // Conditions without a loop over all do not ask: then nobody has to go through all of a body.
      get longest() {
        longest ??= Math.max(sql.longest, longestList([http.query, http.headers, http.body, http.files, http.graphql]));
        return longest;
      },
      groups: identity.groups.length,
      params: params.length,
    },
  };
}

export function messageContext({ message, http, form, identity, resource }: WebSocketOperation): OwnContext {
  const { variables, sizes } = httpContext({ on: 'http', http, identity, resource });
  const value = new (factClass('Message'))({ ...message, body: convertJson(message.body, BODY_LEVELS) });
  if (message.body === undefined) unavailable(value, 'body', message.unreadable);
  return {
    variables: { ...variables, on: 'websocket', message: value },
    form,
    sizes: { ...sizes, longest: Math.max(sizes.longest, longestList(message.body)) },
  };
}
