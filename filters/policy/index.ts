import { createHash } from 'node:crypto';
import { compilePlaces, type SqlPlaceDocument } from '../http/sql-places.js';
import type { Detection } from '../mask/custom/detector.js';
import { kinds } from '../mask/kinds.js';
import { plainTerms, WAIT_MS_DEFAULT } from './approval-terms.js';
import { type Condition, compileCondition } from './cel.js';
import { type CompiledRule, type Defaults, decide, decideReadings } from './decide.js';
import { compileDetection } from './detection.js';
import type { Scope } from './fact-table.js';
import { maskContext } from './fact-values.js';
import { invalidPolicy, type Problem, position, quoted, suggest } from './problems.js';
import { type PolicySource, readSource } from './source.js';
import { checkStructure, type MaskDocument, type PolicyDocument, type RuleDocument } from './structure.js';
import type { ApprovalTerms, MaskRule, OperationFacts, Policy, PolicyLimits, RecordingTerms } from './types.js';
import { parseBytes, parseDuration } from './units.js';

export type { CompiledRule } from './decide.js';
export { policySchema } from './schema.js';
export { decodePolicy } from './source.js';

/** Longest wait for an approval, milliseconds: 7 days. */
const WAIT_MS_MAX = 7 * 86_400_000;

export const LIMITS_DEFAULT: PolicyLimits = {
  statement_bytes_max: 1024 ** 2,
  message_bytes_max: 64 * 1024 ** 2,
  held_bytes_max: 16 * 1024 ** 2,
  unpacked_bytes_max: 1024 ** 3,
  unpacked_ratio_max: 200,
};
export const RESPONSE_BYTES_MAX_DEFAULT = 64 * 1024;

export interface CompileOptions {
  /** kinds that `detect` may name, beside the groups; the engine's own without it */
  kinds?: readonly (string | { kind: string })[];
}

/** Groups of kinds, as the engine expands them. */
const groups = ['secrets', 'pii', 'all'];

const detectable = (given: readonly (string | { kind: string })[]): string[] => [
  ...groups,
  ...given.map((one) => (typeof one === 'string' ? one : one.kind)),
];

export interface CompiledMask {
  rule: MaskRule;
  unless: Condition | undefined;
  /** where the mask's name stands in the file, from 1 */
  line: number;
}

/** A policy with its parts, for explaining it. */
export interface CompiledPolicy extends Policy {
  /** in the order of the file, disabled ones too */
  readonly rules: readonly CompiledRule[];
  readonly masks: readonly CompiledMask[];
  readonly defaults: Defaults;
}

class PolicyCompiler {
  readonly problems: Problem[] = [];

  constructor(
    private readonly text: string,
    private readonly source: PolicySource,
    private readonly kinds: readonly string[],
    private readonly detection: Detection | undefined,
  ) {}

  rule(document: RuleDocument, i: number): CompiledRule | undefined {
    const at = `/rules/${i}`;
    const condition = this.condition(document.when, `${at}/when`, document.on);
    if (document.approve !== undefined && document.then !== 'approve') {
      this.problem(
        this.source.keyAt(`${at}/approve`),
        `the rule ${quoted(document.name)} has approve, but its then is ${document.then}`,
        'write then: approve, or remove approve',
      );
    }
    const approval = this.approval(document.approve, `${at}/approve`);
    if (condition === undefined) return undefined;
    return {
      name: document.name,
      description: document.description ?? '',
      on: document.on,
      condition,
      verdict: document.then,
      mode: document.mode ?? 'enforce',
      enabled: document.enabled ?? true,
      message: document.message ?? messageFor(document),
      hint: document.hint ?? '',
      approval,
      line: this.lineOf(`${at}/name`),
    };
  }

