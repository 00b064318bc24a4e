import { isObject, type JsonObject, text } from '../foreign-json.js';
import type { BodyFacts, Grant } from './facts.js';
import { elements, texts } from './values.js';

/** What roles and bindings (rbac.authorization.k8s.io/v1) give, to whom. */
export function rbacFacts(roots: readonly JsonObject[]): Pick<BodyFacts, 'subjects' | 'role_ref' | 'grants'> {
  const grants = new Set<Grant>();
  const subjects = new Set<string>();
  let roleRef = '';
  for (const root of roots) {
    for (const subject of elements(root['subjects'])) if (isObject(subject)) addSubject(subject, subjects, grants);
    const ref = root['roleRef'];
    if (isObject(ref)) {
      roleRef = `${text(ref['kind'])}:${text(ref['name'])}`;
      if (ref['name'] === 'cluster-admin') grants.add('cluster_admin');
    }
    for (const rule of elements(root['rules'])) if (isObject(rule)) addRule(rule, grants);
    if (aggregates(root)) grants.add('aggregation');
  }
  return { subjects: [...subjects], role_ref: roleRef, grants: [...grants] };
}

const EVERYONE = new Set(['system:authenticated', 'system:unauthenticated', 'system:anonymous', 'system:serviceaccounts']);

function addSubject(subject: JsonObject, subjects: Set<string>, grants: Set<Grant>): void {
  const [kind, name, namespace] = [text(subject['kind']), text(subject['name']), text(subject['namespace'])];
  // Patches of lists may name a subject in part, and flow schemas and admission have subjects of another form.
  if (kind === '' && name === '') return;
  subjects.add(kind === 'ServiceAccount' ? `${kind}:${namespace}/${name}` : `${kind}:${name}`);
  if (name === 'system:masters') grants.add('masters');
  if (EVERYONE.has(name)) grants.add('everyone');
}

/** A role that others are taken into, or that is taken into them (admin, edit, view). */
function aggregates(root: JsonObject): boolean {
  if (isObject(root['aggregationRule'])) return true;
  const labels = isObject(root['metadata']) ? root['metadata']['labels'] : undefined;
  return isObject(labels) && Object.keys(labels).some((name) => name.startsWith('rbac.authorization.k8s.io/aggregate-to-'));
}

function addRule(rule: JsonObject, grants: Set<Grant>): void {
  const verbs = texts(rule['verbs']);
  const resources = texts(rule['resources']);
  const any = verbs.includes('*');
  const may = (...wanted: string[]) => any || wanted.some((verb) => verbs.includes(verb));
  const on = (...wanted: string[]) => resources.some((one) => one === '*' || wanted.some((name) => matches(one, name)));
  if (any) grants.add('wildcard_verbs');
  if (resources.includes('*') || resources.includes('*/*')) grants.add('wildcard_resources');
  if (may('get', 'list', 'watch') && on('secrets')) grants.add('secrets');
  if (may('create', 'get') && on('pods/exec', 'pods/attach', 'pods/portforward')) grants.add('exec');
  if (may('update', 'patch') && on('pods/ephemeralcontainers')) grants.add('exec');
  if (may('escalate')) grants.add('escalate');
  if (may('bind')) grants.add('bind');
  if (may('impersonate') || verbs.some((verb) => verb.startsWith('impersonate:'))) grants.add('impersonate');
  if (may('create') && on('serviceaccounts/token')) grants.add('tokens');
  if (may('approve', 'sign') && on('signers')) grants.add('certificates');
  if (may('update', 'patch') && on('certificatesigningrequests/approval', 'certificatesigningrequests/status')) grants.add('certificates');
  if (on('nodes/proxy')) grants.add('nodes');
  if (may('create', 'update', 'patch') && on('mutatingwebhookconfigurations', 'validatingwebhookconfigurations')) grants.add('webhooks');
}

/** `pods/*` and `*` with a subresource cover what stands below them (RBAC's ResourceMatches). */
function matches(rule: string, name: string): boolean {
  if (rule === name) return true;
  const [, subresource] = name.split('/');
  return subresource !== undefined && rule === `*/${subresource}`;
}
