import { bodyFactNames } from '../../kubernetes/facts.js';
import { factClass, unavailable } from '../fact-class.js';
import type { KubernetesOperation, TerminalOperation } from '../types.js';
import { httpContext } from './http.js';
import { convertIdentity } from './identity-values.js';
import { BODY_LEVELS, convertJson, longestList } from './json-values.js';
import type { OwnContext } from './types.js';

/** Nothing of a body that can't be had may look like a body that says nothing. */
export function kubernetesContext({ k8s, identity, resource }: KubernetesOperation): OwnContext {
  const value = new (factClass('Kubernetes'))({ ...k8s, object: convertJson(k8s.object, BODY_LEVELS) });
  if (k8s.object === undefined) for (const name of bodyFactNames) unavailable(value, name, k8s.unreadable);
  return {
    variables: { on: 'kubernetes', identity: convertIdentity(identity), resource, k8s: value },
    sizes: { statements: 0, statement: 0, longest: longestList(k8s), groups: identity.groups.length, params: 0 },
  };
}

export function terminalContext({ terminal, k8s, http, form, identity, resource }: TerminalOperation): OwnContext {
  const request = kubernetesContext({ on: 'kubernetes', k8s, identity, resource });
  const { variables } = httpContext({ on: 'http', http, identity, resource });
  return {
    variables: { ...variables, ...request.variables, on: 'terminal', terminal: new (factClass('Terminal'))({ ...terminal }) },
    form,
    sizes: request.sizes,
  };
}
