import type { HttpFacts } from '../http/facts.js';
import type { GraphqlOperation } from '../http/graphql.js';
import type { UploadedFile } from '../http/multipart.js';
import type { MessageFacts } from '../http/websocket/facts.js';
import { grants, type KubernetesFacts, privileges } from '../kubernetes/facts.js';
import type { TerminalFacts } from '../kubernetes/terminal/facts.js';
import type { McpFacts } from '../mcp/facts.js';
import type { ColumnUse, FunctionUse, ObjectAccess, SqlFacts, StatementFacts, Weakening } from '../sql/facts.js';
import type { Identity } from './types.js';

/**
 * Every fact that a policy may ask about: the one table behind the types of conditions, `midstream facts` and the JSON Schema.
 * `satisfies Record<keyof …>` makes the compiler refuse a fact that has no entry here.
 */
export interface FactDoc {
  /** CEL type: string, bool, int, list<…>, map<string, dyn>, dyn, or a type of this table */
  type: string;
  description: string;
  example: string;
  /** all values there are: a comparison with another one can never hold, and is refused at load */
  values?: readonly string[];
  /** always in lower case: a comparison with upper case letters can never hold, and is refused at load */
  lower?: true;
}

export type FactTypeName =
  | 'Http'
  | 'Message'
  | 'Terminal'
  | 'UploadedFile'
  | 'GraphqlOperation'
  | 'Kubernetes'
  | 'Mcp'
  | 'Sql'
  | 'Statement'
  | 'ObjectAccess'
  | 'ColumnUse'
  | 'FunctionUse'
  | 'Identity';

const weakenings = ['triggers', 'rules', 'row_security', 'constraints', 'security_definer', 'superuser'] satisfies Weakening[];

const reaches = [
  'files',
  'network',
  'databases',
  'code',
  'settings',
  'sessions',
  'large_objects',
  'replication',
  'catalog',
  'server',
] as const;

const objectAccess = {
  type: {
    type: 'string',
    lower: true,
    description: 'table, view, materialized_view, sequence, index, function, procedure, schema, database, role, extension, type, …',
    example: 'o.type == "table"',
  },
  schema: { type: 'string', description: 'Schema as the statement names it; empty when it names none.', example: 'o.schema == "hr"' },
  name: { type: 'string', description: 'Name of the object.', example: 'o.name == "employees"' },
  access: {
    type: 'string',
    values: ['read', 'write', 'define', 'grant'],
    description: 'What the statement does to it: read, write, define (create, alter, drop) or grant.',
    example: 'o.access == "write"',
  },
} satisfies Record<keyof ObjectAccess, FactDoc>;

const columnUse = {
  schema: {
    type: 'string',
    description: 'Schema of the column’s table as the statement names it; empty when it names none.',
    example: 'c.schema == "hr"',
  },
  table: { type: 'string', description: 'Table of the column, aliases resolved.', example: 'c.table == "customers"' },
  column: { type: 'string', description: 'Name of the column; * for every column.', example: 'c.column == "ssn"' },
  use: {
    type: 'string',
    values: ['output', 'predicate', 'write', 'expression'],
    description:
      'Where it stands: output, predicate (WHERE, JOIN, GROUP BY, ORDER BY, …: where a value can be inferred), write, expression.',
    example: 'c.use == "predicate"',
  },
} satisfies Record<keyof ColumnUse, FactDoc>;

const functionUse = {
  schema: { type: 'string', description: 'Schema as written; empty when none is.', example: 'f.schema == "pg_catalog"' },
  name: { type: 'string', lower: true, description: 'Name of the function, without its schema.', example: 'f.name == "pg_read_file"' },
  reaches: {
    type: 'list<string>',
    values: reaches,
    description:
      'What it can reach beyond its arguments: files, network, databases, code, settings, sessions, large_objects, replication, catalog, server.',
    example: '"files" in f.reaches',
  },
  origin: {
    type: 'string',
    values: ['builtin', 'extension', 'unknown'],
    description: 'builtin: in PostgreSQL’s own catalogue; extension: of a known extension; unknown: neither.',
    example: 'f.origin == "unknown"',
  },
} satisfies Record<keyof FunctionUse, FactDoc>;

