import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { renderBootstrap } from '../../envoy/render.js';
import { findEnvoy, type RunningEnvoy, runEnvoy } from '../../extproc/process/envoy.js';
import { readStats } from '../../extproc/process/envoy-admin.js';
import { freePort } from '../../extproc/process/free-port.js';
import { eventually } from '../support/gateway.js';
import { atRest, Backend, servedHttp } from '../support/http-world.js';

const EMAIL = 'jane.doe@example.com';
const policy = 'version: 1\nmasks:\n  - { name: pii, detect: [pii], as: redact }\n';
const row = (id: number): string => `{"id":${id},"mail":"${EMAIL}","note":"${'x'.repeat(200)}"}`;

interface Outcome {
  text: string;
  whole: boolean;
}

/** Reads an answer until it ends, in any way; `seen` is told of each piece. */
function read(port: number, path: string, seen: (text: string, response: IncomingMessage) => void = () => undefined): Promise<Outcome> {
  return new Promise((resolve) => {
    let text = '';
    const done = (whole: boolean) => resolve({ text, whole });
    request({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
        seen(text, response);
      });
      response.on('end', () => done(response.complete && response.statusCode === 200));
      response.on('error', () => done(false));
      response.on('close', () => done(false));
    })
      .on('error', () => done(false))
      .end();
  });
}

describe('Answers of an HTTP server that go wrong, through Envoy', function () {
  this.timeout(120_000);
  const served = servedHttp(policy);
  const { backend } = served;
  afterEach(() => atRest(served.world));

  it('a body that comes byte by byte never shows half a value, and arrives whole', async () => {
    const text = `mail ${EMAIL} and {"card":"4111 1111 1111 1111"} end`;
    backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' });
      let at = 0;
      const timer = setInterval(() => {
        if (at === text.length) {
          clearInterval(timer);
          response.end();
        } else response.write(text[at++]!);
      }, 25);
    };
    const { text: got, whole } = await read(served.world.port, '/slow', (so) => assert.doesNotMatch(so, /jane|4111/));
    assert.ok(whole);
    assert.equal(got, 'mail [email] and {"card":"[credit_card]"} end');
  });

  it('a server that goes in the middle of a body: the client gets an error, and nothing of a value that is cut', async () => {
    for (const type of ['application/json', 'text/plain', 'text/csv', 'text/event-stream', 'application/xml']) {
      backend.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': type });
        response.write(`[${row(1)},{"mail":"jane.doe@exam`);
        setTimeout(() => response.destroy(), 100);
      };
      const { text, whole } = await read(served.world.port, '/gone');
      assert.ok(!whole, type);
      assert.doesNotMatch(text, /jane/, type);
    }
  });

  it('a client that goes in the middle of a body: the server is told, and nothing stays open', async () => {
    let closed = 0;
    backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.on('close', () => closed++);
      const more = (): void => {
        while (!response.destroyed && response.write(row(1)));
        if (!response.destroyed) response.once('drain', more);
      };
      response.write('[');
      more();
    };
    for (let n = 0; n < 5; n++) await read(served.world.port, '/endless', (text, response) => text.length > 100_000 && response.destroy());
    await eventually('the server sees that its clients are gone', async () => (closed === 5 ? true : undefined));
  });

  it('what is nested 100 and 100,000 deep, no UTF-8, or holds half of a pair arrives, masked', async () => {
    const deep = (n: number): string => `${'[{"a":'.repeat(n)}"${EMAIL}"${'}]'.repeat(n)}`;
    const bodies: [Buffer, Buffer][] = [
      [Buffer.from(deep(100)), Buffer.from(deep(100).replace(EMAIL, '[email]'))],
      [Buffer.from(deep(100_000)), Buffer.from(deep(100_000).replace(EMAIL, '[email]'))],
      [Buffer.from(`{"a":"\xff\xfe ${EMAIL} \xc3"}`, 'latin1'), Buffer.from('{"a":"\xff\xfe [email] \xc3"}', 'latin1')],
      [Buffer.from(`{"a":"\\ud800 x","b":"${EMAIL}"}`), Buffer.from('{"a":"\\ud800 x","b":"[email]"}')],
    ];
    for (const [sent, want] of bodies) {
      backend.answer = (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(sent);
      };
      const answer = await fetch(`${served.world.base}/odd`);
      assert.equal(Buffer.from(await answer.arrayBuffer()).compare(want), 0, sent.toString('latin1', 0, 40));
    }
  });
});

describe('A gateway that is killed while answers stream, and Envoy lives', function () {
  this.timeout(120_000);
  const backend = new Backend();
  let directory: string;
  let child: ChildProcess;
  let envoy: RunningEnvoy;
  let port: number;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'midstream-http-killed-'));
    writeFileSync(join(directory, 'policy.yaml'), policy);
    const url = await backend.start();
    const options = {
      policyFile: join(directory, 'policy.yaml'),
      recordings: join(directory, 'recordings'),
      approvals: join(directory, 'a.db'),
    };
    const program = fileURLToPath(new URL(`./support/http-gateway-process${extname(import.meta.url)}`, import.meta.url));
    child = spawn(process.execPath, [...process.execArgv, program, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] });
    const line = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout! }).once('line', resolve);
      child.once('exit', (code) => reject(new Error(`the gateway ended (${code})`)));
    });
    const { grpc } = JSON.parse(line) as { grpc: number };
    port = await freePort();
    envoy = await runEnvoy({
      path: (await findEnvoy({ log: () => undefined })).path,
      config: renderBootstrap({
        listeners: [],
        http: [{ name: 'http', listen: `127.0.0.1:${port}`, upstream: url }],
        gateway: { grpc: [`127.0.0.1:${grpc}`] },
      }),
    });
  });
  after(async () => {
    child?.kill('SIGKILL');
    await envoy?.stop();
    backend.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('no answer ends as if it were whole, none shows a value, and nothing passes afterwards', async () => {
    let served = 0;
    const block = `${row(1)}\n`.repeat(30);
    backend.answer = (_request, response) => {
      served++;
      response.writeHead(200, { 'content-type': 'application/json' });
      const timer = setInterval(() => response.write(block), 20);
      response.on('close', () => clearInterval(timer));
    };
    await eventually('the gateway serves', async () => {
      const one = await read(port, '/first', (_text, response) => response.destroy());
      return one.text.length > 0 && one.text.includes('[email]') ? true : undefined;
    });
    const far = Array.from({ length: 8 }, () => 0);
    const load = far.map((_zero, i) => read(port, '/load', (text) => (far[i] = text.length)));
    await eventually('all answers stream', () => (far.every((bytes) => bytes > 50_000) ? true : undefined), 30_000);
    child.kill('SIGKILL');
    for (const { text, whole } of await Promise.all(load)) {
      assert.ok(!whole, 'an answer ended as if it were whole');
      assert.ok(!text.includes('jane'), 'a value got through');
    }
    const before = served;
    const { text, whole } = await read(port, '/after');
    assert.ok(!whole && !text.includes('jane') && served === before, 'a request passed without a gateway');
    await eventually('nothing is open at Envoy', async () => {
      const stats = await readStats(envoy.admin, /^(http\.http\.|cluster\.http_upstream\.)/);
      return stats['http.http.downstream_rq_active'] === 0 && stats['cluster.http_upstream.upstream_rq_active'] === 0 ? true : undefined;
    });
  });
});
