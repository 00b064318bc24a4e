import { isObject, text } from '../foreign-json.js';
import type { BodyMask } from '../http/masking.js';
import { MARK, MARK_BASE64 } from './answers/marks.js';
import type { KubernetesFacts } from './facts.js';
import { isPacked, unpacked } from './helm/packed.js';
import { hasObject } from './request.js';

/** Verbs that put something in the place of what is there. */
const REPLACES = new Set(['update', 'patch']);

/**
 * What of the gateway's own masks a write carries; empty for nothing. An object that was read, with its Secrets and numbers masked, and is written
 * back would put the masks in the place of the real values, and nobody would see it. `token` masks look like values and are not known.
 */
export function carriesMasks(facts: KubernetesFacts, body: Buffer, masks: readonly BodyMask[]): string {
  if (body.length === 0 || !hasObject(facts)) return '';
  const texts = [body, ...releasesIn(facts.object)];
  if (texts.some((text) => text.includes(MARK) || text.includes(MARK_BASE64))) return 'a masked Secret';
  if (!REPLACES.has(facts.verb)) return '';
  return texts.some((text) => masks.some((mask) => looks(mask, text.toString('utf8')))) ? 'a masked value' : '';
}

/** What releases of Helm's in an object say: they are packed, so nothing of them is seen in the body. */
function releasesIn(object: unknown): Buffer[] {
  const data = isObject(object) ? object['data'] : undefined;
  const values = isObject(data) ? Object.values(data).map(text) : [];
  return values.filter(isPacked).flatMap((value) => unpacked(value)?.bytes ?? []);
}

const patterns = new WeakMap<BodyMask, RegExp>();

function looks(mask: BodyMask, text: string): boolean {
  let pattern = patterns.get(mask);
  if (pattern === undefined) {
    pattern = patternOf(mask);
    patterns.set(mask, pattern);
  }
  return pattern.test(text);
}

const NEVER = /$^/;

function patternOf({ as, detector, masker }: BodyMask): RegExp {
  const kinds = detector.kinds.map(escaped).join('|');
  switch (as) {
    case 'redact':
    case 'null':
      return new RegExp(`\\[(${kinds})\\]`);
    case 'hash':
      return new RegExp(`\\b(${kinds}):([\\w.-]{1,64}:)?[0-9a-f]{16}\\b`);
    case 'partial':
      return /\*{3}@|\*{4}/;
    case 'fixed': {
      const value = masker.mask('', Buffer.alloc(0), 0, 0)?.toString('latin1') ?? '';
      return value.length < FIXED_MIN ? NEVER : new RegExp(escaped(value));
    }
    case 'token':
      return NEVER;
  }
}

/** A shorter fixed value stands in texts by chance, characters. */
const FIXED_MIN = 6;

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
