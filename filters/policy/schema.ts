import { sqlApis } from '../http/sql-places.js';
import { coveredObjects } from '../kubernetes/answers/marks.js';
import { dialectNames } from '../sql/dialects/dialect.js';
import { detectionSchema } from './detection-schema.js';
import { factFunctions, factRows } from './fact-table.js';

/** JSON Schema (draft-07) of the policy file: what `policy check` validates and what editors complete from. `x-say` is our own: what a wrong value should be. */

const factsInWords = factRows()
  .filter((row) => !row.fact.includes('[].'))
  .map((row) => row.fact)
  .join(', ');

const when = {
  type: ['string', 'boolean'],
  minLength: 1,
  description: `A CEL expression over the facts of the operation. Facts: ${factsInWords}. Functions: ${Object.keys(factFunctions).join(', ')}. \`midstream facts\` prints all of them with examples.`,
  examples: [
    'sql.statements.exists(s, s.kind == "drop" && s.object == "database")',
    'sql.statements.exists(s, s.kind in ["update", "delete"] && !s.filtered)',
  ],
  'x-say': 'write a condition, for example sql.statements.exists(s, s.kind == "drop")',
};

const duration = (description: string) => ({
  type: 'string',
  pattern: '^([0-9]{1,9}(ms|s|m|h|d))+$',
  description,
  examples: ['30s', '15m', '1h30m'],
  'x-say': 'write a duration, for example 30s, 15m or 1h30m',
});

const bytes = (description: string) => ({
  type: ['integer', 'string'],
  minimum: 1,
  pattern: '^[0-9]{1,12} ?(B|KiB|MiB|GiB|kB|MB|GB)?$',
  description,
  examples: ['1MiB', 65536],
  'x-say': 'write a size, for example 65536 or 1MiB',
});

const name = (of: string) => ({
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$',
  description: `Name of the ${of}, unique in the file; it stands on every decision and in every refusal.`,
  'x-say': 'use up to 63 letters, digits, dots, dashes and underscores, beginning with a letter or digit',
});

const text = (description: string) => ({
  type: 'string',
  maxLength: 1000,
  description,
  'x-say': 'write a text of at most 1000 characters',
});

const names = (description: string) => ({
  type: 'array',
  uniqueItems: true,
  maxItems: 100,
  items: { type: 'string', minLength: 1, maxLength: 200, 'x-say': 'write a name' },
  description,
  'x-say': 'write a list, for example [dba]',
});

const approve = {
  type: 'object',
  additionalProperties: false,
  description: 'Who approves, and how.',
  properties: {
    by: names('Groups whose members may approve; without it, any approver. Nobody approves their own.'),
    quorum: {
      type: 'integer',
      minimum: 1,
      maximum: 20,
      default: 1,
      description: 'How many different people must approve.',
      'x-say': 'write a whole number from 1 to 20',
    },
    wait: duration('How long the operation is held at most; then it is refused. 15m without it, 7d at most.'),
    respond: {
      enum: ['wait', 'accepted'],
      default: 'wait',
      description:
        'HTTP: accepted: the client is told 202 with a link at once, for clients that cannot wait. Who asks at the link after the approval gets the answer; the request runs once, then. Others than HTTP wait.',
    },
    keep: duration('With respond: accepted: how long the answer is given at the link. 1h without it.'),
    lease: {
      type: 'object',
      additionalProperties: false,
      required: ['same', 'for'],
      description: 'One approval serves further operations of the same caller.',
      properties: {
        same: {
          enum: ['shape', 'text'],
          description:
            'shape: the same statement with other constants; of HTTP the same method, host and path whatever numbers and long words stand in it and whatever its body says (but for statements of SQL and the first fields of GraphQL), of MCP the same tool. text: the very same text and parameters; of HTTP method, target, headers and body.',
        },
        for: duration('How long the lease holds.'),
        uses: {
          type: 'integer',
          minimum: 1,
          maximum: 100000,
          default: 20,
          description: 'How many operations it serves.',
          'x-say': 'write a whole number from 1 to 100000',
        },
      },
    },
  },
};