const statement = {
  kind: {
    type: 'string',
    lower: true,
    description:
      'select, insert, update, delete, merge, truncate, create, alter, drop, grant, revoke, copy, do, call, prepare, execute, set, reset, begin, commit, listen, vacuum, …',
    example: 's.kind in ["update", "delete"]',
  },
  object: {
    type: 'string',
    lower: true,
    description: 'What create, alter, drop and comment work on: database, table, role, function, …; empty otherwise.',
    example: 's.kind == "drop" && s.object == "database"',
  },
  within: {
    type: 'string',
    lower: true,
    description:
      'Where the statement stands: top, cte, explain, prepare, execute, do, function_body, dynamic, view, rule, copy, declare, schema_element, second_opinion (what only Envoy’s postgres_proxy read).',
    example: 's.within == "do"',
  },
  objects: {
    type: 'list<ObjectAccess>',
    description: 'Objects that it touches.',
    example: 's.objects.exists(o, o.name == "api_keys" && o.access == "write")',
  },
  columns: {
    type: 'list<ColumnUse>',
    description: 'Columns that it uses, and where.',
    example: 's.columns.exists(c, c.column == "ssn" && c.use == "predicate")',
  },
  functions: {
    type: 'list<FunctionUse>',
    description: 'Functions that it calls, also through operators and casts.',
    example: 's.functions.exists(f, f.name.startsWith("dblink"))',
  },
  reaches: {
    type: 'list<string>',
    values: reaches,
    description: 'What the statement can reach: the union of its functions’ reaches and its own (COPY PROGRAM: code).',
    example: '"network" in s.reaches',
  },
  writes: { type: 'bool', description: 'It changes data or definitions, or may.', example: 's.writes' },
  filtered: {
    type: 'bool',
    description: 'UPDATE, DELETE, MERGE: it has a WHERE that is not a constant truth. True where the question does not apply.',
    example: 's.kind == "delete" && !s.filtered',
  },
  limit: {
    type: 'int',
    description: 'Constant LIMIT of the outermost query; -1 when there is none; -2 when it is an expression or a parameter.',
    example: 's.limit < 0 || s.limit > 1000',
  },
  copy_direction: {
    type: 'string',
    values: ['in', 'out', ''],
    description: 'COPY: in or out; empty otherwise.',
    example: 's.copy_direction == "out"',
  },
  copy_target: {
    type: 'string',
    values: ['stdin', 'stdout', 'file', 'program', ''],
    description: 'COPY: stdin, stdout, file or program; empty otherwise.',
    example: 's.copy_target == "program"',
  },
  setting: {
    type: 'string',
    lower: true,
    description: 'SET, RESET, ALTER … SET: name of the setting; empty otherwise.',
    example: 's.setting == "log_statement"',
  },
  setting_value: {
    type: 'string',
    description: 'The setting’s first value as written; empty when there is none.',
    example: 's.setting == "role" && s.setting_value == "postgres"',
  },
  name: {
    type: 'string',
    description: 'PREPARE, EXECUTE, DEALLOCATE, DECLARE, FETCH, CLOSE: the name; * for all; empty otherwise.',
    example: 's.kind == "deallocate" && s.name == "*"',
  },
  analyze: { type: 'bool', description: 'EXPLAIN: it has ANALYZE, so the statement runs.', example: 's.kind == "explain" && s.analyze' },
  weakens: {
    type: 'list<string>',
    values: weakenings,
    description:
      'Protections that it takes off: triggers (DISABLE TRIGGER, DROP TRIGGER, session_replication_role), rules, row_security, constraints, security_definer (a function with its owner’s rights), superuser.',
    example: '"triggers" in s.weakens',
  },
  opaque: {
    type: 'list<string>',
    description: 'Why the statement hides what it does; empty when it does not.',
    example: 's.opaque.size() > 0',
  },
} satisfies Record<keyof StatementFacts, FactDoc>;

