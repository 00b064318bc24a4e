import assert from 'node:assert/strict';
import { strongestFirst } from '../../../filters/http/masking.js';
import { acceptJson } from '../../../filters/kubernetes/accept.js';
import { MARK, objectMasks } from '../../../filters/kubernetes/answers/marks.js';
import { answerMasker, whyUnread } from '../../../filters/kubernetes/answers/masker.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { buildMaskSet } from '../../../filters/postgres/rows/mask-set.js';
import { identity } from '../policy/operation.js';

const key = Buffer.alloc(32, 7);
const base64 = (text: string) => Buffer.from(text).toString('base64');
const B = base64(MARK);

function masksOf(masks: string) {
  const policy = compilePolicy(`version: 1\nmasks:\n${masks}\n`, 'policy.yaml');
  const rules = policy.masksFor({ identity: identity(), resource: 'k', database: '', user: '', application: '' });
  return { objects: objectMasks(rules, { key }), detectors: strongestFirst(buildMaskSet(rules, { key }).detectors) };
}
const usual = masksOf(
  '  - { name: k8s, kubernetes: [secrets], as: redact }\n  - { name: pii, detect: [pii], as: partial }\n  - { name: keys, detect: [secrets], as: redact }',
);
const nothing = { resource: '', group: '', subresource: '' };

function masked(text: string, asked: Partial<typeof nothing> = {}, masks = usual, cut = 0): string {
  const out: Buffer[] = [];
  const masker = answerMasker('application/json', masks, { ...nothing, ...asked }, 1e6, (bytes) => out.push(bytes));
  const bytes = Buffer.from(text);
  if (cut === 0) masker.push(bytes);
  else for (let at = 0; at < bytes.length; at += cut) masker.push(Buffer.from(bytes.subarray(at, at + cut)));
  masker.end();
  return Buffer.concat(out).toString();
}
const json = (value: unknown, asked: Partial<typeof nothing> = {}, masks = usual): unknown =>
  JSON.parse(masked(JSON.stringify(value), asked, masks));

