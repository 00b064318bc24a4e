import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parse, stringify } from 'yaml';
import { parseUpstreamUrl } from '../../envoy/http.js';
import { MidstreamError } from '../../filters/errors.js';
import { bearer, bearerFrom } from './bearer.js';

/** What the current context of a kubeconfig says about its API server. Certificates that stand in it are files of the given directory. */
export interface KubeTarget {
  server: string;
  ca_file: string | undefined;
  insecure: boolean;
  tls_name: string | undefined;
  certificate: { certificate_file: string; key_file: string } | undefined;
  /** the authorization header that goes to the server; empty for none */
  credential: () => string;
  namespace: string | undefined;
}

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (what: string, hint = ''): MidstreamError => new MidstreamError('config_invalid', what, hint === '' ? {} : { hint });

/** What a kubeconfig may have that the gateway can't do, and what to do instead. */
const UNSUPPORTED: [string, string][] = [
  ['exec', 'runs a program for its credential (exec)'],
  ['auth-provider', 'has an auth-provider'],
  ['as', 'impersonates somebody (as)'],
  ['as-groups', 'impersonates groups (as-groups)'],
  ['as-uid', 'impersonates somebody (as-uid)'],
  ['as-user-extra', 'impersonates somebody (as-user-extra)'],
];

/**
 * Reads a kubeconfig (client-go/tools/clientcmd/api/v1). Throws MidstreamError config_invalid with what is wrong and what to do; no message holds a
 * credential.
 */
export function readKubeconfig(file: string, directory: string): KubeTarget {
  const config = parsed(file);
  const current = text(config['current-context']);
  if (current === '') throw invalid(`${file} has no current-context`, 'Choose one: kubectl config use-context NAME.');
  const context = named(config, 'contexts', 'context', current, file);
  const cluster = named(config, 'clusters', 'cluster', text(context.cluster), file);
  const user = text(context.user) === '' ? {} : named(config, 'users', 'user', text(context.user), file);
  const server = text(cluster.server).replace(/\/$/, '');
  try {
    parseUpstreamUrl(server);
  } catch (error) {
    throw invalid(
      `the server of ${file} can't be stood before: ${server === '' ? 'there is none' : (error as Error).message}`,
      'It must be https://HOST:PORT without a path.',
    );
  }
  if (text(cluster['proxy-url']) !== '') throw invalid(`${file} reaches its server through a proxy (proxy-url), which is not supported`);
  for (const [name, what] of UNSUPPORTED)
    if (user[name] !== undefined)
      throw invalid(
        `the user of ${file} ${what}, which is not supported`,
        'Use a context with a token or a client certificate: kubectl create token NAME makes one.',
      );
  const place = { base: dirname(resolve(file)), directory, file };
  const certificate = dataOrFile(user, 'client-certificate', 'client.crt', place);
  const key = dataOrFile(user, 'client-key', 'client.key', place);
  if ((certificate === undefined) !== (key === undefined))
    throw invalid(`the user of ${file} has a client certificate without its key, or a key alone`);
  return {
    server,
    ca_file: dataOrFile(cluster, 'certificate-authority', 'ca.crt', place),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    tls_name: text(cluster['tls-server-name']) || undefined,
    certificate: certificate === undefined || key === undefined ? undefined : { certificate_file: certificate, key_file: key },
    credential: credentialOf(user, place.base),
    namespace: text(context.namespace) || undefined,
  };
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function parsed(file: string): Fields {
  let read: unknown;
  try {
    read = parse(readFileSync(file, 'utf8'), { logLevel: 'error' }) as unknown;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalid(
      `the kubeconfig ${file} can't be read: ${code === 'ENOENT' ? 'it is not there' : /^E[A-Z]+$/.test(code ?? '') ? code : 'it is not YAML'}`,
    );
  }
  if (!isFields(read)) throw invalid(`${file} is no kubeconfig`);
  return read;
}

function named(config: Fields, list: string, field: string, name: string, file: string): Fields {
  const all = Array.isArray(config[list]) ? (config[list] as unknown[]) : [];
  const found = all.find((one) => isFields(one) && one.name === name);
  const value = isFields(found) ? found[field] : undefined;
  if (!isFields(value)) throw invalid(`${file} has no ${field} named ${JSON.stringify(name)}`);
  return value;
}

/** `client-key-data` in base64 goes before `client-key`, a path that counts from the kubeconfig's folder. */
function dataOrFile(
  fields: Fields,
  name: string,
  as: string,
  { base, directory }: { base: string; directory: string },
): string | undefined {
  const data = text(fields[`${name}-data`]);
  if (data !== '') return writeOwn(join(directory, as), Buffer.from(data, 'base64'));
  const path = text(fields[name]);
  return path === '' ? undefined : resolve(base, path);
}

/** tokenFile goes before token, as client-go has it. */
function credentialOf(user: Fields, base: string): () => string {
  const file = text(user.tokenFile);
  if (file !== '') return bearerFrom(resolve(base, file));
  const token = text(user.token);
  const [name, password] = [text(user.username), text(user.password)];
  if (token !== '') {
    const header = bearer(token);
    return () => header;
  }
  if (name === '') return () => '';
  const header = `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  return () => header;
}

/** A kubeconfig that points through the gateway and holds no credential; only its owner may read it. */
export function writeKubeconfig(file: string, server: string, namespace: string | undefined): void {
  // Without TLS there is nothing to verify, and the JavaScript client takes such a server only where it is said.
  const cluster = server.startsWith('http:') ? { server, 'insecure-skip-tls-verify': true } : { server };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'midstream', cluster }],
    users: [{ name: 'agent', user: {} }],
    contexts: [{ name: 'midstream', context: { cluster: 'midstream', user: 'agent', ...(namespace === undefined ? {} : { namespace }) } }],
    'current-context': 'midstream',
  };
  writeOwn(file, Buffer.from(stringify(config)));
}

/** A new file for this account alone, so that no older one's rights and no link of somebody else's count. */
function writeOwn(file: string, bytes: Buffer): string {
  rmSync(file, { force: true });
  writeFileSync(file, bytes, { mode: 0o600, flag: 'wx' });
  chmodSync(file, 0o600);
  return file;
}
