import { execFile, execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { type Child, pause, startChild } from '../../extproc/process/child.js';
import { packageRoot } from '../../extproc/process/places.js';
import { pendingBecause } from './pending.js';
import { freePorts } from './ports.js';

/** A real API server with its etcd, for all tests of the run. */
export interface Kubernetes {
  /** folder of kube-apiserver, etcd, kubectl */
  binaries: string;
  /** of an administrator, straight to the server */
  kubeconfig: string;
  server: string;
  /** PEM: who vouches for its certificate */
  ca_file: string;
  token: string;
  /** the node n1 has a kubelet (a stand-in that speaks the real streaming code), and runs the pod p1 in the namespace default */
  kubelet: boolean;
  /** what its audit log has, in the order of completion */
  audit(): AuditEvent[];
  /** kubectl as the administrator */
  admin(...args: string[]): Promise<Ran>;
}

export interface AuditEvent {
  auditID: string;
  requestURI: string;
  verb: string;
  user: { username: string };
  objectRef?: { resource?: string; namespace?: string; name?: string; apiGroup?: string; subresource?: string };
  requestObject?: unknown;
  responseStatus?: { code: number };
}

export interface Ran {
  code: number;
  out: string;
  err: string;
}

/**
 * Folder of the binaries: KUBEBUILDER_ASSETS, as envtest has it, else what the workplace's own tools unpack beside the checkout. undefined where neither
 * is there.
 */
function findBinaries(): string | undefined {
  const assets = process.env['KUBEBUILDER_ASSETS'];
  if (assets) return assets;
  const script = join(packageRoot(), '..', 'shared', 'tools', 'kube.sh');
  return existsSync(script) ? execFileSync('bash', [script, 'unpack'], { encoding: 'utf8' }).trim() : undefined;
}

/** Certificates of tests: the API server takes clients of their authority. */
export const tlsFile = (name: string): string => join(packageRoot(), 'test', 'support', 'tls', name);

let shared: Promise<Kubernetes> | undefined;
const stops: (() => Promise<unknown>)[] = [];

// Registered while mocha reads its files: a hook of the root suite.
if (typeof globalThis.after === 'function') {
  after(async function () {
    this.timeout(30_000);
    for (const stop of stops.splice(0).reverse()) await stop();
  });
}

/** The API server of this run, started on first use; leaves the test out where its binaries are not at hand. */
export function sharedKubernetes(context: Context): Promise<Kubernetes> {
  const binaries = findBinaries();
  if (binaries === undefined)
    pendingBecause(context, 'there is no API server here: KUBEBUILDER_ASSETS names no folder with kube-apiserver, etcd and kubectl');
  shared ??= start(binaries);
  return shared;
}

const TOKEN = 'admintok';

async function start(binaries: string): Promise<Kubernetes> {
  const directory = mkdtempSync(join(tmpdir(), 'midstream-kube-'));
  stops.push(async () => rmSync(directory, { recursive: true, force: true }));
  const file = (name: string) => join(directory, name);
  const [port, client, peer, kubelet] = (await freePorts(4)) as [number, number, number, number];
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  writeFileSync(file('sa.key'), privateKey);
  writeFileSync(file('tokens.csv'), `${TOKEN},admin,1,"system:masters"\n`);
  writeFileSync(
    file('audit.yaml'),
    'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{ level: Request }]\n',
  );
  const server = `https://127.0.0.1:${port}`;
  writeFileSync(file('kubeconfig'), kubeconfigOf({ server, 'insecure-skip-tls-verify': true }, { token: TOKEN }));
  const run = async (command: string, ...args: string[]) => {
    const child = await startChild({ command: join(binaries, command), args, cwd: directory, exitSignal: 'SIGKILL', guarded: true });
    stops.push(() =>
      child.stop([
        { signal: 'SIGTERM', wait_ms: 1000 },
        { signal: 'SIGKILL', wait_ms: 5000 },
      ]),
    );
    return child;
  };
  const etcd = `http://127.0.0.1:${client}`;
  await run(
    'etcd',
    '--data-dir',
    file('etcd'),
    '--unsafe-no-fsync',
    '--listen-client-urls',
    etcd,
    '--advertise-client-urls',
    etcd,
    '--listen-peer-urls',
    `http://127.0.0.1:${peer}`,
    '--log-level',
    'error',
  );
  const api = await run(
    'kube-apiserver',
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=192.0.2.1',
    `--secure-port=${port}`,
    `--cert-dir=${file('certs')}`,
    '--endpoint-reconciler-type=none',
    `--service-account-key-file=${file('sa.key')}`,
    `--service-account-signing-key-file=${file('sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--token-auth-file=${file('tokens.csv')}`,
    `--client-ca-file=${tlsFile('ca.pem')}`,
    '--authorization-mode=RBAC',
    '--disable-admission-plugins=ServiceAccount',
    `--audit-policy-file=${file('audit.yaml')}`,
    `--audit-log-path=${file('audit.log')}`,
  );
  await ready(server, api);
  const admin = (...args: string[]) => kubectl(binaries, file('kubeconfig'), args);
  const made: Kubernetes = {
    binaries,
    kubeconfig: file('kubeconfig'),
    server,
    ca_file: file('certs/apiserver.crt'),
    token: TOKEN,
    kubelet: existsSync(join(binaries, 'fakekubelet')),
    audit: () =>
      readFileSync(file('audit.log'), 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditEvent),
    admin,
  };
  if (made.kubelet) {
    await run('fakekubelet', `127.0.0.1:${kubelet}`);
    await runPod(directory, admin, kubelet);
  }
  return made;
}

/** A kubeconfig with one context. */
export function kubeconfigOf(cluster: object, user: object): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  });
}

