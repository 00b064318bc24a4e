import { JoinedRules, joinDetectors } from '../mask/joined.js';
import type { Detector } from '../mask/types.js';
import type { BodyMask } from './masking.js';

/** One detector for all masks of a policy. */
const detectors = new WeakMap<readonly BodyMask[], Detector>();

/** These masks, at least one, counting for one text. */
export function joinedRules(masks: readonly BodyMask[]): JoinedRules {
  let detector = detectors.get(masks);
  if (detector === undefined) {
    detector = joinDetectors(masks);
    detectors.set(masks, detector);
  }
  return new JoinedRules(detector, masks);
}