const rule = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'on', 'when', 'then'],
  description: 'One rule. The strictest verdict of all rules that match wins, whatever their order.',
  properties: {
    name: name('rule'),
    description: text('For readers of the policy.'),
    on: {
      enum: ['postgres', 'http', 'websocket', 'terminal', 'kubernetes', 'mcp', 'any'],
      description: 'What the rule looks at. any: postgres, http and mcp.',
    },
    when,
    // biome-ignore lint/suspicious/noThenProperty: `then` is the word of the policy file, and this is never awaited
    then: {
      enum: ['deny', 'approve', 'allow'],
      description: 'deny: refused; approve: held until somebody approves; allow: passes (of use with defaults.allow: false).',
    },
    message: text('What the caller reads when the rule refuses or holds.'),
    hint: text('What the caller can do instead.'),
    mode: { enum: ['enforce', 'observe'], default: 'enforce', description: 'observe: decided and recorded, not enforced.' },
    approve,
    enabled: {
      type: 'boolean',
      default: true,
      description: 'false: the rule is checked when the file is loaded, and never used.',
      'x-say': 'write true or false',
    },
  },
};

const mask = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'as'],
  description: 'Values that the caller sees masked. Masks add up; for one value the strongest wins.',
  properties: {
    name: name('mask'),
    description: text('For readers of the policy.'),
    detect: {
      ...names(
        'Kinds of values that are looked for, wherever they stand: credit_card, email, phone, us_ssn, iban, …, or the groups secrets, pii, all.',
      ),
      minItems: 1,
      'x-say': 'write a list of kinds, for example [credit_card, email]',
    },
    columns: {
      type: 'array',
      minItems: 1,
      maxItems: 10000,
      uniqueItems: true,
      items: {
        type: 'string',
        pattern: '^(\\*|[^.*"\\s]+)\\.(\\*|[^.*"\\s]+)\\.(\\*|[^.*"\\s]+)$',
        'x-say': 'write schema.table.column, each part a name or *, for example *.customers.email',
      },
      description: 'Columns by their origin, schema.table.column; each part may be *.',
      'x-say': 'write a list of columns, for example [hr.people.salary]',
    },
    kubernetes: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: [...coveredObjects] },
      description:
        'What objects of a Kubernetes API hold, wherever they stand (lists, watches, annotations with what was applied): secrets (every value of Secrets, those in releases of Helm too, and tokens that are asked for), configmaps (every value of ConfigMaps), releases (all that releases of Helm hold: Helm finds none then).',
      'x-say': 'write a list, for example [secrets]',
    },
    as: {
      enum: ['redact', 'partial', 'hash', 'token', 'fixed', 'null', null],
      description:
        'partial keeps the last characters and the separators; hash is stable; token is stable and keeps the form; fixed gives `value`; null gives NULL.',
    },
    value: {
      type: 'string',
      pattern: '^[ !#-&(-+\\--[\\]-_a-~]{1,64}$',
      description: 'With as: fixed: what stands in place of every value.',
      'x-say': 'write up to 64 printable ASCII characters without quotes, backslash and comma',
    },
    check: {
      enum: ['valid', 'invalid'],
      default: 'invalid',
      description: 'With as: token: whether the check digits of stand-ins are right. Wrong ones can’t be taken for a real card or account.',
    },
    key_id: {
      type: 'boolean',
      default: false,
      description:
        'With as: hash or token: show the id of the key, so that a reader knows which key it was. Tokens then do not keep the form.',
      'x-say': 'write true or false',
    },
    decode: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { enum: ['base64'] },
      description: 'What is undone before looking: base64, in strings of JSON bodies that are base64 from end to end, up to 64KiB.',
      'x-say': 'write [base64]',
    },
    unless: {
      ...when,
      description: 'A CEL expression over identity, resource, database, user and application. Callers for whom it holds see the values.',
      examples: ['"fraud" in identity.groups'],
    },
    regions: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      maxItems: 300,
      items: { type: 'string', pattern: '^[A-Z]{2}$', 'x-say': 'write a region as two capital letters, for example DE' },
      description: 'Regions whose phone numbers are found in national form too (ISO 3166 alpha-2).',
      'x-say': 'write a list of regions, for example [DE, US]',
    },
  },
};

const place = (description: string, ways: string[]) => ({
  anyOf: [
    ...(ways.includes('body') ? [{ const: 'body' }] : []),
    {
      type: 'object',
      additionalProperties: false,
      minProperties: 1,
      maxProperties: 1,
      properties: {
        json: {
          type: 'string',
          pattern: '^(/[^/]+)+$',
          description: 'A JSON pointer into the body; /*/ stands for every element of a list.',
        },
        query: { type: 'string', minLength: 1, description: 'A parameter of the query.' },
        form: { type: 'string', minLength: 1, description: 'A field of a form.' },
        header: { type: 'string', minLength: 1, description: 'A header.' },
      },
    },
  ],
  description,
  'x-say': `write ${ways.join(', ')}: for example { json: /query }`,
});

