import { createHash } from 'node:crypto';
import { compilePlaces } from '../http/sql-places.js';
import { kinds } from '../mask/kinds.js';
import { bodyAsker } from './asks-body.js';
import { compileLimits, compileRecording } from './compile/limits.js';
import { type CompiledMask, compileMask } from './compile/mask.js';
import { Mistakes } from './compile/mistakes.js';
import { compileRule } from './compile/rule.js';
import { checkSqlPlace } from './compile/sql-place.js';
import { maskContext } from './context/index.js';
import { type CompiledRule, type Defaults, decideReadings, type Readers, readersFor } from './decide.js';
import { compileDetection } from './detection.js';
import { rememberingHeads } from './head-decisions.js';
import { invalidPolicy, type Problem } from './problems.js';
import { readSource } from './source.js';
import { checkStructure, type PolicyDocument } from './structure.js';
import type { OperationFacts, Policy } from './types.js';

export type { CompiledMask } from './compile/mask.js';
export type { CompiledRule } from './decide.js';
export { policySchema } from './schema.js';
export { decodePolicy } from './source.js';

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

/** A policy with its parts, for explaining it. */
export interface CompiledPolicy extends Policy {
  /** in the order of the file, disabled ones too */
  readonly rules: readonly CompiledRule[];
  readonly masks: readonly CompiledMask[];
  readonly defaults: Defaults;
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
  const mistakes = new Mistakes(text, source);
  const detection = compileDetection(document.detection, (pointer, key, what, fix) =>
    key ? mistakes.inKey(pointer, what, fix) : mistakes.inValue(pointer, what, fix),
  );
  const own = detection?.kinds.map(({ kind }) => kind) ?? [];
  const named = { kinds: [...detectable(options.kinds ?? kinds), 'custom', ...own], detection };
  const rules = (document.rules ?? []).map((rule, i) => compileRule(rule, i, mistakes));
  const masks = (document.masks ?? []).map((mask, i) => compileMask(mask, i, named, mistakes));
  mistakes.unique(document.rules ?? [], '/rules', 'rule');
  mistakes.unique(document.masks ?? [], '/masks', 'mask');
  for (const [i, place] of (document.sql ?? []).entries()) checkSqlPlace(place, i, mistakes);
  const terms = { limits: compileLimits(document.limits, mistakes), recording: compileRecording(document.recording, mistakes), detection };
  if (hasProblems(mistakes.found)) throw invalidPolicy(mistakes.found, text, file);
  return makePolicy(
    text,
    document,
    rules.filter((rule) => rule !== undefined),
    masks,
    terms,
  );
}

function makePolicy(
  text: string,
  document: PolicyDocument,
  rules: CompiledRule[],
  masks: CompiledMask[],
  terms: Pick<Policy, 'limits' | 'recording' | 'detection'>,
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
  const readers = Object.fromEntries(Object.entries(active).map(([on, rules]) => [on, readersFor(rules)])) as Record<
    keyof typeof active,
    Readers
  >;
  const open = defaults.unparsed === 'allow' && defaults.opaque === 'allow' && defaults.grammar === 'follow' && defaults.allow;
  return {
    version: createHash('sha256').update(text, 'utf8').digest('hex'),
    transparent: open && masks.length === 0 && rules.every((rule) => !rule.enabled),
    usesParams: active.postgres.some((rule) => rule.condition.usesParams),
    usesBody: active.http.some((rule) => rule.condition.usesBody),
    asksBody: bodyAsker(active.http, readers.http),
    usesMethod: active.http.some((rule) => rule.condition.usesMethod),
    usesMessages: active.websocket.length > 0,
    sqlPlaces: compilePlaces(document.sql ?? []),
    usesTerminal: active.terminal.length > 0,
    usesColumns: masks.some(({ rule }) => rule.columns.length > 0),
    masksUseAge: masks.some(({ unless }) => unless?.usesAge === true),
    grammar: defaults.grammar,
    unparsed: defaults.unparsed,
    opaque: defaults.opaque,
    ...terms,
    rules,
    masks,
    defaults,
    decide: rememberingHeads(active.http, (facts) => decideReadings(active[facts.on], defaults, facts, readers[facts.on])),
    masksFor(facts) {
      const context = maskContext(facts);
      return masks.filter(({ unless }) => unless === undefined || !lifts(unless.evaluate(context))).map(({ rule }) => rule);
    },
  };
}

/** A mask is lifted only by an `unless` that was evaluated and holds: an error keeps it. */
const lifts = (outcome: { matched: boolean | undefined; error?: string }) => outcome.matched === true && outcome.error === undefined;
