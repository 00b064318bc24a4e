// Runs the tests: builds, makes sure that Envoy and PostgreSQL are there, then mocha. Plain JavaScript, since it runs before
// there is a build. The last line is always `N passed, N failed`; the exit code is 0 only when some passed and none failed.
//
//   npm test                 everything but the long runs
//   npm test -- --unit       unit and property tests alone: no Envoy, no PostgreSQL
//   npm test -- --full       the long runs (or MIDSTREAM_FULL=1; test/support/long.ts), from a seed that is new each time
//   npm test -- --drivers    other people's suites through the gateway (test/drivers)
//   MIDSTREAM_SEED=7 …       random tests start from this seed and not from 1 (test/support/seed.ts)
//   npm test -- --grep WORD  tests whose name holds WORD; or names of files and folders: npm test -- test/unit/policy/cel.test.ts
import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { cpSync, existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const say = (text) => process.stdout.write(`${text}\n`);
const minutes = (count) => count * 60_000;

/** Milliseconds that a run may take in all, and that mocha may take to end after its last test. */
const RUN_MS_MAX = { usual: minutes(24), full: minutes(240) };
const TEST_MS_MAX = { usual: minutes(1), full: minutes(30) };
const LINGER_MS_MAX = 30_000;

function finish(passed, failed, why = []) {
  for (const line of why) say(line);
  say(`${passed} passed, ${failed} failed`);
  process.exit(passed > 0 && failed === 0 ? 0 : 1);
}

function readArguments(given) {
  const options = { kinds: ['unit', 'property', 'e2e', 'faults'], full: false, drivers: false, mocha: [], files: [], rest: [] };
  for (let i = 0; i < given.length; i++) {
    const word = given[i];
    if (word === '--unit') options.kinds = ['unit', 'property'];
    else if (word === '--full') options.full = true;
    else if (word === '--drivers') {
      options.drivers = true;
      options.rest = given.slice(i + 1);
      break;
    } else if (word === '--bail') options.mocha.push(word);
    else if (word === '--grep' && given[i + 1] !== undefined) options.mocha.push(word, given[++i]);
    else if (word.startsWith('-')) finish(0, 1, [`midstream: test/run.mjs does not know ${word}`]);
    else options.files.push(word);
  }
  return options;
}

/** Test files by their sources, so that what was deleted but still lies in dist/ is not run. */
function testFiles(folders) {
  const found = [];
  const walk = (folder) => {
    if (!existsSync(folder)) return;
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory()) walk(join(folder, entry.name));
      else if (entry.name.endsWith('.test.ts')) found.push(join(folder, entry.name));
    }
  };
  for (const folder of folders) walk(folder);
  return found;
}

const compiled = (file) => join(root, 'dist', relative(root, resolve(file)).replace(/\.ts$/, '.js'));

/** Corpora, certificates and golden files lie beside the sources; compiled tests find them beside themselves. */
function copyData() {
  const data = (path) => statSync(path).isDirectory() || !/\.(ts|mjs)$/.test(path);
  cpSync(join(root, 'test'), join(root, 'dist', 'test'), { recursive: true, filter: data });
}

function checkMachine() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 12))
    finish(0, 1, [`midstream: Node 20.12 or newer is needed; this is ${process.versions.node}`]);
  try {
    const require = createRequire(import.meta.url);
    return join(dirname(require.resolve('mocha/package.json')), 'bin', 'mocha.js');
  } catch {
    return finish(0, 1, ['midstream: the dependencies are missing; run `npm install` first']);
  }
}

/** Envoy and PostgreSQL for all tests of the run, with a word on what is being fetched. */
async function startWorld() {
  const { findEnvoy } = await import('../dist/extproc/process/envoy.js');
  const { sharedPostgres } = await import('../dist/test/support/postgres.js');
  const envoy = await findEnvoy({ log: say });
  process.env.MIDSTREAM_ENVOY = envoy.path;
  const postgres = await sharedPostgres();
  say(`PostgreSQL ${postgres.version}: ${postgres.host}:${postgres.port}`);
  return postgres;
}

