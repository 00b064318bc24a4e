import { type DescribedRequest, describedReadings } from '../http/described.js';
import type { HttpFacts, HttpReading } from '../http/facts.js';
import { placesOf } from '../http/sql-places.js';
import { requestOperation, waitsForBody } from '../http/waits.js';
import { messageFacts } from '../http/websocket/facts.js';
import { describedKubernetes } from '../kubernetes/described.js';
import { headFacts } from '../kubernetes/request.js';
import { readLine } from '../kubernetes/terminal/lines.js';
import { type McpFacts, mcpFacts } from '../mcp/facts.js';
import { mcpOperation } from '../mcp/operation.js';
import { nothing, type SqlReader } from '../sql/dialects/analyze.js';
import type { SqlFacts } from '../sql/facts.js';
import { callerOf } from './context/index.js';
import type { CompiledPolicy } from './index.js';
import { invalidPolicy, quoted } from './problems.js';
import { readSource } from './source.js';
import { checkStructure } from './structure.js';
import type { HttpOperation, Identity, OperationFacts, Policy, PostgresOperation, Verdict } from './types.js';

/** One case of a tests file: a statement, a request (HTTP, Kubernetes), a message (WebSocket, MCP), who sends it, and what the policy must make of it. */
export interface PolicyCase {
  name: string;
  sql?: string;
  http?: DescribedRequest;
  /** the same, at a Kubernetes API */
  kubernetes?: DescribedRequest;
  mcp?: Partial<McpFacts>;
  /** `url` of the request that opened it: / where it is not said; `message` is text, or a value that stands for its JSON */
  websocket?: { url?: string; from?: 'client' | 'server'; message: unknown };
  /** one line of exec or attach, and the URL of its request */
  terminal?: { url?: string; line: string };
  params?: (string | null)[];
  as?: Partial<Pick<Identity, 'id' | 'kind' | 'issuer' | 'groups' | 'claims' | 'source' | 'proof' | 'age_s'>>;
  resource?: string;
  database?: string;
  user?: string;
  application?: string;
  expect: { verdict: Verdict; rules?: string[]; masks?: string[] };
}

export interface CaseResult {
  name: string;
  line: number;
  passed: boolean;
  expected: PolicyCase['expect'];
  got: { verdict: Verdict; rules: string[]; masks: string[] };
  /** one line per difference */
  differences: string[];
}

const words = { type: 'array', items: { type: 'string' }, uniqueItems: true, 'x-say': 'write a list, for example [dba]' };
const word = { type: 'string', 'x-say': 'write a text' };

const request = (example: string) => ({
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    method: word,
    url: word,
    headers: { type: 'object', additionalProperties: word, 'x-say': 'write names and texts' },
    body: {},
  },
  'x-say': `write a request, for example ${example}`,
});

const casesSchema = {
  type: 'array',
  minItems: 1,
  'x-say': 'write a list of cases, each beginning with `- name:`',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'expect'],
    properties: {
      name: word,
      sql: word,
      http: request('{ method: POST, url: /v1/payouts, body: { amount: 5 } }'),
      kubernetes: request('{ method: DELETE, url: /api/v1/namespaces/prod }'),
      mcp: {
        type: 'object',
        additionalProperties: false,
        properties: {
          from: { enum: ['client', 'server'], 'x-say': 'write client or server' },
          server: word,
          method: word,
          answers: word,
          result: { type: 'object' },
          tool: word,
          tool_changed: { type: 'boolean', 'x-say': 'write true or false' },
          arguments: { type: 'object' },
          uri: word,
          prompt: word,
          params: { type: 'object' },
        },
        'x-say': 'write a message, for example { tool: shell, arguments: { command: ls } }',
      },
      websocket: {
        type: 'object',
        additionalProperties: false,
        required: ['message'],
        properties: { url: word, from: { enum: ['client', 'server'] }, message: {} },
        'x-say': 'write a message, for example { url: /chat, message: { type: transfer, amount: 5 } }',
      },
      terminal: {
        type: 'object',
        additionalProperties: false,
        required: ['line'],
        properties: { url: word, line: word },
        'x-say': 'write a line, for example { url: /api/v1/namespaces/prod/pods/db/exec?command=sh, line: ls }',
      },
      params: {
        type: 'array',
        items: { type: ['string', 'null'], 'x-say': 'write the value as text, or null' },
        'x-say': 'write a list of values',
      },
      as: {
        type: 'object',
        additionalProperties: false,
        properties: {
          id: word,
          kind: { enum: ['spiffe', 'jwt', 'service-account', 'token', 'password', 'claimed'] },
          issuer: word,
          groups: words,
          claims: { type: 'object' },
          source: word,
          proof: { enum: ['mtls', 'jwt', 'token', 'scram', 'claimed'], 'x-say': 'write mtls, jwt, token, scram or claimed' },
          age_s: { type: 'integer', minimum: 0, 'x-say': 'write seconds' },
        },
      },
      resource: word,
      database: word,
      user: word,
      application: word,
      expect: {
        type: 'object',
        additionalProperties: false,
        required: ['verdict'],
        properties: { verdict: { enum: ['allow', 'approve', 'deny'] }, rules: words, masks: words },
      },
    },
  },
};

