import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import type { StoredEvent } from '../../filters/record/chain.js';
import { TerminalCast } from '../../filters/record/terminal-cast.js';
import { recordedEvents } from '../faults/support/world.js';
import { type HttpGateway, startedGateway } from '../support/http-gateway.js';
import { judgedOtherwise } from '../support/judged-again.js';
import { type Kubernetes, kubectl, type Ran, sharedKubernetes } from '../support/kubernetes.js';
import { pendingBecause } from '../support/pending.js';

const policy = `
version: 1
rules:
  - { name: no-prod-exec, on: kubernetes, when: 'k8s.subresource == "exec" && "reboot" in k8s.command', then: deny, message: Nothing is rebooted from here. }
  - { name: shutdowns, on: kubernetes, when: 'k8s.subresource == "exec" && "shutdown" in k8s.command', then: approve }
  - { name: no-rm, on: terminal, when: 'terminal.line.matches("\\\\brm\\\\s+-")', then: deny, message: Nothing is removed here. }
  - { name: restarts, on: terminal, when: 'terminal.line.startsWith("echo restart") && k8s.namespace == "default"', then: approve }
masks:
  - { name: pii, detect: [pii], as: partial }
  - { name: keys, detect: [secrets], as: redact }
defaults: { opaque: deny }
`;
const EMAIL = 'jane.doe@example.com';
const CARD = '4111 1111 1111 1111';

