import { Metadata } from 'libphonenumber-js/core';
import metadata from 'libphonenumber-js/max/metadata';
import { DigitAutomaton } from './digit-automaton.js';

/**
 * Numbering plans out of libphonenumber's full metadata. A number is valid for a plan when it matches the pattern of one type
 * (fixed line, mobile, toll free …), as in isValidNumber of `libphonenumber-js/max`; the unit tests compare the two.
 */
interface NumberingPlan {
  nationalNumberPattern(): string;
  nationalPrefix(): string | undefined;
  possibleLengths(): number[];
  types(): ({ 0: string } | 0)[] | undefined;
}

interface MetadataReader {
  selectNumberingPlan(countryOrCode: string): unknown;
  numberingPlan: NumberingPlan;
}

interface RawMetadata {
  country_calling_codes: Record<string, string[]>;
  nonGeographic: Record<string, unknown>;
}

export interface RegionPlan {
  callingCode: string;
  /** dialled before a number inside the country, without which it is also accepted; empty where there is none */
  trunkPrefix: string;
  valid: DigitAutomaton;
  digitsMin: number;
  digitsMax: number;
}

const raw = metadata as unknown as RawMetadata;

function reader(countryOrCode: string): NumberingPlan {
  const open = new (Metadata as unknown as new (m: unknown) => MetadataReader)(metadata);
  open.selectNumberingPlan(countryOrCode);
  return open.numberingPlan;
}

function typePatterns(plan: NumberingPlan): string[] {
  const types = plan.types();
  const patterns: string[] = [];
  for (const type of types ?? []) if (type !== 0 && type !== null && typeof type[0] === 'string' && type[0] !== '') patterns.push(type[0]);
  return patterns.length > 0 ? patterns : [plan.nationalNumberPattern()];
}

const CODES_MAX = 1000;
/** 1 for every number that is a calling code; no code is the beginning of another */
export const IS_CALLING_CODE: Uint8Array = new Uint8Array(CODES_MAX);
for (const code of [...Object.keys(raw.country_calling_codes), ...Object.keys(raw.nonGeographic)]) IS_CALLING_CODE[Number(code)] = 1;

const byCode = new Array<DigitAutomaton | undefined>(CODES_MAX);

/** What is valid after a calling code, in any of its countries. Built at the first number with that code. */
export function automatonOfCode(code: number): DigitAutomaton {
  const known = byCode[code];
  if (known !== undefined) return known;
  const name = String(code);
  const countries = raw.country_calling_codes[name] ?? [];
  const patterns = new Set<string>();
  for (const country of countries) for (const p of typePatterns(reader(country))) patterns.add(p);
  if (raw.nonGeographic[name] !== undefined) for (const p of typePatterns(reader(name))) patterns.add(p);
  const built = new DigitAutomaton([...patterns]);
  byCode[code] = built;
  return built;
}

/** How many digits numbers behind a calling code may have, in any of its countries and of any type: bit n for n digits. */
export function digitCountsOf(code: number): number {
  const name = String(code);
  const open = (raw.country_calling_codes[name] ?? []).map(reader);
  if (raw.nonGeographic[name] !== undefined) open.push(reader(name));
  return open.flatMap((plan) => plan.possibleLengths()).reduce((bits, count) => bits | (1 << count), 0);
}

const byRegion = new Map<string, RegionPlan | undefined>();

/** The plan of an ISO 3166 alpha-2 region, undefined when there is no such region. */
export function planOfRegion(region: string): RegionPlan | undefined {
  const name = region.toUpperCase();
  if (byRegion.has(name)) return byRegion.get(name);
  const code = Object.entries(raw.country_calling_codes).find(([, countries]) => countries.includes(name))?.[0];
  let plan: RegionPlan | undefined;
  if (code !== undefined) {
    const open = reader(name);
    const lengths = open.possibleLengths();
    plan = {
      callingCode: code,
      trunkPrefix: open.nationalPrefix() ?? '',
      valid: new DigitAutomaton(typePatterns(open)),
      digitsMin: Math.min(...lengths),
      digitsMax: Math.max(...lengths),
    };
  }
  byRegion.set(name, plan);
  return plan;
}