const proofOf = { spiffe: 'mtls', jwt: 'jwt', 'service-account': 'jwt', token: 'token', password: 'scram', claimed: 'claimed' };
const kindOf: Record<string, Identity['kind']> = { mtls: 'spiffe', jwt: 'jwt', token: 'token', scram: 'password' };

/** Who a case speaks as when it says nothing: somebody who claims to be agent. Of kind and proof one tells the other. */
export const identityOf = (given: PolicyCase['as'] = {}): Identity => ({
  id: 'agent',
  kind: kindOf[given.proof ?? ''] ?? 'claimed',
  issuer: '',
  groups: [],
  claims: {},
  source: '127.0.0.1:1',
  proof: proofOf[given.kind ?? 'claimed'],
  ...given,
});

const NOT_RUN = 'No case was run. The cases beside a policy are a list, each with name, sql (or http, mcp, …) and expect.';

/** Reads a tests file. Throws MidstreamError policy_invalid like a policy does. */
export function readCases(text: string, file: string): (PolicyCase & { line: number })[] {
  const source = readSource(text);
  const problems = [...source.problems, ...(source.problems.length > 0 ? [] : checkStructure(source, casesSchema))];
  if (problems.length > 0) throw invalidPolicy(problems, text, file, NOT_RUN);
  const cases = source.value as PolicyCase[];
  cases.forEach((one, i) => {
    const given = (['sql', 'http', 'mcp', 'kubernetes', 'websocket', 'terminal'] as const).filter((kind) => one[kind] !== undefined);
    if (given.length !== 1)
      problems.push({
        offset: source.valueAt(`/${i}`),
        what: `the case ${quoted(one.name)} has ${given.length === 0 ? 'none of sql, http, mcp, kubernetes, websocket and terminal' : given.join(' and ')}`,
        fix: 'give it one of them',
      });
  });
  if (problems.length > 0) throw invalidPolicy(problems, text, file, NOT_RUN);
  return cases.map((one, i) => ({ ...one, line: text.slice(0, source.valueAt(`/${i}`)).split('\n').length }));
}

/** What decides how a request is read: the policy asks for its body or does not. */
export interface Reader {
  policy: Policy;
  read: SqlReader;
  /** its body is read in any case, as that of a message is */
  whole?: boolean;
}

