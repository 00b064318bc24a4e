import { sqlReader } from '../../../extproc/sql-grammars.js';
import type { Effects, Header } from '../../../filters/http/effects.js';
import { Exchange, type ExchangeInput, type ExchangeOptions, type HttpRules } from '../../../filters/http/exchange.js';
import { strongestFirst } from '../../../filters/http/masking.js';
import { objectMasks } from '../../../filters/kubernetes/answers/marks.js';
import type { KubernetesOptions } from '../../../filters/kubernetes/conversation.js';
import { createDetector, createMasker, maskString } from '../../../filters/mask/index.js';
import type { McpWorld } from '../../../filters/mcp/side.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import type { Identity } from '../../../filters/policy/types.js';
import { buildMaskSet } from '../../../filters/postgres/rows/mask-set.js';
import { withWire } from '../../../filters/record/events.js';
import { createAnalyzer } from '../../../filters/sql/analyze.js';

const analyzer = createAnalyzer({ cache_entries_max: 0, cache_bytes_max: 0, statement_bytes_max: 1_000_000 });
const all = createDetector({ detect: ['all'] });
const redact = createMasker('redact');

const compiledPolicies = new Map<string, ReturnType<typeof compilePolicy>>();

/** Policies do not change; properties run thousands of exchanges under one. */
function compiledOnce(policy: string): ReturnType<typeof compilePolicy> {
  const compiled = compiledPolicies.get(policy) ?? compilePolicy(policy, 'policy.yaml');
  compiledPolicies.set(policy, compiled);
  return compiled;
}

/** An exchange under a policy, and what came of its steps. */
export class Driver {
  readonly exchange: Exchange;
  readonly records: { type: string; fields: Record<string, unknown> }[] = [];
  readonly answers: Effects['answers'] = [];
  last!: Effects;
  private ids = 0;

  constructor(
    policy: string,
    peer: Identity | undefined = undefined,
    refused = false,
    mcp: McpWorld | undefined = undefined,
    kubernetes: KubernetesOptions | undefined = undefined,
    more: Partial<ExchangeOptions> = {},
  ) {
    const compiled = compiledOnce(policy);
    const maskText = (text: string) => maskString(all, redact, text);
    const rules = (identity: Identity): HttpRules => {
      const masks = compiled.masksFor({ identity, resource: 'api', database: '', user: '', application: '' });
      return {
        policy: compiled,
        masks: strongestFirst(masks.length === 0 ? [] : buildMaskSet(masks, {}).detectors),
        objects: objectMasks(masks, {}),
        maskText,
        maskName: maskText,
        sql: sqlReader(analyzer),
      };
    };
    this.exchange = new Exchange({
      id: 'session',
      resource: 'api',
      mcp,
      ...(kubernetes && { kubernetes }),
      peer: { identity: peer, source: '127.0.0.1:7', tls: {}, mayReach: () => !refused },
      gateway_version: 'test',
      now: () => 1_700_000_000_000,
      newId: () => `hold${++this.ids}`,
      rules,
      body_bytes_max: 64 * 1024,
      ...more,
    });
  }

  step(input: ExchangeInput): Effects {
    this.last = this.exchange.step(input);
    for (const { type, json, wire } of this.last.records)
      this.records.push({ type, fields: JSON.parse(`{${withWire(json, wire).slice(1)}}`) });
    this.answers.push(...this.last.answers);
    return this.last;
  }

  request(line: string, headers: Header[] = [], body?: string | Buffer): Effects {
    const [method, path] = line.split(' ') as [string, string];
    const all: Header[] = [[':method', method], [':authority', 'api.example:80'], [':path', path], ...headers];
    const effects = this.step({ type: 'request_headers', headers: all, end: body === undefined });
    return body === undefined ? effects : this.step({ type: 'request_body', body: Buffer.from(body), end: true });
  }

  respond(headers: Header[], ...chunks: (string | Buffer)[]): string {
    const from = this.answers.length;
    this.step({ type: 'response_headers', headers: [[':status', '200'], ...headers], end: chunks.length === 0 });
    chunks.forEach((chunk, i) => {
      this.step({ type: 'response_body', body: Buffer.from(chunk), end: i === chunks.length - 1 });
    });
    return bodyOf(this.answers.slice(from)).toString();
  }

  events(type: string): Record<string, unknown>[] {
    return this.records.filter((one) => one.type === type).map(({ fields }) => fields);
  }

  /** Status and problem of an immediate answer. */
  refusal(): { status: number; problem: Record<string, unknown>; grpcStatus: number | undefined } {
    const found = this.answers.find((answer) => answer.part === 'immediate');
    if (found?.part !== 'immediate') throw new Error(`not refused: ${this.answers.map(({ part }) => part).join()}`);
    return { status: found.status, problem: problemIn(found.body), grpcStatus: found.grpcStatus };
  }
}

export function bodyOf(answers: Effects['answers']): Buffer {
  return Buffer.concat(answers.flatMap((answer) => (answer.part === 'response_body' ? answer.chunks : [])));
}

/** gRPC has a sentence where others have a document: `title: detail hint (rule R, request ID)`. */
function problemIn(body: Buffer): Record<string, unknown> {
  const text = body.toString();
  if (text.startsWith('{')) return JSON.parse(text) as Record<string, unknown>;
  const [, title, detail, rule] = /^([^:]+): (.*) \((?:rule (.*), )?request [^()]*\)$/s.exec(text) ?? [];
  return { title, detail, rule };
}
