import { isObject, text } from '../foreign-json.js';
import { readJson } from '../http/json.js';
import type { KubernetesFacts } from './facts.js';

/** What an object holds, what was applied of it, and all that these stand in. */
const HOLDS =
  /^$|^\/(data|binaryData|stringData)(\/|$)|^\/metadata(\/annotations(\/kubectl\.kubernetes\.io~1last-applied-configuration)?)?$/;
/** From one value of the object to another: there it is covered too. */
const WITHIN = /^\/data\//;

/**
 * Which operation of a JSON patch (RFC 6902) tells what the object holds, or takes it to where nobody would cover it: `test` says whether a guess is
 * right, `copy` and `move` make an annotation of a value. Empty where none does; a patch that can't be read may.
 */
export function probes({ patch }: KubernetesFacts, body: Buffer): string {
  if (patch !== 'json' || body.length === 0) return '';
  let operations: unknown;
  try {
    operations = readJson(body);
  } catch {
    return 'patch';
  }
  if (!Array.isArray(operations)) return '';
  for (const operation of operations) {
    if (!isObject(operation)) continue;
    const [op, path, from] = [text(operation['op']), placeOf(operation['path']), placeOf(operation['from'])];
    if (op === 'test' && HOLDS.test(path)) return op;
    if ((op === 'copy' || op === 'move') && HOLDS.test(from) && !(WITHIN.test(from) && WITHIN.test(path))) return op;
  }
  return '';
}

/** What stands before the first slash is nothing to the API server (github.com/evanphx/json-patch, findObject). */
function placeOf(pointer: unknown): string {
  const said = text(pointer);
  const slash = said.indexOf('/');
  return slash < 0 ? '' : said.slice(slash);
}