/** The operation that a case describes: a request, as far as the gateway reads it under that policy, or the statement whose facts are given. */
export function operationOf(one: Omit<PolicyCase, 'name' | 'expect'>, sql: SqlFacts | undefined, by?: Reader): OperationFacts {
  if (one.http !== undefined) return requestOf(one, one.http, by);
  if (one.kubernetes !== undefined)
    return {
      on: 'kubernetes',
      k8s: describedKubernetes(one.kubernetes),
      identity: identityOf(one.as),
      resource: one.resource ?? 'kubernetes',
    };
  if (one.websocket !== undefined) {
    const { url = '/', from = 'client', message } = one.websocket;
    const bytes = Buffer.from(typeof message === 'string' ? message : JSON.stringify(message));
    return {
      on: 'websocket',
      message: messageFacts(from, 'text', bytes),
      http: upgradeTo(url),
      identity: identityOf(one.as),
      resource: one.resource ?? 'http',
    };
  }
  if (one.terminal !== undefined) {
    const http = upgradeTo(one.terminal.url ?? '/api/v1/namespaces/default/pods/p/exec?command=sh&stdin=true');
    const { line, unparsed } = readLine(Buffer.from(one.terminal.line));
    return {
      on: 'terminal',
      terminal: { line, unparsed },
      k8s: headFacts(http),
      http,
      identity: identityOf(one.as),
      resource: one.resource ?? 'kubernetes',
    };
  }
  if (one.mcp !== undefined) {
    const server = one.resource ?? 'mcp';
    const { tool = '', uri = '', prompt = '' } = one.mcp;
    const method = one.mcp.method ?? (tool !== '' ? 'tools/call' : prompt !== '' ? 'prompts/get' : uri !== '' ? 'resources/read' : '');
    const facts = mcpFacts({
      params: one.mcp.arguments ? { arguments: one.mcp.arguments } : {},
      ...one.mcp,
      server: one.mcp.server ?? server,
      method,
    });
    return mcpOperation(facts, { identity: identityOf(one.as), resource: server });
  }
  return statementOf(one, sql!);
}

function requestOf(
  { resource = 'http', as }: Pick<PolicyCase, 'resource' | 'as'>,
  described: DescribedRequest,
  by?: Reader,
): HttpOperation {
  const identity = identityOf(as);
  const operation = (readings: HttpReading[]): HttpOperation => requestOperation(readings, identity, resource);
  if (by === undefined) return operation(describedReadings(described));
  const { policy, read, whole } = by;
  const places = placesOf(policy.sqlPlaces, resource);
  // What is approved is approved whole.
  const waits = (head: HttpReading[]): boolean =>
    whole === true || waitsForBody(policy, operation(head), places) || policy.decide(operation(head)).verdict === 'approve';
  return operation(describedReadings(described, places.length === 0 ? undefined : { places, read }, waits));
}

/** The request of a WebSocket. */
function upgradeTo(url: string): HttpFacts {
  return describedReadings({ url, headers: { connection: 'upgrade', upgrade: 'websocket' } })[0]!.http;
}

function statementOf(one: Omit<PolicyCase, 'name' | 'expect'>, sql: SqlFacts): PostgresOperation {
  const facts: PostgresOperation = {
    on: 'postgres',
    sql,
    identity: identityOf(one.as),
    resource: one.resource ?? 'postgres',
    database: one.database ?? 'app',
    user: one.user ?? 'app',
    application: one.application ?? '',
  };
  // A case without params is a simple query; with params it is judged as at Execute.
  if (one.params !== undefined) facts.params = one.params;
  return facts;
}

const listed = (items: readonly string[]) => (items.length === 0 ? 'none' : [...items].sort().join(', '));
const same = (a: readonly string[], b: readonly string[]) => listed(a) === listed(b);

/** Judges one case. `rules` and `masks`, where the case names them, are compared as sets. */
export function runCase(
  policy: CompiledPolicy,
  one: PolicyCase & { line: number },
  sql: SqlFacts | undefined,
  read: SqlReader = () => nothing('SQL is not read here'),
): CaseResult {
  const facts = operationOf(one, sql, { policy, read });
  const decision = policy.decide(facts);
  const got = {
    verdict: decision.verdict,
    rules: decision.matches.map((match) => match.rule),
    masks: policy.masksFor(callerOf(facts)).map((mask) => mask.name),
  };
  const differences: string[] = [];
  const { verdict, rules, masks } = one.expect;
  if (verdict !== got.verdict) differences.push(`verdict: expected ${verdict}, got ${got.verdict}`);
  if (rules !== undefined && !same(rules, got.rules)) differences.push(`rules: expected ${listed(rules)}, got ${listed(got.rules)}`);
  if (masks !== undefined && !same(masks, got.masks)) differences.push(`masks: expected ${listed(masks)}, got ${listed(got.masks)}`);
  return { name: one.name, line: one.line, passed: differences.length === 0, expected: one.expect, got, differences };
}
