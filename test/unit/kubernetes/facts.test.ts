import assert from 'node:assert/strict';
import { describedKubernetes } from '../../../filters/kubernetes/described.js';
import { pathCases } from './paths.js';

type Request = Parameters<typeof describedKubernetes>[0];
const of = (request: string, body?: unknown, headers: Record<string, string> = {}) => {
  const [method, url] = request.split(' ') as [string, string];
  return describedKubernetes({ method, url, headers, ...(body === undefined ? {} : { body }) } as Request);
};

describe('facts of Kubernetes: paths', () => {
  for (const one of pathCases)
    it(one.request, () => {
      const facts = of(one.request);
      const { verb, group = '', resource = '', subresource = '', namespace = '', name = '' } = one;
      assert.deepEqual(
        {
          verb: facts.verb,
          group: facts.group,
          resource: facts.resource,
          subresource: facts.subresource,
          namespace: facts.namespace,
          name: facts.name,
        },
        { verb, group, resource, subresource, namespace, name },
      );
      if (one.unparsed === undefined) assert.equal(facts.unparsed, '');
      else assert.match(facts.unparsed, one.unparsed);
    });

  it('discovery is what tells nothing of what is kept', () => {
    const discovery = (path: string) => of(path).discovery;
    for (const path of [
      '/',
      '/api',
      '/api/v1',
      '/apis',
      '/apis/apps/v1',
      '/version',
      '/openapi/v2',
      '/openapi/v3/apis/apps/v1?hash=1',
      '/healthz',
      '/readyz/etcd',
    ])
      assert.equal(discovery(`GET ${path}`), true, path);
    for (const path of [
      '/api/v1/pods',
      '/apis/apps/v1/deployments',
      '/metrics',
      '/logs/',
      '/debug/pprof',
      '/version/x',
      '/configz',
      '/flagz',
      '/statusz',
    ])
      assert.equal(discovery(`GET ${path}`), false, path);
    assert.equal(discovery('POST /version'), false);
    for (const path of ['/openapi/v2/../../api/v1/secrets', '/apis//v1', '/healthz/%00'])
      assert.equal(discovery(`GET ${path}`), false, 'what nobody can be sure of is none');
  });

  it('says what connects, and to what', () => {
    const exec = of('GET /api/v1/namespaces/x/pods/p/exec?command=sh&command=-c&command=rm+-rf+%2F&container=app&stdin=true&tty=false');
    assert.deepEqual(
      [exec.connects, exec.command, exec.container, exec.stdin, exec.tty],
      [true, ['sh', '-c', 'rm -rf /'], 'app', true, false],
    );
    const proxy = of('GET /api/v1/nodes/n1/proxy/run/default/p1/c');
    assert.deepEqual([proxy.connects, proxy.proxy_path], [true, '/run/default/p1/c']);
    assert.equal(of('GET /api/v1/nodes/n1/proxy/%2e%2e/x').unparsed, 'the path has a dot segment');
    assert.equal(of('GET /api/v1/nodes/n1/proxy/a%2f%2fb').unparsed, '');
    assert.equal(of('GET /api/v1/namespaces/x/pods/p/log').connects, false);
  });
});

