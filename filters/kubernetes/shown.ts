import { createMasker } from '../mask/index.js';
import type { ObjectMask } from './answers/marks.js';
import { ObjectMasker } from './answers/object-masker.js';
import type { KubernetesFacts } from './facts.js';
import { hasObject } from './request.js';

const secrets: ObjectMask = { name: 'recording', as: 'redact', masker: createMasker('redact'), covers: ['secrets', 'releases'] };

/**
 * A request's body as recordings and approvers see it: JSON, with what Secrets hold covered. undefined: it can't be read, so it can't be shown; what is
 * for something behind the API is shown as it came.
 */
export function shownBody(facts: KubernetesFacts, type: string, body: Buffer): Buffer | undefined {
  if (body.length === 0 || !hasObject(facts)) return body;
  if (facts.object === undefined) return undefined;
  const json = type === '' || type.endsWith('json') ? body : Buffer.from(JSON.stringify(facts.object));
  try {
    return new ObjectMasker({ objects: [secrets], detectors: [] }, facts).mask(json);
  } catch {
    return undefined;
  }
}
