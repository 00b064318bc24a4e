import { type DescribedRequest, describedBytes, describedReadings } from '../http/described.js';
import type { KubernetesFacts } from './facts.js';
import { wholeFacts } from './request.js';

/** The facts of a request to a Kubernetes API that people wrote down, its body read. A patch whose type is not said is a merge patch. */
export function describedKubernetes(request: DescribedRequest): KubernetesFacts {
  const { method = 'GET', headers = {}, body } = request;
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const type = Array.isArray(body) ? 'application/json-patch+json' : 'application/merge-patch+json';
  const given = method.toUpperCase() === 'PATCH' && !typed ? { ...request, headers: { ...headers, 'content-type': type } } : request;
  return wholeFacts(describedReadings(given)[0]!.http, describedBytes(body));
}
