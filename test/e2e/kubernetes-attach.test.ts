import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { type HttpGateway, startedGateway } from '../support/http-gateway.js';
import { kubeconfigOf, kubectl, sharedKubernetes } from '../support/kubernetes.js';

const policy = `
version: 1
rules:
  - { name: no-rm, on: terminal, when: 'terminal.line.startsWith("rm ")', then: deny, message: Nothing is removed here. }
masks:
  - { name: pii, detect: [pii], as: partial }
`;
const POD = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p1', namespace: 'default' },
  spec: { containers: [{ name: 'c', image: 'x', stdin: true }] },
  status: { phase: 'Running' },
};
const ANSWERS: Record<string, object> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': { kind: 'APIGroupList', apiVersion: 'v1', groups: [] },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [{ name: 'pods', singularName: 'pod', namespaced: true, kind: 'Pod', verbs: ['get', 'list'] }],
  },
  '/api/v1/namespaces/default/pods/p1': POD,
};

/** The real API server's node can't attach, so this one is a stand-in: it knows one pod, and repeats what is written to it. */
describe('kubectl attach, to a stand-in for the API server', function () {
  this.timeout(60_000);
  const http: Server = createServer((request, response) => {
    const found = ANSWERS[(request.url ?? '').replace(/\?.*$/, '')];
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(found ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 404 }));
  });
  let gateway: HttpGateway;
  let directory: string;
  let binaries: string;

  before(async function () {
    ({ binaries } = await sharedKubernetes(this));
    const sockets = new WebSocketServer({
      server: http,
      handleProtocols: (offered) => (offered.has('v5.channel.k8s.io') ? 'v5.channel.k8s.io' : false),
    });
    sockets.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.send(Buffer.from('\u0001card 4111 1111 '));
      socket.send(Buffer.from('\u00011111 1111\n'));
      socket.on('message', (data: Buffer) => {
        if (data[0] === 0) socket.send(Buffer.concat([Buffer.from([1]), data.subarray(1)]));
        if (data[0] !== 255) return;
        socket.send(Buffer.from('\u0003{"metadata":{},"status":"Success"}'));
        socket.close(1000);
      });
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    directory = mkdtempSync(join(tmpdir(), 'midstream-attach-'));
    const kubeconfig = join(directory, 'kubeconfig');
    writeFileSync(kubeconfig, kubeconfigOf({ server: `http://127.0.0.1:${(http.address() as AddressInfo).port}` }, { token: 'x' }));
    gateway = await startedGateway(policy, { kubernetes: { kubeconfig, listen: { host: '127.0.0.1', port: 0 } } });
  });
  after(async () => {
    await gateway?.finish();
    http.closeAllConnections();
    http.close();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  it('masks what comes, judges what is written, and ends as the process does', async () => {
    const ran = await kubectl(binaries, gateway.kubernetes!.kubeconfig, ['attach', '-i', 'p1', '-c', 'c'], { input: 'hello\nrm x\nbye\n' });
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.out, 'card **** **** **** 1111\nhello\nbye\n');
    assert.match(ran.err, /midstream: refused: Nothing is removed here\. \(no-rm\)/);
    await gateway.nothingLeft();
  });
});
