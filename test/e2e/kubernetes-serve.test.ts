import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hashToken } from '../../extproc/console/tokens.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { MARK_BASE64 } from '../../filters/kubernetes/answers/marks.js';
import { Approver } from '../support/approver.js';
import { eventually } from '../support/gateway.js';
import { type Kubernetes, kubeconfigOf, kubectl, type Ran, sharedKubernetes } from '../support/kubernetes.js';
import { freePorts } from '../support/ports.js';
import { type Served, startServed } from '../support/served.js';

const policy = `
version: 1
rules:
  - { name: deleted, on: kubernetes, when: 'k8s.verb == "delete" && k8s.resource == "configmaps"', then: approve, approve: { by: [platform] } }
masks:
  - { name: k8s, kubernetes: [secrets], as: redact }
  - { name: pii, detect: [pii], as: partial }
`;
const LONG = 'long-value-of-a-secret '.repeat(20_000);

/** Between Envoy and the API server: connections can be cut, all at once or after so many bytes of answers. */
class Relay {
  private readonly sockets = new Set<Socket>();
  bytes_left = Number.POSITIVE_INFINITY;
  readonly server: Server;

  constructor(port: number) {
    this.server = createServer((near) => {
      const far = connect(port, '127.0.0.1');
      for (const socket of [near, far]) {
        this.sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          this.sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.on('data', (chunk: Buffer) => {
        near.write(chunk.subarray(0, this.bytes_left));
        this.bytes_left -= chunk.length;
        if (this.bytes_left <= 0) near.end(() => this.cut());
      });
    });
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

describe('a Kubernetes API by `serve` and `envoy render`, and what breaks on the way', function () {
  this.timeout(90_000);
  let kube: Kubernetes;
  let folder: string;
  let relay: Relay;
  let served: Served;
  let kubeconfig: string;
  let approver: Approver;
  let api: number;
  let stopped = false;
  const run = (args: string[], more: Parameters<typeof kubectl>[3] = {}): Promise<Ran> => kubectl(kube.binaries, kubeconfig, args, more);
  const spawned = (...args: string[]) => spawn(join(kube.binaries, 'kubectl'), ['--kubeconfig', kubeconfig, ...args]);

  before(async function () {
    kube = await sharedKubernetes(this);
    folder = mkdtempSync(join(tmpdir(), 'midstream-kube-serve-'));
    const [listen, gateway, back, grpc, approvals] = (await freePorts(5)) as [number, number, number, number, number];
    api = listen;
    relay = new Relay(Number(new URL(kube.server).port));
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    const upstream = `https://127.0.0.1:${(relay.server.address() as { port: number }).port}`;
    writeFileSync(join(folder, 'policy.yaml'), policy);
    writeFileSync(join(folder, 'token'), kube.token);
    served = await startServed(folder, {
      version: 1,
      policy: 'policy.yaml',
      gateway: { grpc: `127.0.0.1:${grpc}` },
      record: { directory: 'recordings', durability: 'strict' },
      approvals: {
        api: { listen: `127.0.0.1:${approvals}`, tokens: [{ id: 'operator', groups: ['platform'], hash: hashToken('operator-token') }] },
      },
      http: [
        {
          name: 'cluster',
          listen: `127.0.0.1:${listen}`,
          upstream,
          upstream_ca_file: kube.ca_file,
          protocol: 'kubernetes',
          kubernetes: { token_file: 'token' },
          hop: { gateway: `127.0.0.1:${gateway}`, back: `127.0.0.1:${back}` },
        },
      ],
    });
    approver = new Approver({ api: `http://127.0.0.1:${approvals}`, operatorToken: 'operator-token' });
    kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf({ server: `http://127.0.0.1:${listen}` }, {}));
    const made = [
      await kube.admin('create', 'namespace', 'served'),
      await kube.admin('create', 'secret', 'generic', 'long', '-n', 'served', `--from-literal=a=${LONG.slice(0, 100_000)}`),
      await kube.admin('create', 'configmap', 'one', '-n', 'served', '--from-literal=mail=jane.doe@example.com'),
    ];
    for (const { code, err } of made) assert.equal(code, 0, err);
  });
  after(async () => {
    if (!stopped) await served?.stop();
    relay?.cut();
    relay?.server.close();
    await kube?.admin('delete', 'namespace', 'served', '--wait=false');
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });

  /** Envoy's counts of what is open of requests and of what they became. */
  const nothingOpen = async () => {
    let stats: Record<string, number> = {};
    await eventually(
      () => `Envoy has nothing open: ${JSON.stringify(stats)}`,
      async () => {
        stats = await served.envoy.stats(/^(http\.cluster\.downstream_rq_active|cluster\.cluster_(hop|upstream)\.upstream_rq_active)$/);
        assert.ok(Object.keys(stats).length >= 3, Object.keys(stats).join());
        return Object.values(stats).every((value) => value === 0) || undefined;
      },
    );
  };

  it('exec is masked and a watch streams', async () => {
    if (kube.kubelet) {
      const ran = await run(['exec', '-i', 'p1', '--', 'sh'], { input: 'echo to jane.doe@example.com\n' });
      assert.deepEqual(ran, { code: 0, out: 'to j***@example.com\n', err: '' });
    }
    const watch = spawned('get', 'configmaps', '-n', 'served', '-w', '-o', 'json');
    let seen = '';
    watch.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await eventually('the first object', () => Promise.resolve(seen.includes('"name": "one"') || undefined));
    await kube.admin('create', 'configmap', 'two', '-n', 'served', '--from-literal=mail=john.doe@example.com');
    await eventually('the new object', () => Promise.resolve(seen.includes('"name": "two"') || undefined));
    assert.ok(seen.includes('"j***@example.com"') && !seen.includes('john.doe'), seen);
    watch.kill();
    await nothingOpen();
  });

  it('a delete waits for a person; whose client is gone never happens', async () => {
    const waiting = run(['delete', 'configmap', 'two', '-n', 'served']);
    await approver.decideNext('approve');
    assert.match((await waiting).err, /Warning: held by the rule deleted, and approved/);
    const gone = spawned('delete', 'configmap', 'one', '-n', 'served');
    const { hold } = await approver.held();
    gone.kill('SIGKILL');
    await approver.holds(0);
    assert.equal((await approver.decide(hold, 'approve')).ok, false);
    await nothingOpen();
    assert.equal((await kube.admin('get', 'configmap', 'one', '-n', 'served')).code, 0);
  });

  it('the API server is gone in the midst of a watch, and of an object: an error, and no half of a Secret', async () => {
    const read = async (path: string): Promise<{ text: string; error: unknown }> => {
      let text = '';
      try {
        const answer = await fetch(`http://127.0.0.1:${api}${path}`);
        for await (const chunk of answer.body!) text += Buffer.from(chunk as Uint8Array).toString();
      } catch (error) {
        return { text, error };
      }
      return { text, error: undefined };
    };
    const watched = read('/api/v1/namespaces/served/secrets?watch=1&timeoutSeconds=60');
    await eventually('the watch is open', async () => {
      const stats = await served.envoy.stats(/http\.cluster\.downstream_rq_active$/);
      return Object.values(stats).some((value) => value > 0) || undefined;
    });
    await kube.admin('label', 'secret', 'long', '-n', 'served', 'seen=yes');
    relay.cut();
    const ended = await watched;
    assert.ok(ended.error !== undefined, 'a watch that broke off does not end as if it were over');
    const raw = Buffer.from(LONG).toString('base64').slice(0, 40);
    assert.ok(!ended.text.includes(raw));
    // Answers of one list: the same connection is cut in the midst of its only object.
    for (const bytes of [3_000, 20_000, 60_000, 100_000]) {
      relay.bytes_left = bytes;
      const { text, error } = await read('/api/v1/namespaces/served/secrets');
      relay.bytes_left = Number.POSITIVE_INFINITY;
      const failed = error !== undefined || /"kind":"Status".*"status":"Failure"|upstream connect error/s.test(text);
      assert.ok(failed, `${bytes}: ${text.slice(0, 300)}`);
      assert.ok(!text.includes(raw) && !text.includes(MARK_BASE64), text.slice(0, 300));
    }
    await nothingOpen();
    const whole = await read('/api/v1/namespaces/served/secrets');
    assert.ok(whole.error === undefined && whole.text.includes(MARK_BASE64), 'and the next request is answered');
  });

  it('the gateway is killed in the midst of exec: kubectl fails', async function () {
    if (!kube.kubelet) this.skip();
    const exec = spawned('exec', 'p1', '--', 'sh', '-c', 'echo begun; sleep 5; echo jane.doe@example.com');
    let seen = '';
    exec.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
    });
    await eventually('it has begun', () => Promise.resolve(seen.includes('begun') || undefined));
    const ended = once(exec, 'exit');
    process.kill(served.pid, 'SIGKILL');
    assert.notEqual((await ended)[0], 0);
    assert.equal(seen, 'begun\n');
    const refused = await run(['get', 'pods']);
    assert.notEqual(refused.code, 0, 'nothing passes without the gateway');
    await served.stop();
    stopped = true;
    assert.deepEqual((await verifyRecordings(join(folder, 'recordings'))).problems, []);
  });
});
