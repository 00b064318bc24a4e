import { isObject, type JsonObject, text } from '../foreign-json.js';

/**
 * What a JSON patch (RFC 6902) writes, as an object of its own: `/spec/replicas` = 0 gives `{spec: {replicas: 0}}`; elements of lists stand under
 * their places. What it removes is null, as in a merge patch (RFC 7386). Throws Error, with a reason that holds nothing of the patch, where what it writes is not in it.
 */
export function written(patch: unknown): unknown {
  if (!Array.isArray(patch)) throw new Error('the patch is no list');
  const root: JsonObject = Object.create(null) as JsonObject;
  let whole: unknown;
  for (const [i, operation] of patch.entries()) {
    if (!isObject(operation)) throw new Error('the patch has an operation that is none');
    const op = text(operation['op']);
    const { path } = operation;
    if (typeof path !== 'string' || (path !== '' && !path.startsWith('/'))) throw new Error('the patch has an operation without a path');
    if (op === 'test') continue;
    if (op === 'move' || op === 'copy') throw new Error(`the patch has a ${op}, whose value is at the server`);
    if (op !== 'add' && op !== 'replace' && op !== 'remove') throw new Error('the patch has an operation that is not known');
    if (path === '' && op === 'remove') throw new Error('the patch removes all');
    if (path === '') whole = operation['value'];
    else put(root, path.slice(1).split('/').map(unescaped), op === 'remove' ? null : operation['value'], i);
  }
  return whole === undefined ? root : merged(whole, root);
}

const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

/**
 * Numbers are places in lists as they are at that moment, and an added element moves the others: a place that comes again may be another
 * element, so it stands beside the first.
 */
function put(root: JsonObject, parts: readonly string[], value: unknown, operation: number): void {
  let at = root;
  for (const [i, given] of parts.entries()) {
    if (given === '__proto__') throw new Error('the patch writes __proto__');
    const part = /^(\d+|-)$/.test(given) && given in at ? `${given}.${operation}` : given;
    if (i === parts.length - 1) {
      at[part] = structuredClone(value);
      return;
    }
    const next = at[part];
    const made: JsonObject = isObject(next) ? next : Object.create(null);
    if (Array.isArray(next)) Object.assign(made, next);
    at[part] = made;
    at = made;
  }
}

function merged(whole: unknown, more: JsonObject): unknown {
  return isObject(whole) ? { ...whole, ...more } : whole;
}