  mask(document: MaskDocument, i: number): CompiledMask | undefined {
    const at = `/masks/${i}`;
    const { detect = [], columns = [], kubernetes = [], regions } = document;
    const given = Object.entries({ detect, columns, kubernetes }).flatMap(([key, list]) => (list.length > 0 ? [key] : []));
    if (given.length !== 1) {
      this.problem(
        this.source.valueAt(at),
        `the mask ${quoted(document.name)} has ${given.length === 0 ? 'neither detect nor columns nor kubernetes' : given.join(' and ')}`,
        'give it one of them',
      );
    }
    if (regions !== undefined && detect.length === 0)
      this.problem(this.source.keyAt(`${at}/regions`), 'regions have a meaning for detect only', 'remove regions');
    detect.forEach((kind, j) => {
      if (!this.kinds.includes(kind))
        this.problem(this.source.valueAt(`${at}/detect/${j}`), `there is no kind ${quoted(kind)} to detect`, suggest(kind, this.kinds));
    });
    const unless = document.unless === undefined ? undefined : this.condition(document.unless, `${at}/unless`, 'mask');
    const rule: MaskRule = { name: document.name, detect, columns, as: document.as ?? 'null' };
    if (kubernetes.length > 0) rule.kubernetes = kubernetes;
    if (regions !== undefined) rule.regions = regions;
    if (document.decode !== undefined && columns.length > 0)
      this.problem(this.source.keyAt(`${at}/decode`), 'decode has a meaning for detect only', 'remove decode');
    if (document.decode !== undefined) rule.base64 = true;
    const as = rule.as;
    if ((document.value !== undefined) !== (as === 'fixed'))
      this.problem(
        document.value === undefined ? this.source.valueAt(at) : this.source.keyAt(`${at}/value`),
        as === 'fixed' ? `the mask ${quoted(document.name)} is fixed and has no value` : `value has a meaning for as: fixed only`,
        as === 'fixed' ? 'give it a value' : 'remove value',
      );
    if (document.check !== undefined && as !== 'token')
      this.problem(this.source.keyAt(`${at}/check`), 'check has a meaning for as: token only', 'remove check');
    if (document.key_id === true && as !== 'token' && as !== 'hash')
      this.problem(this.source.keyAt(`${at}/key_id`), 'key_id has a meaning for as: hash and as: token only', 'remove key_id');
    if (this.detection !== undefined && detect.length > 0) rule.detection = this.detection;
    if (document.value !== undefined) rule.value = document.value;
    if (document.check !== undefined) rule.check = document.check;
    if (document.key_id !== undefined) rule.key_id = document.key_id;
    return { rule, unless, line: this.lineOf(`${at}/name`) };
  }

  /** A known API, or a place of the policy's own with all that it needs. */
  place(document: SqlPlaceDocument, i: number): void {
    const at = `/sql/${i}`;
    const { api, dialect, path } = document;
    const own = document.at;
    if (api === undefined) {
      for (const [name, value] of Object.entries({ path, at: own, dialect }))
        if (value === undefined)
          this.problem(this.source.valueAt(at), `the place has no ${name}`, 'name a known api, or path, at and dialect');
    } else
      for (const [name, value] of Object.entries({ at: own, dialect, parameters: document.parameters, methods: document.methods }))
        if (value !== undefined)
          this.problem(
            this.source.keyAt(`${at}/${name}`),
            `the api ${quoted(api)} is known, and so is its ${name}`,
            `remove ${name}, or api`,
          );
  }

  limits(document: PolicyDocument['limits'] = {}): PolicyLimits {
    const limits = { ...LIMITS_DEFAULT };
    for (const key of Object.keys(limits) as (keyof PolicyLimits)[]) limits[key] = this.bytes(document[key], `/limits/${key}`, limits[key]);
    return limits;
  }

  recording(document: PolicyDocument['recording'] = {}): RecordingTerms {
    return {
      sealed: document.sealed ?? [],
      response_bytes_max: this.bytes(document.response_bytes_max, '/recording/response_bytes_max', RESPONSE_BYTES_MAX_DEFAULT),
    };
  }

