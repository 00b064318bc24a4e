import type { HttpFacts } from '../../http/facts.js';
import type { GraphqlOperation } from '../../http/graphql.js';
import type { GraphqlArgument } from '../../http/graphql-arguments.js';
import type { UploadedFile } from '../../http/multipart.js';
import type { MessageFacts } from '../../http/websocket/facts.js';
import type { FactDoc } from './doc.js';

export const uploadedFile = {
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

export const graphqlArgument = {
  field: { type: 'string', description: 'Field that it is an argument of, whatever its alias.', example: 'a.field == "payout"' },
  name: { type: 'string', description: 'Its name.', example: 'a.name == "amount"' },
  value: {
    type: 'dyn',
    description:
      'Its value as in JSON, that of a variable too; an enum is text. Comparing it with another type is an error, so ask for its field and name first.',
    example: 'a.name == "amount" && a.value > 1000',
  },
} satisfies Record<keyof GraphqlArgument, FactDoc>;

export const graphqlOperation = {
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
  arguments: {
    type: 'list<GraphqlArgument>',
    description: 'Arguments of fields at any level, written in place or by variables.',
    example: 'o.arguments.exists(a, a.field == "payout" && a.name == "amount" && a.value > 1000)',
  },
  depth: { type: 'int', description: 'Levels of fields.', example: 'o.depth > 10' },
  runs: { type: 'bool', description: 'False where the request names another operation of the document.', example: 'o.runs' },
} satisfies Record<keyof GraphqlOperation, FactDoc>;

export const http = {
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
    description:
      'Parameters of the query: a list of values for each name; a rule that compares one with a text or number is judged with its single value too. Asking for one that is missing is an error: guard with in.',
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
      'The body: JSON as it is, lines of JSON as a list, a form (multipart too) as a list of values for each name, and where a rule compares with a text, number or truth as that single value too, text and XML as text, null when empty. A rule that asks for it makes requests wait until the body is whole, those that its other conditions (joined by && at its top) let it match. One that can’t be read is an error, so the rule matches. What looks like JSON is judged as JSON too, whatever its type.',
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

export const message = {
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