const sql = {
  statements: {
    type: 'list<Statement>',
    description:
      'All statements, nested ones too (CTE, DO body, EXPLAIN, PREPARE, function body, constant dynamic SQL), each after the one that holds it.',
    example: 'sql.statements.exists(s, s.kind == "truncate")',
  },
  count: { type: 'int', description: 'Number of statements at the top level.', example: 'sql.count > 1' },
  unparsed: {
    type: 'string',
    description: 'Why it could not be parsed; empty when it could. Judged by defaults.unparsed as well.',
    example: 'sql.unparsed != ""',
  },
  opaque: {
    type: 'list<string>',
    description: 'Union of the statements’ reasons for being opaque. Judged by defaults.opaque as well.',
    example: 'sql.opaque.size() > 0',
  },
  fingerprint: {
    type: 'string',
    description: 'Same shape, same value: the statement without its constants. Empty when unparsed.',
    example: 'sql.fingerprint == "50fde20626009aba"',
  },
  normalized: {
    type: 'string',
    description:
      'The statement with $1, … in place of constants. Not to be used inside a loop. Prefer facts that do not depend on spelling.',
    example: 'sql.normalized.contains("generate_series")',
  },
  parameters: { type: 'int', description: 'Highest $n used.', example: 'sql.parameters > 0' },
} satisfies Record<keyof SqlFacts, FactDoc>;

const uploadedFile = {
  field: { type: 'string', description: 'Field of the form.', example: 'f.field == "avatar"' },
  name: { type: 'string', description: 'File name as the sender gives it.', example: 'f.name.endsWith(".exe")' },
  type: {
    type: 'string',
    lower: true,
    description: 'Media type that the sender gives; empty when none.',
    example: '!f.type.startsWith("image/")',
  },
  bytes: { type: 'int', description: 'Length of its content.', example: 'f.bytes > 1000000' },
} satisfies Record<keyof UploadedFile, FactDoc>;

const graphqlOperation = {
  type: {
    type: 'string',
    values: ['query', 'mutation', 'subscription'],
    description: 'query, mutation or subscription.',
    example: 'o.type == "mutation"',
  },
  name: {
    type: 'string',
    description: 'Name that the client gives it; empty when none. It proves nothing.',
    example: 'o.name == "GetOrders"',
  },
  root: {
    type: 'list<string>',
    description: 'Fields of the first level, whatever their aliases, those of fragments too.',
    example: '"deleteUser" in o.root',
  },
  fields: { type: 'list<string>', description: 'Fields at any level.', example: '"passwordHash" in o.fields' },
  depth: { type: 'int', description: 'Levels of fields.', example: 'o.depth > 10' },
  runs: { type: 'bool', description: 'False where the request names another operation of the document.', example: 'o.runs' },
} satisfies Record<keyof GraphqlOperation, FactDoc>;