  unique(list: readonly { name: string }[], at: string, what: string): void {
    const seen = new Map<string, number>();
    list.forEach(({ name }, i) => {
      const first = seen.get(name);
      if (first === undefined) seen.set(name, this.lineOf(`${at}/${i}/name`));
      else
        this.problem(
          this.source.valueAt(`${at}/${i}/name`),
          `a ${what} named ${quoted(name)} stands in line ${first} already`,
          'give each its own name',
        );
    });
  }

  private condition(given: string | boolean, pointer: string, scope: Scope): Condition | undefined {
    const expression = String(given);
    const result = compileCondition(expression, scope);
    if ('condition' in result) return result.condition;
    for (const problem of result.problems) {
      const offset = typeof given === 'string' ? this.source.within(pointer, problem.index, expression) : this.source.valueAt(pointer);
      this.problem(offset, problem.what, problem.fix);
    }
    return undefined;
  }

  private approval(document: RuleDocument['approve'] = {}, pointer: string): ApprovalTerms {
    const terms: ApprovalTerms = {
      by: document.by ?? [...plainTerms.by],
      quorum: document.quorum ?? plainTerms.quorum,
      wait_ms: this.duration(document.wait, `${pointer}/wait`, WAIT_MS_DEFAULT),
    };
    const { lease, respond, keep } = document;
    if (respond === 'accepted') terms.respond = respond;
    if (keep !== undefined) {
      terms.keep_ms = this.duration(keep, `${pointer}/keep`, 0);
      if (respond !== 'accepted')
        this.problem(this.source.keyAt(`${pointer}/keep`), 'keep has a meaning for respond: accepted only', 'add respond: accepted');
    }
    if (lease !== undefined)
      terms.lease = { same: lease.same, for_ms: this.duration(lease.for, `${pointer}/lease/for`, 0), uses: lease.uses ?? 20 };
    return terms;
  }

  private duration(given: string | undefined, pointer: string, fallback: number): number {
    const parsed = given === undefined ? fallback : parseDuration(given);
    if (parsed === undefined || parsed <= 0 || parsed > WAIT_MS_MAX) {
      this.problem(
        this.source.valueAt(pointer),
        `the duration ${quoted(given)} is not between 1ms and 7d`,
        'write a duration, for example 30s, 15m or 1h30m',
      );
    }
    return parsed ?? fallback;
  }

  private bytes(given: number | string | undefined, pointer: string, fallback: number): number {
    const parsed = given === undefined ? fallback : parseBytes(given);
    if (parsed === undefined || parsed < 1 || parsed > 1024 ** 3) {
      this.problem(
        this.source.valueAt(pointer),
        `the size ${quoted(given)} is not between 1 byte and 1GiB`,
        'write a size, for example 65536 or 1MiB',
      );
    }
    return parsed ?? fallback;
  }

  private lineOf(pointer: string): number {
    return position(this.text, this.source.valueAt(pointer)).line;
  }

  private problem(offset: number, what: string, fix: string): void {
    this.problems.push({ offset, what, fix });
  }
}

function messageFor(rule: RuleDocument): string {
  if (rule.then === 'deny') return `Refused by the rule ${rule.name}.`;
  if (rule.then === 'approve') return `Needs an approval by the rule ${rule.name}.`;
  return '';
}

const hasProblems = (problems: readonly Problem[]) => problems.length > 0;

/**
 * Compiles a policy file, whole or not at all.
 * @param text the file's content
 * @param file its name, for messages
 * @throws MidstreamError policy_invalid: one line per mistake, `file:line:col: what is wrong; what to do`
 */
