import {
  type ArgumentNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  parse,
  type SelectionSetNode,
} from 'graphql/language/index.js';
import { isObject, type JsonObject } from '../foreign-json.js';
import { type GraphqlArgument, readVariables, resolved, type Variables } from './graphql-arguments.js';
import { readJsonText } from './json.js';
import { hasNoPairs } from './path.js';

/** One operation of a GraphQL document. */
export interface GraphqlOperation {
  type: 'query' | 'mutation' | 'subscription';
  /** empty when it has none */
  name: string;
  /** fields of its first level, without aliases, those of fragments too, each once */
  root: string[];
  /** all fields at any level, each once */
  fields: string[];
  /** arguments of fields at any level, with the values of variables */
  arguments: GraphqlArgument[];
  /** levels of fields */
  depth: number;
  /** false: the request names another one of the document */
  runs: boolean;
}

/** What a request asks of a GraphQL server, as it stands in its query or its body. */
interface Asked {
  query: unknown;
  operationName: unknown;
  variables: unknown;
  /** where a stored document is named */
  stored: boolean;
}

/** Documents and operations of one request, and tokens of one document. */
const BATCH_MAX = 100;
const OPERATIONS_MAX = 200;
const TOKENS_MAX = 20_000;
const DEPTH_MAX = 100;

/** Requests there are GraphQL's, by their path or type. */
export const isGraphqlPlace = (path: string, type: string): boolean =>
  type === 'application/graphql' || /(^|\/)(graphql|gql)(\/|$)/i.test(path);

/**
 * The operations of a request. At a place that is GraphQL's by its path or type, what can't be read throws Error (a stored document too: what it
 * does is not known here); elsewhere, a text named `query` that is no document is simply something else.
 * @param body as its reading gives it: JSON, or the text of a document, or a form's lists of values
 */
export function readGraphql(path: string, type: string, query: Record<string, string[]>, body: unknown): GraphqlOperation[] {
  if (body === null && hasNoPairs(query)) return [];
  const asked = [...fromPairs(query), ...fromBody(type, body)];
  const certain = isGraphqlPlace(path, type);
  if (asked.length > BATCH_MAX) throw new Error(`more than ${BATCH_MAX} GraphQL documents stand in one request`);
  const named = [...(query['operationName'] ?? []), ...asked.map(({ operationName }) => operationName)];
  const names = new Set(named.filter((name) => typeof name === 'string' && name !== ''));
  const operations: GraphqlOperation[] = [];
  for (const one of asked) {
    // What a client sends beside a stored document's name is what will run when the name is not known.
    if (one.query === undefined || one.query === null || one.query === '') {
      if (one.stored) throw new Error('it names a stored GraphQL document, and what that does is not known');
      continue;
    }
    const sets = variablesOf(certain, one.variables, ...(query['variables'] ?? []));
    const found = typeof one.query === 'string' ? documentOf(one.query, certain, sets) : undefined;
    if (found === undefined) {
      if (certain) throw new Error('it is no GraphQL document');
      continue;
    }
    operations.push(
      ...found.map((operation) => ({ ...operation, runs: found.length === 1 || names.size === 0 || names.has(operation.name) })),
    );
    if (operations.length > OPERATIONS_MAX) throw new Error(`more than ${OPERATIONS_MAX} GraphQL operations stand in one request`);
  }
  if (certain && operations.length === 0 && body !== null && body !== undefined) throw new Error('no GraphQL document was found in it');
  return operations;
}

/** Variables of a document; some servers prefer those of the URL. Where it need not be GraphQL, what are none say nothing. */
function variablesOf(certain: boolean, ...given: unknown[]): Variables[] {
  return [...new Set(given)].flatMap((one): Variables[] => {
    try {
      const found = readVariables(one);
      return found === undefined ? [] : [found];
    } catch (error) {
      if (certain) throw error;
      return [];
    }
  });
}

function fromPairs(pairs: Record<string, unknown>): Asked[] {
  const values = (name: string): unknown[] => (Array.isArray(pairs[name]) ? (pairs[name] as unknown[]) : []);
  const names = values('operationName');
  const variables = values('variables');
  const stored = persisted(pairs);
  const queries = values('query');
  const whole = values('operations').flatMap((text) => (typeof text === 'string' ? fromText(text) : []));
  const found = queries.map(
    (query, i): Asked => ({ query, operationName: names[i] ?? names[0], variables: variables[i] ?? variables[0], stored }),
  );
  if (queries.length === 0 && stored) found.push({ query: undefined, operationName: names[0], variables: undefined, stored: true });
  return [...found, ...whole];
}

/** A form's or a query's parameters name a stored document. */
function persisted(pairs: Record<string, unknown>): boolean {
  const text = (name: string) => (Array.isArray(pairs[name]) ? String((pairs[name] as unknown[])[0]) : '');
  return text('documentId') !== '' || text('queryId') !== '' || text('extensions').includes('persistedQuery');
}

