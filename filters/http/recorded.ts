import type { Decision, Identity } from '../policy/types.js';
import type { MaskedCount } from '../postgres/session/effects.js';
import { shownIdentity, shownTls } from '../record/shown-identity.js';
import type { Effects } from './effects.js';
import type { ExchangeOptions, HttpRules } from './exchange-options.js';
import { REQUEST } from './request-text.js';
import type { Response } from './response.js';

/** What sessions of one caller have in common, as it stands in session.open, and what it was made of. */
interface Opening {
  rules: HttpRules['maskText'];
  policy: string;
  options: Pick<ExchangeOptions, 'resource' | 'gateway_version'>;
  agent: string;
  tls: ExchangeOptions['peer']['tls'];
  json: string;
}

/** Requests of one connection have one identity, and one list of rules for it. */
const openings = new WeakMap<Identity, Opening>();

function openingOf(options: ExchangeOptions, rules: HttpRules, identity: Identity, agent: string): string {
  const { tls } = options.peer;
  const known = openings.get(identity);
  if (known !== undefined && known.rules === rules.maskText && known.policy === rules.policy.version) {
    const { resource, gateway_version } = known.options;
    if (known.tls === tls && known.agent === agent && resource === options.resource && gateway_version === options.gateway_version)
      return known.json;
  }
  const { resource, gateway_version } = options;
  const policy = rules.policy.version;
  const json =
    `"resource":${JSON.stringify(resource)},"database":"","user":"","application":${JSON.stringify(rules.maskText(agent))}` +
    `,"identity":${JSON.stringify(shownIdentity(identity, rules))},"tls":${JSON.stringify(shownTls(tls, rules))}` +
    `,"policy_version":${JSON.stringify(policy)},"gateway_version":${JSON.stringify(gateway_version)}`;
  openings.set(identity, { rules: rules.maskText, policy, options: { resource, gateway_version }, agent, tls, json });
  return json;
}

/** Many requests come within one millisecond. */
let last_ms = 0;
let lastTime = new Date(last_ms).toISOString();

function timeOf(ms: number): string {
  if (ms !== last_ms) {
    lastTime = new Date(ms).toISOString();
    last_ms = ms;
  }
  return lastTime;
}

/** Writes the events of an exchange's recording into the effects of its step. */
export class ExchangeRecord {
  constructor(private readonly out: () => Effects) {}

  event(type: string, event: object, gating = false): void {
    const { masked } = event as { masked?: readonly MaskedCount[] };
    const json = `,${JSON.stringify(event).slice(1, -1)}`;
    this.out().records.push({ type, json, wire: undefined, gating, original: undefined, ...(masked === undefined ? {} : { masked }) });
  }

  /** `json`: fields of the event as they are written, behind a comma */
  line(type: string, json: string, gating = false): void {
    this.out().records.push({ type, json, wire: undefined, gating, original: undefined });
  }

  response(response: Response, rules: HttpRules, more = ''): void {
    const { json, wire, masked } = response.fields(rules, more);
    this.out().records.push({ type: 'response', json, wire, gating: false, original: undefined, masked });
  }

  /** An error of the gateway's own. */
  error(status: number, message: string, gating = false): void {
    this.event('error', { request: REQUEST, severity: 'ERROR', sqlstate: String(status), message, own: true }, gating);
  }

  open(options: ExchangeOptions, rules: HttpRules, identity: Identity, agent: string): void {
    const protocol = options.kubernetes !== undefined ? 'kubernetes' : options.mcp !== undefined ? 'mcp' : 'http';
    this.line(
      'session.open',
      `,"start":"${timeOf(options.now())}","protocol":"${protocol}",${openingOf(options, rules, identity, agent)}` +
        `,"transport":"${options.transport ?? 'ext_proc'}","parameters":{}`,
    );
  }

  /** `disagreement`: what a second reader made of it; empty where it agrees */
  decision({ verdict, rule, matches }: Pick<Decision, 'verdict' | 'rule' | 'matches'>, rules: HttpRules, disagreement = ''): void {
    const matched = matches.length === 0 ? '[]' : JSON.stringify(matches);
    const more = disagreement === '' ? '' : `,"disagreement":${JSON.stringify(rules.maskText(disagreement))}`;
    this.line(
      'decision',
      `,"request":"${REQUEST}","verdict":"${verdict}","rule":${JSON.stringify(rule)},"matches":${matched},"policy_version":${JSON.stringify(rules.policy.version)}${more}`,
      true,
    );
  }
}