async function ready(server: string, api: Child): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (!api.running) throw new Error(`kube-apiserver ended: ${api.tail()}`);
    const status = await new Promise<number>((resolve) => {
      get(`${server}/readyz`, { rejectUnauthorized: false, headers: { authorization: `Bearer ${TOKEN}` } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      }).on('error', () => resolve(0));
    });
    if (status === 200) return;
    await pause(100);
  }
  throw new Error(`kube-apiserver is not ready: ${api.tail()}`);
}

async function runPod(directory: string, admin: Kubernetes['admin'], port: number): Promise<void> {
  const objects = join(directory, 'objects.json');
  writeFileSync(
    objects,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'List',
      items: [
        { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } },
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'p1', namespace: 'default' },
          spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'x' }] },
        },
      ],
    }),
  );
  const patch = (kind: string, name: string, status: object) =>
    admin('patch', kind, name, '--subresource=status', '--type=merge', '-p', JSON.stringify({ status }));
  const steps = [
    () => admin('create', '-f', objects),
    () =>
      patch('node', 'n1', {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      }),
    () =>
      patch('pod', 'p1', {
        phase: 'Running',
        containerStatuses: [{ name: 'c', ready: true, image: 'x', imageID: 'x', restartCount: 0, state: { running: {} } }],
      }),
  ];
  for (const step of steps) {
    const { code, err } = await step();
    if (code !== 0) throw new Error(err);
  }
}

/** Runs kubectl to its end; it is killed after a minute. */
export function kubectl(
  binaries: string,
  kubeconfig: string,
  args: readonly string[],
  more: { input?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      join(binaries, 'kubectl'),
      ['--kubeconfig', kubeconfig, ...args],
      {
        encoding: 'utf8',
        timeout: 60_000,
        maxBuffer: 64 * 1024 * 1024,
        env: { ...process.env, KUBECACHEDIR: join(kubeconfig, '..', 'cache'), ...more.env },
      },
      (error, out, err) => resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1, out, err }),
    );
    child.stdin?.end(more.input ?? '');
  });
}
