import { gunzipSync, gzipSync } from 'node:zlib';

/** A release as Helm keeps it (helm.sh/helm/v3/pkg/storage/driver, encodeRelease): gzip in base64, and once more in a Secret. */
export const packedRelease = (release: object): string =>
  Buffer.from(gzipSync(Buffer.from(JSON.stringify(release))).toString('base64')).toString('base64');

export const readRelease = (data: string): Release =>
  JSON.parse(gunzipSync(Buffer.from(Buffer.from(data, 'base64').toString(), 'base64')).toString()) as Release;

export interface Release {
  name: string;
  info: { status: string; notes: string };
  chart: { metadata: object; templates: { name: string; data: string }[]; files: { name: string; data: string }[]; values: object };
  config: object;
  manifest: string;
  hooks: { manifest: string }[];
  version: number;
  namespace: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A release whose Secrets hold `password` and `key`, which stand elsewhere in it too; `mail` stands outside of Secrets. */
export function releaseWith(password: string, key: string, mail: string): Release {
  return {
    name: 'shop',
    info: { status: 'deployed', notes: `Log in with ${password}, ask ${mail}\n` },
    chart: {
      metadata: { name: 'shop', version: '0.1.0' },
      templates: [{ name: 'templates/a.yaml', data: base64('kind: Secret\nstringData: {password: {{ .Values.db.password }}}\n') }],
      files: [{ name: 'files/key', data: base64(`${key}\n`) }],
      values: { replicas: 1, owner: mail, db: { url: 'postgres://db', password: 'changeme-at-once' } },
    },
    config: { db: { login: password, password: 12345 }, list: [password, 'plain'] },
    manifest: [
      '---',
      '# Source: shop/templates/a.yaml',
      'apiVersion: v1',
      'kind: Secret',
      'metadata:',
      '  name: shop-db # kept',
      'stringData:',
      `  url: "postgres://app:${password}@db"`,
      `  plain: ${password}`,
      '  pin: 0042',
      '  key: |',
      ...key.split('\n').map((line) => `    ${line}`),
      'type: Opaque',
      '---',
      'apiVersion: v1',
      'kind: ConfigMap',
      `data: {mode: fast, seen: ${password}}`,
      '',
    ].join('\n'),
    hooks: [{ manifest: JSON.stringify({ kind: 'List', items: [{ kind: 'Secret', data: { p: base64(password) } }] }) }],
    version: 1,
    namespace: 'default',
  };
}
