import type { HttpOperation, Identity, Policy } from '../policy/types.js';
import { FORM, isJson, MULTIPART } from './body.js';
import type { HttpReading } from './facts.js';
import { holdsSql, type SqlPlace } from './sql-places.js';

/** gRPC as HTTP/2 carries it, or for browsers; undefined: the media type is another one */
export const grpcOf = (type: string): 'native' | 'web' | undefined =>
  /^application\/grpc($|\+)/.test(type) ? 'native' : type.startsWith('application/grpc') ? 'web' : undefined;

/** A request as a policy judges it, in every way that it can be read; the first is the usual one. */
export function requestOperation(readings: readonly HttpReading[], identity: Identity, resource: string): HttpOperation {
  const [{ lowered: _usual, ...first }, ...also] = readings as [HttpReading, ...HttpReading[]];
  return { on: 'http', ...first, also, identity, resource };
}

/** A rule may match by what the body says, or a statement may stand in it. Nobody waits for messages of gRPC: a stream both ways would never be whole. */
export function asksBody(policy: Policy, operation: HttpOperation, places: readonly SqlPlace[]): boolean {
  if (grpcOf(operation.http.content_type) === undefined && policy.asksBody(operation)) return true;
  return mayHoldSql(operation, places);
}

/** A statement may stand in it, in one of the ways that it is read. */
export const mayHoldSql = (operation: HttpOperation, places: readonly SqlPlace[]): boolean =>
  places.length > 0 && [operation, ...(operation.also ?? [])].some(({ http }) => holdsSql(places, http));

/** A form may ask for another method in its body; so may an object, where rules look at bodies at all. */
export function mayNameMethod({ usesMethod, usesBody }: Policy, { http: { method, content_type } }: HttpOperation): boolean {
  if (!usesMethod) return false;
  return [FORM, MULTIPART].includes(content_type) || (usesBody && method === 'POST' && isJson(content_type));
}

/** The request waits until its body is whole, and is judged by it. */
export const waitsForBody = (policy: Policy, operation: HttpOperation, places: readonly SqlPlace[]): boolean =>
  asksBody(policy, operation, places) || mayNameMethod(policy, operation);