const sqlPlace = {
  type: 'object',
  additionalProperties: false,
  description: 'One place where statements stand: an API that is known by name, or one of your own.',
  properties: {
    api: {
      enum: Object.keys(sqlApis),
      description:
        'BigQuery (jobs.query, jobs.insert), Snowflake (statements, and its drivers), Databricks (statements), Trino, ClickHouse (HTTP), Elasticsearch and OpenSearch (_sql).',
    },
    methods: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', pattern: '^[A-Z-]{1,32}$', 'x-say': 'write a method in capitals, for example POST' },
      description: 'Methods; any without it.',
      'x-say': 'write a list of methods, for example [POST]',
    },
    path: {
      type: 'string',
      pattern: '^/',
      maxLength: 1000,
      description: 'Path, with * for one part, ** for any rest. In place of that of a known API, too.',
      'x-say': 'write a path, for example /v1/query',
    },
    resource: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'Resource, with *; any without it.',
      'x-say': 'write the name of a resource',
    },
    at: place('Where the statement stands. What stands there and is no text is unparsed.', ['body', 'json', 'query', 'form', 'header']),
    parameters: place('Where the values stand that are bound to it; they become params.', ['json', 'query', 'form', 'header']),
    dialect: { enum: [...dialectNames], description: 'How its SQL is written.' },
  },
};

const verdict = (description: string, fallback: string) => ({ enum: ['deny', 'approve', 'allow'], default: fallback, description });

export const policySchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Midstream policy',
  type: 'object',
  additionalProperties: false,
  required: ['version'],
  properties: {
    $schema: { type: 'string', description: 'For editors; not read.' },
    version: { const: 1, description: 'Version of the format.', 'x-say': 'write version: 1' },
    description: text('For readers of the policy.'),
    rules: {
      type: 'array',
      maxItems: 1000,
      items: rule,
      description: 'Rules.',
      'x-say': 'write a list of rules, each beginning with `- name:`',
    },
    masks: {
      type: 'array',
      maxItems: 1000,
      items: mask,
      description: 'Masks.',
      'x-say': 'write a list of masks, each beginning with `- name:`',
    },
    detection: detectionSchema,
    sql: {
      type: 'array',
      maxItems: 100,
      items: sqlPlace,
      description: 'Where statements stand in HTTP requests. They are parsed, and rules on http may ask for sql and params.',
      'x-say': 'write a list, for example [{ api: bigquery }]',
    },
    defaults: {
      type: 'object',
      additionalProperties: false,
      description: 'What holds where no rule speaks.',
      properties: {
        unparsed: verdict('A statement or body that can’t be understood.', 'deny'),
        opaque: verdict('It can be parsed, but hides what it does: DO, dynamic SQL, unknown functions with side effects.', 'approve'),
        grammar: {
          enum: ['pin', 'follow'],
          default: 'pin',
          description: 'pin: settings that change how SQL is read are refused; follow: they pass.',
        },
        allow: {
          type: 'boolean',
          default: true,
          description: 'What no rule matches passes. false: it is refused unless a rule with `then: allow` (or approve) matches.',
          'x-say': 'write true or false',
        },
      },
    },
    limits: {
      type: 'object',
      additionalProperties: false,
      description: 'Bounds on what is read.',
      properties: {
        statement_bytes_max: bytes('Longest statement that is parsed; a longer one counts as unparsed. 1MiB without it.'),
        message_bytes_max: bytes('Largest single protocol message that is inspected; a larger one is refused. 64MiB without it.'),
        held_bytes_max: bytes('Bytes queued behind a held operation before the sender is made to wait. 16MiB without it.'),
        unpacked_bytes_max: bytes('Longest body that is unpacked (gzip, deflate, br, zstd), as it is when unpacked. 1GiB without it.'),
        unpacked_ratio_max: {
          type: 'integer',
          minimum: 1,
          maximum: 1_000_000,
          default: 200,
          description: 'How many times as long as it was packed an unpacked body may be, where it is longer than 1MiB.',
          'x-say': 'write a whole number from 1 to 1000000',
        },
      },
    },
    recording: {
      type: 'object',
      additionalProperties: false,
      description: 'What is kept.',
      properties: {
        sealed: {
          type: 'array',
          uniqueItems: true,
          maxItems: 20,
          items: {
            type: 'string',
            pattern: '^age1[ac-hj-np-z02-9]{58}$',
            'x-say': 'write an age recipient, age1… with 62 characters, as age-keygen prints it',
          },
          description: 'age recipients that originals are sealed to. The gateway can’t open them. Without it, originals are not kept.',
          'x-say': 'write a list of age recipients',
        },
        response_bytes_max: bytes('Bytes of one response that are recorded; the rest is counted. 64KiB without it.'),
      },
    },
  },
} as const;
