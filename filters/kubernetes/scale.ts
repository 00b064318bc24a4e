import { isObject, text } from '../foreign-json.js';
import type { OptionFacts } from './facts.js';
import { elements } from './values.js';

/** Places of a JSON patch behind which the number of replicas is another one. */
const PLACES = new Set(['', '/spec', '/spec/replicas']);

/**
 * How many replicas a write to the subresource `scale` leaves; -1 where it does not touch the number. `spec.replicas` of a Scale (autoscaling/v1)
 * is no pointer: left out, or taken away, it is 0, and not the default of the workload.
 *
 * @param body as it was sent
 * @param object what it writes
 */
export function scaledTo(patch: OptionFacts['patch'], body: unknown, object: unknown): number {
  if (!touches(patch, body)) return -1;
  const spec = isObject(object) ? object['spec'] : undefined;
  const replicas = isObject(spec) && typeof spec['replicas'] === 'number' ? spec['replicas'] : 0;
  return directs(object) || directs(spec) ? Math.min(replicas, 0) : replicas;
}

function touches(patch: OptionFacts['patch'], body: unknown): boolean {
  switch (patch) {
    case 'json':
      return elements(body).some((one) => isObject(one) && one['op'] !== 'test' && PLACES.has(text(one['path'])));
    case 'merge':
    case 'strategic':
      return directs(body) || (isObject(body) && 'spec' in body);
    // What an apply leaves out is taken away where its manager had set it.
    case 'apply':
    case '':
      return true;
  }
}

/** `$patch: delete`, `$retainKeys`: a strategic merge patch takes away by them. */
const directs = (value: unknown): boolean => isObject(value) && Object.keys(value).some((name) => name.startsWith('$'));
