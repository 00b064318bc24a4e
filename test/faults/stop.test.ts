import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { packageRoot } from '../../extproc/process/places.js';
import { verifyRecordings } from '../../extproc/stores/recordings/verify/index.js';
import { sharedEnvoy } from '../support/envoy.js';
import { sharedPostgres } from '../support/postgres.js';

describe('midstream up, when it is stopped', function () {
  this.timeout(60_000);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-stop-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  async function command(recordings = 'recordings'): Promise<string[]> {
    const { host, port } = new URL((await sharedPostgres()).url.replace(/^postgres(ql)?:/, 'http:'));
    assert.ok(port !== '');
    return [
      join(packageRoot(), 'extproc', 'cli', 'bin.mjs'),
      'up',
      '--postgres',
      host,
      '--listen',
      '0',
      '--policy',
      join(packageRoot(), 'extproc', 'policies', 'allow-all.yaml'),
      '--record',
      join(folder, recordings),
      '--json',
    ];
  }

  /** Runs it in the folder, waits until it is ready, stops it; gives its exit code and what it wrote. */
  async function run(
    beforeStop: (ready: Record<string, unknown>) => unknown,
    recordings?: string,
  ): Promise<{ code: number | null; err: string }> {
    const args = await command(recordings);
    const child = spawn(process.execPath, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const exited = once(child, 'exit') as Promise<[number | null]>;
    const lines = createInterface({ input: child.stdout });
    const first = await Promise.race([once(lines, 'line') as Promise<[string]>, exited.then(() => undefined)]);
    assert.ok(first !== undefined, `it did not start: ${err}`);
    await beforeStop(JSON.parse(first[0]) as Record<string, unknown>);
    child.kill('SIGTERM');
    const [code] = await exited;
    return { code, err };
  }

  it('ends well, and `midstream approvals` finds it from the same folder while it runs', async () => {
    const { code, err } = await run((ready) => {
      const file = join(folder, '.midstream', 'api.json');
      assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), { url: ready['api'], token_file: ready['token_file'], pid: ready['pid'] });
      for (const one of [file, String(ready['token_file'])]) assert.equal(statSync(one).mode & 0o777, 0o600);
    });
    assert.equal(code, 0, err);
  });

  it('leaves what another finds in the same folder, and takes its own away', async () => {
    const file = join(folder, '.midstream', 'api.json');
    const first = await run(async ({ api }) => {
      const found = readFileSync(file, 'utf8');
      let own = '';
      const second = await run((ready) => {
        own = String(ready['token_file']);
        assert.equal(own, join(folder, '.midstream', `up-${ready['pid']}`, 'operator.token'));
        assert.equal(statSync(own).mode & 0o777, 0o600);
        assert.notEqual(ready['api'], api);
      }, 'others');
      assert.equal(second.code, 0, second.err);
      assert.equal(readFileSync(file, 'utf8'), found);
      assert.ok(!existsSync(own));
    });
    assert.equal(first.code, 0, first.err);
    // The first has ended: the usual place is free again.
    const third = await run((ready) => assert.equal(ready['token_file'], join(folder, '.midstream', 'operator.token')), 'thirds');
    assert.equal(third.code, 0, third.err);
  });

  it('ends well when the npm that runs it is ended, which passes no signal on', async () => {
    // A stand-in for npm: the shell that it runs programs in, with the environment that it gives them.
    const child = spawn('sh', ['-c', '"$0" "$@"; true', process.execPath, ...(await command())], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, npm_lifecycle_event: 'npx', npm_lifecycle_script: "'midstream'" },
    });
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const [first] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
    const ready = JSON.parse(first) as { postgres: string };
    // Its pipes are open for as long as anything that it has started lives.
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    await ended;
    assert.equal(err, '');
    const [host, port] = ready.postgres.split(':');
    await assert.rejects(once(connect(Number(port), host), 'connect'), { code: 'ECONNREFUSED' });
    assert.deepEqual((await verifyRecordings(join(folder, 'recordings'))).problems, []);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`ends well by ${signal} while Envoy starts: never ready, and nothing is left`, async () => {
      // An Envoy that tells its version and then never answers.
      const slow = join(folder, 'slow-envoy');
      const { path } = await sharedEnvoy();
      writeFileSync(slow, `#!/bin/sh\n[ "$1" = --version ] && exec ${path} --version\necho $$ > ${join(folder, 'pid')}\nexec sleep 600\n`);
      chmodSync(slow, 0o755);
      const temporary = join(folder, 'tmp');
      mkdirSync(temporary);
      const child = spawn(process.execPath, await command(), {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, MIDSTREAM_ENVOY: slow, TMPDIR: temporary },
      });
      let printed = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          printed += chunk.toString();
        });
      const closed = once(child, 'close');
      while (!existsSync(join(folder, 'pid')) && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill(signal);
      assert.deepEqual(await closed, [0, null], printed);
      assert.equal(printed, '');
      assert.deepEqual(readdirSync(temporary), []);
      assert.throws(() => process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0), { code: 'ESRCH' });
      assert.deepEqual((await verifyRecordings(join(folder, 'recordings'))).problems, []);
    });
  }

  it('ends too when its recordings are gone, and says so', async () => {
    const { code, err } = await run(() => rmSync(join(folder, 'recordings'), { recursive: true }));
    assert.notEqual(code, 0);
    assert.match(err, /recordings|ENOENT/);
  });
});