const http = {
  method: {
    type: 'string',
    description:
      'GET, POST, …, in capitals. A request that asks to be taken for another method (X-HTTP-Method-Override, _method) is judged as both.',
    example: 'http.method == "POST"',
  },
  overrides: {
    type: 'list<string>',
    description: 'Other methods that it asks the server to take it for, by a header, its query or a form’s field _method.',
    example: 'http.overrides.size() > 0',
  },
  host: {
    type: 'string',
    lower: true,
    description: 'Host that the client asks for, without the port.',
    example: 'http.host == "api.example.com"',
  },
  path: {
    type: 'string',
    description:
      'Path as the server that goes furthest reads it: decoded (%2f too), without //, dot segments, ;parameters and backslashes. Does not depend on spelling: where servers differ, and for those that do not tell capitals, a rule is judged with each reading.',
    example: 'http.path.startsWith("/v1/payouts")',
  },
  target: {
    type: 'string',
    description: 'Path and query as they stand in the request. Prefer path and query.',
    example: 'http.target.contains("%2e")',
  },
  query: {
    type: 'map<string, dyn>',
    description: 'Parameters of the query: a list of values for each name. Asking for one that is missing is an error: guard with in.',
    example: '"limit" in http.query && int(http.query["limit"][0]) > 1000',
  },
  headers: {
    type: 'map<string, string>',
    description: 'Headers by name in small letters; several of one name are joined by a comma.',
    example: '"x-tenant" in http.headers && http.headers["x-tenant"] == "prod"',
  },
  content_type: {
    type: 'string',
    lower: true,
    description: 'Media type of the body; empty when none is named.',
    example: 'http.content_type == "application/json"',
  },
  body: {
    type: 'dyn',
    description:
      'The body: JSON as it is, lines of JSON as a list, a form (multipart too) as a list of values for each name, text and XML as text, null when empty. A rule that asks for it makes the request wait until the body is whole. One that can’t be read is an error, so the rule matches. What looks like JSON is judged as JSON too, whatever its type.',
    example: 'has(http.body.amount) && http.body.amount > 1000',
  },
  files: {
    type: 'list<UploadedFile>',
    description: 'Files of a multipart form. A rule that asks for them waits like one that asks for the body.',
    example: 'http.files.exists(f, f.name.endsWith(".exe"))',
  },
  graphql: {
    type: 'list<GraphqlOperation>',
    description:
      'Operations that it asks of a GraphQL server: by POST, GET, in batches and uploads. Under /graphql what can’t be read, stored documents too, is unparsed.',
    example: 'http.graphql.exists(o, o.type == "mutation" && "deleteUser" in o.root)',
  },
  unreadable: {
    type: 'string',
    description: 'Why the body can’t be had; empty when it can, or was not asked for.',
    example: 'http.unreadable != ""',
  },
  unparsed: {
    type: 'string',
    description: 'Why the request could be read in several ways; empty when it can’t. Judged by defaults.unparsed as well.',
    example: 'http.unparsed != ""',
  },
  upgrade: {
    type: 'string',
    lower: true,
    description: 'What the client wants the connection to become: websocket, …; empty for all other requests.',
    example: 'http.upgrade == "websocket"',
  },
  opaque: {
    type: 'string',
    description: 'Why nothing of what follows the request will be read; empty when it will. Judged by defaults.opaque as well.',
    example: 'http.opaque != ""',
  },
} satisfies Record<keyof HttpFacts, FactDoc>;

