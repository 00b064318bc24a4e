import { MidstreamError } from '../errors.js';
import { ANCHORED_MIN, Anchors } from './anchors/anchors.js';
import { dateWithin } from './detectors/birth.js';
import { cookiePairs } from './detectors/headers.js';
import { judgeValue } from './detectors/judge.js';
import { judgeLabelled, KEYED_KINDS, LABELLED_KINDS, wantedLabels } from './detectors/labelled.js';
import { NO_SECRET, STRONG, strengthOf } from './detectors/names.js';
import { CARD_KINDS } from './detectors/numbers.js';
import { BANK, BIRTH, CARD, COOKIE, evidenceOfName, ITIN, NATIONAL_NAME, PHONE, SSN } from './evidence.js';
import { expandKind, kindId, kinds } from './kinds.js';
import { labelsOfText } from './labels.js';
import { Gate } from './may-hold.js';
import { planOfRegion } from './phone/plans.js';
import { scan, scanAnchors } from './scan.js';
import { Search } from './search.js';
import { triggerTable } from './triggers.js';
import type { Detector, DetectorOptions, FindContext, Hit, Kind, WholeForm } from './types.js';
import { wholeForm } from './whole.js';

interface NameEvidence {
  bits: number;
  labels: number;
}

const NO_EVIDENCE: NameEvidence = { bits: 0, labels: 0 };
const NOTHING: readonly Hit[] = Object.freeze([]);
const KIND_NAMES = kinds.map((k) => k.kind);
/** names of columns and keys whose evidence is kept; beyond it the memory is emptied */
const NAMES_KEPT_MAX = 4096;
/** a cell of a column called birth date holds its date within this many bytes */
const BIRTH_CELL_MAX = 40;

/**
 * A detector for these kinds, groups (`pii`, `secrets`, `all`) or both. Throws MidstreamError config_invalid on an unknown name or region.
 * It keeps scratch memory and is not to be entered twice at once (it never calls out).
 */
export function createDetector(options: DetectorOptions, anchored_min = ANCHORED_MIN): CountingDetector {
  const wanted = new Uint8Array(kinds.length);
  for (const name of options.detect) {
    const expanded = expandKind(name);
    if (expanded === undefined)
      throw new MidstreamError('config_invalid', `there is no kind or group called ${name}`, {
        hint: 'midstream detect --list prints all kinds.',
      });
    for (const kind of expanded) wanted[kindId(kind)] = 1;
  }
  const regions = (options.regions ?? []).map((region) => {
    if (planOfRegion(region) === undefined)
      throw new MidstreamError('config_invalid', `there is no region called ${region}`, {
        hint: 'Regions are ISO 3166 codes of two letters, such as US or DE.',
      });
    return region.toUpperCase();
  });
  return new CountingDetector(wanted, regions, anchored_min);
}

/** A detector that also says how many bytes it looked at: the proof that work grows no faster than the input. */
export class CountingDetector implements Detector {
  readonly kinds: readonly string[];
  readonly only: Hit = { kind: '', start: 0, end: 0, score: 0 };
  readonly counts_candidates = true;
  private readonly state: Search;
  private readonly gate: Gate;
  private readonly triggers: Uint16Array;
  readonly anchors: Anchors | undefined;
  private readonly sensitiveBits: number;
  private readonly secrets: boolean;
  private readonly cookies: boolean;
  private readonly sensitiveLabels: number;
  private readonly names = new Map<string, NameEvidence>();

