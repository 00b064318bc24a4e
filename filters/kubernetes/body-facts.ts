import { isObject, type JsonObject, text } from '../foreign-json.js';
import { type BodyFacts, noBody, type Privilege } from './facts.js';
import { rbacFacts } from './rbac-facts.js';
import { elements } from './values.js';

/** Levels of an object that are looked through; what is deeper is refused by the reader of its JSON. */
const DEPTH_MAX = 101;

/** What a request's object says, wherever in it: in a Pod, in the template of a workload, of a custom resource, in the items of a list. */
export function bodyFacts(object: unknown): BodyFacts {
  const found = new Found();
  const roots = isObject(object) ? [object, ...elements(object['items']).filter(isObject)] : [];
  look(object, '', found, 0);
  for (const root of roots) lookAtVolume(root['spec'], found);
  const replicas = roots.map((root) => field(root['spec'], 'replicas')).filter((value) => typeof value === 'number');
  const options = roots.flatMap((root) => [root, field(root, 'deleteOptions')]).filter(isObject);
  const grace = options.map((one) => one['gracePeriodSeconds']).find((value) => typeof value === 'number');
  return {
    ...noBody,
    object,
    kind: isObject(object) ? text(object['kind']) : '',
    images: [...found.images],
    privileges: [...found.privileges],
    capabilities: [...found.capabilities],
    host_paths: [...found.hostPaths],
    mounts: [...found.mounts],
    service_account: found.serviceAccount,
    ...rbacFacts(roots),
    replicas: replicas.length === 0 ? -1 : Math.min(...replicas),
    propagation: options.map(propagationOf).find((value) => value !== '') ?? '',
    grace_seconds: typeof grace === 'number' ? grace : -1,
    audiences: roots.flatMap((root) => elements(field(root['spec'], 'audiences')).map(text)),
    owners: roots.flatMap((root) => elements(field(root['metadata'], 'ownerReferences')).filter(isObject).map(ownerOf)),
  };
}

const field = (value: unknown, name: string): unknown => (isObject(value) ? value[name] : undefined);

const ownerOf = (reference: JsonObject): string => `${text(reference['kind'])}:${text(reference['name'])}`;

/** orphanDependents is the older word for it (DeleteOptions of meta/v1). */
function propagationOf(options: JsonObject): string {
  return text(options['propagationPolicy']) || (options['orphanDependents'] === true ? 'Orphan' : '');
}

class Found {
  images = new Set<string>();
  privileges = new Set<Privilege>();
  capabilities = new Set<string>();
  hostPaths = new Set<string>();
  mounts = new Set<string>();
  serviceAccount = '';
}

function look(value: unknown, key: string, found: Found, depth: number): void {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return;
  if (isObject(value)) {
    lookAtPod(value, found);
    if (key === 'securityContext') lookAtSecurity(value, found);
    if (key === 'annotations') lookAtAnnotations(value, found);
    lookAtMounts(value, found);
  }
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'containers' || name === 'initContainers' || name === 'ephemeralContainers')
      for (const one of elements(inner)) lookAtContainer(one, found);
    look(inner, Array.isArray(value) ? key : name, found, depth + 1);
  }
}

function lookAtContainer(container: unknown, found: Found): void {
  if (!isObject(container)) return;
  if (typeof container['image'] === 'string') found.images.add(container['image']);
  for (const port of elements(container['ports']))
    if (isObject(port) && typeof port['hostPort'] === 'number' && port['hostPort'] !== 0) found.privileges.add('host_port');
}

/** PodSpec (core/v1), found by its fields: a patch names only some of them. */
function lookAtPod(pod: JsonObject, found: Found): void {
  if (pod['hostPID'] === true) found.privileges.add('host_pid');
  if (pod['hostNetwork'] === true) found.privileges.add('host_network');
  if (pod['hostIPC'] === true) found.privileges.add('host_ipc');
  const account = text(pod['serviceAccountName']) || text(pod['serviceAccount']);
  if (account !== '') found.serviceAccount ||= account;
  const hostPath = pod['hostPath'];
  if (isObject(hostPath)) {
    found.privileges.add('host_path');
    found.hostPaths.add(text(hostPath['path']));
  }
}

/** A PersistentVolume of the kind `local` is a folder of a node as well. */
function lookAtVolume(spec: unknown, found: Found): void {
  const path = field(field(spec, 'local'), 'path');
  if (typeof path !== 'string') return;
  found.privileges.add('host_path');
  found.hostPaths.add(path);
}

/** AppArmor by its older spelling (core/v1, AppArmorBetaContainerAnnotationKeyPrefix). */
function lookAtAnnotations(annotations: JsonObject, found: Found): void {
  for (const [name, value] of Object.entries(annotations))
    if (name.startsWith('container.apparmor.security.beta.kubernetes.io/') && value === 'unconfined') found.privileges.add('unconfined');
}

/** SecurityContext and PodSecurityContext. */
function lookAtSecurity(context: JsonObject, found: Found): void {
  const { privileges } = found;
  if (context['privileged'] === true) privileges.add('privileged');
  if (context['allowPrivilegeEscalation'] === true) privileges.add('privilege_escalation');
  if (context['runAsUser'] === 0 || context['runAsNonRoot'] === false) privileges.add('run_as_root');
  if (context['procMount'] === 'Unmasked') privileges.add('proc_mount');
  for (const name of ['seccompProfile', 'appArmorProfile']) if (field(context[name], 'type') === 'Unconfined') privileges.add('unconfined');
  if (field(context['windowsOptions'], 'hostProcess') === true) privileges.add('host_process');
  for (const added of elements(field(context['capabilities'], 'add')).map(text)) {
    privileges.add('capabilities');
    // CAP_SYS_ADMIN and SYS_ADMIN are the same to container runtimes.
    if (added !== '') found.capabilities.add(added.toUpperCase().replace(/^CAP_/, ''));
  }
}

/** Volumes, their projections, and variables of the environment. */
function lookAtMounts(value: JsonObject, found: Found): void {
  const add = (kind: string, name: unknown) => {
    if (typeof name === 'string') found.mounts.add(`${kind}:${name}`);
  };
  add('secret', field(value['secret'], 'secretName') ?? field(value['secret'], 'name'));
  add('configmap', field(value['configMap'], 'name'));
  add('pvc', field(value['persistentVolumeClaim'], 'claimName'));
  for (const name of ['secretRef', 'secretKeyRef']) add('secret', field(value[name], 'name'));
  for (const name of ['configMapRef', 'configMapKeyRef']) add('configmap', field(value[name], 'name'));
  const token = value['serviceAccountToken'];
  if (isObject(token)) add('token', text(token['audience']));
}
