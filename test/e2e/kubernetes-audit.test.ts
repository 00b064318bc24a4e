import assert from 'node:assert/strict';
import { request } from 'node:https';
import { describedKubernetes } from '../../filters/kubernetes/described.js';
import type { KubernetesFacts } from '../../filters/kubernetes/facts.js';
import { readProtobuf } from '../../filters/kubernetes/protobuf/decode.js';
import { eventually } from '../support/gateway.js';
import { type AuditEvent, type Kubernetes, sharedKubernetes } from '../support/kubernetes.js';
import { count } from '../support/long.js';
import { forSeeds, type Random } from '../support/random.js';
import { pathCases } from '../unit/kubernetes/paths.js';

type Asked = Pick<KubernetesFacts, 'verb' | 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>;

describe('facts of Kubernetes beside the audit log of a real API server', function () {
  this.timeout(60_000);
  let kube: Kubernetes;

  before(async function () {
    kube = await sharedKubernetes(this);
  });

  /** Sends the target as it is; gives the audit's id, empty where the server did not audit it. What lasts is broken off. */
  const send = (method: string, target: string, accept = 'application/json'): Promise<{ id: string; body: Buffer; type: string }> =>
    new Promise((resolve, reject) => {
      const asked = request(
        `${kube.server}/`,
        { method, path: target, rejectUnauthorized: false, headers: { authorization: `Bearer ${kube.token}`, accept } },
        (answer) => {
          const chunks: Buffer[] = [];
          const done = () =>
            resolve({
              id: String(answer.headers['audit-id'] ?? ''),
              body: Buffer.concat(chunks),
              type: answer.headers['content-type'] ?? '',
            });
          answer.on('data', (chunk: Buffer) => chunks.push(chunk));
          answer.on('end', done);
          answer.on('error', done);
          if (/watch/.test(target)) {
            done();
            asked.destroy();
          }
        },
      );
      asked.on('error', reject);
      asked.end();
    });

  const factsOf = (method: string, target: string): KubernetesFacts => describedKubernetes({ method, url: target });

  const audited = async (ids: readonly string[]): Promise<Map<string, AuditEvent>> =>
    eventually('the audit log', () => {
      const found = new Map(kube.audit().map((event) => [event.auditID, event]));
      return Promise.resolve(ids.every((id) => found.has(id)) ? found : undefined);
    });

  const compare = (method: string, target: string, event: AuditEvent) => {
    const { verb, group, resource, subresource, namespace, name } = factsOf(method, target);
    const ref = event.objectRef;
    const wanted: Asked = {
      verb: event.verb,
      group: ref?.apiGroup ?? '',
      resource: ref?.resource ?? '',
      subresource: ref?.subresource ?? '',
      namespace: ref?.namespace ?? '',
      name: ref?.name ?? '',
    };
    assert.deepEqual({ verb, group, resource, subresource, namespace, name }, wanted, `${method} ${target}`);
  };

  it('say the same of every path in the table', async () => {
    const sent: { method: string; target: string; id: string }[] = [];
    for (const one of pathCases) {
      const [method, target] = one.request.split(' ') as [string, string];
      const { id } = await send(method, target);
      if (one.silent === true) continue;
      assert.notEqual(id, '', `${one.request} was audited`);
      sent.push({ method, target, id });
    }
    const found = await audited(sent.map(({ id }) => id));
    for (const { method, target, id } of sent) compare(method, target, found.get(id)!);
    assert.ok(sent.length > 40);
  });

  it('say the same of paths made by chance, or refuse them', async () => {
    const made: { method: string; target: string }[] = [];
    forSeeds(count(150, 3000), (random) => {
      made.push({ method: random.pick(['GET', 'GET', 'GET', 'HEAD', 'OPTIONS']), target: targetOf(random) });
    });
    const sent: { method: string; target: string; id: string }[] = [];
    for (const { method, target } of made) {
      if (factsOf(method, target).unparsed !== '') continue;
      const { id } = await send(method, target);
      if (id !== '') sent.push({ method, target, id });
    }
    const found = await audited(sent.map(({ id }) => id));
    for (const { method, target, id } of sent) compare(method, target, found.get(id)!);
    assert.ok(sent.length > made.length / 3, `${sent.length} of ${made.length}`);
  });

  it('protobuf says what JSON says, for every kind that the server has', async () => {
    const read = async (path: string): Promise<Record<string, unknown>> =>
      JSON.parse((await send('GET', path)).body.toString()) as Record<string, unknown>;
    const { groups } = (await read('/apis')) as { groups: { versions: { groupVersion: string }[] }[] };
    const roots = ['/api/v1', ...groups.flatMap(({ versions }) => versions.map(({ groupVersion }) => `/apis/${groupVersion}`))];
    let objects = 0;
    for (const root of roots.filter((one) => !/apiextensions|apiregistration/.test(one))) {
      const { resources } = (await read(root)) as { resources: { name: string; verbs: string[] }[] };
      for (const { name } of resources.filter((one) => !one.name.includes('/') && one.verbs.includes('list') && !MOVING.has(one.name))) {
        const asJson = await read(`${root}/${name}`);
        const asProtobuf = await send('GET', `${root}/${name}`, 'application/vnd.kubernetes.protobuf');
        assert.match(asProtobuf.type, /protobuf/, `${root}/${name}`);
        assert.deepEqual(plain(readProtobuf(asProtobuf.body)), plain(asJson), `${root}/${name}`);
        objects += (asJson['items'] as unknown[] | null)?.length ?? 0;
      }
    }
    assert.ok(objects > 100, `${objects} objects`);
  });
});