const kubernetes = {
  verb: {
    type: 'string',
    lower: true,
    description:
      'get, list, watch, create, update, patch, delete, deletecollection, as the API server and RBAC have it (exec is a get or a create of the subresource); of a path that is no resource the method in small letters.',
    example: 'k8s.verb in ["delete", "deletecollection"]',
  },
  path: { type: 'string', description: 'The path, decoded once.', example: 'k8s.path.startsWith("/logs/")' },
  group: {
    type: 'string',
    description: 'API group; empty for the core group, and where the path is no resource.',
    example: 'k8s.group == "rbac.authorization.k8s.io"',
  },
  version: { type: 'string', description: 'API version.', example: 'k8s.version == "v1beta1"' },
  resource: {
    type: 'string',
    description: 'Plural, as in the path, however that is spelled; empty where the path is no resource.',
    example: 'k8s.resource == "secrets"',
  },
  subresource: {
    type: 'string',
    description: 'exec, log, scale, status, eviction, token, …; empty for none.',
    example: 'k8s.subresource == "exec"',
  },
  namespace: {
    type: 'string',
    description: 'Namespace; empty for all, and for what is in none.',
    example: 'k8s.namespace.startsWith("prod-")',
  },
  name: {
    type: 'string',
    description:
      'Name in the path, or that a list asks for by its field selector; empty when a request is about several, and when an object is made.',
    example: 'k8s.resource == "namespaces" && k8s.name == "kube-system"',
  },
  discovery: {
    type: 'bool',
    description: 'It reads what the API has, its schemas, its version or its health, and nothing of what is kept in it.',
    example: '!k8s.discovery',
  },
  connects: {
    type: 'bool',
    description: 'exec, attach, portforward or proxy: bytes for something behind the API.',
    example: 'k8s.connects',
  },
  proxy_path: { type: 'string', description: 'What follows proxy in the path.', example: 'k8s.proxy_path.startsWith("/metrics")' },
  label_selector: {
    type: 'string',
    description: 'As it was given.',
    example: 'k8s.verb == "deletecollection" && k8s.label_selector == ""',
  },
  field_selector: { type: 'string', description: 'As it was given.', example: 'k8s.field_selector.contains("spec.nodeName")' },
  dry_run: { type: 'bool', description: 'Nothing will be kept. False wherever that is not sure.', example: '!k8s.dry_run' },
  field_manager: { type: 'string', description: 'Who manages the fields that are written.', example: 'k8s.field_manager == "argocd"' },
  field_validation: {
    type: 'string',
    description: 'Strict, Warn, Ignore; empty for the server’s default.',
    example: 'k8s.field_validation == "Ignore"',
  },
  force: { type: 'bool', description: 'Server-side apply: fields are taken over from their managers.', example: 'k8s.force' },
  impersonates: {
    type: 'list<string>',
    description:
      'Whom the caller wants to be: user:jane, group:system:masters, uid:…, extra:…; empty for nobody. The gateway refuses it unless its configuration lets it pass.',
    example: 'k8s.impersonates.exists(i, i.startsWith("group:"))',
  },
  content_type: { type: 'string', lower: true, description: 'Media type of the body.', example: 'k8s.content_type == "application/yaml"' },
  patch: {
    type: 'string',
    values: ['', 'json', 'merge', 'strategic', 'apply'],
    description: 'How a patch is written; apply is server-side apply.',
    example: 'k8s.patch == "apply"',
  },
  command: {
    type: 'list<string>',
    description: 'exec: the command, one element an argument.',
    example: 'k8s.command.exists(c, c.endsWith("sh"))',
  },
  container: { type: 'string', description: 'exec, attach, log: the container that is asked for.', example: 'k8s.container == "vault"' },
  stdin: { type: 'bool', description: 'exec, attach: the caller wants to write to it.', example: 'k8s.stdin' },
  tty: { type: 'bool', description: 'exec, attach: as a terminal.', example: 'k8s.tty' },
  object: {
    type: 'dyn',
    description:
      'The body: an object of the API, or what a patch writes (of a JSON patch, elements of lists stand under their places); null when there is none. Asking for a field that is missing is an error, so the rule matches: guard with has(). So is all of a body that can’t be read.',
    example: 'k8s.object != null && has(k8s.object.metadata.labels) && "tier" in k8s.object.metadata.labels',
  },
  kind: { type: 'string', description: 'Kind of the body’s object; a patch may name none.', example: 'k8s.kind == "Secret"' },
  images: {
    type: 'list<string>',
    description: 'Images of containers, wherever in the object: pods, templates of workloads and of custom resources.',
    example: 'k8s.images.exists(i, !i.startsWith("registry.example.com/"))',
  },
  privileges: {
    type: 'list<string>',
    values: privileges,
    description: 'What pods ask for beyond their own sandbox.',
    example: 'k8s.privileges.exists(p, p in ["privileged", "host_path", "host_pid"])',
  },
  capabilities: {
    type: 'list<string>',
    description: 'Linux capabilities that are added, without CAP_, in capitals.',
    example: '"SYS_ADMIN" in k8s.capabilities',
  },
  host_paths: {
    type: 'list<string>',
    description: 'Folders of the node that pods mount.',
    example: 'k8s.host_paths.exists(p, p.startsWith("/var/run"))',
  },
  mounts: {
    type: 'list<string>',
    description: 'What containers read from volumes and the environment: secret:db, configmap:app, pvc:data, token:audience.',
    example: 'k8s.mounts.exists(m, m.startsWith("secret:"))',
  },
  service_account: {
    type: 'string',
    description: 'Service account that pods run as; empty when it names none.',
    example: 'k8s.service_account == "deployer"',
  },
  subjects: {
    type: 'list<string>',
    description: 'Bindings: to whom, as User:jane, Group:admins, ServiceAccount:ci/deployer.',
    example: 'k8s.subjects.exists(s, s.startsWith("ServiceAccount:"))',
  },
  role_ref: {
    type: 'string',
    description: 'Bindings: the role, as ClusterRole:admin.',
    example: 'k8s.role_ref == "ClusterRole:cluster-admin"',
  },
  grants: {
    type: 'list<string>',
    values: grants,
    description: 'Roles and bindings: what of it is dangerous.',
    example: 'k8s.grants.exists(g, g in ["cluster_admin", "wildcard_verbs", "escalate"])',
  },
  replicas: { type: 'int', description: 'spec.replicas that is written; -1 when none is.', example: 'k8s.replicas == 0' },
  propagation: {
    type: 'string',
    description: 'Deletes: Background, Foreground, Orphan; empty for the server’s default.',
    example: 'k8s.propagation == "Orphan"',
  },
  grace_seconds: {
    type: 'int',
    description: 'Deletes and evictions: how long pods have to end; -1 when it is not said.',
    example: 'k8s.grace_seconds == 0',
  },
  audiences: {
    type: 'list<string>',
    description: 'Tokens that are asked for: whom they are for.',
    example: 'k8s.subresource == "token" && k8s.audiences.size() == 0',
  },
  unreadable: { type: 'string', description: 'Why the body can’t be had; empty when it can.', example: 'k8s.unreadable != ""' },
  unparsed: {
    type: 'string',
    description: 'Why the request could be read in several ways; empty when it can’t. Judged by defaults.unparsed as well.',
    example: 'k8s.unparsed != ""',
  },
} satisfies Record<keyof KubernetesFacts, FactDoc>;

