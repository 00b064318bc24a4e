import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { MidstreamError } from '../../../filters/errors.js';
import type { Header } from '../../../filters/http/effects.js';
import { MARK } from '../../../filters/kubernetes/answers/marks.js';
import { Driver } from '../http/support.js';

const policy = `
version: 1
rules:
  - { name: no-namespaces, on: kubernetes, when: 'k8s.verb == "delete" && k8s.resource == "namespaces"', then: deny, message: No. }
  - { name: zero, on: kubernetes, when: 'k8s.replicas == 0', then: approve, approve: { by: [ops] } }
  - { name: no-logs, on: http, when: 'http.path.endsWith("/log")', then: deny }
masks:
  - { name: k8s, kubernetes: [secrets], as: redact }
  - { name: pii, detect: [pii], as: partial }
`;
const json: Header[] = [['content-type', 'application/json']];
const kube = (text = policy, options: Partial<{ credential: () => string; impersonation: boolean }> = {}) =>
  new Driver(text, undefined, false, undefined, { credential: () => 'Bearer gateway', impersonation: false, ...options });
const headOf = (d: Driver) => {
  const head = d.answers.find((answer) => answer.part === 'request_headers');
  assert.ok(head?.part === 'request_headers', 'it was passed on');
  return head;
};
const statusOf = (d: Driver) => d.refusal().problem as { kind: string; code: number; reason: string; message: string };

