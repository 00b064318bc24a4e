import type { Identity, OperationFacts } from '../types.js';
import { httpContext, messageContext } from './http.js';
import { convertIdentity, unprovenIdentity } from './identity-values.js';
import { kubernetesContext, terminalContext } from './kubernetes.js';
import { mcpContext } from './mcp.js';
import { postgresContext } from './postgres.js';
import type { Context, OwnContext } from './types.js';

/** The variables of a rule's condition. `params` stays absent until values are bound; a statement without parameters has an empty list. */
export function ruleContext(facts: OperationFacts): Context {
  return { ...operationContext(facts), unproven: unprovenIdentity(facts.identity) };
}

function operationContext(facts: OperationFacts): OwnContext {
  if (facts.on === 'http') return httpContext(facts);
  if (facts.on === 'kubernetes') return kubernetesContext(facts);
  if (facts.on === 'websocket') return messageContext(facts);
  if (facts.on === 'terminal') return terminalContext(facts);
  return facts.on === 'mcp' ? mcpContext(facts) : postgresContext(facts);
}

/** Who asks, as masks know callers: HTTP has neither database nor role. */
export function callerOf(facts: OperationFacts): {
  identity: Identity;
  resource: string;
  database: string;
  user: string;
  application: string;
} {
  const { identity, resource } = facts;
  return facts.on === 'postgres' ? facts : { identity, resource, database: '', user: '', application: '' };
}

/** The variables of a mask's `unless`. */
export function maskContext(facts: { identity: Identity; resource: string; database: string; user: string; application: string }): Context {
  const { resource, database, user, application } = facts;
  return {
    variables: { identity: convertIdentity(facts.identity), resource, database, user, application },
    unproven: unprovenIdentity(facts.identity),
    sizes: { statements: 0, statement: 0, longest: 0, groups: facts.identity.groups.length, params: 0 },
  };
}
