import type { JsonPlaces } from './anchors/places.js';

/** The detectors' and maskers' vocabulary. One engine for cells, COPY fields, error texts, recordings and logs. */

/** A kind of value, for example credit_card, email, phone, us_ssn, iban, ip_address, mac_address, date_of_birth, aws_access_key, github_token, jwt, private_key, password, high_entropy. */
export type Kind = string;

/** Maskers, weakest first: for one value the strongest wins. */
export type MaskAs = 'partial' | 'hash' | 'token' | 'fixed' | 'redact' | 'null';

/** One find. Offsets are bytes into the buffer that was searched, end exclusive. */
export interface Hit {
  kind: Kind;
  start: number;
  end: number;
  /** 0 to 1 */
  score: number;
  /** what the bytes stand for, where they are written with escapes: what a masker reads */
  says?: Buffer;
  /** a further part of the value before it, behind something that stays: it is taken out */
  rest?: boolean;
  /** what masks it, where several rules read together (union.ts) */
  masker?: Masker;
}

/** Evidence beside the bytes themselves. */
export interface FindContext {
  /** column, JSON key or header name, as written; empty when unknown */
  name: string;
}

/** Is buf[start, end) one value from end to end? True is sure, false says nothing. */
export type WholeForm = (buf: Uint8Array, start: number, end: number) => boolean;

export interface Detector {
  /** kinds this detector looks for, sorted */
  readonly kinds: readonly Kind[];
  /**
   * Finds in buf[start, end), bytes in UTF-8 (or any ASCII-safe encoding). Non-overlapping, ordered by start.
   * Returns the shared empty array when nothing is found: no allocation for clean bytes.
   */
  find(buf: Uint8Array, start: number, end: number, context?: FindContext): readonly Hit[];
  /**
   * The same without making anything: how many candidates there are. One stands in `only`; of several, hits() gives what is left
   * of them, joined. Both hold until the next search.
   */
  search(buf: Uint8Array, start: number, end: number, context?: FindContext): number;
  readonly only: Readonly<Hit>;
  hits(): readonly Hit[];
  /**
   * False when buf[start, end) surely holds nothing, at the speed of a byte loop: one call may cover many cells.
   * True means "look closer". Never false where find() would find with any context name that `sensitiveName` says no to.
   */
  mayHold(buf: Uint8Array, start: number, end: number): boolean;
  /** The name alone (column, key) makes values suspicious (password, dob, ssn, …), so mayHold must not be used to skip. */
  sensitiveName(name: string): boolean;
  /**
   * How cells of that name are usually written that are, all of them, one value of this kind, and nothing else to this detector (whole.ts);
   * undefined where it has no such form.
   */
  wholeForm?(kind: Kind, name: string): WholeForm | undefined;
  /** A detector that finds what this one and the others find; undefined where their settings differ. */
  join?(others: readonly Detector[]): Detector | undefined;
  /** search() counts candidates before they are joined: one is one kind's alone */
  readonly counts_candidates?: boolean;
  /** The first stage alone: places in JSON where a search is due (anchors.ts); undefined where it does not see all that is looked for. */
  readonly anchors?: JsonPlaces | undefined;
  /** bytes that a stream holds back at a flush beside what openFrom holds: values of a policy's own kinds may have several plain words */
  readonly held_max?: number;
  /** where in buf[lo, hi) begins what may be part of an unfinished value, if not where openFrom (stream/open-end.ts) says */
  openFrom?(buf: Uint8Array, lo: number, hi: number): number;
  /** a hit this near to the end of what was searched may go on behind it, if more than STREAM's own, bytes */
  readonly touches_max?: number;
  /** of them, those at the end of buf[start, end) that may be the beginning of such a value; without it all are held */
  begun?(buf: Uint8Array, start: number, end: number): number;
  /** numbers of fewer digits than those of cards may be hits too: a policy's own kinds may be numbers */
  readonly short_numbers?: boolean;
}

export interface DetectorOptions {
  /** kinds or groups (`secrets`, `pii`, `all`); groups are expanded by the engine */
  detect: readonly string[];
  /** regions for phone numbers in national form, ISO 3166 alpha-2 */
  regions?: readonly string[];
}

export interface Masker {
  readonly as: MaskAs;
  /**
   * The masked form of buf[start, end) for one hit's kind; undefined for `null` (the caller makes it NULL, or redacts where there is no NULL).
   * Output is ASCII-safe UTF-8 and has no bytes that need escaping in SQL text, CSV, JSON: printable, without quotes, backslash, comma, tab, newline.
   */
  mask(kind: Kind, buf: Uint8Array, start: number, end: number): Buffer | undefined;
  /** The same, appended to `out`, which is not the buffer that is read; false where mask() gives undefined, and nothing is written. */
  into(kind: Kind, buf: Uint8Array, start: number, end: number, out: ByteTarget): boolean;
}

/** Where masked bytes go. reserve() makes room for so many more bytes; it may change `buf`. */
export interface ByteTarget {
  buf: Buffer;
  length: number;
  reserve(bytes: number): void;
}

export interface MaskerOptions {
  /** key of `hash` and `token`, 32 bytes */
  key?: Uint8Array;
  /** shown in what hash and token give, so that a reader knows which key it was; not shown without it */
  key_id?: string;
  /** token: whether check digits of stand-ins are right; wrong ones, the default, can't be taken for a real card or account */
  check?: 'valid' | 'invalid';
  /** fixed: what stands in place of every value; printable ASCII without quotes, backslash and comma */
  value?: string;
}