describe('facts of Kubernetes: options', () => {
  it('a dry run is one only where the server keeps nothing', () => {
    const dry = (request: string, body?: unknown) => of(request, body).dry_run;
    assert.equal(dry('POST /api/v1/namespaces/x/pods?dryRun=All', { kind: 'Pod' }), true);
    assert.equal(dry('POST /api/v1/namespaces/x/pods?dryRun=All&dryRun=no', {}), false);
    assert.equal(dry('POST /api/v1/namespaces/x/pods?dryRun=', {}), false);
    assert.equal(dry('GET /api/v1/namespaces/x/pods?dryRun=All'), false);
    assert.equal(dry('POST /api/v1/namespaces/x/pods/p/exec?dryRun=All'), false, 'it runs');
    assert.equal(dry('POST /api/v1/namespaces/x/serviceaccounts/s/token?dryRun=All', {}), false);
    assert.equal(dry('DELETE /api/v1/namespaces/x?dryRun=All'), true);
    assert.equal(dry('DELETE /api/v1/namespaces/x?dryRun=All', { kind: 'DeleteOptions' }), false, 'a body takes the place of the query');
    assert.equal(dry('DELETE /api/v1/namespaces/x', { dryRun: ['All'] }), true);
    assert.equal(dry('DELETE /api/v1/namespaces/x?dryRun=All', 'not json'), false);
  });

  it('patches, managers, selectors, impersonation', () => {
    const apply = of(
      'PATCH /apis/apps/v1/namespaces/x/deployments/d?fieldManager=me&force=true&fieldValidation=Strict',
      '{"kind":"Deployment"}',
      {
        'Content-Type': 'application/apply-patch+yaml',
      },
    );
    assert.deepEqual(
      [apply.patch, apply.field_manager, apply.force, apply.field_validation, apply.kind],
      ['apply', 'me', true, 'Strict', 'Deployment'],
    );
    const list = of('GET /api/v1/secrets?labelSelector=owner%3Dhelm&fieldSelector=type%3DOpaque');
    assert.deepEqual([list.label_selector, list.field_selector], ['owner=helm', 'type=Opaque']);
    const as = of('GET /api/v1/pods', undefined, {
      'Impersonate-User': 'root',
      'Impersonate-Group': 'system:masters, ops',
      'Impersonate-Extra-Scopes': 'all',
      'Impersonate-Uid': '7',
      'Impersonate-New': 'x',
    });
    assert.deepEqual(as.impersonates, ['user:root', 'group:system:masters', 'group:ops', 'extra:scopes', 'uid:7', 'new']);
    assert.deepEqual(of('GET /api/v1/pods').impersonates, []);
  });

  it('deletes have their options in the body, or in the query', () => {
    const path = 'DELETE /api/v1/namespaces/x/pods/p';
    assert.deepEqual(
      [of(`${path}?propagationPolicy=Orphan&gracePeriodSeconds=0`)].map((f) => [f.propagation, f.grace_seconds]),
      [['Orphan', 0]],
    );
    assert.deepEqual(
      [of(`${path}?propagationPolicy=Orphan`, { propagationPolicy: 'Foreground' })].map((f) => f.propagation),
      ['Foreground'],
    );
    assert.deepEqual(
      [of(path, { orphanDependents: true })].map((f) => f.propagation),
      ['Orphan'],
    );
    const evicted = of('POST /api/v1/namespaces/x/pods/p/eviction', { kind: 'Eviction', deleteOptions: { gracePeriodSeconds: 0 } });
    assert.equal(evicted.grace_seconds, 0);
  });
});

