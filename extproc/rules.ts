import type { HttpRules } from '../filters/http/exchange.js';
import { type BodyMask, strongestFirst } from '../filters/http/masking.js';
import { type ObjectMask, objectMasks } from '../filters/kubernetes/answers/marks.js';
import { createPolicyDetector } from '../filters/mask/custom/detector.js';
import { createMasker, kinds, maskString } from '../filters/mask/index.js';
import { throughEscapes } from '../filters/mask/readings/through.js';
import { spellingsOf } from '../filters/mask/spellings.js';
import type { Identity, Policy } from '../filters/policy/types.js';
import { buildMaskSet } from '../filters/postgres/rows/plan.js';
import { type Analyzer, type Caller, Judge } from '../filters/postgres/session/judge.js';
import type { Rules } from '../filters/postgres/session/session.js';
import type { SqlReader } from '../filters/sql/dialects/analyze.js';
import { isPlainUuid, isUuid } from '../filters/uuid.js';
import { sqlReader } from './sql-grammars.js';

type RecordingMaskers = Pick<Rules, 'maskText' | 'maskName'>;
type CallerRules = Rules & { objects: readonly ObjectMask[] };

/** The policy in force, made ready for each caller; callers that come again share their judge and its cache. */
export class RuleBook {
  private readonly byCaller = new Map<string, CallerRules>();
  /** for requests: the same caller asks again and again */
  private byIdentity = new WeakMap<Identity, Map<string, HttpRules>>();
  private readonly orders = new WeakMap<readonly BodyMask[], readonly BodyMask[]>();
  private readonly recordingMaskers = new Map<string, RecordingMaskers>();
  private readonly sql: SqlReader;

  constructor(
    private readonly current: () => Policy,
    private readonly analyzer: Analyzer,
    private readonly options: { mask_key?: Uint8Array; mask_key_id?: string; regions?: string[] },
  ) {
    this.sql = sqlReader(analyzer);
  }

  /** What goes into recordings and to approvers is masked whatever the policy says: logs must never hold a secret. */
  private maskersFor(regions: readonly string[], { version, detection }: Policy): RecordingMaskers {
    // a policy's own kinds are masked too; what it leaves alone for its callers is no business of logs
    const own = detection === undefined ? undefined : { kinds: detection.kinds, allow: [], score_min: new Map<string, number>() };
    const key = own === undefined ? regions.join() : `${regions.join()} ${version}`;
    const known = this.recordingMaskers.get(key);
    if (known !== undefined) return known;
    const redactor = (detect: string[]) => {
      const detector = throughEscapes(createPolicyDetector({ detect, ...(regions.length > 0 ? { regions } : {}), detection: own }));
      const masker = createMasker('redact', {});
      return remembering((text: string) => maskString(detector, masker, text), own === undefined);
    };
    const made = {
      maskText: redactor(['all']),
      maskName: redactor([...kinds.map(({ kind }) => kind).filter((kind) => kind !== 'email'), 'custom']),
    };
    if (this.recordingMaskers.size >= CALLERS_MAX) this.recordingMaskers.clear();
    this.recordingMaskers.set(key, made);
    return made;
  }

  policy(): Policy {
    return this.current();
  }

  changed(): void {
    this.byCaller.clear();
    this.byIdentity = new WeakMap();
  }

  for(caller: Caller): CallerRules {
    const policy = this.current();
    // The peer's port differs on every connection and no rule is about it alone, but a rule may be about its address.
    const source = caller.identity.source.replace(/:\d+$/, '');
    const age_s = policy.masksUseAge ? caller.identity.age_s : undefined;
    const key = JSON.stringify([policy.version, { ...caller, identity: { ...caller.identity, source, age_s } }]);
    const known = this.byCaller.get(key);
    if (known !== undefined) return known;
    const rules = this.build(policy, caller);
    if (this.byCaller.size >= CALLERS_MAX) this.byCaller.delete(this.byCaller.keys().next().value!);
    this.byCaller.set(key, rules);
    return rules;
  }

  /** For one who calls over HTTP. */
  http(identity: Identity, resource: string): HttpRules {
    let known = this.byIdentity.get(identity);
    if (known === undefined) {
      known = new Map();
      this.byIdentity.set(identity, known);
    }
    const before = known.get(resource);
    if (before !== undefined && before.policy === this.current()) return before;
    const made = this.forRequests(identity, resource);
    known.set(resource, made);
    return made;
  }

