import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { strongestFirst } from '../../../filters/http/masking.js';
import { MARK, objectMasks } from '../../../filters/kubernetes/answers/marks.js';
import { answerMasker } from '../../../filters/kubernetes/answers/masker.js';
import { describedKubernetes } from '../../../filters/kubernetes/described.js';
import { coverManifest } from '../../../filters/kubernetes/helm/manifest.js';
import { shownBody } from '../../../filters/kubernetes/shown.js';
import { carriesMasks } from '../../../filters/kubernetes/written-back.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { buildMaskSet } from '../../../filters/postgres/rows/mask-set.js';
import { packedRelease, type Release, readRelease, releaseWith } from '../../support/helm.js';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';
import { identity } from '../policy/operation.js';

const PASSWORD = 'correct-horse-battery';
const KEY = '-----key-----\nline one of it\n-----end-----';
const MAIL = 'jane.doe@example.com';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const B = base64(MARK);

function masksOf(covers: string) {
  const policy = compilePolicy(
    `version: 1\nmasks:\n  - { name: k8s, kubernetes: [${covers}], as: redact }\n  - { name: pii, detect: [pii], as: partial }\n`,
    'policy.yaml',
  );
  const rules = policy.masksFor({ identity: identity(), resource: 'k', database: '', user: '', application: '' });
  return { objects: objectMasks(rules, {}), detectors: strongestFirst(buildMaskSet(rules, {}).detectors) };
}

function masked(object: object, masks = masksOf('secrets'), resource = 'secrets'): string {
  const out: Buffer[] = [];
  const masker = answerMasker('application/json', masks, { resource, group: '', subresource: '' }, 1e8, (bytes) => out.push(bytes));
  masker.push(Buffer.from(JSON.stringify(object)));
  masker.end();
  return Buffer.concat(out).toString();
}
const secretOf = (release: string, type = 'helm.sh/release.v1') => ({ kind: 'Secret', type, data: { release } });
const dataOf = (text: string): string => (JSON.parse(text) as { data: { release: string } }).data.release;
const shown = (release: object): Release => readRelease(dataOf(masked(secretOf(packedRelease(release)))));

