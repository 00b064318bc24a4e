import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import WebSocket from 'ws';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import type { Up } from '../../extproc/up.js';
import { MARK, MARK_BASE64 } from '../../filters/kubernetes/answers/marks.js';
import { recordedEvents } from '../faults/support/world.js';
import { Approver } from '../support/approver.js';
import { eventually } from '../support/gateway.js';
import { packedRelease, readRelease, releaseWith } from '../support/helm.js';
import { judgedOtherwise } from '../support/judged-again.js';
import { type Kubernetes, kubeconfigOf, kubectl, type Ran, sharedKubernetes, tlsFile } from '../support/kubernetes.js';
import { ANY_PORT, type UpWorld, upWorld } from '../support/up-world.js';

const policy = `
version: 1
rules:
  - { name: no-namespaces, on: kubernetes, when: 'k8s.verb in ["delete", "deletecollection"] && k8s.resource == "namespaces"', then: deny, message: Namespaces stay., hint: Ask the platform team. }
  - { name: no-cluster-admin, on: kubernetes, when: 'k8s.grants.exists(g, g == "cluster_admin")', then: deny, message: No cluster-admin. }
  - { name: no-privileged, on: kubernetes, when: 'k8s.privileges.size() > 0', then: deny, message: No privileged pods. }
  - { name: to-zero, on: kubernetes, when: 'k8s.replicas == 0', then: approve, approve: { by: [platform] } }
masks:
  - { name: kubernetes-secrets, kubernetes: [secrets], as: redact }
  - { name: pii, detect: [pii], as: partial }
  - { name: secrets, detect: [secrets], as: redact }
`;
const PASSWORD = 'correct-horse-battery';
const EMAIL = 'jane.doe@example.com';
const CARD = '4111 1111 1111 1111';
const manifest = (password: string) =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'db' },
    stringData: { password },
    data: { user: Buffer.from('admin-user').toString('base64') },
  });

