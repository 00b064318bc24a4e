import type { Decision, Identity } from '../policy/types.js';
import type { MaskedCount } from '../postgres/session/effects.js';
import { shownIdentity, shownTls } from '../record/shown-identity.js';
import type { Effects } from './effects.js';
import type { ExchangeOptions, HttpRules } from './exchange-options.js';
import { REQUEST } from './request-text.js';
import type { Response } from './response.js';

/** Requests of one connection have one identity, and one list of rules for it. */
const identities = new WeakMap<Identity, { rules: HttpRules['maskText']; json: string }>();

function identityJson(identity: Identity, rules: HttpRules): string {
  const known = identities.get(identity);
  if (known?.rules === rules.maskText) return known.json;
  const json = JSON.stringify(shownIdentity(identity, rules));
  identities.set(identity, { rules: rules.maskText, json });
  return json;
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
    const application = JSON.stringify(rules.maskText(agent));
    const versions = `"policy_version":${JSON.stringify(rules.policy.version)},"gateway_version":${JSON.stringify(options.gateway_version)}`;
    this.line(
      'session.open',
      `,"start":"${new Date(options.now()).toISOString()}","protocol":"${protocol}","resource":${JSON.stringify(options.resource)},"database":"","user":""` +
        `,"application":${application},"identity":${identityJson(identity, rules)},"tls":${JSON.stringify(shownTls(options.peer.tls, rules))},${versions}` +
        `,"transport":"${options.transport ?? 'ext_proc'}","parameters":{}`,
    );
  }

  /** `disagreement`: what a second reader made of it; empty where it agrees */
  decision({ verdict, rule, matches }: Pick<Decision, 'verdict' | 'rule' | 'matches'>, rules: HttpRules, disagreement = ''): void {
    const policy_version = rules.policy.version;
    const more = disagreement === '' ? {} : { disagreement: rules.maskText(disagreement) };
    this.event('decision', { request: REQUEST, verdict, rule, matches, policy_version, ...more }, true);
  }
}
