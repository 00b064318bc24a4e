import type { AllowList, AllowRule } from '../mask/custom/allow.js';
import { Automaton } from '../mask/custom/automaton.js';
import { type CustomKind, type Detection, expandWith } from '../mask/custom/detector.js';
import { kinds } from '../mask/kinds.js';
import type { Kind } from '../mask/types.js';
import { quoted, suggest } from './problems.js';

export interface DetectionDocument {
  kinds?: {
    kind: string;
    description?: string;
    words?: string[];
    pattern?: string;
    ignore_case?: boolean;
    context?: string[];
    score?: number;
  }[];
  allow?: { kinds?: string[]; values?: string[]; domains?: string[]; lists?: AllowList[] }[];
  score_min?: Record<string, number>;
}

const GROUPS = ['all', 'pii', 'secrets', 'custom'];
const SCORE_DEFAULT = 0.8;

/** Tells a mistake: where in the document, what, and what to do. */
export type Complain = (pointer: string, key: boolean, what: string, fix: string) => void;

/** What a policy says about detection, undefined where it says nothing. */
export function compileDetection(document: DetectionDocument | undefined, complain: Complain): Detection | undefined {
  if (document === undefined) return undefined;
  const own = ownKinds(document, complain);
  const names = own.map(({ kind }) => kind);
  const expand = (name: string, pointer: string, key: boolean): Kind[] => {
    const known = expandWith(name, names);
    if (known === undefined)
      complain(pointer, key, `there is no kind ${quoted(name)}`, suggest(name, [...GROUPS, ...names, ...kinds.map(({ kind }) => kind)]));
    return known ?? [];
  };
  const allow = (document.allow ?? []).map((rule, i): AllowRule => {
    const at = `/detection/allow/${i}`;
    if (rule.values === undefined && rule.domains === undefined && rule.lists === undefined)
      complain(at, false, 'nothing is left alone here', 'give it values, domains or lists');
    return {
      kinds: rule.kinds === undefined ? undefined : new Set(rule.kinds.flatMap((name, j) => expand(name, `${at}/kinds/${j}`, false))),
      values: rule.values ?? [],
      domains: rule.domains ?? [],
      lists: rule.lists ?? [],
    };
  });
  const scores = Object.entries(document.score_min ?? {});
  const score_min = new Map<Kind, number>();
  // a kind's own score goes before its group's
  for (const groups of [true, false])
    for (const [name, score] of scores)
      if (GROUPS.includes(name) === groups)
        for (const kind of expand(name, `/detection/score_min/${name}`, true)) score_min.set(kind, score);
  return { kinds: own, allow, score_min };
}

function ownKinds(document: DetectionDocument, complain: Complain): CustomKind[] {
  const taken = new Set([...GROUPS, ...kinds.map(({ kind }) => kind)]);
  return (document.kinds ?? []).map((one, i) => {
    const at = `/detection/kinds/${i}`;
    if (taken.has(one.kind)) complain(`${at}/kind`, false, `there is a kind ${quoted(one.kind)} already`, 'give it another name');
    taken.add(one.kind);
    if ((one.words === undefined) === (one.pattern === undefined)) {
      const both = one.words !== undefined;
      complain(
        at,
        false,
        `the kind ${quoted(one.kind)} has ${both ? 'both words and a pattern' : 'neither words nor a pattern'}`,
        'give it one of them',
      );
    }
    if (one.pattern !== undefined) {
      try {
        new Automaton(one.pattern, true);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        complain(`${at}/pattern`, false, `the pattern can't be used: ${error.message}`, "write it in RE2's syntax");
      }
    }
    return {
      kind: one.kind,
      words: one.words ?? [],
      pattern: one.pattern,
      ignore_case: one.ignore_case ?? false,
      context: one.context ?? [],
      score: one.score ?? SCORE_DEFAULT,
    };
  });
}
