import type { HttpFacts } from '../http/facts.js';
import { bodyFactNames } from '../kubernetes/facts.js';
import type { SqlFacts } from '../sql/facts.js';
import { type FactTypeName, factTypes } from './fact-table.js';
import type {
  HttpOperation,
  Identity,
  KubernetesOperation,
  McpOperation,
  OperationFacts,
  PostgresOperation,
  TerminalOperation,
  WebSocketOperation,
} from './types.js';

/**
 * Facts as the CEL library wants them: instances of registered classes, whole numbers as bigint.
 * Only the fields of the table are copied, so nothing else can be reached from a condition.
 */
export type FactClass = new (facts: Record<string, unknown>) => object;

function makeClass(name: FactTypeName): FactClass {
  const fields = Object.entries(factTypes[name]).map(([field, doc]) => ({ field, convert: converter(doc.type) }));
  return class Fact {
    constructor(facts: Record<string, unknown>) {
      const self = this as Record<string, unknown>;
      for (const { field, convert } of fields) {
        const value = facts[field];
        self[field] = convert === undefined || value === undefined ? value : convert(value);
      }
    }
  };
}

/** How a value of this type becomes a CEL value; undefined when it is one already. */
function converter(type: string): ((value: unknown) => unknown) | undefined {
  if (type === 'int') return (value) => BigInt(value as number);
  const element = /^list<(\w+)>$/.exec(type)?.[1];
  if (element !== undefined && element in factTypes) {
    return (list) => (list as Record<string, unknown>[]).map((item) => new (factClass(element as FactTypeName))(item));
  }
  return undefined;
}

const classes = new Map<FactTypeName, FactClass>();

export function factClass(name: FactTypeName): FactClass {
  let found = classes.get(name);
  if (found === undefined) {
    found = makeClass(name);
    classes.set(name, found);
  }
  return found;
}

/** Sizes of the lists of one operation, for bounding what a condition may cost. */
export interface Sizes {
  statements: number;
  /** mean, over the statements, of the longest list in each: so a loop over what is in each statement is counted exactly */
  statement: number;
  /** longest list in any statement, for a loop in such a loop */
  longest: number;
  groups: number;
  params: number;
}

interface ConvertedSql {
  value: object;
  statements: number;
  statement: number;
  longest: number;
  /** there is a SQL-level EXECUTE: its values stand in the text, not in `params` */
  executes: boolean;
}

// Facts and identities are values: whoever makes them does not change them afterwards.
// Facts of one text are judged again and again (each Execute, each session that shares the cache), so their form is kept beside them.
const convertedSql = new WeakMap<SqlFacts, ConvertedSql>();
const convertedIdentity = new WeakMap<Identity, object>();

function convertSql(facts: SqlFacts): ConvertedSql {
  let found = convertedSql.get(facts);
  if (found === undefined) {
    let longest = 0;
    let total = 0;
    for (const s of facts.statements) {
      const own = Math.max(s.objects.length, s.columns.length, s.functions.length, s.reaches.length, s.opaque.length);
      longest = Math.max(longest, own);
      total += own;
    }
    found = {
      value: new (factClass('Sql'))(facts as unknown as Record<string, unknown>),
      statements: facts.statements.length,
      statement: total / Math.max(1, facts.statements.length),
      longest,
      executes: facts.statements.some((s) => s.kind === 'execute'),
    };
    convertedSql.set(facts, found);
  }
  return found;
}

/** Levels of claims and of a body that a condition can ask for; what is deeper can't be had. */
const CLAIMS_LEVELS = 8;
const BODY_LEVELS = 101;

/** Claims and bodies are somebody else's JSON: as maps, keys such as `constructor` and `__proto__` are keys like any other. */
function convertJson(value: unknown, levels: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((item) => convertJson(item, levels - 1));
  return new Map(Object.entries(value).map(([key, item]) => [key, convertJson(item, levels - 1)]));
}

export function convertIdentity(identity: Identity): object {
  let found = convertedIdentity.get(identity);
  if (found === undefined) {
    found = new (factClass('Identity'))({ ...identity, claims: convertJson(identity.claims, CLAIMS_LEVELS) });
    if (identity.age_s === undefined) unavailable(found, 'age_s', 'nobody knows how old the proof is');
    convertedIdentity.set(identity, found);
  }
  return found;
}

/** What somebody only claims of themselves: a condition has it where it asks how that was proven, and else it can't be had. */
const claimedFacts = ['id', 'groups', 'claims'] as const;
const hiddenIdentity = new WeakMap<Identity, object>();

export const isClaimed = ({ kind, proof }: Identity): boolean => kind === 'claimed' || proof === 'claimed';

/** The identity for a condition that does not ask how it was proven; undefined: it is proven. */
function unprovenIdentity(identity: Identity): object | undefined {
  if (!isClaimed(identity)) return undefined;
  let found = hiddenIdentity.get(identity);
  if (found === undefined) {
    found = new (factClass('Identity'))({ ...identity, claims: new Map() });
    for (const name of [...claimedFacts, 'age_s']) unavailable(found, name, 'the identity is only claimed; ask for identity.proof as well');
    hiddenIdentity.set(identity, found);
  }
  return found;
}

/** A value that could not be read must not look like one that was: touching it is an error, in a loop and by index alike. */
function convertParams(params: readonly (string | null | undefined)[]): unknown[] {
  if (!params.includes(undefined)) return params as unknown[];
  const guarded: unknown[] = [...params];
  params.forEach((value, i) => {
    if (value !== undefined) return;
    Object.defineProperty(guarded, i, {
      enumerable: true,
      get: () => {
        throw new Error(`parameter $${i + 1} could not be read`);
      },
    });
  });
  return guarded;
}

