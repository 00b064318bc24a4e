import type { PolicyDocument } from '../structure.js';
import type { PolicyLimits, RecordingTerms } from '../types.js';
import type { Mistakes } from './mistakes.js';

const LIMITS_DEFAULT: PolicyLimits = {
  statement_bytes_max: 1024 ** 2,
  message_bytes_max: 64 * 1024 ** 2,
  held_bytes_max: 16 * 1024 ** 2,
  unpacked_bytes_max: 1024 ** 3,
  unpacked_ratio_max: 200,
};
const RESPONSE_BYTES_MAX_DEFAULT = 64 * 1024;

export function compileLimits(document: PolicyDocument['limits'] = {}, mistakes: Mistakes): PolicyLimits {
  const limits = { ...LIMITS_DEFAULT };
  for (const key of Object.keys(limits) as (keyof PolicyLimits)[])
    limits[key] = mistakes.bytes(document[key], `/limits/${key}`, limits[key]);
  return limits;
}

export function compileRecording(document: PolicyDocument['recording'] = {}, mistakes: Mistakes): RecordingTerms {
  return {
    sealed: document.sealed ?? [],
    response_bytes_max: mistakes.bytes(document.response_bytes_max, '/recording/response_bytes_max', RESPONSE_BYTES_MAX_DEFAULT),
  };
}