describe('answers of a Kubernetes API', () => {
  const secret = {
    kind: 'Secret',
    apiVersion: 'v1',
    metadata: { name: 'db', uid: 'u', resourceVersion: '12' },
    data: { password: base64('hunter2'), empty: '' },
  };
  const hidden = { ...secret, data: { password: B, empty: '' } };

  it('cover what policies and webhooks say of a Secret that they refuse', () => {
    const said = 'password is correct-horse';
    for (const by of [
      "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: ",
      'admission webhook "w.example" denied the request: ',
    ]) {
      const status = {
        kind: 'Status',
        status: 'Failure',
        message: `secrets "db" is forbidden: ${by}${said}`,
        reason: 'Invalid',
        details: { name: 'db', kind: 'secrets', causes: [{ message: `${by}${said}` }, { reason: 'r', message: said, field: said }, said] },
        code: 422,
      };
      const covered = { ...status, message: `secrets "db" is forbidden: ${by}${MARK}` };
      const causes = [{ message: `${by}${MARK}` }, { reason: MARK, message: MARK, field: MARK }, MARK];
      assert.deepEqual(json(status, { resource: 'secrets' }), { ...covered, details: { ...status.details, causes } });
      assert.deepEqual(json(status, { resource: 'pods' }), status, 'of what is not covered their words are shown');
    }
    // A webhook writes the whole Status; one that fails is quoted by an internal error.
    const asked = { resource: 'secrets' };
    const by = 'admission webhook "w.example" denied the request: ';
    const theirs = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: { continue: said, resourceVersion: said },
      status: 'Failure',
      message: by + said,
      reason: said,
      details: { name: said, group: said, kind: said, uid: said, retryAfterSeconds: 1, causes: [{ field: said }] },
      code: 400,
    };
    const shown = JSON.stringify(json(theirs, asked));
    assert.ok(!shown.includes('correct-horse') && shown.includes(`"${by.replaceAll('"', '\\"')}${MARK}"`), shown);
    assert.ok(shown.includes('"kind":"Status","apiVersion":"v1"') && shown.includes('"status":"Failure"'), shown);
    for (const [error, keeps] of [
      ['failed calling webhook "w.example": failed to call webhook: SAID', 'failed calling webhook "w.example": MARK'],
      [
        'failed calling webhook "w.example": failed to call webhook: Post "https://SAID/": dial tcp 10.0.0.1:443: connect: connection refused',
        'failed calling webhook "w.example": MARK: connect: connection refused',
      ],
      ['failed calling webhook "w.example": expected response.uid="u", got "SAID"', 'failed calling webhook "w.example": MARK'],
      ['replace operation does not apply: doc is missing path: /SAID/x: missing value', 'MARK'],
    ] as const) {
      const message = error.replace('SAID', said);
      const status = { kind: 'Status', message: `Internal error occurred: ${message}`, reason: 'InternalError', code: 500 };
      const kept = keeps.replace('MARK', MARK);
      assert.deepEqual(json({ ...status, details: { causes: [{ message }] } }, asked), {
        ...status,
        message: `Internal error occurred: ${kept}`,
        details: { causes: [{ message: kept }] },
      });
    }
    const own = {
      kind: 'Status',
      message: 'x is invalid',
      details: { causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'type' }] },
    };
    assert.deepEqual(json(own, { resource: 'secrets' }), own);
  });

  it('cover what an error quotes of a Secret, whatever the quoted object says of itself', () => {
    const said = (object: unknown) => ({
      kind: 'Status',
      status: 'Failure',
      message: `patch: Invalid value: ${JSON.stringify(object)}: unknown`,
      code: 422,
    });
    const asked = { resource: 'secrets' };
    for (const object of [secret, { ...secret, kind: 'ConfigMap' }, [secret], { ...secret, items: [], path: '/x', 'é\u2028\n': '"' }]) {
      const status = said(JSON.stringify(object));
      const causes = { ...status, details: { causes: [{ reason: 'FieldValueInvalid', message: status.message, field: 'patch' }] } };
      for (const [answer, wanted] of [
        [causes, asked],
        [{ type: 'ERROR', object: causes }, asked],
      ] as const) {
        const text = JSON.stringify(json(answer, wanted));
        assert.ok(!text.includes(secret.data.password), text);
        assert.ok(text.includes(B) && text.includes(': unknown'), text);
      }
    }
    // Of a Secret that says what it is wherever it is quoted, of the rest only where it was asked for.
    const event = { kind: 'Event', message: `webhook: ${JSON.stringify(JSON.stringify(secret))} was refused` };
    assert.ok(!JSON.stringify(json(event)).includes(secret.data.password));
    const other = said(JSON.stringify({ kind: 'ConfigMap', data: { a: 'b' } }));
    assert.deepEqual(json(other, { resource: 'configmaps' }), other);
    assert.deepEqual(json(said('A_B'), asked), said('A_B'));
    // What can't be read is covered whole.
    const password = secret.data.password;
    for (const broken of [
      `x: "{\\"data\\":{\\"a\\":\\"${password}\\"`,
      `x: "{\\q${password}" y`,
      `x: map[data:map[a:${password}]]`,
      `Data:map[string][]uint8{"a":[]uint8{0x1}}`,
    ]) {
      const { message } = json({ kind: 'Status', message: broken }, asked) as { message: string };
      assert.ok(message.includes(MARK) && !message.includes(password) && !message.includes('0x1'), message);
    }
    const go = '"{\\"a\\":\\"\\x41\\a\\v\\U0001f600 jane.doe@example.com\\"}"';
    assert.ok(!JSON.stringify(json({ kind: 'Status', message: go })).includes('jane.doe'));
  });

  it('cover Secrets wherever they stand', () => {
    assert.deepEqual(json(secret), hidden);
    const { kind: _kind, apiVersion: _version, ...bare } = secret;
    const { kind: _k, apiVersion: _v, ...bareHidden } = hidden;
    assert.deepEqual(json({ kind: 'SecretList', items: [bare, bare] }), { kind: 'SecretList', items: [bareHidden, bareHidden] });
    assert.deepEqual(json({ items: [bare], kind: 'SecretList' }, { resource: 'secrets' }), { items: [bareHidden], kind: 'SecretList' });
    assert.deepEqual(json({ items: [{ data: secret.data, kind: 'Secret' }], kind: 'List' }), {
      items: [{ data: hidden.data, kind: 'Secret' }],
      kind: 'List',
    });
    assert.deepEqual(json({ type: 'ADDED', object: secret }), { type: 'ADDED', object: hidden });
    assert.deepEqual(json({ kind: 'Table', rows: [{ cells: ['db', 1], object: secret }] }), {
      kind: 'Table',
      rows: [{ cells: ['db', 1], object: hidden }],
    });
    assert.deepEqual(json({ kind: 'Bundle', spec: { manifests: [secret] } }), { kind: 'Bundle', spec: { manifests: [hidden] } });
    assert.deepEqual(json(bare, { resource: 'secrets' }), bareHidden);
  });

  it('cover what was applied, as text in an annotation, and Helm’s releases', () => {
    const applied = JSON.stringify({ kind: 'Secret', stringData: { password: 'hun"ter2' }, data: { p: base64('x') } });
    const annotated = (text: string) => ({
      kind: 'PartialObjectMetadata',
      metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': text } },
    });
    assert.deepEqual(
      json(annotated(applied)),
      annotated(JSON.stringify({ kind: 'Secret', stringData: { password: MARK }, data: { p: B } })),
    );
    const release = Buffer.from(`\x1f\x8b\x08${'\0'.repeat(80)}`, 'latin1').toString('base64');
    assert.deepEqual(json({ kind: 'ConfigMap', data: { release } }), { kind: 'ConfigMap', data: { release: B } });
    assert.deepEqual(json({ kind: 'Secret', data: { release: base64(release) } }), { kind: 'Secret', data: { release: B } });
    assert.deepEqual(json({ kind: 'TokenRequest', status: { token: 'a.b.c' } }), { kind: 'TokenRequest', status: { token: MARK } });
  });

  it('cover Secrets in manifests that stand in text', () => {
    const only = masksOf('  - { name: k8s, kubernetes: [secrets], as: redact }');
    const yaml = (value: string, data: string) =>
      `apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n---\nkind: Secret\nmetadata: {name: "x"}\nstringData:\n  login: ${value}\ndata:\n  other: ${data}\n`;
    const held = (text: string) => ({ kind: 'ConfigMap', data: { 'secret.yaml': text, plain: 'kind: Secret\nfor the one who reads' } });
    assert.deepEqual(json(held(yaml('tiger-and-lion', 'eHl6enk=')), {}, only), held(yaml(`"${MARK}"`, `"${B}"`)));
    for (const text of [
      'kind: Secret\nstringData: {a: *x}\n',
      `kind: Secret\nstringData: {a: ${'x'.repeat(70_000)}}\n`,
      'a Secret\nis none\n',
    ])
      assert.deepEqual(json(held(text), {}, only), held(text));
  });

  it('JSON patches of Secrets, which the server sends back', () => {
    const patch = [
      { op: 'add', path: '/data/p', value: base64('x') },
      { op: 'add', path: '/metadata/labels/a', value: 'b' },
    ];
    assert.deepEqual(json(patch, { resource: 'secrets' }), [{ ...patch[0], value: B }, patch[1]]);
    const whole = (a: string) => [{ op: 'replace', path: '', value: { data: { a } } }];
    assert.deepEqual(json(whole('eHg='), { resource: 'secrets' }), whole(B));
    const labels = { metadata: { labels: { data: 'plain' } } };
    assert.deepEqual(json(labels, { resource: 'secrets' }), labels);
  });

  it('leave what the server sets, and find the rest', () => {
    const pod = {
      kind: 'Pod',
      metadata: {
        uid: 'b1',
        resourceVersion: '4111111111111111',
        annotations: { owner: 'jane.doe@example.com' },
        labels: { 'a@b.example.com': 'x' },
      },
      spec: {
        env: [
          { name: 'DB_PASSWORD', value: 'tiger-and-lion' },
          { name: 'MODE', value: 'fast' },
        ],
        card: 4111111111111111,
      },
    };
    assert.deepEqual(json(pod), {
      kind: 'Pod',
      metadata: {
        uid: 'b1',
        resourceVersion: '4111111111111111',
        annotations: { owner: 'j***@example.com' },
        labels: { '***@b.example.com': 'x' },
      },
      spec: {
        env: [
          { name: 'DB_PASSWORD', value: '[password]' },
          { name: 'MODE', value: 'fast' },
        ],
        card: 1111,
      },
    });
    const list = {
      kind: 'PodList',
      metadata: { resourceVersion: '378282246310005', continue: 'eyJ2IjoiNDExMTExMTExMTExMTExMSJ9' },
      items: [],
    };
    assert.deepEqual(json(list), list);
    assert.deepEqual(json({ kind: 'ConfigMap', data: { a: base64('mail jane.doe@example.com') } }), {
      kind: 'ConfigMap',
      data: { a: base64('mail j***@example.com') },
    });
  });

  it('know a cell of a table by its column, in a list and in a watch', () => {
    const columnDefinitions = [{ name: 'Name' }, { name: 'Password' }, { name: 'Owner' }];
    const rows = (password: string) => [
      { cells: ['s1', password, 'me'], object: { kind: 'PartialObjectMetadata' } },
      { cells: ['s2', password] },
    ];
    const table = (password: string, more: object = { columnDefinitions }) => ({ kind: 'Table', ...more, rows: rows(password) });
    assert.deepEqual(json(table('tiger-and-lion')), table('[password]'));
    const events = [
      { type: 'ADDED', object: table('tiger-and-lion') },
      { type: 'ADDED', object: table('tiger-and-lion', { columnDefinitions: null }) },
    ];
    const seen = masked(events.map((event) => JSON.stringify(event)).join('\n'));
    assert.ok(!seen.includes('tiger') && seen.match(/\[password\]/g)?.length === 4, seen);
    // over WebSocket each event is a message, and an answer, of its own
    const columns = { columns: [] };
    const messages = events.map((event) => {
      const out: Buffer[] = [];
      const masker = answerMasker('application/json', usual, nothing, 1e6, (bytes) => out.push(bytes), {}, columns);
      masker.push(Buffer.from(JSON.stringify(event)));
      masker.end();
      return Buffer.concat(out).toString();
    });
    assert.equal(messages.join('\n'), seen);
  });

  it('are the same bytes where nothing is masked', () => {
    const text =
      '{ "kind" : "List",\n "items":[ {"a": 1.0, "b":12345678901234567890, "c":"\\u00e9\\/x"} , 7, "x", [1], null ],"metadata":{} }\n{"a":1}\n7 "x" [] true\n';
    assert.equal(masked(text), text);
    for (const cut of [1, 2, 3, 7]) assert.equal(masked(text, {}, usual, cut), text);
  });

  it('come object by object', () => {
    const out: string[] = [];
    const masker = answerMasker('application/json', usual, nothing, 1000, (bytes) => out.push(bytes.toString()));
    masker.push(Buffer.from('{"type":"ADDED","object":{"kind":"Secret","data":{"a":"eHg="}'));
    assert.deepEqual(out, []);
    masker.push(Buffer.from('}}'));
    assert.equal(out.join(''), `{"type":"ADDED","object":{"kind":"Secret","data":{"a":"${B}"}}}`);
    assert.equal(masker.held, 0, 'no line feed is waited for');
    masker.push(Buffer.from('\n{"kind":"SecretList","items":[{"data":{"a":"eHg="}},'));
    assert.equal(out.join('').endsWith(`{"kind":"SecretList","items":[{"data":{"a":"${B}"}}`), true);
    assert.throws(() => masker.push(Buffer.from(`{"a":"${'x'.repeat(2000)}"}`)), /longer than 1000 bytes/);
  });

  it('that are no JSON are not passed on', () => {
    for (const text of ['{"a":1', '{"a" 1}', '{"a":1}}', 'x', '{"items":[{"a":1},}', '{"a":"\\x"}', '[1,]'])
      assert.throws(() => masked(text), /not JSON|inside a document/, text);
    assert.throws(() => masked('['.repeat(300) + ']'.repeat(300)), /nested deeper/);
    assert.match(whyUnread('application/vnd.kubernetes.protobuf')!, /can not be inspected/);
    assert.equal(whyUnread('application/json'), undefined);
  });

  it('that are text have words of base64 looked into, wherever they are cut', () => {
    const secret = base64('write to jane.doe@example.com');
    const line = `2026-11-28 mail=${secret} path /var/lib/kubelet/x ${base64('nothing of note here')} jane.doe@example.com\n`;
    for (const cut of [1, 2, 5, 17, 1000]) {
      const out: Buffer[] = [];
      const masker = answerMasker('text/plain', usual, nothing, 1e6, (bytes) => out.push(bytes));
      const bytes = Buffer.from(line.repeat(2));
      for (let at = 0; at < bytes.length; at += cut) masker.push(Buffer.from(bytes.subarray(at, at + cut)));
      masker.flush();
      masker.end();
      const said = Buffer.concat(out).toString();
      assert.ok(!said.includes(secret) && !said.includes('jane'), said);
      assert.ok(said.includes(base64('nothing of note here')), said);
    }
  });

  it('by hash tell the same value from another', () => {
    const hash = masksOf('  - { name: k8s, kubernetes: [secrets, configmaps], as: hash }');
    const { data } = json({ kind: 'Secret', data: { a: base64('one'), b: base64('one'), c: base64('two') } }, {}, hash) as {
      data: Record<string, string>;
    };
    assert.equal(data['a'], data['b']);
    assert.notEqual(data['a'], data['c']);
    assert.ok(Buffer.from(data['a']!, 'base64').toString().startsWith(`${MARK} kubernetes_secret:`));
    const config = json({ kind: 'ConfigMapList', items: [{ data: { a: 'plain' } }] }, {}, hash) as { items: { data: { a: string } }[] };
    assert.ok(config.items[0]!.data.a.startsWith(MARK));
  });

  it('are asked for as JSON', () => {
    assert.equal(acceptJson('application/vnd.kubernetes.protobuf,application/json'), 'application/json');
    assert.equal(
      acceptJson('application/vnd.kubernetes.protobuf;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'),
      'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
    );
    assert.equal(acceptJson('application/vnd.kubernetes.protobuf;stream=watch'), 'application/json');
    assert.equal(acceptJson('application/json;as=Table;v=v1;g=meta.k8s.io,application/json'), undefined);
    assert.equal(acceptJson('*/*'), undefined);
    assert.equal(acceptJson(undefined), undefined);
  });
});