  private forRequests(identity: Identity, resource: string): HttpRules {
    const { policy, masks, objects, maskText, maskName } = this.for({ identity, resource, database: '', user: '', application: '' });
    return { policy, masks: masks === undefined ? NO_MASKS : this.ordered(masks.detectors), objects, maskText, maskName, sql: this.sql };
  }

  private ordered(masks: readonly BodyMask[]): readonly BodyMask[] {
    const known = this.orders.get(masks);
    if (known !== undefined) return known;
    const made = strongestFirst(masks);
    this.orders.set(masks, made);
    return made;
  }

  private build(policy: Policy, caller: Caller): CallerRules {
    const masks = policy.masksFor(caller);
    const options = {
      ...(this.options.mask_key ? { key: this.options.mask_key } : {}),
      ...(this.options.mask_key_id ? { key_id: this.options.mask_key_id } : {}),
      ...(this.options.regions ? { regions: this.options.regions } : {}),
    };
    // National phone numbers of every country that a mask of this caller names.
    const regions = [...new Set([...(this.options.regions ?? []), ...masks.flatMap((mask) => mask.regions ?? [])])].sort();
    const { maskText, maskName } = this.maskersFor(regions, policy);
    const values = masks.filter((mask) => mask.kubernetes === undefined);
    return {
      policy,
      judge: new Judge(policy, this.analyzer, caller, maskText, { cache_entries_max: 2000, cache_units_max: 4_000_000 }),
      masks: values.length === 0 ? undefined : buildMaskSet(values, options),
      objects: objectMasks(masks, options),
      maskText,
      maskName,
    };
  }
}

/** The gateway's own credential never goes back to an agent, however the server repeats it: a mask for it in any spelling, over all others. */
export function withoutCredential(rules: HttpRules, secrets: readonly string[] | undefined): HttpRules {
  if (secrets === undefined || secrets.length === 0) return rules;
  let known = withCredential.get(rules.masks);
  if (known === undefined) {
    known = new Map();
    withCredential.set(rules.masks, known);
  }
  const key = secrets.join('\n');
  let masks = known.get(key);
  if (masks === undefined) {
    masks = [credentialMask(key, secrets), ...rules.masks];
    if (known.size >= CREDENTIALS_MAX) known.delete(known.keys().next().value!);
    known.set(key, masks);
  }
  return { ...rules, masks };
}

function credentialMask(key: string, secrets: readonly string[]): BodyMask {
  const known = credentialMasks.get(key);
  if (known !== undefined) return known;
  const words = [...new Set(secrets.flatMap(spellingsOf))];
  const kind = { kind: 'gateway_credential', words, pattern: undefined, ignore_case: false, inside: true, context: [], score: 1 };
  const detector = createPolicyDetector({ detect: ['custom'], detection: { kinds: [kind], allow: [], score_min: new Map() } });
  const mask: BodyMask = { name: 'gateway-credential', detector, as: 'redact', masker: createMasker('redact', {}) };
  if (credentialMasks.size >= CREDENTIALS_MAX) credentialMasks.delete(credentialMasks.keys().next().value!);
  credentialMasks.set(key, mask);
  return mask;
}

const credentialMasks = new Map<string, BodyMask>();
/** The same list for the same masks: what is remembered of a list lasts from one answer to the next. */
const withCredential = new WeakMap<readonly BodyMask[], Map<string, readonly BodyMask[]>>();
/** Credentials in use, and those before them that answers still repeat. */
const CREDENTIALS_MAX = 64;

const NO_MASKS: readonly BodyMask[] = [];

/**
 * The same names come with every statement and every answer. What begins with a digit is a value, which hardly comes again; the id of a request is another
 * with each. `engine`: it masks what the engine knows, and no kinds of a policy's own, which may find anything in an id.
 */
function remembering(mask: (text: string) => string, engine: boolean): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    if (isUuid(text)) return engine && isPlainUuid(text) ? text : mask(text);
    if (text.length > REMEMBERED_UNITS_MAX || beginsWithDigit(text)) return mask(text);
    const before = known.get(text);
    if (before !== undefined) return before;
    const masked = mask(text);
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(text, masked);
    return masked;
  };
}

function beginsWithDigit(text: string): boolean {
  const first = text.charCodeAt(0);
  return first >= 0x30 && first <= 0x39;
}

/** Texts whose masked form is kept, and the longest of them in UTF-16 units. */
const REMEMBERED_MAX = 4000;
const REMEMBERED_UNITS_MAX = 64;

/** Callers whose judgements are kept. */
const CALLERS_MAX = 256;