describe('a Kubernetes API behind Envoy and the gateway, by kubectl', function () {
  this.timeout(90_000);
  let world: UpWorld;
  let kube: Kubernetes;
  let up: Up;

  const run = (args: string[], more: Parameters<typeof kubectl>[3] = {}): Promise<Ran> =>
    kubectl(kube.binaries, up.kubernetes!.kubeconfig, args, more);
  const ok = async (args: string[], more: Parameters<typeof kubectl>[3] = {}): Promise<string> => {
    const { code, out, err } = await run(args, more);
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${err}`);
    return out;
  };
  const stored = async (): Promise<string> => (await kube.admin('get', 'secret', 'db', '-o', 'jsonpath={.data.password}')).out;
  const clean = (text: string) => {
    for (const value of [PASSWORD, Buffer.from(PASSWORD).toString('base64')])
      assert.ok(!text.includes(value), `${value} in ${text.slice(0, 500)}`);
  };

  before(async function () {
    kube = await sharedKubernetes(this);
    world = await upWorld(policy, { kubernetes: { kubeconfig: kube.kubeconfig, listen: ANY_PORT } });
    up = world.up;
  });
  after(async () => {
    await world?.stop();
  });

  it('the agent’s kubeconfig holds no credential, and is for its owner alone', async () => {
    const { kubeconfig } = up.kubernetes!;
    assert.equal(statSync(kubeconfig).mode & 0o777, 0o600);
    assert.ok(!readFileSync(kubeconfig, 'utf8').includes(kube.token));
    assert.match(await ok(['auth', 'whoami', '-o', 'json']), /"username": "admin"/);
  });

  it('creates in protobuf, as kubectl does, and applies', async () => {
    await ok(['create', 'namespace', 'team']);
    await ok(['create', 'secret', 'generic', 'plain', `--from-literal=password=${PASSWORD}`]);
    await ok([
      'create',
      'configmap',
      'app',
      `--from-literal=owner=${EMAIL}`,
      `--from-literal=encoded=${Buffer.from(`card ${CARD}`).toString('base64')}`,
    ]);
    await ok(['create', 'deployment', 'web', '--image=nginx']);
    await ok(['apply', '-f', '-'], { input: manifest(PASSWORD) });
    assert.equal(Buffer.from(await stored(), 'base64').toString(), PASSWORD);
    const created = kube.audit().find(({ requestURI, verb }) => verb === 'create' && requestURI.startsWith('/api/v1/namespaces?'));
    assert.equal(created?.user.username, 'admin');
  });

  it('Secrets are masked wherever they stand', async () => {
    const yaml = await ok(['get', 'secret', 'db', '-o', 'yaml']);
    clean(yaml);
    assert.match(yaml, /last-applied-configuration/);
    const { data } = JSON.parse(await ok(['get', 'secret', 'db', '-o', 'json'])) as { data: Record<string, string> };
    assert.deepEqual(
      Object.values(data).map((value) => Buffer.from(value, 'base64').toString()),
      [MARK, MARK],
    );
    clean(await ok(['get', 'secrets', '-A', '-o', 'json']));
    const raw = await ok(['get', '--raw', '/api/v1/secrets?limit=500']);
    clean(raw);
    assert.equal((JSON.parse(raw) as { kind: string }).kind, 'SecretList');
    assert.match(await ok(['get', 'secrets']), /db +Opaque +2/);
    assert.match(await ok(['describe', 'secret', 'db']), /password: +18 bytes/);
    for (const accept of [
      'application/json;as=Table;v=v1;g=meta.k8s.io',
      'application/vnd.kubernetes.protobuf',
      'application/yaml',
      'application/cbor',
      '*/*',
    ]) {
      const answer = await fetch(`http://127.0.0.1:${up.kubernetes!.port}/api/v1/namespaces/default/secrets?includeObject=Object`, {
        headers: { accept },
      });
      assert.equal(answer.status, 200, accept);
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/, accept);
      clean(await answer.text());
    }
    const spelled = await fetch(`http://127.0.0.1:${up.kubernetes!.port}/api/v1/%6eamespaces/default/secrets%2fdb`);
    const text = await spelled.text();
    assert.equal(spelled.status, 200, text);
    clean(text);
    assert.ok(text.includes(Buffer.from(MARK).toString('base64')));
  });

  it('a patch that can not be applied is told without the Secret that it was for', async () => {
    for (const [type, patch] of [
      ['json', '[{"op":"replace","path":"/kind","value":"ConfigMap"}]'],
      ['json', '[{"op":"add","path":"/data/more","value":{}}]'],
      ['merge', '{"metadata":{"labels":{"a":{"b":1}}}}'],
      ['merge', '{"immutable":"x"}'],
    ] as const) {
      const { code, err } = await run(['patch', 'secret', 'db', `--type=${type}`, '-p', patch, '-v=8']);
      assert.equal(code, 1);
      assert.match(err, /Invalid value/, patch);
      clean(err);
    }
  });

  it('ConfigMaps and logs go through the detectors, base64 too', async () => {
    const { data } = JSON.parse(await ok(['get', 'configmap', 'app', '-o', 'json'])) as { data: Record<string, string> };
    assert.equal(data['owner'], 'j***@example.com');
    assert.equal(Buffer.from(data['encoded']!, 'base64').toString(), 'card **** **** **** 1111');
    if (!kube.kubelet) return;
    const logs = await ok(['logs', 'p1']);
    assert.match(logs, /\*{12}1111/);
  });

  it('a watch gives each event as it comes', async () => {
    const watch = spawn(join(kube.binaries, 'kubectl'), [
      '--kubeconfig',
      up.kubernetes!.kubeconfig,
      'get',
      'secrets',
      '-w',
      '-o',
      'json',
      '--output-watch-events',
    ]);
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    try {
      await eventually('the first events', () => Promise.resolve(seen.includes('"name":"db"') || undefined));
      await kube.admin('create', 'secret', 'generic', 'late', `--from-literal=password=${PASSWORD}`);
      await eventually('the new event', () => Promise.resolve(seen.includes('"name":"late"') || undefined));
      clean(seen);
      await kube.admin('label', 'secret', 'late', 'seen=yes');
      await eventually('the change', () => Promise.resolve(seen.includes('"seen":"yes"') || undefined));
    } finally {
      watch.kill();
    }
  });

  it('a watch over WebSocket too, and a log over it is not read', async () => {
    const { port } = up.kubernetes!;
    const connected = (path: string, protocols: string[]) =>
      new WebSocket(`ws://127.0.0.1:${port}${path}`, protocols, { headers: { origin: 'http://localhost' } });
    for (const protocols of [[], ['binary.k8s.io'], ['base64.binary.k8s.io']]) {
      const socket = connected('/api/v1/namespaces/default/secrets?watch=1&timeoutSeconds=1', protocols);
      const seen: string[] = [];
      socket.on('message', (data: Buffer) => seen.push(data.toString()));
      await once(socket, 'close');
      const events = seen.map((text) => JSON.parse(text) as { object: { metadata: { name: string }; data: Record<string, string> } });
      const { data } = events.find(({ object }) => object.metadata.name === 'db')!.object;
      assert.deepEqual(Object.values(data), [MARK_BASE64, MARK_BASE64]);
      clean(seen.join());
    }
    const log = connected('/api/v1/namespaces/default/pods/p1/log', ['binary.k8s.io']);
    const [, refused] = (await once(log, 'unexpected-response')) as [unknown, IncomingMessage];
    assert.equal(refused.statusCode, 403);
    refused.destroy();
  });

  it('what was masked is not written back, and what changes alone is', async () => {
    const before = await stored();
    const got = await ok(['get', 'secret', 'db', '-o', 'yaml']);
    for (const verb of ['apply', 'replace']) {
      const { code, err } = await run([verb, '-f', '-'], { input: got });
      assert.equal(code, 1);
      assert.match(err, /carries a masked Secret/);
    }
    const config = await ok(['get', 'configmap', 'app', '-o', 'yaml']);
    assert.match((await run(['replace', '-f', '-'], { input: config })).err, /carries a masked value/);
    const editor = join(world.directory, 'editor.sh');
    writeFileSync(editor, '#!/bin/sh\nsed -i \'s/^metadata:/metadata:\\n  labels: {edited: "yes"}/\' "$1"\n');
    chmodSync(editor, 0o755);
    assert.match(await ok(['edit', 'secret', 'db'], { env: { KUBE_EDITOR: editor } }), /secret\/db edited/);
    assert.equal(await stored(), before);
    await ok(['diff', '-f', '-'], { input: manifest(PASSWORD) });
    await ok(['apply', '-f', '-'], { input: manifest('another-password') });
    assert.equal(Buffer.from(await stored(), 'base64').toString(), 'another-password');
    await ok(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input: manifest(PASSWORD) });
    assert.equal(Buffer.from(await stored(), 'base64').toString(), PASSWORD);
    await ok(['patch', 'secret', 'db', '--type=json', '-p', '[{"op":"add","path":"/metadata/labels/patched","value":"yes"}]']);
  });

  it('a field of a custom resource that holds a secret is masked, in tables by its column', async () => {
    const file = join(world.directory, 'crd.json');
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    const additionalPrinterColumns = [{ name: 'Password', type: 'string', jsonPath: '.spec.password' }];
    const crd = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'shops.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Namespaced',
        names: { plural: 'shops', singular: 'shop', kind: 'Shop' },
        versions: [{ name: 'v1', served: true, storage: true, additionalPrinterColumns, schema }],
      },
    };
    writeFileSync(file, JSON.stringify(crd));
    try {
      await ok(['apply', '-f', file]);
      await ok(['wait', '--for=condition=Established', 'crd/shops.example.com', '--timeout=20s']);
      const shop = { apiVersion: 'example.com/v1', kind: 'Shop', metadata: { name: 's1' }, spec: { password: PASSWORD } };
      await ok(['apply', '-f', '-'], { input: JSON.stringify(shop) });
      for (const output of [
        'wide',
        'yaml',
        'json',
        'jsonpath={.spec}',
        'custom-columns=P:.spec.password',
        'go-template={{.spec.password}}',
      ]) {
        const said = await ok(['get', 'shop', 's1', '-o', output]);
        clean(said);
        assert.match(said, /\[password\]/, output);
      }
    } finally {
      await kube.admin('delete', 'crd', 'shops.example.com', '--wait=false');
    }
  });

  it('a Secret that a ConfigMap holds as YAML is covered there', async () => {
    const file = join(world.directory, 'addon.yaml');
    writeFileSync(file, `apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:\n  login: ${PASSWORD}\n`);
    await ok(['create', 'configmap', 'addon', `--from-file=${file}`]);
    const said = await ok(['get', 'configmap', 'addon', '-o', 'json']);
    clean(said);
    assert.ok(said.includes(MARK), said);
  });

  it('an error names what was asked for, whatever it is called', async () => {
    for (const name of ['sh.helm.release.v1.none.v1', 'my-db-credentials'])
      assert.match((await run(['get', 'secret', name])).err, new RegExp(`secrets "${name}" not found`));
  });

  it('releases of Helm are read without what their Secrets hold, and not written back so', async () => {
    const name = 'sh.helm.release.v1.shop.v1';
    const file = join(world.directory, 'release.json');
    const data = { release: packedRelease(releaseWith(PASSWORD, 'a key\nof two lines', EMAIL)) };
    const object = { apiVersion: 'v1', kind: 'Secret', type: 'helm.sh/release.v1', metadata: { name, labels: { owner: 'helm' } }, data };
    writeFileSync(file, JSON.stringify(object));
    await ok(['create', '-f', file]);
    const listed = await ok(['get', 'secrets', '-l', 'owner=helm', '-o', 'json']);
    const { items } = JSON.parse(listed) as { items: { data: { release: string } }[] };
    const release = readRelease(items[0]!.data.release);
    assert.deepEqual([release.name, release.info.status, release.version], ['shop', 'deployed', 1]);
    clean(JSON.stringify(release));
    assert.ok(!JSON.stringify(release).includes(EMAIL));
    assert.ok(release.manifest.includes(`plain: "${MARK}"`));
    writeFileSync(file, JSON.stringify({ ...object, metadata: { name }, data: items[0]!.data }));
    for (const args of [
      ['replace', '-f', file],
      ['apply', '--server-side', '--force-conflicts', '-f', file],
      ['patch', 'secret', name, '-p', JSON.stringify({ data: items[0]!.data })],
    ])
      assert.match((await run(args)).err, /carries a masked Secret/, args.join(' '));
    assert.equal((await kube.admin('get', 'secret', name, '-o', 'jsonpath={.data.release}')).out, data.release);
    await ok(['delete', 'secret', name]);
  });

  it('refuses in words that kubectl prints', async () => {
    const refused = async (args: string[], wanted: RegExp, input = '') => {
      const { code, err } = await run(args, { input });
      assert.equal(code, 1, args.join(' '));
      assert.match(err, wanted);
    };
    await refused(
      ['delete', 'namespace', 'team'],
      /Error from server \(Forbidden\): Refused by policy: Namespaces stay\. Ask the platform team\. \(rule no-namespaces, request [0-9a-f]{32}\)/,
    );
    await refused(['create', 'clusterrolebinding', 'b', '--clusterrole=cluster-admin', '--user=agent'], /No cluster-admin/);
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'evil' },
      spec: { hostPID: true, containers: [{ name: 'c', image: 'x' }] },
    };
    await refused(['create', '-f', '-'], /No privileged pods/, JSON.stringify(pod));
    await refused(['get', 'pods', '--as=system:admin'], /Nobody may be impersonated/);
    const yaml = await fetch(`http://127.0.0.1:${up.kubernetes!.port}/api/v1/namespaces/default/pods`, {
      method: 'POST',
      headers: { 'content-type': 'application/yaml' },
      body: 'kind: Pod\nmetadata: {name: evil}\nspec: {hostNetwork: true, containers: []}\n',
    });
    assert.equal(((await yaml.json()) as { reason: string; message: string }).reason, 'Forbidden');
    const { out } = await kube.admin('get', 'pods,namespaces', '-o', 'name');
    assert.ok(!out.includes('evil'));
    assert.ok(out.includes('namespace/team'));
  });

  it('discovery, schemas and health pass', async () => {
    assert.match(await ok(['api-resources']), /deployments +deploy/);
    assert.match(await ok(['explain', 'pod.spec.hostPID']), /hostPID <boolean>/);
    assert.equal(await ok(['get', '--raw', '/readyz']), 'ok');
    assert.match(await ok(['get', '--raw', '/openapi/v2']), /"swagger"/);
  });

  it('a held request waits in flight, and says afterwards that it did', async () => {
    const decide = async (verdict: 'approve' | 'deny') => (await new Approver(up).decideNext(verdict)).text;
    // A Scale that does not say its number is one of none.
    for (const [type, patch] of [
      ['json', '[{"op":"remove","path":"/spec/replicas"}]'],
      ['merge', '{"spec":null}'],
    ] as const) {
      const hidden = run(['patch', 'deployment', 'web', '--subresource=scale', `--type=${type}`, '-p', patch]);
      await decide('deny');
      assert.match((await hidden).err, /Not approved/, patch);
    }
    assert.equal((await kube.admin('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}')).out, '1');
    const denied = run(['scale', 'deployment', 'web', '--replicas=0']);
    assert.match(await decide('deny'), /PATCH .*deployments\/web\/scale\n\n\{"spec":\{"replicas":0\}\}/);
    assert.match((await denied).err, /Not approved: .*denied by operator: as asked.*rule to-zero/);
    const approved = run(['scale', 'deployment', 'web', '--replicas=0']);
    await decide('approve');
    const { code, err } = await approved;
    assert.equal(code, 0, err);
    assert.match(err, /Warning: held by the rule to-zero, and approved/);
    assert.equal((await kube.admin('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}')).out, '0');
  });

  it('calls the API server with a client certificate, and believes only the authority of its kubeconfig', async () => {
    const kubeconfig = join(world.directory, 'certificate.kubeconfig');
    const through = async (cluster: object): Promise<Ran> => {
      const user = {
        'client-certificate': tlsFile('client.pem'),
        'client-key-data': readFileSync(tlsFile('client.key')).toString('base64'),
      };
      writeFileSync(kubeconfig, kubeconfigOf({ server: kube.server, ...cluster }, user));
      const other = await upWorld(policy, { kubernetes: { kubeconfig, listen: ANY_PORT } });
      try {
        return await kubectl(kube.binaries, other.up.kubernetes!.kubeconfig, ['auth', 'whoami', '-o', 'json']);
      } finally {
        await other.stop();
      }
    };
    const { out, err } = await through({ 'certificate-authority': kube.ca_file });
    assert.match(out, /"username": "test client"/, err);
    const stranger = await through({ 'certificate-authority': tlsFile('ca.pem') });
    assert.equal(stranger.code, 1);
    assert.equal(stranger.out, '');
  });

  it('has recorded who asked for what, without a Secret in it', async () => {
    const { recordings } = world;
    await up.runtime.recordings.rotate();
    const events = await recordedEvents(recordings);
    const operations = events.filter(({ type }) => type === 'request').map((event) => String(event['operation']));
    for (const wanted of [
      'create namespaces',
      'create secrets in default',
      'delete namespaces in team',
      'patch deployments.apps/scale in default (merge)',
      'watch secrets in default',
    ])
      assert.ok(operations.includes(wanted), `${wanted} in ${[...new Set(operations)].join('; ')}`);
    const deleted = events.find((event) => event['operation'] === 'delete namespaces in team');
    assert.equal((deleted!['facts'] as { kubernetes: { name: string } }).kubernetes.name, 'team');
    const created = events.find((event) => event['operation'] === 'create secrets in default');
    const audited = kube.audit().find(({ auditID }) => auditID === created!.session);
    assert.equal(audited?.objectRef?.resource, 'secrets', 'the session is the id in the cluster’s own audit log');
    const text = JSON.stringify(
      events.map((event) => ({
        ...event,
        body: event.type === 'response' ? Buffer.from(String(event['body']), 'base64').toString() : event['body'],
      })),
    );
    clean(text);
    assert.ok(!text.includes(kube.token));
    assert.ok(!text.includes(EMAIL));
    assert.deepEqual((await verifyRecordings(recordings)).problems, []);
    assert.deepEqual(await judgedOtherwise(policy, await recordedEvents(recordings)), []);
  });
});