export interface Context {
  variables: Record<string, unknown>;
  /** in place of the identity, for conditions that do not ask how it was proven; undefined: it is proven */
  unproven: object | undefined;
  sizes: Sizes;
}

function unreadable(): never {
  throw new Error('the values of a SQL-level EXECUTE are not read');
}

/** The variables of a rule's condition. `params` stays absent until values are bound; a statement without parameters has an empty list. */
export function ruleContext(facts: OperationFacts): Context {
  return { ...operationContext(facts), unproven: unprovenIdentity(facts.identity) };
}

type OwnContext = Omit<Context, 'unproven'>;

function operationContext(facts: OperationFacts): OwnContext {
  if (facts.on === 'http') return httpContext(facts);
  if (facts.on === 'kubernetes') return kubernetesContext(facts);
  if (facts.on === 'websocket') return messageContext(facts);
  if (facts.on === 'terminal') return terminalContext(facts);
  return facts.on === 'mcp' ? mcpContext(facts) : postgresContext(facts);
}

function postgresContext(facts: PostgresOperation): OwnContext {
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

/** A request in which no statement stands. */
const NO_SQL: SqlFacts = { statements: [], count: 0, unparsed: '', opaque: [], fingerprint: '', normalized: '', parameters: 0 };

/** A body that can't be had, or was not read, must not look like one that was: touching it is an error. */
function httpContext({ http, sql: asked, params = [], identity, resource }: HttpOperation): OwnContext {
  const sql = convertSql(asked ?? NO_SQL);
  let longest: number | undefined;
  const value = new (factClass('Http'))({
    ...http,
    query: convertJson(http.query, 2),
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

/** A fact that can't be had must not look like one that is empty. */
function unavailable(value: object, name: string, why: string): void {
  Object.defineProperty(value, name, {
    enumerable: true,
    get: () => {
      throw new Error(why);
    },
  });
}

/** A request is judged in each of its readings, most of which have the same body. */
const convertedBodies = new WeakMap<object, unknown>();

function convertBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  let found = convertedBodies.get(body);
  if (found === undefined) {
    found = convertJson(body, BODY_LEVELS);
    convertedBodies.set(body, found);
  }
  return found;
}

/** Nothing of a body that can't be had may look like a body that says nothing. */
function kubernetesContext({ k8s, identity, resource }: KubernetesOperation): OwnContext {
  const value = new (factClass('Kubernetes'))({ ...k8s, object: convertJson(k8s.object, BODY_LEVELS) });
  if (k8s.object === undefined) for (const name of bodyFactNames) unavailable(value, name, k8s.unreadable);
  return {
    variables: { on: 'kubernetes', identity: convertIdentity(identity), resource, k8s: value },
    sizes: { statements: 0, statement: 0, longest: longestList(k8s), groups: identity.groups.length, params: 0 },
  };
}

function terminalContext({ terminal, k8s, http, identity, resource }: TerminalOperation): OwnContext {
  const request = kubernetesContext({ on: 'kubernetes', k8s, identity, resource });
  const { variables } = httpContext({ on: 'http', http, identity, resource });
  return {
    variables: { ...variables, ...request.variables, on: 'terminal', terminal: new (factClass('Terminal'))({ ...terminal }) },
    sizes: request.sizes,
  };
}

function messageContext({ message, http, identity, resource }: WebSocketOperation): OwnContext {
  const { variables, sizes } = httpContext({ on: 'http', http, identity, resource });
  const value = new (factClass('Message'))({ ...message, body: convertJson(message.body, BODY_LEVELS) });
  if (message.body === undefined) unavailable(value, 'body', message.unreadable);
  return {
    variables: { ...variables, on: 'websocket', message: value },
    sizes: { ...sizes, longest: Math.max(sizes.longest, longestList(message.body)) },
  };
}

function mcpContext({ mcp, identity, resource }: McpOperation): OwnContext {
  const value = new (factClass('Mcp'))({
    ...mcp,
    arguments: convertJson(mcp.arguments, BODY_LEVELS),
    params: convertJson(mcp.params, BODY_LEVELS),
  });
  for (const name of ['arguments', 'params'] as const)
    if (mcp[name] === undefined) unavailable(value, name, `the ${name} are not known yet`);
  return {
    variables: { on: 'mcp', identity: convertIdentity(identity), resource, mcp: value },
    sizes: { statements: 0, statement: 0, longest: longestList([mcp.arguments, mcp.params]), groups: identity.groups.length, params: 0 },
  };
}

/** Elements of the longest list or object in a value. */
function longestList(whole: unknown): number {
  let longest = 0;
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const inner = Object.values(value);
    longest = Math.max(longest, inner.length);
    for (const one of inner) visit(one);
  };
  visit(whole);
  return longest;
}

/** Who asks, as masks know callers: HTTP has neither database nor role. */
export function callerOf(facts: OperationFacts): {
  identity: Identity;
  resource: string;
  database: string;
  user: string;
  application: string;
} {
  const { identity, resource } = facts;
  return facts.on === 'postgres' ? facts : { identity, resource, database: '', user: '', application: '' };
}

/** The variables of a mask's `unless`. */
export function maskContext(facts: { identity: Identity; resource: string; database: string; user: string; application: string }): Context {
  const { resource, database, user, application } = facts;
  return {
    variables: { identity: convertIdentity(facts.identity), resource, database, user, application },
    unproven: unprovenIdentity(facts.identity),
    sizes: { statements: 0, statement: 0, longest: 0, groups: facts.identity.groups.length, params: 0 },
  };
}
