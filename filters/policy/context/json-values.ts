import { isForm, markForm } from '../form-values.js';

/** Levels of a body that a condition can ask for; what is deeper can't be had. */
export const BODY_LEVELS = 101;

/** Claims and bodies are somebody else's JSON: as maps, keys such as `constructor` and `__proto__` are keys like any other. */
export function convertJson(value: unknown, levels: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (levels === 0) return null;
  if (Array.isArray(value)) return value.map((item) => convertJson(item, levels - 1));
  const map = new Map<string, unknown>();
  for (const key of Object.keys(value)) map.set(key, convertJson((value as Record<string, unknown>)[key], levels - 1));
  return map;
}

/** A request is judged in each of its readings, most of which have the same body. */
export const convertedBodies = new WeakMap<object, unknown>();

export function convertBody(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  let found = convertedBodies.get(body);
  if (found === undefined) {
    found = convertJson(body, BODY_LEVELS);
    if (isForm(body)) markForm(found);
    convertedBodies.set(body, found);
  }
  return found;
}

/** Elements of the longest list or object in a value. */
export function longestList(whole: unknown): number {
  let longest = 0;
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const inner = Object.values(value);
    longest = Math.max(longest, inner.length);
    for (const one of inner) visit(one);
  };
  visit(whole);
  return longest;
}
