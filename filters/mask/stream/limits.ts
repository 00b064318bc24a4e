import type { Kind } from '../types.js';

/**
 * How a stream is cut into segments, in bytes. Only the content decides where, never the chunks in which it came,
 * so the masked output is the same bytes however a stream is cut.
 */
export interface StreamLimits {
  /** longest segment that is handed out at once; the shortest is half of it */
  window: number;
  /** bytes before a segment that are read again as evidence */
  left: number;
  /** bytes behind a segment that are read before it is settled: what decides about a value stands within them */
  right: number;
  /** a value longer than this is masked without being known to its end; its rest is dropped as it comes */
  grown: number;
}

export const STREAM_LIMITS: StreamLimits = { window: 64 * 1024, left: 4096, right: 8 * 1024, grown: 1024 * 1024 };

/** Longest run without a blank that a flush holds back. */
export const RUN_HELD_MAX = 64 * 1024;
/** Longest quoted text, one line of it, that a flush holds back. */
export const QUOTED_HELD_MAX = 4096;
/** Values of several words (numbers in groups, dates, names) are no longer than this. */
export const PHRASE_HELD_MAX = 192;
/** Longest armoured block that a flush holds back. */
export const ARMOUR_HELD_MAX = 64 * 1024;

/** Values that are several words; all other kinds of personal data and secrets are one run, quoted or not. */
const PHRASES = new Set<Kind>([
  'card_expiry',
  'card_track',
  'drivers_license',
  'gps_coordinates',
  'imei',
  'medical_id',
  'credit_card',
  'date_of_birth',
  'iban',
  'national_id',
  'phone',
  'us_itin',
  'us_ssn',
]);
const QUOTED = new Set<Kind>(['password', 'high_entropy', 'basic_auth', 'email', 'person_name', 'postal_address']);

/** The most bytes of a value of this kind that a flush holds back while its end has not come. */
export function heldMax(kind: Kind): number {
  if (kind === 'private_key') return ARMOUR_HELD_MAX;
  if (PHRASES.has(kind)) return PHRASE_HELD_MAX;
  return QUOTED.has(kind) ? QUOTED_HELD_MAX : RUN_HELD_MAX;
}