const pod = {
  hostPID: true,
  hostNetwork: true,
  serviceAccountName: 'deployer',
  volumes: [
    { name: 'a', hostPath: { path: '/var/run' } },
    { name: 'b', secret: { secretName: 'db' } },
    {
      name: 'c',
      projected: { sources: [{ secret: { name: 'tls' } }, { serviceAccountToken: { audience: 'vault' } }, { configMap: { name: 'app' } }] },
    },
    { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
  ],
  initContainers: [{ image: 'init:1', securityContext: { runAsUser: 0, capabilities: { add: ['CAP_SYS_ADMIN', 'net_raw'] } } }],
  containers: [
    {
      image: 'app:1',
      ports: [{ hostPort: 80 }],
      securityContext: { privileged: true, seccompProfile: { type: 'Unconfined' }, procMount: 'Unmasked' },
      env: [{ name: 'P', valueFrom: { secretKeyRef: { name: 'env', key: 'p' } } }],
      envFrom: [{ configMapRef: { name: 'settings' } }],
    },
  ],
};

describe('facts of Kubernetes: bodies', () => {
  const wanted = (facts: ReturnType<typeof of>) => {
    assert.deepEqual([...facts.images].sort(), ['app:1', 'init:1']);
    assert.deepEqual([...facts.privileges].sort(), [
      'capabilities',
      'host_network',
      'host_path',
      'host_pid',
      'host_port',
      'privileged',
      'proc_mount',
      'run_as_root',
      'unconfined',
    ]);
    assert.deepEqual([...facts.capabilities].sort(), ['NET_RAW', 'SYS_ADMIN']);
    assert.deepEqual(facts.host_paths, ['/var/run']);
    assert.deepEqual([...facts.mounts].sort(), [
      'configmap:app',
      'configmap:settings',
      'pvc:data',
      'secret:db',
      'secret:env',
      'secret:tls',
      'token:vault',
    ]);
    assert.equal(facts.service_account, 'deployer');
  };

  it('are the same for a pod, a template, a custom resource, a list, and every kind of patch', () => {
    wanted(of('POST /api/v1/namespaces/x/pods', { kind: 'Pod', spec: pod }));
    wanted(of('POST /apis/apps/v1/namespaces/x/deployments', { kind: 'Deployment', spec: { template: { spec: pod } } }));
    wanted(
      of('POST /apis/batch/v1/namespaces/x/cronjobs', { kind: 'CronJob', spec: { jobTemplate: { spec: { template: { spec: pod } } } } }),
    );
    wanted(
      of('POST /apis/argoproj.io/v1alpha1/namespaces/x/rollouts', { kind: 'Rollout', spec: { workload: { template: { spec: pod } } } }),
    );
    wanted(of('POST /api/v1/namespaces/x/pods', { kind: 'PodList', items: [{ spec: pod }] }));
    const patch = 'PATCH /apis/apps/v1/namespaces/x/deployments/d';
    wanted(of(patch, { spec: { template: { spec: pod } } }));
    wanted(of(patch, [{ op: 'replace', path: '/spec/template/spec', value: pod }]));
    wanted(
      of(
        patch,
        Object.entries(pod).map(([name, value]) => ({ op: 'add', path: `/spec/template/spec/${name}`, value })),
      ),
    );
    const apply = { 'Content-Type': 'application/apply-patch+yaml' };
    wanted(of(patch, JSON.stringify({ spec: { template: { spec: pod } } }), apply));
    wanted(of('POST /api/v1/namespaces/x/pods', yamlPod, { 'Content-Type': 'application/yaml' }));
  });

  it('elements that a JSON patch adds do not hide each other', () => {
    const patch = 'PATCH /apis/apps/v1/namespaces/x/deployments/d';
    const containers = '/spec/template/spec/containers';
    const shadowed = of(patch, [
      { op: 'add', path: `${containers}/0`, value: { image: 'evil', securityContext: { privileged: true } } },
      { op: 'add', path: `${containers}/0`, value: { image: 'good' } },
    ]);
    assert.deepEqual([shadowed.images, shadowed.privileges], [['evil', 'good'], ['privileged']]);
    const moved = of(patch, [
      { op: 'add', path: `${containers}/0/securityContext`, value: { privileged: true } },
      { op: 'add', path: `${containers}/0`, value: { image: 'good' } },
      { op: 'add', path: `${containers}/0/securityContext`, value: { privileged: false } },
    ]);
    assert.deepEqual(moved.privileges, ['privileged']);
    const twice = of(patch, [
      { op: 'add', path: `${containers}/-`, value: { image: 'one' } },
      { op: 'add', path: `${containers}/-`, value: { image: 'two' } },
    ]);
    assert.deepEqual(twice.images, ['one', 'two']);
    assert.equal(of(patch, [{ op: 'replace', path: '/spec/replicas', value: 0 }]).replicas, 0);
    const copied = of(patch, [{ op: 'copy', from: '/metadata', path: '/spec' }]);
    assert.match(copied.unreadable, /copy, whose value is at the server/);
    assert.equal(copied.object, undefined);
    assert.match(of(patch, [{ op: 'add', path: '/__proto__/x', value: 1 }]).unreadable, /__proto__/);
    assert.equal(({} as { x?: number }).x, undefined);
  });

  it('roles and bindings', () => {
    const binding = of('POST /apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      kind: 'ClusterRoleBinding',
      roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [
        { kind: 'ServiceAccount', namespace: 'ci', name: 'deployer' },
        { kind: 'Group', name: 'system:masters' },
        { kind: 'Group', name: 'system:authenticated' },
      ],
    });
    assert.deepEqual(binding.subjects, ['ServiceAccount:ci/deployer', 'Group:system:masters', 'Group:system:authenticated']);
    assert.equal(binding.role_ref, 'ClusterRole:cluster-admin');
    assert.deepEqual(binding.grants, ['masters', 'everyone', 'cluster_admin']);
    const grantsOf = (rule: object) => of('PUT /apis/rbac.authorization.k8s.io/v1/clusterroles/r', { rules: [rule] }).grants;
    assert.deepEqual(grantsOf({ verbs: ['get'], resources: ['pods'] }), []);
    assert.deepEqual(grantsOf({ verbs: ['list'], resources: ['secrets'] }), ['secrets']);
    assert.deepEqual(grantsOf({ verbs: ['create'], resources: ['*/exec'] }), ['exec']);
    assert.deepEqual(grantsOf({ verbs: ['create'], resources: ['serviceaccounts/token'] }), ['tokens']);
    assert.deepEqual(grantsOf({ verbs: ['bind', 'escalate', 'impersonate'], resources: ['users'] }), ['escalate', 'bind', 'impersonate']);
    assert.deepEqual(grantsOf({ verbs: ['get'], resources: ['nodes/proxy'] }), ['nodes']);
    assert.deepEqual(grantsOf({ verbs: ['patch'], resources: ['pods/ephemeralcontainers'] }), ['exec']);
    assert.deepEqual(grantsOf({ verbs: ['approve'], resources: ['signers'] }), ['certificates']);
    assert.deepEqual(grantsOf({ verbs: ['update'], resources: ['certificatesigningrequests/approval'] }), ['certificates']);
    assert.ok(grantsOf({ verbs: ['*'], resources: ['*'] }).includes('wildcard_verbs'));
    assert.ok(grantsOf({ verbs: ['*'], resources: ['*'] }).includes('wildcard_resources'));
    assert.deepEqual(
      of('PATCH /apis/rbac.authorization.k8s.io/v1/clusterroles/r', {
        metadata: { labels: { 'rbac.authorization.k8s.io/aggregate-to-admin': 'true' } },
      }).grants,
      ['aggregation'],
    );
    const added = of('PATCH /apis/rbac.authorization.k8s.io/v1/clusterrolebindings/b', [
      { op: 'add', path: '/subjects/-', value: { kind: 'User', name: 'jane' } },
    ]);
    assert.deepEqual(added.subjects, ['User:jane']);
  });

  it('a local volume, AppArmor by its annotation, owners', () => {
    const volume = of('POST /api/v1/persistentvolumes', { kind: 'PersistentVolume', spec: { local: { path: '/etc' } } });
    assert.deepEqual([volume.privileges, volume.host_paths], [['host_path'], ['/etc']]);
    const annotations = { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' };
    assert.deepEqual(of('POST /api/v1/namespaces/x/pods', { metadata: { annotations } }).privileges, ['unconfined']);
    const owner = { apiVersion: 'v1', kind: 'Namespace', name: 'gone', uid: '1' };
    const namespace = 'PATCH /api/v1/namespaces/x';
    assert.deepEqual(of(namespace, { metadata: { ownerReferences: [owner] } }).owners, ['Namespace:gone']);
    assert.deepEqual(of(namespace, [{ op: 'add', path: '/metadata/ownerReferences/-', value: owner }]).owners, ['Namespace:gone']);
  });

  it('a Scale that leaves the number out, or takes it away, scales to zero', () => {
    const scale = '/apis/apps/v1/namespaces/x/deployments/d/scale';
    const by = (type: string, body: unknown) => of(`PATCH ${scale}`, body, { 'content-type': `application/${type}` }).replicas;
    assert.equal(of(`PUT ${scale}`, { spec: {} }).replicas, 0);
    assert.equal(of(`PUT ${scale}`, { metadata: { name: 'd' } }).replicas, 0);
    assert.equal(of(`PUT ${scale}`, { spec: { replicas: 3 } }).replicas, 3);
    for (const type of ['merge-patch+json', 'strategic-merge-patch+json']) {
      assert.equal(by(type, { spec: { replicas: null } }), 0, type);
      assert.equal(by(type, { spec: null }), 0, type);
      assert.equal(by(type, { spec: {} }), 0, type);
      assert.equal(by(type, { metadata: { labels: { a: 'b' } } }), -1, type);
      assert.equal(by(type, { spec: { replicas: 3 } }), 3, type);
    }
    assert.equal(by('strategic-merge-patch+json', { spec: { $patch: 'delete', replicas: 3 } }), 0);
    assert.equal(by('strategic-merge-patch+json', { $patch: 'replace' }), 0);
    assert.equal(by('apply-patch+yaml', { spec: {} }), 0);
    const json = (...operations: object[]) => by('json-patch+json', operations);
    assert.equal(json({ op: 'remove', path: '/spec/replicas' }), 0);
    assert.equal(json({ op: 'remove', path: '/spec' }), 0);
    assert.equal(json({ op: 'replace', path: '/spec', value: {} }), 0);
    assert.equal(json({ op: 'replace', path: '/spec', value: { replicas: 3 } }, { op: 'remove', path: '/spec/replicas' }), 0);
    assert.equal(json({ op: 'replace', path: '', value: { metadata: {} } }), 0);
    assert.equal(json({ op: 'replace', path: '/spec/replicas', value: 3 }), 3);
    assert.equal(json({ op: 'test', path: '/spec/replicas', value: 3 }, { op: 'remove', path: '/metadata/labels' }), -1);
    // Of a workload itself the number has a default.
    assert.equal(of('PUT /apis/apps/v1/namespaces/x/deployments/d', { spec: {} }).replicas, -1);
  });

  it('what a JSON patch removes is null, as in a merge patch', () => {
    const { object } = of(
      'PATCH /api/v1/namespaces/x',
      [
        { op: 'remove', path: '/metadata/finalizers' },
        { op: 'remove', path: '/spec/finalizers/0' },
      ],
      { 'content-type': 'application/json-patch+json' },
    );
    assert.deepEqual(JSON.parse(JSON.stringify(object)), { metadata: { finalizers: null }, spec: { finalizers: { 0: null } } });
  });

  it('replicas and tokens', () => {
    assert.equal(of('PATCH /apis/apps/v1/namespaces/x/deployments/d/scale', { spec: { replicas: 0 } }).replicas, 0);
    assert.equal(of('PATCH /apis/apps/v1/namespaces/x/deployments/d', { spec: { paused: true } }).replicas, -1);
    const token = of('POST /api/v1/namespaces/x/serviceaccounts/s/token', { kind: 'TokenRequest', spec: { audiences: ['vault'] } });
    assert.deepEqual([token.audiences, token.kind], [['vault'], 'TokenRequest']);
  });

  it('what can not be read is said, and nothing of it can be had', () => {
    const path = 'POST /api/v1/namespaces/x/pods';
    const twice = of(path, '{"kind":"Pod","kind":"Secret"}');
    assert.match(twice.unparsed, /a key stands twice/);
    assert.equal(twice.object, undefined);
    assert.match(of(path, '{"a":', { 'Content-Type': 'application/json' }).unparsed, /not JSON/);
    assert.match(of(path, 'x', { 'Content-Type': 'application/cbor' }).unparsed, /application\/cbor is not read/);
    assert.match(of(path, 'x', { 'Content-Type': 'text/"evil"' }).unparsed, /type unknown is not read/);
    const yaml = (text: string) => of(path, text, { 'Content-Type': 'application/yaml' }).unparsed;
    assert.match(yaml('kind: &a Pod\nspec: *a\n'), /alias/);
    assert.match(yaml('kind: Pod\nspec: { hostPID: yes }\n'), /read differently/);
    assert.match(yaml('kind: Pod\nspec: { runAsUser: 00 }\n'), /read differently/);
    assert.match(yaml('kind: Pod\n---\nkind: Secret\n'), /not one document/);
    assert.match(yaml('kind: Pod\nkind: Secret\n'), /not one document/);
    assert.match(yaml('kind: !!binary Pod\n'), /tag|not one document/);
    assert.match(yaml(`${'- '.repeat(200)}x`), /nested deeper/);
    assert.equal(yaml("kind: Pod\nspec: { restartPolicy: 'no' }\n"), '');
    const proxied = of('POST /api/v1/namespaces/x/services/web/proxy/x', 'hello');
    assert.deepEqual([proxied.unparsed, proxied.object, proxied.replicas], ['', null, -1], 'it is no object of this API');
  });
});

const yamlPod = `
kind: Pod
spec:
  hostPID: true
  hostNetwork: true
  serviceAccountName: deployer
  volumes:
    - { name: a, hostPath: { path: /var/run } }
    - { name: b, secret: { secretName: db } }
    - name: c
      projected:
        sources: [{ secret: { name: tls } }, { serviceAccountToken: { audience: vault } }, { configMap: { name: app } }]
    - { name: d, persistentVolumeClaim: { claimName: data } }
  initContainers:
    - image: init:1
      securityContext: { runAsUser: 0, capabilities: { add: [CAP_SYS_ADMIN, net_raw] } }
  containers:
    - image: app:1
      ports: [{ hostPort: 80 }]
      securityContext: { privileged: true, seccompProfile: { type: Unconfined }, procMount: Unmasked }
      env: [{ name: P, valueFrom: { secretKeyRef: { name: env, key: p } } }]
      envFrom: [{ configMapRef: { name: settings } }]
`;
