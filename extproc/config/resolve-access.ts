import { isIP } from 'node:net';
import type { AccessDocument } from './document.js';
import { Places, type ResolveContext } from './places.js';
import type { AccessRule } from './types.js';

/** Rules of a list at `pointer`; the resources are those that rules may name. */
export function resolveAccess(
  rules: readonly AccessDocument[],
  pointer: string,
  resources: Resources,
  context: ResolveContext,
): AccessRule[] {
  const at = new Places(context);
  return rules.map((rule, i) => accessRule(rule, `${pointer}/${i}`, resources, at));
}

interface Resources {
  listeners: readonly { resource: string }[];
  http: readonly { resource: string }[];
}

function accessRule(rule: AccessDocument, pointer: string, { listeners: databases, http }: Resources, at: Places): AccessRule {
  const { resource = '*', identities, sources, hosts, paths, methods } = rule;
  const listeners = [...databases, ...http];
  const forRequests = hosts !== undefined || paths !== undefined || methods !== undefined;
  if (
    forRequests &&
    !resource.includes('*') &&
    listeners.some((one) => one.resource === resource) &&
    !http.some((one) => one.resource === resource)
  )
    at.problem(
      `${pointer}/resource`,
      `${resource} is a database, which has no hosts, paths and methods`,
      'remove them, or name an HTTP server',
    );
  for (const [i, path] of (paths ?? []).entries())
    if (!/^[/*]/.test(path)) at.problem(`${pointer}/paths/${i}`, `the path ${path} begins with no slash`, `write /${path}`);
  if (!resource.includes('*') && !listeners.some((one) => one.resource === resource)) {
    at.problem(
      `${pointer}/resource`,
      `no listener has the resource ${resource}`,
      `use one of: ${[...new Set(listeners.map((one) => one.resource))].join(', ')}`,
    );
  }
  for (const [i, source] of (sources ?? []).entries()) {
    const [network = '', bits, ...more] = source.split('/');
    const version = isIP(network);
    const wrong =
      version === 0 || more.length > 0 || (bits !== undefined && (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)));
    if (wrong)
      at.problem(
        `${pointer}/sources/${i}`,
        `${source} is no address and no network`,
        'write an address or a network, for example 10.0.0.0/8',
      );
  }
  return { resource, identities, sources, ...(forRequests ? { hosts, paths, methods } : {}) };
}
