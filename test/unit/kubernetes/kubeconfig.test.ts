import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { bearerFrom } from '../../../extproc/kubernetes/bearer.js';
import { readKubeconfig, writeKubeconfig } from '../../../extproc/kubernetes/kubeconfig.js';
import { MidstreamError } from '../../../filters/errors.js';
import { kubeconfigOf } from '../../support/kubernetes.js';

describe('a kubeconfig', () => {
  let folder: string;
  const at = (name: string) => join(folder, name);
  const read = (cluster: object, user: object) => {
    writeFileSync(at('config'), kubeconfigOf(cluster, user));
    return readKubeconfig(at('config'), folder);
  };
  const server = 'https://10.0.0.1:6443';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-kubeconfig-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('says where the server is, and what it is called with', () => {
    const target = read(
      { server: `${server}/`, 'certificate-authority': 'pki/ca.crt', 'tls-server-name': 'kubernetes' },
      { token: 'abc.def' },
    );
    assert.equal(target.server, server);
    assert.equal(target.ca_file, at('pki/ca.crt'));
    assert.equal(target.tls_name, 'kubernetes');
    assert.equal(target.insecure, false);
    assert.equal(target.credential(), 'Bearer abc.def');
    assert.equal(read({ server, 'insecure-skip-tls-verify': true }, {}).insecure, true);
    assert.equal(read({ server }, { username: 'a', password: 'b' }).credential(), 'Basic YTpi');
    writeFileSync(at('token'), 'from-file\n');
    assert.equal(read({ server }, { tokenFile: 'token', token: 'no' }).credential(), 'Bearer from-file');
  });

  it('with certificates in it: they become files of this account alone', () => {
    const data = (text: string) => Buffer.from(text).toString('base64');
    const { ca_file, certificate, credential } = read(
      { server, 'certificate-authority-data': data('CA') },
      { 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY') },
    );
    assert.deepEqual(
      [ca_file!, certificate!.certificate_file, certificate!.key_file].map((file) => readFileSync(file, 'utf8')),
      ['CA', 'CERT', 'KEY'],
    );
    assert.equal(statSync(certificate!.key_file).mode & 0o777, 0o600);
    assert.equal(credential(), '');
  });

  it('that can not be used is refused, with what to do and without its secrets', () => {
    const refused = (cluster: object, user: object, wanted: RegExp) =>
      assert.throws(
        () => read(cluster, user),
        (error: unknown) => {
          assert.ok(error instanceof MidstreamError);
          assert.match(error.message, wanted);
          assert.ok(!error.message.includes('s3cret'));
          return true;
        },
      );
    refused(
      { server },
      { exec: { command: 'aws', args: ['s3cret'] } },
      /runs a program for its credential \(exec\), which is not supported/,
    );
    refused({ server }, { 'auth-provider': { name: 'gcp' } }, /auth-provider/);
    refused({ server }, { token: 's3cret', as: 'root' }, /impersonates somebody/);
    refused({ server, 'proxy-url': 'http://proxy' }, {}, /through a proxy/);
    refused({ server: 'https://rancher.example/k8s/clusters/c1' }, {}, /names more than a server/);
    refused({}, {}, /there is none/);
    refused({ server }, { 'client-certificate': 'a.crt' }, /without its key/);
    refused({ server }, { token: 's3cret with blanks' }, /it is empty, or has blanks/);
    assert.throws(() => readKubeconfig(at('nowhere'), folder), /can't be read: it is not there/);
    for (const [text, wanted] of [
      ['a: [', /it is not YAML/],
      ['[]', /is no kubeconfig/],
      ['current-context: x', /no context named "x"/],
      ['clusters: []', /no current-context/],
    ] as const) {
      writeFileSync(at('bad'), text);
      assert.throws(() => readKubeconfig(at('bad'), folder), wanted);
    }
  });

  it('for the agent points through the gateway, and is for its owner alone', () => {
    writeFileSync(at('own'), 'old', { mode: 0o644 });
    writeKubeconfig(at('own'), 'http://127.0.0.1:8001', 'team');
    assert.equal(statSync(at('own')).mode & 0o777, 0o600);
    const made = parse(readFileSync(at('own'), 'utf8')) as { clusters: unknown[]; users: unknown[]; contexts: { context: object }[] };
    assert.deepEqual(made.clusters, [
      { name: 'midstream', cluster: { server: 'http://127.0.0.1:8001', 'insecure-skip-tls-verify': true } },
    ]);
    writeKubeconfig(at('tls'), 'https://127.0.0.1:8001', undefined);
    assert.ok(!readFileSync(at('tls'), 'utf8').includes('insecure'));
    assert.deepEqual(made.users, [{ name: 'agent', user: {} }]);
    assert.deepEqual(made.contexts[0]!.context, { cluster: 'midstream', user: 'agent', namespace: 'team' });
  });

  it('a token in a file is read again, and one that is gone is an error', () => {
    let now = 0;
    const file = at('rotating');
    writeFileSync(file, 'one\n');
    const header = bearerFrom(file, () => now);
    assert.equal(header(), 'Bearer one');
    writeFileSync(file, 'two');
    utimesSync(file, 1, 1);
    assert.equal(header(), 'Bearer one');
    now = 5001;
    assert.equal(header(), 'Bearer two');
    rmSync(file);
    now = 20_000;
    assert.throws(() => header(), /the token for the Kubernetes API can't be read: ENOENT/);
  });
});
