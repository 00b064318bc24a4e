import { list, record, text } from '../../foreign-json.js';
import { type DescribedRequest, describedReadings } from '../../http/described.js';
import { placesOf } from '../../http/sql-places.js';
import { waitsForBody } from '../../http/waits.js';
import { messageFacts } from '../../http/websocket/facts.js';
import { mcpFacts } from '../../mcp/facts.js';
import { readMessages } from '../../mcp/messages.js';
import { mcpOperation } from '../../mcp/operation.js';
import type { StoredEvent } from '../../record/chain.js';
import type { SqlReader } from '../../sql/dialects/analyze.js';
import type { SqlFacts } from '../../sql/facts.js';
import { operationOf } from '../cases.js';
import { strictestDecision } from '../decide.js';
import type { CompiledPolicy } from '../index.js';
import type { Decision, HttpOperation } from '../types.js';
import { bodyLeftOut, paramsOf, type RecordedCaller, requestOf, sqlFactsOf } from './recorded.js';

/** What a policy decides, or why the recording is not enough to tell. */
export type Verdicted = { decision: Decision } | { unknown: string };

/** Reads statements again where the recording lacks facts. */
export interface StatementReaders {
  postgres: (text: string) => SqlFacts;
  dialects: SqlReader;
}

/** A statement of Postgres. `described`: the event that holds its facts, where that is an earlier one. */
export function decideStatement(
  policy: CompiledPolicy,
  { protocol: _protocol, start: _start, ...caller }: RecordedCaller,
  event: StoredEvent,
  described: StoredEvent | undefined,
  readers: StatementReaders,
): Verdicted {
  const sql = statementFacts(event, described, readers);
  if (sql === undefined) return { unknown: 'its facts are not in the recording, and its text, as it is masked, is no statement' };
  const params = paramsOf(event);
  return { decision: policy.decide({ on: 'postgres', sql, ...caller, ...(params === undefined ? {} : { params }) }) };
}

/** Facts as they were recorded, else those of the text. */
export function statementFacts(event: StoredEvent, described: StoredEvent | undefined, readers: StatementReaders): SqlFacts | undefined {
  return sqlFactsOf(described?.['facts']) ?? sqlFactsOf(event['facts']) ?? readAgain(event, readers);
}

function readAgain(event: StoredEvent, { postgres }: StatementReaders): SqlFacts | undefined {
  const statement = text(event['text']);
  if (statement === '') return undefined;
  const facts = postgres(statement);
  return facts.unparsed === '' ? facts : undefined;
}

/** A request over HTTP, with its body as far as it was recorded. */
export function decideRequest(
  policy: CompiledPolicy,
  caller: RecordedCaller,
  event: StoredEvent,
  later: StoredEvent | undefined,
  readers: StatementReaders,
): Verdicted {
  const body = later?.['body'] ?? event['body'];
  const described = requestOf(event, body);
  const whole = caller.protocol !== 'http';
  const by = { policy, read: readers.dialects, whole };
  const { identity: as, resource } = caller;
  if (bodyLeftOut(later ?? event, body)) {
    const head = operationOf({ http: { ...described, body: undefined }, as, resource }, undefined) as HttpOperation;
    if (whole || waitsForBody(policy, head, placesOf(policy.sqlPlaces, resource)))
      return { unknown: 'its body is not whole in the recording' };
  }
  const asked = operationOf({ http: described, as, resource }, undefined, by);
  const unparsed = text(record(event['facts'])['unparsed']);
  const http = policy.decide(asked.on === 'http' && unparsed !== '' ? notUnderstood(asked, unparsed) : asked);
  if (caller.protocol === 'kubernetes') return { decision: decideKubernetes(policy, caller, described, http) };
  if (caller.protocol === 'mcp' && typeof body === 'string' && unparsed === '') return decideMessages(policy, caller, event, body, http);
  return { decision: http };
}

/** Bodies are recorded as JSON, which is YAML too, whatever form they came in. */
function decideKubernetes(policy: CompiledPolicy, caller: RecordedCaller, recorded: DescribedRequest, http: Decision): Decision {
  const type = recorded.headers?.['content-type'] ?? '';
  const described = type.includes('protobuf')
    ? { ...recorded, headers: { ...recorded.headers, 'content-type': 'application/json' } }
    : recorded;
  const own = policy.decide(operationOf({ kubernetes: described, as: caller.identity, resource: caller.resource }, undefined));
  // as at the gateway: that no rule on http allows it says nothing
  return http.rule === 'default:allow' ? own : strictestDecision([own, http]);
}

/** What was not understood when it came is not understood now, though a mask may have taken from the recording what was wrong with it. */
function notUnderstood(asked: HttpOperation, unparsed: string): HttpOperation {
  const marked = <T extends Pick<HttpOperation, 'http'>>(one: T): T => ({
    ...one,
    http: { ...one.http, unparsed: one.http.unparsed || unparsed },
  });
  return { ...marked(asked), also: (asked.also ?? []).map((one) => marked(one)) };
}

function decideMessages(policy: CompiledPolicy, caller: RecordedCaller, event: StoredEvent, body: string, http: Decision): Verdicted {
  const changed = list(record(record(event['facts'])['mcp'])['tools_changed']);
  try {
    const { messages } = readMessages(JSON.parse(body), { from: 'client', server: caller.resource });
    for (const { facts } of messages) facts.tool_changed = facts.tool !== '' && changed.includes(facts.tool);
    return { decision: strictestDecision([http, ...messages.map(({ facts }) => policy.decide(mcpOperation(facts, caller)))]) };
  } catch {
    return { unknown: 'its body, as it is masked, is no message' };
  }
}

/** A message of a WebSocket, of an MCP server, or a line of a terminal: `opened` is the request that opened the session. */
export function decideWithin(policy: CompiledPolicy, caller: RecordedCaller, event: StoredEvent, opened: StoredEvent): Verdicted {
  const operation = text(event['operation']);
  const said = text(event['text']);
  const { identity, resource } = caller;
  if (operation.startsWith('server: ')) return decideServerMessage(policy, caller, event);
  if (Number(event['left_out']) > 0 || (said === '' && Number(event['bytes']) > 0)) return { unknown: 'it is not whole in the recording' };
  const { url } = requestOf(opened);
  if (operation === 'line')
    return { decision: policy.decide(operationOf({ terminal: { url, line: said }, as: identity, resource }, undefined)) };
  const from = operation.endsWith('server') ? 'server' : 'client';
  const [reading] = describedReadings(requestOf(opened));
  const message = messageFacts(from, 'text', Buffer.from(said));
  return { decision: policy.decide({ on: 'websocket', message, http: reading!.http, identity, resource }) };
}

function decideServerMessage(policy: CompiledPolicy, caller: RecordedCaller, event: StoredEvent): Verdicted {
  const told = record(event['facts']);
  const said = text(event['text']);
  let params: Record<string, unknown>;
  try {
    params = said === '' ? {} : record(JSON.parse(said));
  } catch {
    return { unknown: 'its parameters are not whole in the recording' };
  }
  const facts = mcpFacts({ from: 'server', server: caller.resource, method: text(told['method']), uri: text(told['uri']), params });
  return { decision: policy.decide(mcpOperation(facts, caller)) };
}