describe('an exchange with a Kubernetes API', () => {
  it('puts the gateway’s credential in place of the caller’s, and asks for JSON', () => {
    const d = kube();
    d.request('GET /api/v1/namespaces/x/secrets', [
      ['authorization', 'Bearer agent'],
      ['x-remote-user', 'root'],
      ['x-remote-extra-scopes', 'all'],
      ['accept', 'application/vnd.kubernetes.protobuf,application/json'],
    ]);
    const { set, remove } = headOf(d);
    assert.deepEqual(Object.fromEntries(set ?? []), {
      'accept-encoding': 'identity',
      authorization: 'Bearer gateway',
      accept: 'application/json',
      'audit-id': 'session',
    });
    assert.deepEqual(remove, ['range', 'if-range', 'x-remote-user', 'x-remote-extra-scopes']);
    const text = d.respond(json, '{"kind":"SecretList","items":[{"data":{"a":"eA=="}}]}');
    assert.deepEqual(JSON.parse(text), { kind: 'SecretList', items: [{ data: { a: Buffer.from(MARK).toString('base64') } }] });
    assert.equal(d.events('session.open')[0]!['protocol'], 'kubernetes');
    assert.equal(d.events('request')[0]!['operation'], 'list secrets in x');
    assert.ok(!JSON.stringify(d.records).includes('Bearer'));
    const certificate = kube(policy, { credential: () => '' });
    certificate.request('GET /api', [['authorization', 'Bearer agent']]);
    assert.deepEqual(headOf(certificate).remove, ['authorization'], 'where Envoy shows a certificate, no header goes on');
  });

  it('lets nothing through that is packed and does not say so, as a profile of the API server, or what stands behind its proxy', () => {
    for (const path of ['/debug/pprof/heap', '/api/v1/namespaces/x/services/http:y:1/proxy/dump']) {
      const d = kube();
      d.request(`GET ${path}`);
      d.respond([['content-type', 'application/octet-stream']], gzipSync('jane.doe@example.com'));
      assert.match(statusOf(d).message, /packed \(gzip\)/);
    }
  });

  it('gives no half of a line that limitBytes cuts off: one byte more each time would tell a value', () => {
    const log = (target: string, ...chunks: string[]): string => {
      const d = kube('version: 1\nmasks:\n  - { name: pii, detect: [pii], as: partial }\n');
      d.request(`GET /api/v1/namespaces/x/pods/p/log${target}`);
      return d.respond([['content-type', 'text/plain']], ...chunks);
    };
    const card = '4111 1111 1111 1111';
    for (let cut = 1; cut <= card.length; cut++) assert.equal(log('?limitBytes=9', 'first\n', `card ${card}`.slice(0, 5 + cut)), 'first\n');
    assert.equal(log('?limitBytes=99', `card ${card}`, '\nmore\n'), 'card **** **** **** 1111\nmore\n');
    assert.equal(log('?limitBytes=9', 'x'.repeat(70_000)).length, 70_000 - 65_536);
    assert.equal(log('', `card ${card}`), 'card **** **** **** 1111');
    const proxied = kube('version: 1\nmasks:\n  - { name: pii, detect: [pii], as: partial }\n');
    proxied.request('GET /api/v1/nodes/n1/proxy/containerLogs/x/p/c?limitBytes=9');
    assert.equal(proxied.respond([['content-type', 'text/plain']], 'one\ncard 4111'), 'one\n');
  });

  it('takes a token among the subprotocols of a WebSocket away', () => {
    const d = kube();
    const token = 'base64url.bearer.authorization.k8s.io.c2VjcmV0';
    d.request('GET /api/v1/pods?watch=1', [['sec-websocket-protocol', `${token}, v5.channel.k8s.io`]]);
    assert.equal(Object.fromEntries(headOf(d).set ?? [])['sec-websocket-protocol'], 'v5.channel.k8s.io');
    assert.ok(!JSON.stringify(d.records).includes('c2VjcmV0'));
    const { kubernetes } = d.events('request')[0]!['facts'] as { kubernetes: object };
    assert.deepEqual(kubernetes, {
      verb: 'watch',
      group: '',
      version: 'v1',
      resource: 'pods',
      subresource: '',
      namespace: '',
      name: '',
      dry_run: false,
      field_manager: '',
      impersonates: 0,
    });
  });

  it('leaves discovery as it is', () => {
    const d = kube();
    d.request('GET /openapi/v2', [['accept', 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf']]);
    assert.deepEqual(Object.fromEntries(headOf(d).set ?? []), { authorization: 'Bearer gateway', 'audit-id': 'session' }, 'accept stays');
    assert.equal(
      d.respond([['content-type', 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf']], 'jane.doe@example.com'),
      'jane.doe@example.com',
    );
  });

  it('refuses by a Status', () => {
    const d = kube();
    d.request('DELETE /api/v1/namespaces/prod');
    const { kind, code, reason, message } = statusOf(d);
    assert.deepEqual(
      [kind, code, reason, message],
      ['Status', 403, 'Forbidden', 'Refused by policy: No. (rule no-namespaces, request session)'],
    );
    const logs = kube();
    logs.request('GET /api/v1/namespaces/x/pods/p/log');
    assert.match(statusOf(logs).message, /rule no-logs/, 'rules on http hold too');
  });

  it('covers warnings of policies and webhooks about Secrets, and no others', () => {
    const policy = `299 - "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': `;
    const known = '299 - "unknown field \\"spec.x\\""';
    const warned = (resource: string, ...warnings: string[]) => {
      const d = kube();
      d.request(
        `PATCH /api/v1/namespaces/x/${resource}/db`,
        [['content-type', 'application/merge-patch+json']],
        '{"metadata":{"labels":{"a":"b"}}}',
      );
      d.step({
        type: 'response_headers',
        headers: [[':status', '200'], ...json, ...warnings.map((one): Header => ['warning', one])],
        end: true,
      });
      const head = d.answers.find((answer) => answer.part === 'response_headers');
      assert.ok(head?.part === 'response_headers');
      const of = (headers: readonly Header[] = []) => headers.filter(([name]) => name === 'warning').map(([, value]) => value);
      return { set: of(head.set), append: of(head.append), removed: head.remove?.includes('warning') === true };
    };
    const secret = 'password is correct-horse"';
    assert.deepEqual(warned('secrets', policy + secret), { set: [`${policy}${MARK}"`], append: [], removed: false });
    assert.deepEqual(warned('secrets', `299 - "${secret}`), { set: [`299 - "${MARK}"`], append: [], removed: false });
    assert.deepEqual(warned('secrets', policy + secret, known), { set: [], append: [`${policy}${MARK}"`, known], removed: true });
    assert.deepEqual(warned('secrets', known), { set: [], append: [], removed: false });
    assert.deepEqual(warned('pods', policy + secret), { set: [], append: [], removed: false });
  });

  it('judges a body when it is whole, and refuses what can not be read', () => {
    const d = kube();
    d.request(
      'PATCH /apis/apps/v1/namespaces/x/deployments/d/scale',
      [['content-type', 'application/merge-patch+json']],
      '{"spec":{"replicas":0}}',
    );
    assert.equal(d.exchange.phase, 'held');
    d.step({ type: 'approval', hold: 'hold1', outcome: 'approved', reason: '', decisions: [], lease: '' });
    d.step({ type: 'response_headers', headers: [[':status', '200'], ...json], end: true });
    const head = d.answers.find((answer) => answer.part === 'response_headers');
    assert.ok(head?.part === 'response_headers');
    assert.deepEqual(head.append, [['warning', '299 midstream "held by the rule zero, and approved"']]);
    const twice = kube();
    twice.request('POST /api/v1/namespaces/x/pods', json, '{"kind":"Pod","kind":"Secret"}');
    assert.match(statusOf(twice).message, /a key stands twice/);
    const unknown = kube('version: 1\ndefaults: { unparsed: approve }\n');
    unknown.request('POST /api/v1/namespaces/x/pods', [['content-type', 'application/cbor']], 'x');
    assert.match(statusOf(unknown).message, /can not be shown to an approver/);
  });

  it('has rules that allow: what is allowed for kubernetes needs no rule on http', () => {
    const closed =
      'version: 1\nrules:\n  - { name: reads, on: kubernetes, when: \'k8s.verb in ["get", "list", "watch"]\', then: allow }\ndefaults: { allow: false }\n';
    const read = kube(closed);
    read.request('GET /api/v1/pods');
    headOf(read);
    const write = kube(closed);
    write.request('POST /api/v1/namespaces/x/pods', json, '{"kind":"Pod"}');
    assert.match(statusOf(write).message, /No rule of the policy allows this/);
  });

  it('never lets pass impersonation, upgrades, masks that are written back, a request without a credential', () => {
    const as = kube();
    as.request('GET /api/v1/pods', [['impersonate-user', 'root']]);
    assert.match(statusOf(as).message, /Nobody may be impersonated/);
    const may = kube(policy, { impersonation: true });
    may.request('GET /api/v1/pods', [['impersonate-user', 'root']]);
    assert.ok(!(headOf(may).remove ?? []).includes('impersonate-user'));
    const exec = kube();
    exec.step({
      type: 'request_headers',
      headers: [
        [':method', 'GET'],
        [':authority', 'k'],
        [':path', '/api/v1/namespaces/x/pods/p/exec?command=sh'],
        ['upgrade', 'websocket'],
      ],
      end: false,
    });
    assert.match(statusOf(exec).message, /by hop alone/);
    const body = JSON.stringify({ kind: 'Secret', data: { a: Buffer.from(MARK).toString('base64') } });
    for (const request of ['PUT /api/v1/namespaces/x/secrets/s', 'POST /api/v1/namespaces/x/secrets']) {
      const back = kube();
      back.request(request, json, body);
      assert.match(statusOf(back).message, /carries a masked Secret/);
    }
    const value = kube();
    value.request('PUT /api/v1/namespaces/x/configmaps/c', json, '{"data":{"a":"j***@example.com"}}');
    assert.match(statusOf(value).message, /carries a masked value/);
    const copy = kube();
    copy.request('POST /api/v1/namespaces/x/configmaps', json, '{"data":{"a":"j***@example.com"}}');
    headOf(copy);
    const without = kube(policy, {
      credential: () => {
        throw new MidstreamError('unavailable', 'the token is gone');
      },
    });
    without.request('GET /api/v1/pods');
    assert.deepEqual([statusOf(without).code, statusOf(without).reason], [503, 'ServiceUnavailable']);
  });

  it('answers no patch that would tell what is covered, whatever else the policy lets pass', () => {
    const open = 'version: 1\nmasks:\n  - { name: k8s, kubernetes: [secrets], as: redact }\ndefaults: { unparsed: allow }\n';
    const patched = (patch: unknown, path = 'secrets/s', text = open) => {
      const d = kube(text);
      const type: Header = ['content-type', 'application/json-patch+json'];
      d.request(`PATCH /api/v1/namespaces/x/${path}`, [type], typeof patch === 'string' ? patch : JSON.stringify(patch));
      return d;
    };
    const applied = '/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration';
    for (const operation of [
      { op: 'test', path: '/data/password', value: 'eA==' },
      { op: 'test', path: '/data', value: {} },
      { op: 'test', path: '', value: {} },
      { op: 'test', path: applied, value: '{}' },
      { op: 'copy', from: '/data/password', path: '/metadata/annotations/x' },
      { op: 'copy', from: 'any/data/password', path: '/metadata/annotations/x' },
      { op: 'copy', from: '/data', path: '/metadata/annotations' },
      { op: 'move', from: '/data/password', path: '/metadata/labels/x' },
      { op: 'move', from: '/metadata', path: '/data' },
    ])
      assert.match(
        statusOf(patched([{ op: 'add', path: '/metadata/labels/a', value: 'b' }, operation])).message,
        /of what is masked/,
        JSON.stringify(operation),
      );
    assert.match(
      statusOf(patched('[{"op":"add","op":"copy","from":"/data/a","path":"/metadata/labels/x"}]')).message,
      /has a patch of what/,
    );
    for (const operation of [
      { op: 'test', path: '/metadata/resourceVersion', value: '1' },
      { op: 'move', from: '/data/a', path: '/data/b' },
      { op: 'copy', from: '/metadata/labels/a', path: '/metadata/labels/b' },
      { op: 'replace', path: '/data/a', value: 'eA==' },
    ])
      headOf(patched([operation]));
    const copy = [
      { op: 'copy', from: '/data/a', path: '/data/b' },
      { op: 'test', path: '/data/a', value: 'x' },
    ];
    headOf(patched(copy, 'configmaps/c'));
    headOf(patched(copy, 'secrets/s', 'version: 1\ndefaults: { unparsed: allow }\n'));
  });

  it('records bodies with Secrets covered, whatever the policy masks', () => {
    const d = kube('version: 1\n');
    const secret = Buffer.from('correct-horse').toString('base64');
    d.request(
      'POST /api/v1/namespaces/x/secrets',
      json,
      JSON.stringify({ kind: 'Secret', data: { a: secret }, stringData: { b: 'correct-horse' } }),
    );
    headOf(d);
    assert.ok(!JSON.stringify(d.records).includes('correct-horse'));
    assert.ok(!JSON.stringify(d.records).includes(secret));
    const patch = kube('version: 1\n');
    patch.request(
      'PATCH /api/v1/namespaces/x/secrets/s',
      [['content-type', 'application/json-patch+json']],
      JSON.stringify([{ op: 'add', path: '/data/a', value: secret }]),
    );
    assert.ok(!JSON.stringify(patch.records).includes(secret));
  });

  it('does not pass on an answer that it can not read', () => {
    const d = kube();
    d.request('GET /api/v1/pods');
    d.step({
      type: 'response_headers',
      headers: [
        [':status', '200'],
        ['content-type', 'application/vnd.kubernetes.protobuf'],
      ],
      end: false,
    });
    assert.match(statusOf(d).message, /can not be inspected/);
    const broken = kube();
    broken.request('GET /api/v1/pods');
    broken.respond(json, '{"a" 1}');
    assert.equal(statusOf(broken).code, 502);
  });
});