describe('releases of Helm', () => {
  it('can be read, without what their Secrets hold, wherever that stands', () => {
    const release = releaseWith(PASSWORD, KEY, MAIL);
    const seen = shown(release);
    assert.equal(seen.info.notes, `Log in with ${MARK}, ask j***@example.com\n`);
    assert.deepEqual(seen.config, { db: { login: MARK, password: MARK }, list: [MARK, 'plain'] });
    assert.deepEqual(seen.chart.values, { replicas: 1, owner: 'j***@example.com', db: { url: 'postgres://db', password: MARK } });
    assert.deepEqual(seen.chart.templates, release.chart.templates);
    assert.deepEqual(seen.chart.files, [{ name: 'files/key', data: base64(`${MARK}\n`) }]);
    assert.equal(
      seen.manifest,
      release.manifest
        .replace(
          / {2}url: .*\n {2}plain: .*\n {2}pin: .*\n {2}key: [\s\S]*?\ntype/,
          `  url: "${MARK}"\n  plain: "${MARK}"\n  pin: "${MARK}"\n  key: "${MARK}"\ntype`,
        )
        .replace(`seen: ${PASSWORD}`, `seen: ${MARK}`),
    );
    assert.deepEqual(seen.hooks, [{ manifest: release.hooks[0]!.manifest.replace(base64(PASSWORD), B) }]);
    const { chart, name, version, namespace } = seen;
    assert.deepEqual(
      [chart.metadata, name, version, namespace, seen.info.status],
      [release.chart.metadata, 'shop', 1, 'default', 'deployed'],
    );
  });

  it('by hash tell the same value from another, and are the same when they are masked again', () => {
    const policy = compilePolicy('version: 1\nmasks:\n  - { name: k8s, kubernetes: [secrets], as: hash }\n', 'policy.yaml');
    const rules = policy.masksFor({ identity: identity(), resource: 'k', database: '', user: '', application: '' });
    const hash = { objects: objectMasks(rules, { key: Buffer.alloc(32, 7) }), detectors: [] };
    const once = dataOf(masked(secretOf(packedRelease(releaseWith(PASSWORD, KEY, MAIL))), hash));
    const { manifest } = readRelease(once);
    const plain = /plain: "(.*)"/.exec(manifest)![1]!;
    assert.match(plain, /^\[midstream masked\] kubernetes_secret:/);
    assert.ok(manifest.includes(`seen: ${plain}`), manifest);
    assert.equal(readRelease(dataOf(masked(secretOf(once), hash))).manifest, manifest);
  });

  it('without Secrets stay the same bytes', () => {
    const { info, chart, ...rest } = releaseWith(PASSWORD, KEY, 'nobody');
    const plain = {
      ...rest,
      info,
      chart: { ...chart, values: {} },
      config: { replicas: 2 },
      hooks: null,
      manifest: '---\nkind: ConfigMap\ndata: {a: b}\n',
    };
    const packed = packedRelease(plain);
    assert.equal(dataOf(masked(secretOf(packed))), packed);
  });

  it('stand in ConfigMaps too, encoded once', () => {
    const once = Buffer.from(packedRelease(releaseWith(PASSWORD, KEY, MAIL)), 'base64').toString();
    const seen = dataOf(masked({ kind: 'ConfigMap', data: { release: once } }, masksOf('secrets'), 'configmaps'));
    const release = readRelease(base64(seen));
    assert.ok(!JSON.stringify(release).includes(PASSWORD));
    assert.equal(release.name, 'shop');
  });

  it('are covered whole where they can not be read for certain, or a policy says so', () => {
    const good = releaseWith(PASSWORD, KEY, MAIL);
    const secret = (rest: string) => `kind: Secret\n${rest}`;
    for (const manifest of [
      secret(`stringData: &a {p: ${PASSWORD}}\n`) + `x: *a\n`,
      secret(`stringData: {p: &v ${PASSWORD}, q: *v}\n`),
      secret(`stringData: {p: !!str ${PASSWORD}}\n`),
      `kind: !!str Secret\nstringData: {p: ${PASSWORD}}\n`,
      `x: &k Secret\nkind: *k\nstringData: {p: ${PASSWORD}}\n`,
      `a: {b: 1, b: 2}\nkind: Secret\nstringData: {p: ${PASSWORD}}\n`,
      secret(`<<: {stringData: {p: ${PASSWORD}}}\n`),
      secret(`stringData: {p: [${PASSWORD}]}\n`),
      secret(`stringData: [${PASSWORD}]\n`),
      secret(`stringData: {p: ${PASSWORD}\n`),
      secret(`stringData: {p: ${PASSWORD}}\nstringData: {}\n`),
      secret(`stringData: {p: ${PASSWORD}}\n...\nkind: x\n`),
      secret(`stringData: {p: ${PASSWORD}}\nx: ${'['.repeat(200)}${']'.repeat(200)}\n`),
      secret(`stringData: {p: ${PASSWORD}}\nx: ${'y'.repeat(300_000)}\n`),
    ]) {
      assert.equal(dataOf(masked(secretOf(packedRelease({ ...good, manifest })))), B, manifest.slice(0, 80));
    }
    assert.equal(dataOf(masked(secretOf(packedRelease({ kind: 'Other', p: PASSWORD })))), B);
    assert.equal(dataOf(masked(secretOf(packedRelease(good), 'Opaque'))), B);
    for (const covers of ['secrets, releases', 'releases'])
      assert.equal(dataOf(masked(secretOf(packedRelease(good)), masksOf(covers))), B, covers);
    const bomb = base64(gzipSync(Buffer.alloc(64 * 1024 * 1024)).toString('base64'));
    assert.equal(dataOf(masked(secretOf(bomb))), B);
    const many = Object.fromEntries(Array.from({ length: 4000 }, (_one, i) => [`k${i}`, `value-number-${i}`]));
    const config = Object.fromEntries(Array.from({ length: 20_000 }, (_one, i) => [`k${i}`, `some-other-value-${i}`]));
    const long = { ...good, config, manifest: JSON.stringify({ kind: 'Secret', stringData: many }) };
    assert.equal(dataOf(masked(secretOf(packedRelease(long)))), B);
  });

  it('know a Secret however its kind is spelled, and in lists', () => {
    const mark = () => 'M';
    for (const [text, wanted] of [
      ['"k\\x69nd": "S\\u0065cret"\nstringData: {a: xyz}\n', '"k\\x69nd": "S\\u0065cret"\nstringData: {a: "M"}\n'],
      ['kind:\n  Secret\nstringData: {a: xyz}\n', 'kind:\n  Secret\nstringData: {a: "M"}\n'],
      ['kind: "Sec\\\n  ret"\nstringData: {a: xyz}\n', 'kind: "Sec\\\n  ret"\nstringData: {a: "M"}\n'],
      [
        `kind: ${' '.repeat(300)}Secret${' '.repeat(300)}# x\nstringData: {a: xyz}\n`,
        `kind: ${' '.repeat(300)}Secret${' '.repeat(300)}# x\nstringData: {a: "M"}\n`,
      ],
      [`kind: Other\ntext: names the Secret, and ${'more '.repeat(60_000)}\nsecret: the Secret of it\n`, undefined],
      ['kind: SecretList\nitems:\n- data: {a: eHl6}\n', 'kind: SecretList\nitems:\n- data: {a: "TQ=="}\n'],
      ['--- {kind: Secret, stringData: {a: xyz}}\n', '--- {kind: Secret, stringData: {a: "M"}}\n'],
      [
        'kind: Secret\nstringData:\n  a: >-\n    folded\n    text\n  b: ""\n  c:\ndata:\n',
        'kind: Secret\nstringData:\n  a: "M"\n  b: ""\n  c:\ndata:\n',
      ],
      ['kind: Secret\r\nstringData:\r\n  a: xyz\r\n', 'kind: Secret\r\nstringData:\r\n  a: "M"\r\n'],
    ] as const)
      assert.equal(coverManifest(text, mark).text, wanted ?? text);
  });

  it('are not written back with masks in them, and shown to nobody in recordings', () => {
    const write = (release: object, method = 'POST') => {
      const body = JSON.stringify(secretOf(packedRelease(release)));
      const facts = describedKubernetes({ method, url: '/api/v1/namespaces/a/secrets', body: JSON.parse(body) as object });
      return {
        carries: carriesMasks(facts, Buffer.from(body), masksOf('secrets').detectors),
        body: shownBody(facts, 'application/json', Buffer.from(body))!,
      };
    };
    const good = releaseWith(PASSWORD, KEY, MAIL);
    assert.equal(write(good).carries, '');
    assert.equal(write(shown(good)).carries, 'a masked Secret');
    const plain = { ...good, manifest: '', hooks: [], chart: { ...good.chart, values: {} }, config: {} };
    assert.equal(write(shown(plain)).carries, '');
    assert.equal(write(shown(plain), 'PUT').carries, 'a masked value');
    assert.equal(dataOf(write(good).body.toString()), B);
  });

  it('hold no value of a Secret however they are made', () => {
    let opened = 0;
    let all = 0;
    forSeeds(count(150, 5000), (random) => {
      all++;
      const needle = `needle-${random.int(1e9)}-end`;
      const lines = releaseWith(needle, `${needle}\nmore`, MAIL).manifest.split('\n');
      for (let i = random.int(4); i > 0; i--) {
        const at = random.int(lines.length);
        const line = lines[at]!;
        const cut = random.int(line.length + 1);
        lines[at] = random.pick([
          `${line.slice(0, cut)}${random.pick(['"', "'", '|', ': ', '- ', '#', '&a ', '*a', '{', '}', '\t', '\\'])}${line.slice(cut)}`,
          '',
          `  ${line}`,
        ]);
      }
      const release = { ...releaseWith(needle, `${needle}\nmore`, MAIL), manifest: lines.join('\n') };
      const data = dataOf(masked(secretOf(packedRelease(release))));
      if (data === B) return;
      opened++;
      const seen = JSON.stringify(readRelease(data));
      const hook = readRelease(data).hooks[0]!.manifest;
      assert.ok(!hook.includes(base64(needle)));
      assert.ok(!seen.includes(needle), `${release.manifest}\n---------\n${readRelease(data).manifest}`);
    });
    assert.ok(opened > all / 5 && opened < all, `${opened} of ${all} were read`);
  });
});
