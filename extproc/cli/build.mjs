// Compiles the TypeScript into dist/ when it is missing or older than the sources. Plain JavaScript, since it runs before there is a build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const stamp = join(root, 'dist', '.built');
const sourceFolders = ['extproc', 'filters', 'envoy', 'protos', 'test'];

function newestSource() {
  let newest = statSync(join(root, 'tsconfig.json')).mtimeMs;
  const walk = (folder) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.name.endsWith('.ts')) newest = Math.max(newest, statSync(path).mtimeMs);
    }
  };
  for (const folder of sourceFolders) if (existsSync(join(root, folder))) walk(join(root, folder));
  return newest;
}

/** Returns true when dist/ is up to date afterwards. Prints the compiler's errors. */
export function build({ force = false, quiet = true } = {}) {
  if (!existsSync(join(root, 'tsconfig.json'))) return true; // a published package has dist/ only
  const started = newestSource();
  if (!force && existsSync(stamp) && statSync(stamp).mtimeMs >= started) return true;
  const require = createRequire(import.meta.url);
  let compiler;
  try {
    compiler = join(dirname(require.resolve('typescript/package.json')), 'bin', 'tsc');
  } catch {
    process.stderr.write('midstream: the TypeScript compiler is missing; run `npm install` first\n');
    return false;
  }
  if (!quiet) process.stderr.write('midstream: compiling\n');
  if (force) rmSync(join(root, 'dist'), { recursive: true, force: true });
  const result = spawnSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.json')], { cwd: root, stdio: ['ignore', 2, 2] });
  if (result.status !== 0) return false;
  writeFileSync(stamp, '');
  return true;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exit(build({ force: process.argv.includes('--force'), quiet: false }) ? 0 : 1);
}
