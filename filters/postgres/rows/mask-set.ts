import { createPolicyDetector, type Detection } from '../../mask/custom/detector.js';
import { createMasker } from '../../mask/index.js';
import type { Detector, MaskAs, Masker } from '../../mask/types.js';
import type { MaskRule } from '../../policy/types.js';
import { type ColumnPattern, parsePattern } from './rule-match.js';

export interface ColumnRule {
  name: string;
  /** as written: schema.table.column, each part may be * */
  columns: string[];
  as: MaskAs;
  patterns: ColumnPattern[];
  masker: Masker;
}

export interface DetectorRule {
  name: string;
  detector: Detector;
  as: MaskAs;
  masker: Masker;
  /** bodies of HTTP: strings of JSON that are base64 are looked into */
  base64?: boolean;
}

/** The masks in force for one caller: built once per policy and identity, shared by sessions, never changed. */
export interface MaskSet {
  columnRules: ColumnRule[];
  /** where several find the same span, the strongest wins */
  detectors: DetectorRule[];
  /** looks for the kinds of all `detectors` at once: what it surely does not hold, none of them finds. Undefined: ask each */
  quick: Detector | undefined;
}

/** Maskers, weakest first. */
const strengths: Record<MaskAs, number> = { partial: 0, hash: 1, token: 2, fixed: 3, redact: 4, null: 5 };

export const strengthOf = (as: MaskAs): number => strengths[as];

export interface MaskSetOptions {
  /** key of hash and token, 32 bytes */
  key?: Uint8Array;
  /** the key's id, shown where a rule says so */
  key_id?: string;
  /** regions for phone numbers where a rule names none, ISO 3166 alpha-2 */
  regions?: string[];
}

/** Makes detectors and maskers of a policy's mask rules. Throws MidstreamError where the mask engine knows no such kind. */
export function buildMaskSet(rules: MaskRule[], options: MaskSetOptions): MaskSet {
  const maskers = new Map<string, Masker>();
  const maskerOf = ({ as, value, check, key_id }: MaskRule): Masker => {
    const name = JSON.stringify([as, value, check, key_id]);
    const known =
      maskers.get(name) ??
      createMasker(as, {
        ...(options.key === undefined ? {} : { key: options.key }),
        ...(key_id === true && options.key_id !== undefined ? { key_id: options.key_id } : {}),
        ...(value === undefined ? {} : { value }),
        ...(check === undefined ? {} : { check }),
      });
    maskers.set(name, known);
    return known;
  };
  const detectorOf = (detect: readonly string[], regions: readonly string[] | undefined, detection: Detection | undefined) =>
    createPolicyDetector({ detect, ...(regions === undefined ? {} : { regions }), detection });
  const finding = rules.filter((rule) => rule.detect.length > 0);
  const regionsOf = (rule: MaskRule) => rule.regions ?? options.regions;
  const detectors = finding.map((rule) => ({
    name: rule.name,
    detector: detectorOf(rule.detect, regionsOf(rule), rule.detection),
    as: rule.as,
    masker: maskerOf(rule),
    ...(rule.base64 === true ? { base64: true } : {}),
  }));
  const columnRules = rules
    .filter((rule) => rule.columns.length > 0)
    .map((rule) => ({
      name: rule.name,
      columns: rule.columns,
      as: rule.as,
      patterns: rule.columns.map(parsePattern),
      masker: maskerOf(rule),
    }));
  const oneRegion = new Set(finding.map((rule) => JSON.stringify(regionsOf(rule) ?? null))).size === 1;
  let quick: Detector | undefined;
  if (detectors.length === 1) quick = detectors[0]!.detector;
  else if (oneRegion)
    quick = detectorOf([...new Set(finding.flatMap((rule) => rule.detect))], regionsOf(finding[0]!), finding[0]!.detection);
  return { columnRules, detectors, quick };
}