/** Runs mocha, and counts what its reporter tells; a run that breaks off counts as a failure whatever had passed. */
function runMocha(mocha, options, files, full) {
  const args = [
    '--enable-source-maps',
    mocha,
    '--reporter',
    join(root, 'test', 'support', 'reporter.cjs'),
    '--forbid-only',
    '--timeout',
    String(TEST_MS_MAX[full]),
    '--no-config',
  ];
  const child = spawn(process.execPath, [...args, ...options.mocha, ...files], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: process.env,
  });
  const result = { passed: 0, failed: 0, why: [] };
  let ended = false;
  let lingering;
  const limit = setTimeout(() => {
    result.why.push(`midstream: the tests took longer than ${RUN_MS_MAX[full] / 60_000} minutes and were broken off`);
    child.kill('SIGKILL');
  }, RUN_MS_MAX[full]);
  child.on('message', (message) => {
    if (message.event === 'pass') result.passed++;
    if (message.event === 'fail') {
      result.failed++;
      result.why.push(`failed: ${message.title}`);
    }
    if (message.event !== 'end') return;
    ended = true;
    lingering = setTimeout(() => {
      result.why.push(`midstream: a test left something running: mocha did not end within ${LINGER_MS_MAX / 1000} s after the last one`);
      result.failed++;
      child.kill('SIGKILL');
    }, LINGER_MS_MAX);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((done) => {
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      clearTimeout(lingering);
      if (!ended) {
        result.failed++;
        result.why.push(`midstream: mocha broke off (${signal ?? `exit code ${code}`})`);
      } else if (code !== 0 && result.failed === 0) {
        result.failed++;
        result.why.push(`midstream: mocha ended with ${signal ?? `exit code ${code}`}`);
      }
      done(result);
    });
  });
}

async function main() {
  const options = readArguments(process.argv.slice(2));
  const mocha = checkMachine();
  const { build } = await import('../extproc/cli/build.mjs');
  if (!build({ quiet: false })) finish(0, 1, ['midstream: the sources do not compile']);
  copyData();
  if (options.drivers) {
    const child = spawn(process.execPath, ['--enable-source-maps', join(root, 'dist', 'test', 'drivers', 'main.js'), ...options.rest], {
      cwd: root,
      stdio: 'inherit',
    });
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
    child.on('close', (code) => process.exit(code ?? 1));
    return;
  }
  const isFolder = (name) => statSync(name, { throwIfNoEntry: false })?.isDirectory() === true;
  const sources =
    options.files.length > 0
      ? options.files.flatMap((name) => (isFolder(name) ? testFiles([name]) : [name]))
      : testFiles(options.kinds.map((kind) => join(root, 'test', kind)));
  const files = sources.map(compiled);
  const missing = sources.filter((_, i) => !existsSync(files[i]));
  if (files.length === 0 || missing.length > 0)
    finish(0, 1, [`midstream: no tests to run${missing.length > 0 ? `: ${missing.join(', ')} is not there` : ''}`]);
  const needsWorld = sources.some((file) => /test[/\\](e2e|faults)[/\\]/.test(file));
  let world;
  try {
    if (needsWorld) world = await startWorld();
  } catch (error) {
    finish(0, 1, [`midstream: ${error.message}`, ...(error.hint ? [`  ${error.hint}`] : [])]);
  }
  if (options.full) process.env.MIDSTREAM_FULL = '1';
  const { full } = await import('../dist/test/support/long.js');
  // Here and nowhere else: whatever the tests start has the same seed, and what fails can be run again.
  if (full && !process.env.MIDSTREAM_SEED) process.env.MIDSTREAM_SEED = String(randomInt(1, 2 ** 30));
  const { SAID } = await import('../dist/test/support/seed.js');
  say(`random tests start from ${SAID}`);
  const { passed, failed, why } = await runMocha(mocha, options, files, full ? 'full' : 'usual');
  await world?.stop();
  finish(passed, failed, failed === 0 ? why : [...why, `midstream: random tests started from ${SAID}`]);
}

await main();
