import type { Identity } from '../../policy/types.js';
import type { Answer, Effects, Header } from '../effects.js';
import type { ExchangeOptions } from '../exchange-options.js';
import type { HttpFacts } from '../facts.js';
import type { RequestText } from '../request-text.js';
import { fieldOf } from './head.js';
import { makeTunnel, protocolProblem } from './make.js';
import { switchProblem, upgradeHeaders } from './switch.js';
import type { Side, Tunnel } from './tunnel.js';

/** What an upgraded stream needs of its exchange. */
export interface UpgradeWorld {
  text: RequestText;
  identity: Identity;
  options: ExchangeOptions;
  out: () => Effects;
  record: (type: string, event: object, gating?: boolean) => void;
}

/** A request that asks for another protocol, and the stream that it becomes. */
export class UpgradedStream {
  /** after the server has agreed */
  tunnel: Tunnel | undefined;
  private readonly ended = { client: false, server: false };
  /** Sec-WebSocket-Key as it went to the server */
  private key = '';

  constructor(
    private readonly facts: HttpFacts,
    private readonly newId: () => string,
  ) {}

  /** The headers of the request, as they go to the server. */
  request(masked: boolean, own: { set: readonly Header[]; append: readonly Header[]; remove: readonly string[] }): Answer {
    const { set, remove } = upgradeHeaders(this.facts, this.newId);
    this.key = set.find(([name]) => name === 'sec-websocket-key')?.[1] ?? this.facts.headers['sec-websocket-key'] ?? '';
    if (masked) set.push(['accept-encoding', 'identity']);
    return {
      part: 'request_headers',
      set: [...set, ...own.set],
      remove: [...remove, ...own.remove],
      ...(own.append.length > 0 ? { append: own.append } : {}),
    };
  }

  /** Why the server's answer is none to that request, or none that can be read. `kubernetes`: it is a Kubernetes API. */
  problem(headers: readonly Header[], kubernetes: boolean): string | undefined {
    const problem = switchProblem(this.facts, this.key, headers);
    return problem ?? (kubernetes ? protocolProblem(this.facts, fieldOf(headers, 'sec-websocket-protocol')) : undefined);
  }

  /** The server has agreed. */
  begin(headers: readonly Header[], { text, identity, options, out, record }: UpgradeWorld): void {
    const { resource, body_bytes_max, id, newId, now } = options;
    const rules = () => options.rules(identity);
    this.tunnel = makeTunnel({
      http: this.facts,
      text,
      identity,
      resource,
      kubernetes: options.kubernetes !== undefined,
      subprotocol: headers.find(([name]) => name === 'sec-websocket-protocol')?.[1] ?? '',
      body_bytes_max,
      session: id,
      newId,
      now,
      rules,
      out,
      record,
      decided: (request, decision) => {
        const { verdict, rule, matches } = decision;
        record('decision', { request, verdict, rule, matches, policy_version: rules().policy.version }, true);
        out().decisions.push(decision);
      },
    });
  }

  /** True when both sides have sent their last. */
  receive(from: Side, bytes: Buffer, end: boolean): boolean {
    this.tunnel!.receive(from, bytes, end);
    if (end) this.ended[from] = true;
    return this.ended.client && this.ended.server;
  }
}
