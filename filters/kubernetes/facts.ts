/** One request to a Kubernetes API as a policy sees it: what its path, query and headers say (RequestInfo of k8s.io/apiserver), and its body. */
export interface KubernetesFacts extends RequestInfo, OptionFacts, BodyFacts {
  /** why the request could not be understood; empty when it could */
  unparsed: string;
}

/** What the API server makes of method and path. */
export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete, deletecollection; for paths that are no resource the method in small letters */
  verb: string;
  /** decoded once */
  path: string;
  /** empty for the core group, and where the path is no resource */
  group: string;
  version: string;
  /** plural, as in the path; empty where the path is no resource */
  resource: string;
  subresource: string;
  namespace: string;
  name: string;
  /** it reads what the API has, its schemas or its health, and nothing of what is kept in it */
  discovery: boolean;
  /** exec, attach, portforward, proxy: bytes of something else go through the API */
  connects: boolean;
  /** what follows proxy in the path */
  proxy_path: string;
}

/** What the query and the headers say. */
export interface OptionFacts {
  label_selector: string;
  field_selector: string;
  /** nothing is kept: every place that the API server looks at says so */
  dry_run: boolean;
  field_manager: string;
  field_validation: string;
  /** server-side apply: takes fields over from other managers */
  force: boolean;
  /** `user:jane`, `group:system:masters`, `uid:…`, `extra:scopes`: who the caller wants to be */
  impersonates: string[];
  content_type: string;
  /** how a patch is written */
  patch: '' | 'json' | 'merge' | 'strategic' | 'apply';
  /** exec: the command, one element an argument */
  command: string[];
  /** exec, attach, log */
  container: string;
  stdin: boolean;
  tty: boolean;
}

/** What the body says. Of a patch it is what the patch writes. */
export interface BodyFacts {
  /** undefined: can't be had, and then nothing else of the body can */
  object: unknown;
  kind: string;
  images: string[];
  privileges: Privilege[];
  capabilities: string[];
  host_paths: string[];
  /** `secret:db`, `configmap:app`, `pvc:data`, `token:vault`: what containers read, from volumes and the environment */
  mounts: string[];
  service_account: string;
  /** `User:jane`, `Group:system:masters`, `ServiceAccount:ci/deployer` */
  subjects: string[];
  /** `ClusterRole:cluster-admin` */
  role_ref: string;
  grants: Grant[];
  /** -1 when it says none */
  replicas: number;
  /** Background, Foreground, Orphan; empty when it says none */
  propagation: string;
  /** -1 when it says none */
  grace_seconds: number;
  audiences: string[];
  /** `Kind:name` of what it says that it belongs to: the garbage collector deletes what belongs to nothing that is there */
  owners: string[];
  /** why the body can't be had */
  unreadable: string;
}

export const privileges = [
  'privileged',
  'host_pid',
  'host_network',
  'host_ipc',
  'host_path',
  'host_port',
  'capabilities',
  'run_as_root',
  'privilege_escalation',
  'unconfined',
  'proc_mount',
  'host_process',
] as const;
export type Privilege = (typeof privileges)[number];

export const grants = [
  'cluster_admin',
  'wildcard_verbs',
  'wildcard_resources',
  'secrets',
  'exec',
  'escalate',
  'bind',
  'impersonate',
  'tokens',
  'certificates',
  'nodes',
  'webhooks',
  'everyone',
  'masters',
  'aggregation',
] as const;
export type Grant = (typeof grants)[number];

/** A request without a body. */
export const noBody: BodyFacts = {
  object: null,
  kind: '',
  images: [],
  privileges: [],
  capabilities: [],
  host_paths: [],
  mounts: [],
  service_account: '',
  subjects: [],
  role_ref: '',
  grants: [],
  replicas: -1,
  propagation: '',
  grace_seconds: -1,
  audiences: [],
  owners: [],
  unreadable: '',
};

/** Facts of the body that can't be had where it can't be read; `unreadable` says why. */
export const bodyFactNames = Object.keys(noBody).filter((name) => name !== 'unreadable') as (keyof BodyFacts)[];
