import type { FactDoc } from './facts/doc.js';
import { graphqlArgument, graphqlOperation, http, message, uploadedFile } from './facts/http.js';
import { identity } from './facts/identity.js';
import { kubernetes, terminal } from './facts/kubernetes.js';
import { mcp } from './facts/mcp.js';
import { columnUse, functionUse, objectAccess, sql, statement } from './facts/sql.js';

export type FactTypeName =
  | 'Http'
  | 'Message'
  | 'Terminal'
  | 'UploadedFile'
  | 'GraphqlOperation'
  | 'GraphqlArgument'
  | 'Kubernetes'
  | 'Mcp'
  | 'Sql'
  | 'Statement'
  | 'ObjectAccess'
  | 'ColumnUse'
  | 'FunctionUse'
  | 'Identity';

/**
 * Every fact that a policy may ask about: the one table behind the types of conditions, `midstream facts` and the JSON Schema.
 * `satisfies Record<keyof …>` makes the compiler refuse a fact that has no entry here.
 */
export const factTypes: Record<FactTypeName, Record<string, FactDoc>> = {
  Http: http,
  UploadedFile: uploadedFile,
  GraphqlOperation: graphqlOperation,
  GraphqlArgument: graphqlArgument,
  Kubernetes: kubernetes,
  Message: message,
  Terminal: terminal,
  Mcp: mcp,
  Sql: sql,
  Statement: statement,
  ObjectAccess: objectAccess,
  ColumnUse: columnUse,
  FunctionUse: functionUse,
  Identity: identity,
};

/** The variables of a condition. */
export const factVariables: Record<string, FactDoc> = {
  on: {
    type: 'string',
    values: ['postgres', 'http', 'websocket', 'terminal', 'kubernetes', 'mcp'],
    description: 'What kind of operation is judged.',
    example: 'on == "postgres"',
  },
  identity: { type: 'Identity', description: 'Who is calling, and how that was proven.', example: 'identity.kind == "spiffe"' },
  resource: { type: 'string', description: 'Name of the resource in the gateway’s configuration.', example: 'resource == "orders-prod"' },
  database: { type: 'string', description: 'Database that the client asked for.', example: 'database.startsWith("prod_")' },
  user: { type: 'string', description: 'Role that the client logged in as.', example: 'user == "app"' },
  application: {
    type: 'string',
    description: 'The client’s application_name at startup; nothing proves it.',
    example: 'application == "psql"',
  },
  http: { type: 'Http', description: 'The HTTP request.', example: 'http.method == "DELETE"' },
  message: {
    type: 'Message',
    description: 'One message of a WebSocket; http is the request that opened it.',
    example: 'message.from == "client"',
  },
  terminal: {
    type: 'Terminal',
    description: 'One line of input of exec or attach; k8s and http are the request that opened it.',
    example: 'terminal.line.contains("shutdown")',
  },
  k8s: { type: 'Kubernetes', description: 'One request to a Kubernetes API.', example: 'k8s.verb == "delete"' },
  mcp: { type: 'Mcp', description: 'One message to an MCP server.', example: 'mcp.method == "tools/call"' },
  sql: {
    type: 'Sql',
    description: 'The statement or statements of one message; on http those that stand in the request, where the policy says so (sql:).',
    example: 'sql.count == 1',
  },
  params: {
    type: 'list<dyn>',
    description:
      'Values bound to $1, … as text, null for NULL; known when the statement is executed. A value that could not be read is an error, so the rule matches; so is a function of text on NULL: guard with p != null.',
    example: 'params.exists(p, p != null && p.startsWith("admin"))',
  },
};

/** Which variables a rule may ask for. */
export const scopeVariables = {
  postgres: ['on', 'identity', 'resource', 'database', 'user', 'application', 'sql', 'params'],
  any: ['on', 'identity', 'resource'],
  http: ['on', 'identity', 'resource', 'http', 'sql', 'params'],
  websocket: ['on', 'identity', 'resource', 'http', 'message'],
  terminal: ['on', 'identity', 'resource', 'http', 'k8s', 'terminal'],
  kubernetes: ['on', 'identity', 'resource', 'k8s'],
  mcp: ['on', 'identity', 'resource', 'mcp'],
  mask: ['identity', 'resource', 'database', 'user', 'application'],
} as const;

export type Scope = keyof typeof scopeVariables;

export interface FactRow {
  /** path as a person reads it: sql.statements[].kind */
  fact: string;
  type: string;
  description: string;
  example: string;
  values: readonly string[];
}

/** The table as flat rows, in the order in which a person would read them. */
export function factRows(): FactRow[] {
  const rows: FactRow[] = [];
  const add = (path: string, doc: FactDoc) => {
    const list = /^list<(.+)>$/.exec(doc.type);
    const element = list?.[1] ?? doc.type;
    const fields = factTypes[element as FactTypeName];
    const type = fields === undefined ? doc.type : list === null ? 'object' : 'list of objects';
    rows.push({ fact: path, type, description: doc.description, example: doc.example, values: doc.values ?? [] });
    if (fields !== undefined) for (const [name, field] of Object.entries(fields)) add(`${path}${list === null ? '' : '[]'}.${name}`, field);
  };
  for (const [name, doc] of Object.entries(factVariables)) add(name, doc);
  return rows;
}

/** Functions and macros that a condition may use, with what they do. Everything else of the library is refused: decisions/0051. */
export const factFunctions: Record<string, string> = {
  has: 'has(identity.claims.team): the field is there',
  size: 'size(list), text.size(): number of elements or characters',
  exists: 'list.exists(x, …): some element is so',
  all: 'list.all(x, …): every element is so',
  exists_one: 'list.exists_one(x, …): exactly one element is so',
  filter: 'list.filter(x, …): the elements that are so',
  map: 'list.map(x, …): what the expression gives for each',
  startsWith: 'text.startsWith("…")',
  endsWith: 'text.endsWith("…")',
  contains: 'text.contains("…")',
  matches: 'text.matches("…"): RE2 pattern, found anywhere, in linear time; a constant',
  glob: 'glob(text, "prod-*"): * any run of characters, ? one',
  lower: 'lower(text): in lower case',
  lowerAscii: 'text.lowerAscii(): in lower case',
  upperAscii: 'text.upperAscii(): in upper case',
  trim: 'text.trim(): without white space at the ends',
  int: 'int("42"): as a whole number; an error when it is none',
  double: 'double("4.2"): as a number; an error when it is none',
  string: 'string(42): as text',
};
