import { isObject } from '../foreign-json.js';

/** A list's elements; those that a JSON patch writes stand under their places. */
export function elements(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

export const texts = (value: unknown): string[] => elements(value).filter((one) => typeof one === 'string');
