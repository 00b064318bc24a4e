/** JSON that somebody else wrote (a client, a server, another version of the gateway), read with care: what is not of the expected type counts as empty. */
export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

export const text = (value: unknown): string => (typeof value === 'string' ? value : '');
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
export const record = (value: unknown): JsonObject => (isObject(value) ? value : {});