const terminal = {
  line: {
    type: 'string',
    description:
      'The line that is typed or piped into exec or attach, without its line end. Each is judged by itself: what a shell makes of several is not followed, save lines that a backslash joins.',
    example: 'terminal.line.matches("\\\\brm\\\\s+-")',
  },
  unparsed: {
    type: 'string',
    description: 'Why the line could not be understood; empty when it could. Judged by defaults.unparsed as well.',
    example: 'terminal.unparsed != ""',
  },
} satisfies Record<keyof TerminalFacts, FactDoc>;

const message = {
  from: {
    type: 'string',
    values: ['client', 'server'],
    description: 'Who sends it: client or server.',
    example: 'message.from == "client"',
  },
  opcode: { type: 'string', values: ['text', 'binary'], description: 'Text or binary.', example: 'message.opcode == "binary"' },
  body: {
    type: 'dyn',
    description: 'The whole message: JSON as it is, else text; null when empty. Binary that is no text is an error, so the rule matches.',
    example: 'has(message.body.type) && message.body.type == "transfer"',
  },
  bytes: { type: 'int', description: 'Its length in bytes.', example: 'message.bytes > 100000' },
  unreadable: { type: 'string', description: 'Why the body can’t be had; empty when it can.', example: 'message.unreadable == ""' },
  unparsed: {
    type: 'string',
    description: 'Why it could be read in several ways; empty when it can’t. Judged by defaults.unparsed as well.',
    example: 'message.unparsed != ""',
  },
} satisfies Record<keyof MessageFacts, FactDoc>;

