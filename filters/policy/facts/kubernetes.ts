import { grants, type KubernetesFacts, privileges } from '../../kubernetes/facts.js';
import type { TerminalFacts } from '../../kubernetes/terminal/facts.js';
import type { FactDoc } from './doc.js';

export const kubernetes = {
  verb: {
    type: 'string',
    lower: true,
    description:
      'get, list, watch, create, update, patch, delete, deletecollection, as the API server and RBAC have it (exec is a get or a create of the subresource); of a path that is no resource the method in small letters.',
    example: 'k8s.verb in ["delete", "deletecollection"]',
  },
  path: { type: 'string', description: 'The path, decoded once.', example: 'k8s.path.startsWith("/logs/")' },
  group: {
    type: 'string',
    description: 'API group; empty for the core group, and where the path is no resource.',
    example: 'k8s.group == "rbac.authorization.k8s.io"',
  },
  version: { type: 'string', description: 'API version.', example: 'k8s.version == "v1beta1"' },
  resource: {
    type: 'string',
    description: 'Plural, as in the path, however that is spelled; empty where the path is no resource.',
    example: 'k8s.resource == "secrets"',
  },
  subresource: {
    type: 'string',
    description: 'exec, log, scale, status, eviction, token, …; empty for none.',
    example: 'k8s.subresource == "exec"',
  },
  namespace: {
    type: 'string',
    description: 'Namespace; empty for all, and for what is in none.',
    example: 'k8s.namespace.startsWith("prod-")',
  },
  name: {
    type: 'string',
    description:
      'Name in the path, or that a list asks for by its field selector; empty when a request is about several, and when an object is made.',
    example: 'k8s.resource == "namespaces" && k8s.name == "kube-system"',
  },
  discovery: {
    type: 'bool',
    description: 'It reads what the API has, its schemas, its version or its health, and nothing of what is kept in it.',
    example: '!k8s.discovery',
  },
  connects: {
    type: 'bool',
    description: 'exec, attach, portforward or proxy: bytes for something behind the API.',
    example: 'k8s.connects',
  },
  proxy_path: { type: 'string', description: 'What follows proxy in the path.', example: 'k8s.proxy_path.startsWith("/metrics")' },
  label_selector: {
    type: 'string',
    description: 'As it was given.',
    example: 'k8s.verb == "deletecollection" && k8s.label_selector == ""',
  },
  field_selector: { type: 'string', description: 'As it was given.', example: 'k8s.field_selector.contains("spec.nodeName")' },
  dry_run: { type: 'bool', description: 'Nothing will be kept. False wherever that is not sure.', example: '!k8s.dry_run' },
  field_manager: { type: 'string', description: 'Who manages the fields that are written.', example: 'k8s.field_manager == "argocd"' },
  field_validation: {
    type: 'string',
    description: 'Strict, Warn, Ignore; empty for the server’s default.',
    example: 'k8s.field_validation == "Ignore"',
  },
  force: { type: 'bool', description: 'Server-side apply: fields are taken over from their managers.', example: 'k8s.force' },
  impersonates: {
    type: 'list<string>',
    description:
      'Whom the caller wants to be: user:jane, group:system:masters, uid:…, extra:…; empty for nobody. The gateway refuses it unless its configuration lets it pass.',
    example: 'k8s.impersonates.exists(i, i.startsWith("group:"))',
  },
  content_type: { type: 'string', lower: true, description: 'Media type of the body.', example: 'k8s.content_type == "application/yaml"' },
  patch: {
    type: 'string',
    values: ['', 'json', 'merge', 'strategic', 'apply'],
    description: 'How a patch is written; apply is server-side apply.',
    example: 'k8s.patch == "apply"',
  },
  command: {
    type: 'list<string>',
    description: 'exec: the command, one element an argument.',
    example: 'k8s.command.exists(c, c.endsWith("sh"))',
  },
  container: { type: 'string', description: 'exec, attach, log: the container that is asked for.', example: 'k8s.container == "vault"' },
  stdin: { type: 'bool', description: 'exec, attach: the caller wants to write to it.', example: 'k8s.stdin' },
  tty: { type: 'bool', description: 'exec, attach: as a terminal.', example: 'k8s.tty' },
  object: {
    type: 'dyn',
    description:
      'The body: an object of the API, or what a patch writes (of a JSON patch, elements of lists stand under their places); null when there is none. Asking for a field that is missing is an error, so the rule matches: guard with has(). So is all of a body that can’t be read.',
    example: 'k8s.object != null && has(k8s.object.metadata.labels) && "tier" in k8s.object.metadata.labels',
  },
  kind: { type: 'string', description: 'Kind of the body’s object; a patch may name none.', example: 'k8s.kind == "Secret"' },
  images: {
    type: 'list<string>',
    description: 'Images of containers, wherever in the object: pods, templates of workloads and of custom resources.',
    example: 'k8s.images.exists(i, !i.startsWith("registry.example.com/"))',
  },
  privileges: {
    type: 'list<string>',
    values: privileges,
    description: 'What pods ask for beyond their own sandbox.',
    example: 'k8s.privileges.exists(p, p in ["privileged", "host_path", "host_pid"])',
  },
  capabilities: {
    type: 'list<string>',
    description: 'Linux capabilities that are added, without CAP_, in capitals.',
    example: '"SYS_ADMIN" in k8s.capabilities',
  },
  host_paths: {
    type: 'list<string>',
    description: 'Folders of the node that pods mount.',
    example: 'k8s.host_paths.exists(p, p.startsWith("/var/run"))',
  },
  mounts: {
    type: 'list<string>',
    description: 'What containers read from volumes and the environment: secret:db, configmap:app, pvc:data, token:audience.',
    example: 'k8s.mounts.exists(m, m.startsWith("secret:"))',
  },
  service_account: {
    type: 'string',
    description: 'Service account that pods run as; empty when it names none.',
    example: 'k8s.service_account == "deployer"',
  },
  subjects: {
    type: 'list<string>',
    description: 'Bindings: to whom, as User:jane, Group:admins, ServiceAccount:ci/deployer.',
    example: 'k8s.subjects.exists(s, s.startsWith("ServiceAccount:"))',
  },
  role_ref: {
    type: 'string',
    description: 'Bindings: the role, as ClusterRole:admin.',
    example: 'k8s.role_ref == "ClusterRole:cluster-admin"',
  },
  grants: {
    type: 'list<string>',
    values: grants,
    description: 'Roles and bindings: what of it is dangerous.',
    example: 'k8s.grants.exists(g, g in ["cluster_admin", "wildcard_verbs", "escalate"])',
  },
  replicas: {
    type: 'int',
    description: 'spec.replicas that is written, or that a Scale leaves; -1 when none is.',
    example: 'k8s.replicas == 0',
  },
  propagation: {
    type: 'string',
    description: 'Deletes: Background, Foreground, Orphan; empty for the server’s default.',
    example: 'k8s.propagation == "Orphan"',
  },
  grace_seconds: {
    type: 'int',
    description: 'Deletes and evictions: how long pods have to end; -1 when it is not said.',
    example: 'k8s.grace_seconds == 0',
  },
  audiences: {
    type: 'list<string>',
    description: 'Tokens that are asked for: whom they are for.',
    example: 'k8s.subresource == "token" && k8s.audiences.size() == 0',
  },
  owners: {
    type: 'list<string>',
    description:
      'What the object says that it belongs to, as Deployment:web. What belongs to nothing that is there is deleted by the cluster.',
    example: 'k8s.resource == "namespaces" && k8s.owners.size() > 0',
  },
  unreadable: { type: 'string', description: 'Why the body can’t be had; empty when it can.', example: 'k8s.unreadable != ""' },
  unparsed: {
    type: 'string',
    description: 'Why the request could be read in several ways; empty when it can’t. Judged by defaults.unparsed as well.',
    example: 'k8s.unparsed != ""',
  },
} satisfies Record<keyof KubernetesFacts, FactDoc>;

export const terminal = {
  line: {
    type: 'string',
    description:
      'The line that is typed or piped into exec or attach, without its line end. Each is judged by itself: what a shell makes of several is not followed, save lines that a backslash joins.',
    example: 'terminal.line.matches("\\\\brm\\\\s+-")',
  },
  unparsed: {
    type: 'string',
    description: 'Why the line could not be understood; empty when it could. Judged by defaults.unparsed as well.',
    example: 'terminal.unparsed != ""',
  },
} satisfies Record<keyof TerminalFacts, FactDoc>;