export function compilePolicy(text: string, file: string, options: CompileOptions = {}): CompiledPolicy {
  const source = readSource(text);
  const broken = [...source.problems, ...(hasProblems(source.problems) ? [] : checkStructure(source))];
  if (hasProblems(broken)) throw invalidPolicy(broken, text, file);

  const document = source.value as PolicyDocument;
  const problems: Problem[] = [];
  const detection = compileDetection(document.detection, (pointer, key, what, fix) =>
    problems.push({ offset: key ? source.keyAt(pointer) : source.valueAt(pointer), what, fix }),
  );
  const own = detection?.kinds.map(({ kind }) => kind) ?? [];
  const compiler = new PolicyCompiler(text, source, [...detectable(options.kinds ?? kinds), 'custom', ...own], detection);
  compiler.problems.push(...problems);
  const rules = (document.rules ?? []).map((rule, i) => compiler.rule(rule, i));
  const masks = (document.masks ?? []).map((mask, i) => compiler.mask(mask, i));
  compiler.unique(document.rules ?? [], '/rules', 'rule');
  compiler.unique(document.masks ?? [], '/masks', 'mask');
  (document.sql ?? []).forEach((place, i) => {
    compiler.place(place, i);
  });
  const limits = compiler.limits(document.limits);
  const recording = compiler.recording(document.recording);
  if (hasProblems(compiler.problems)) throw invalidPolicy(compiler.problems, text, file);
  const present = <T>(list: (T | undefined)[]) => list.filter((item): item is T => item !== undefined);
  return makePolicy(text, document, present(rules), present(masks), limits, recording, detection);
}

function makePolicy(
  text: string,
  document: PolicyDocument,
  rules: CompiledRule[],
  masks: CompiledMask[],
  limits: PolicyLimits,
  recording: RecordingTerms,
  detection: Detection | undefined,
): CompiledPolicy {
  const given = document.defaults ?? {};
  const defaults: Defaults = {
    unparsed: given.unparsed ?? 'deny',
    opaque: given.opaque ?? 'approve',
    grammar: given.grammar ?? 'pin',
    allow: given.allow ?? true,
  };
  const activeOn = (on: OperationFacts['on']) => rules.filter((rule) => rule.enabled && (rule.on === on || rule.on === 'any'));
  // What goes on in a stream was let in by the request that opened it, which rules on any have judged.
  const within = (on: 'websocket' | 'terminal') => rules.filter((rule) => rule.enabled && rule.on === on);
  const active = {
    postgres: activeOn('postgres'),
    http: activeOn('http'),
    mcp: activeOn('mcp'),
    kubernetes: activeOn('kubernetes'),
    websocket: within('websocket'),
    terminal: within('terminal'),
  };
  const open = defaults.unparsed === 'allow' && defaults.opaque === 'allow' && defaults.grammar === 'follow' && defaults.allow;
  return {
    version: createHash('sha256').update(text, 'utf8').digest('hex'),
    transparent: open && masks.length === 0 && rules.every((rule) => !rule.enabled),
    usesParams: active.postgres.some((rule) => rule.condition.usesParams),
    usesBody: active.http.some((rule) => rule.condition.usesBody),
    usesMethod: active.http.some((rule) => rule.condition.usesMethod),
    usesMessages: active.websocket.length > 0,
    sqlPlaces: compilePlaces(document.sql ?? []),
    usesTerminal: active.terminal.length > 0,
    usesColumns: masks.some(({ rule }) => rule.columns.length > 0),
    masksUseAge: masks.some(({ unless }) => unless?.usesAge === true),
    grammar: defaults.grammar,
    unparsed: defaults.unparsed,
    opaque: defaults.opaque,
    limits,
    recording,
    detection,
    rules,
    masks,
    defaults,
    decide: (facts) => decideReadings(active[facts.on], defaults, facts),
    masksFor(facts) {
      const context = maskContext(facts);
      return masks.filter(({ unless }) => unless === undefined || !lifts(unless.evaluate(context))).map(({ rule }) => rule);
    },
  };
}

/** A mask is lifted only by an `unless` that was evaluated and holds: an error keeps it. */
const lifts = (outcome: { matched: boolean | undefined; error?: string }) => outcome.matched === true && outcome.error === undefined;