/** They are others from one moment to the next. */
const MOVING = new Set(['leases', 'events', 'componentstatuses']);

function targetOf(random: Random): string {
  const parts = [
    'api',
    'apis',
    'v1',
    'apps',
    'namespaces',
    'default',
    'pods',
    'secrets',
    'watch',
    'proxy',
    'status',
    'p1',
    'log',
    'exec',
    'x',
    'Namespaces',
    'scale',
    'openapi',
    'version',
  ];
  const spelled = (part: string) =>
    random.chance(0.2) ? [...part].map((c) => (random.chance(0.3) ? `%${c.charCodeAt(0).toString(16)}` : c)).join('') : part;
  const begin = random.pick([['api', 'v1'], ['apis', 'apps', 'v1'], ['api', 'v1', 'namespaces', 'default'], []]);
  const all = [...begin, ...Array.from({ length: random.int(5) }, () => random.pick(parts))].map(spelled);
  const slash = () => (random.chance(0.1) ? random.pick(['%2f', '%2F', '//', '/./', '%5c', ';']) : '/');
  const path = `/${all.map((part, i) => (i === 0 ? part : `${slash()}${part}`)).join('')}${random.chance(0.1) ? '/' : ''}`;
  const query = random.chance(0.4)
    ? `?${random.pick(['watch=1', 'watch=true&timeoutSeconds=1', 'watch=0', 'WATCH=1', 'watch', 'fieldSelector=metadata.name%3Dp1', 'fieldSelector=metadata.name=a,metadata.name=b', 'fieldSelector=metadata.name%3D%5C%2Cx', 'limit=1', 'limit=', 'labelSelector=a%3Db', 'dryRun=All'])}`
    : '';
  return `${path}${query}`;
}

/** Without what Go writes in one of the two and not in the other: empty values, and what changes from one list to the next. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([name, inner]) => [name, plain(inner)] as const)
    .filter(([name, inner]) => name !== 'resourceVersion' && !isEmpty(inner));
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const isEmpty = (value: unknown): boolean =>
  value === null || value === '' || value === 0 || value === false || (typeof value === 'object' && Object.keys(value).length === 0);
