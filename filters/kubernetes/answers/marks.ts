import { createMasker, strongest } from '../../mask/masker.js';
import type { MaskAs, Masker } from '../../mask/types.js';
import type { MaskRule } from '../../policy/types.js';

/** One rule of a policy that covers values by where they stand in objects of Kubernetes. */
export interface ObjectMask {
  name: string;
  as: MaskAs;
  masker: Masker;
  covers: readonly CoveredObject[];
}

/**
 * What a mask may name: Secrets (with those in Helm's releases, and tokens that are asked for), all that ConfigMaps hold, or all that releases of
 * Helm's hold.
 */
export type CoveredObject = 'secrets' | 'configmaps' | 'releases';
export const coveredObjects = ['secrets', 'configmaps', 'releases'] as const satisfies readonly CoveredObject[];

/**
 * Stands at the beginning of every covered value, so that a write that carries one is known. Its 18 bytes are 24 characters of base64 whatever
 * follows.
 */
export const MARK = '[midstream masked]';
export const MARK_BASE64 = Buffer.from(MARK).toString('base64');

const KIND = 'kubernetes_secret';

/** What stands in place of a covered value; `raw` is what it says, base64 undone. */
export function markOf({ masker, as }: ObjectMask, raw: Buffer): string {
  // Empty text would be a value like any other, so a mark stands for `null` too.
  if (as === 'redact' || as === 'null') return MARK;
  return `${MARK} ${masker.mask(KIND, raw, 0, raw.length)?.toString('utf8') ?? ''}`.trimEnd();
}

/** The strongest first: what one covers is nothing for the others. */
export function coverOf(masks: readonly ObjectMask[], object: CoveredObject): ObjectMask | undefined {
  return masks.find((mask) => mask.covers.includes(object));
}

/** The rules that cover objects, the strongest first. Throws MidstreamError config_invalid where a masker needs a key and there is none. */
export function objectMasks(rules: readonly MaskRule[], options: { key?: Uint8Array; key_id?: string }): ObjectMask[] {
  const made = rules
    .filter(({ kubernetes }) => kubernetes !== undefined)
    .map(({ name, as, value, key_id, kubernetes = [] }) => ({
      name,
      as,
      covers: kubernetes,
      masker: createMasker(as, {
        ...(options.key === undefined ? {} : { key: options.key }),
        ...(key_id === true && options.key_id !== undefined ? { key_id: options.key_id } : {}),
        ...(value === undefined ? {} : { value }),
      }),
    }));
  return made.sort((a, b) => (a.as === b.as ? 0 : strongest(a.as, b.as) === a.as ? -1 : 1));
}