  /** Ranges of `anchored_min` bytes and more are read by places (anchors.ts), shorter ones byte by byte. */
  constructor(
    wanted: Uint8Array,
    regions: readonly string[],
    private readonly anchored_min: number,
  ) {
    this.kinds = KIND_NAMES.filter((_, id) => wanted[id] === 1);
    this.state = new Search(wanted, regions, { keyed: KEYED_KINDS, cards: CARD_KINDS, labelled: LABELLED_KINDS });
    this.triggers = triggerTable(wanted);
    this.anchors = Number.isFinite(anchored_min) ? Anchors.of(wanted, this.triggers, regions.length > 0) : undefined;
    this.gate = new Gate(wanted, this.triggers, regions.length > 0, this.anchors, anchored_min);
    this.cookies = wanted[kindId('session_cookie')] === 1;
    this.secrets = wanted[kindId('password')] === 1 || wanted[kindId('high_entropy')] === 1;
    this.sensitiveLabels = wantedLabels(wanted);
    const has = (kind: string, bits: number): number => (wanted[kindId(kind)] === 1 ? bits : 0);
    this.sensitiveBits =
      has('credit_card', CARD) |
      has('phone', PHONE) |
      has('us_ssn', SSN) |
      has('us_itin', ITIN) |
      has('national_id', NATIONAL_NAME | SSN) |
      has('date_of_birth', BIRTH) |
      has('session_cookie', COOKIE) |
      has('iban', BANK & 0);
  }

  /** bytes looked at since the detector was made */
  get steps(): number {
    return this.state.steps + this.gate.steps;
  }

  find(buf: Uint8Array, start: number, end: number, context?: FindContext): readonly Hit[] {
    const count = this.search(buf, start, end, context);
    return count === 0 ? NOTHING : count === 1 ? [{ ...this.only }] : this.hits();
  }

  search(buf: Uint8Array, start: number, end: number, context?: FindContext): number {
    const s = this.state;
    const { bits, labels } = context === undefined || context.name === '' ? NO_EVIDENCE : this.evidence(context.name);
    s.begin(buf, start, end, bits, labels);
    if ((bits | labels) !== 0) this.wholeCell(start, end, bits);
    if (this.anchors === undefined || end - start < this.anchored_min) scan(s, this.triggers);
    else scanAnchors(s, this.triggers, this.anchors);
    if (s.count === 1) s.tell(this.only, KIND_NAMES);
    return s.count;
  }

  hits(): readonly Hit[] {
    return this.state.hits(KIND_NAMES);
  }

  mayHold(buf: Uint8Array, start: number, end: number): boolean {
    return this.gate.mayHold(buf, start, end);
  }

  join(others: readonly Detector[]): Detector | undefined {
    const { state, anchored_min } = this;
    const wanted = state.wanted.slice();
    for (const other of others) {
      if (!(other instanceof CountingDetector) || String(other.state.regions) !== String(state.regions)) return undefined;
      other.state.wanted.forEach((want, kind) => {
        if (want === 1) wanted[kind] = 1;
      });
    }
    return new CountingDetector(wanted, state.regions, anchored_min);
  }

  sensitiveName(name: string): boolean {
    const { bits, labels } = this.evidence(name);
    return (bits & this.sensitiveBits) !== 0 || labels !== 0 || (this.secrets && strengthOf(bits) !== NO_SECRET);
  }

  wholeForm(kind: Kind, name: string): WholeForm | undefined {
    return wholeForm(kind, this.state.wanted, this.state.regions.length > 0, this.evidence(name).bits);
  }

  /** A cell whose column says what it is: the whole value is the secret, without blanks around it. */
  private wholeCell(start: number, end: number, bits: number): void {
    const s = this.state;
    let from = start;
    let to = end;
    while (from < to && s.buf[from]! <= 0x20) from++;
    while (to > from && s.buf[to - 1]! <= 0x20) to--;
    if (from === to) return;
    if ((bits & BIRTH) !== 0) dateWithin(s, from, Math.min(to, from + BIRTH_CELL_MAX), 0.85);
    if (this.cookies && (bits & COOKIE) !== 0) cookiePairs(s, from, to);
    if (s.labels !== 0) judgeLabelled(s, from, to, s.labels);
    if (!this.secrets) return;
    const strength = strengthOf(bits);
    // an object or a list is read key by key
    if (strength === NO_SECRET || (s.buf[from] === 0x7b && s.buf[to - 1] === 0x7d)) return;
    judgeValue(s, from, to, strength, bits, strength === STRONG, 1);
  }

  private evidence(name: string): NameEvidence {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const evidence = { bits: evidenceOfName(name), labels: labelsOfText(name.slice(-128)) & this.sensitiveLabels };
    if (this.names.size >= NAMES_KEPT_MAX) this.names.clear();
    this.names.set(name, evidence);
    return evidence;
  }
}