describe('streams of a Kubernetes API behind Envoy and the gateway, by kubectl (the kubelet is a stand-in that maps no exit codes)', function () {
  this.timeout(90_000);
  let kube: Kubernetes;
  let gateway: HttpGateway;
  let directory: string;
  const run = (args: string[], more: Parameters<typeof kubectl>[3] = {}): Promise<Ran> =>
    kubectl(kube.binaries, gateway.kubernetes!.kubeconfig, args, more);

  before(async function () {
    kube = await sharedKubernetes(this);
    if (!kube.kubelet) pendingBecause(this, 'there is no kubelet here that runs commands (fakekubelet beside kubectl)');
    directory = mkdtempSync(join(tmpdir(), 'midstream-kube-streams-'));
    gateway = await startedGateway(policy, { kubernetes: { kubeconfig: kube.kubeconfig, listen: { host: '127.0.0.1', port: 0 } } });
  });
  after(async () => {
    await gateway?.finish();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  it('exec: standard output and error are masked, and the end is as it was', async () => {
    const ran = await run(['exec', 'p1', '--', 'sh', '-c', `printf '4111 1111 '; sleep 0.2; echo '1111 1111'; echo to ${EMAIL} >&2`]);
    assert.deepEqual(ran, { code: 0, out: '**** **** **** 1111\n', err: 'to j***@example.com\n' });
    const failing = ['exec', 'p1', '--', 'sh', '-c', 'echo out; exit 7'];
    assert.deepEqual(await run(failing), await kube.admin(...failing));
  });

  it('exec: a megabyte comes through whole, and what is piped in', async () => {
    const line = 'the quick brown fox jumps over the lazy dog\n';
    const { out, code } = await run(['exec', 'p1', '--', 'sh', '-c', `yes '${line.trim()}' | head -n 25000`]);
    assert.equal(code, 0);
    assert.ok(out === line.repeat(25_000), `${out.length} bytes`);
    const script = 'echo one\necho two\n';
    assert.equal((await run(['exec', '-i', 'p1', '--', 'sh'], { input: script })).out, 'one\ntwo\n');
  });

  it('exec: a refused line does not reach the shell, and the rest does', async () => {
    const keep = join(directory, 'keep');
    writeFileSync(keep, 'x');
    const ran = await run(['exec', '-i', 'p1', '--', 'sh'], { input: `echo before\nrm -f ${keep}\necho after` });
    assert.deepEqual(ran, { code: 0, out: 'before\nafter\n', err: 'midstream: refused: Nothing is removed here. (no-rm)\n' });
    assert.equal(readFileSync(keep, 'utf8'), 'x');
  });

  it('exec: a line waits for a person', async () => {
    const waiting = run(['exec', '-i', 'p1', '--', 'sh'], { input: 'echo restart db\necho after\n' });
    const { hold, text } = await gateway.waiting();
    assert.match(text, /pods\/p1\/exec.*\n\necho restart db$/s);
    assert.equal(await gateway.decide(hold, 'approve'), 200);
    assert.equal((await waiting).out, 'restart db\nafter\n');
    const denied = run(['exec', '-i', 'p1', '--', 'sh'], { input: 'echo restart db\necho after\n' });
    await gateway.decide((await gateway.waiting()).hold, 'deny', 'not today');
    const { out, err } = await denied;
    assert.equal(out, 'after\n');
    assert.match(err, /refused: denied by operator: not today \(restarts\)/);
  });

  it('exec: what the policy refuses, and SPDY, are errors that say why', async () => {
    const { code, err } = await run(['exec', 'p1', '--', 'reboot']);
    assert.equal(code, 1);
    assert.match(err, /Nothing is rebooted from here\./);
    const spdy = await run(['exec', 'p1', '--', 'ls'], { env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' } });
    assert.equal(spdy.code, 1);
    assert.match(spdy.err, /set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true/);
  });

  it('exec: kubectl, which asks for SPDY when WebSocket fails, shows why it failed', async () => {
    const held = run(['exec', 'p1', '--', 'shutdown']);
    await gateway.decide((await gateway.waiting()).hold, 'deny', 'not today');
    assert.match((await held).err, /WebSocket was answered with 403 before: Not approved: denied by operator: not today\..*rule shutdowns/);
    const spdy = await run(['exec', 'p1', '--', 'shutdown'], { env: { KUBECTL_REMOTE_COMMAND_WEBSOCKETS: 'false' } });
    assert.match(
      spdy.err,
      /set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true/,
      'it is told once, and what was not tried before is told what to do',
    );
  });

  it('port-forward carries anything, so the policy decides', async () => {
    const { code, err } = await run(['port-forward', 'pod/p1', ':80']);
    assert.equal(code, 1);
    assert.match(err, /a forwarded port carries any protocol/);
  });

  it('cp: files go in and come out as they are', async () => {
    const from = join(directory, 'from.bin');
    const bytes = randomBytes(200_000);
    writeFileSync(from, bytes);
    const there = join(directory, 'there.bin');
    assert.equal((await run(['cp', from, `p1:${there}`])).code, 0);
    assert.ok(readFileSync(there).equals(bytes));
    writeFileSync(there, 'the quick brown fox\n'.repeat(1000));
    const back = join(directory, 'back.txt');
    assert.equal((await run(['cp', `p1:${there}`, back])).code, 0);
    assert.equal(readFileSync(back, 'utf8'), 'the quick brown fox\n'.repeat(1000));
  });

  it('leaves nothing open, and has recorded terminals that can be played', async () => {
    await gateway.nothingLeft();
    await gateway.runtime.recordings.rotate();
    const events = await recordedEvents(gateway.recordings);
    assert.ok(!JSON.stringify(events).includes(EMAIL));
    assert.ok(!JSON.stringify(events).includes(CARD));
    assert.deepEqual((await verifyRecordings(gateway.recordings)).problems, []);
    assert.deepEqual(await judgedOtherwise(policy, await recordedEvents(gateway.recordings)), []);
    const begun = events.find((event) => TerminalCast.begins(event))!;
    const session = events.filter((event) => event.session === begun.session) as StoredEvent[];
    const cast = new TerminalCast(begun.session, session[0]!);
    const lines = session.flatMap((event) => cast.add(event)).map((text) => JSON.parse(text) as unknown);
    assert.equal((lines[0] as { version: number }).version, 3);
    const shown = (lines.slice(1) as [number, string, string][]).filter(([, code]) => code === 'o').map(([, , text]) => text);
    assert.deepEqual(shown.sort(), ['**** **** **** 1111\r\n', 'to j***@example.com\r\n']);
    assert.deepEqual((lines.at(-1) as unknown[]).slice(1), ['x', '0']);
  });
});