const mcp = {
  from: {
    type: 'string',
    values: ['client', 'server'],
    description:
      'Who sent the message: client (the agent) or server. What a server asks and is refused never reaches the agent; the server gets an error. It can’t wait for an approval.',
    example: 'mcp.from == "server" && mcp.method == "sampling/createMessage"',
  },
  server: { type: 'string', description: 'The server, as the gateway calls it: its resource.', example: 'mcp.server == "crm"' },
  method: {
    type: 'string',
    description:
      'initialize, tools/list, tools/call, resources/read, prompts/get, completion/complete, …; of a server sampling/createMessage, elicitation/create, roots/list, notifications/…; empty for an answer of the agent.',
    example: 'mcp.method == "resources/read"',
  },
  tool: {
    type: 'string',
    description: 'tools/call: name of the tool. A tool that is denied by its name is not listed either.',
    example: 'mcp.tool in ["shell", "exec"]',
  },
  tool_changed: {
    type: 'bool',
    description:
      'tools/call: what the server says of the tool (description, schemas, annotations) is not what was accepted: the first seen, or `midstream mcp tools accept`.',
    example: 'mcp.tool_changed',
  },
  arguments: {
    type: 'map<string, dyn>',
    description: 'tools/call, prompts/get: the arguments. Asking for one that is missing is an error: guard with has().',
    example: 'mcp.tool == "transfer" && has(mcp.arguments.amount) && mcp.arguments.amount > 100',
  },
  uri: { type: 'string', description: 'resources/read and its like: the resource.', example: 'mcp.uri.startsWith("file:///etc/")' },
  prompt: { type: 'string', description: 'prompts/get, completion/complete: the prompt.', example: 'mcp.prompt == "review"' },
  params: {
    type: 'map<string, dyn>',
    description: 'All parameters of the message, as they are. Asking for one that is missing is an error: guard with has().',
    example: 'mcp.method == "elicitation/create" && has(mcp.params.message) && mcp.params.message.matches("(?i)password")',
  },
} satisfies Record<keyof McpFacts, FactDoc>;

const identity = {
  id: {
    type: 'string',
    description: 'Who is calling. Of somebody who only claims it: see proof.',
    example: 'identity.id.startsWith("spiffe://example.org/agents/")',
  },
  kind: {
    type: 'string',
    values: ['spiffe', 'jwt', 'service-account', 'token', 'password', 'claimed'],
    description: 'spiffe, jwt, service-account, token (one of the gateway’s own), password, or claimed (nothing proves it).',
    example: 'identity.kind == "claimed"',
  },
  issuer: {
    type: 'string',
    description: 'Who vouches for the identity: trust domain, token issuer; empty when nobody does.',
    example: 'identity.issuer == "https://login.example.com"',
  },
  groups: { type: 'list<string>', description: 'Groups of the caller.', example: '"fraud" in identity.groups' },
  claims: {
    type: 'map<string, dyn>',
    description: 'Further claims of the token. Asking for one that is missing is an error, so the rule matches: guard with has().',
    example: 'has(identity.claims.team) && identity.claims.team == "billing"',
  },
  source: { type: 'string', description: 'Address of the caller, host:port.', example: 'identity.source.startsWith("10.1.")' },
  proof: {
    type: 'string',
    values: ['mtls', 'jwt', 'token', 'scram', 'claimed'],
    description:
      'How it was proven: mtls, jwt, token, scram, or claimed. In a condition that asks for neither proof nor kind, id, groups and claims of a claimed identity can’t be had: a rule matches, an allow allows nothing, a mask stays.',
    example: 'identity.proof != "mtls"',
  },
  age_s: {
    type: 'int',
    description:
      'Seconds that the proof was old when the connection (HTTP: the request) began: of a JWT since its iat, of a certificate or SCRAM 0. An error where nobody knows (no iat, the gateway’s own tokens, a claim), so the rule matches.',
    example: 'identity.proof == "jwt" && identity.age_s > 900',
  },
} satisfies Record<keyof Identity, FactDoc>;

export const factTypes: Record<FactTypeName, Record<string, FactDoc>> = {
  Http: http,
  UploadedFile: uploadedFile,
  GraphqlOperation: graphqlOperation,
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
