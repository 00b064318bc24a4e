/** Somebody else's JSON. */
export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A list's elements; those that a JSON patch writes stand under their places. */
export function elements(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return isObject(value) ? Object.values(value) : [];
}

export const texts = (value: unknown): string[] => elements(value).filter((one) => typeof one === 'string');