/** The part `operations` of an upload (GraphQL multipart request specification). Throws Error where readers differ on it. */
function fromText(text: string): Asked[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  readJsonText(text);
  return fromJson(value);
}

function fromBody(type: string, body: unknown): Asked[] {
  if (typeof body === 'string')
    return type === 'application/graphql' ? [{ query: body, operationName: undefined, variables: undefined, stored: false }] : [];
  if (isObject(body) && Object.getPrototypeOf(body) === null) return fromPairs(body);
  return fromJson(body);
}

function fromJson(body: unknown): Asked[] {
  return (Array.isArray(body) ? body : [body]).flatMap((one): Asked[] => (isObject(one) ? spellings(one).flatMap(fromObject) : []));
}

/** What a GraphQL server looks for in an object. */
const KEYS = ['query', 'operationName', 'variables', 'extensions', 'documentId', 'queryId'] as const;

/** The object as it is, and as servers take it that do not tell capitals from small letters in keys (Go's encoding/json): of two they take the last. */
function spellings(body: JsonObject): JsonObject[] {
  const exact = new Map(KEYS.map((key) => [key.toLowerCase(), key]));
  const other: JsonObject = {};
  let differs = false;
  for (const [key, value] of Object.entries(body)) {
    const known = exact.get(key.normalize('NFKC').toLowerCase());
    if (known === undefined) continue;
    other[known] = value;
    differs ||= known !== key;
  }
  return differs ? [body, other] : [body];
}

function fromObject({ query, operationName, variables, extensions, documentId, queryId }: JsonObject): Asked[] {
  const named = isObject(extensions) && extensions['persistedQuery'] !== undefined;
  return [{ query, operationName, variables, stored: named || typeof documentId === 'string' || typeof queryId === 'string' }];
}

/** undefined: it is no document. Throws Error for one that could be none of the readable ones only by its size, and for loops of fragments. */
function documentOf(text: string, certain: boolean, sets: readonly Variables[]): Omit<GraphqlOperation, 'runs'>[] | undefined {
  let definitions: ReturnType<typeof parse>['definitions'];
  try {
    ({ definitions } = parse(text, { noLocation: true, maxTokens: TOKENS_MAX }));
  } catch (error) {
    const large = error instanceof RangeError || (error as Error).message.includes('tokens');
    if (large && (certain || text.includes('{'))) throw new Error('its GraphQL document is too large');
    return undefined;
  }
  const fragments = new Map<string, FragmentDefinitionNode>();
  const found: OperationDefinitionNode[] = [];
  for (const definition of definitions) {
    if (definition.kind === Kind.OPERATION_DEFINITION) found.push(definition);
    else if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  return found.map((operation) => {
    const walker = new Walker(fragments);
    walker.visit(operation.selectionSet, 1);
    const { root, fields, depth } = walker;
    const args = resolved(walker.arguments, operation, sets);
    return { type: operation.operation, name: operation.name?.value ?? '', root: [...root], fields: [...fields], arguments: args, depth };
  });
}

/** Collects fields; a fragment counts where it is spread, and once for each level at which it is. */
class Walker {
  readonly root = new Set<string>();
  readonly fields = new Set<string>();
  readonly arguments: { field: string; argument: ArgumentNode }[] = [];
  depth = 0;
  private readonly open = new Set<string>();
  private readonly seen = new Map<string, number>();

  constructor(private readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>) {}

  visit(set: SelectionSetNode, level: number): void {
    if (level > DEPTH_MAX) throw new Error(`its GraphQL document is nested deeper than ${DEPTH_MAX} levels`);
    this.depth = Math.max(this.depth, level);
    for (const one of set.selections) {
      if (one.kind === Kind.FIELD) {
        if (level === 1) this.root.add(one.name.value);
        this.fields.add(one.name.value);
        for (const argument of one.arguments ?? []) this.arguments.push({ field: one.name.value, argument });
        if (one.selectionSet !== undefined) this.visit(one.selectionSet, level + 1);
      } else if (one.kind === Kind.INLINE_FRAGMENT) this.visit(one.selectionSet, level);
      else this.spread(one.name.value, level);
    }
  }

  private spread(name: string, level: number): void {
    const fragment = this.fragments.get(name);
    if (fragment === undefined || this.open.has(name)) throw new Error('its GraphQL fragments can not be resolved');
    // At the first level it adds to the roots, and deeper than before it may reach further down; else it says nothing new.
    const key = level === 1 ? `1 ${name}` : name;
    if ((this.seen.get(key) ?? 0) >= level) return;
    this.seen.set(key, level);
    this.open.add(name);
    this.visit(fragment.selectionSet, level);
    this.open.delete(name);
  }
}
