// Compiles filters/mask/anchors/assembly/index.ts into module.ts beside it: `node extproc/cli/build-anchors.mjs [asc.js]`. The compiler is
// fetched for it, unless it is given, and is no dependency: what is committed is its output, and a test compares the sources' hash.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMPILER = 'assemblyscript@0.28.20';
const here = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'filters', 'mask', 'anchors');
const { PAGES } = Object.fromEntries(
  [...readFileSync(join(here, 'layout.ts'), 'utf8').matchAll(/^export const (\w+) = (\d+);/gm)].map(([, name, value]) => [name, value]),
);
const folder = mkdtempSync(join(tmpdir(), 'anchors-'));
const out = join(folder, 'anchors.wasm');
const options = ['-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--initialMemory', PAGES, '--maximumMemory', PAGES];
const compiler = process.argv[2] === undefined ? ['npx', '--yes', '-p', COMPILER, 'asc'] : [process.execPath, process.argv[2]];
const run = spawnSync(compiler[0], [...compiler.slice(1), join('assembly', 'index.ts'), ...options, '-o', out], { cwd: here });
if (run.status !== 0) {
  process.stderr.write(`${run.stdout}${run.stderr}`);
  process.exit(1);
}
const hash = createHash('sha256');
for (const name of ['layout.ts', 'assembly/anchors.ts', 'assembly/rows.ts', 'assembly/signs.ts'])
  hash.update(readFileSync(join(here, name)));
const text = readFileSync(out).toString('base64');
writeFileSync(
  join(here, 'module.ts'),
  `// Made by extproc/cli/build-anchors.mjs from assembly/index.ts with ${COMPILER}; not to be changed by hand.

/** sha256 of layout.ts and of anchors.ts, rows.ts and signs.ts in assembly/, one after the other */
export const SOURCES = '${hash.digest('hex')}';

/** the module, WebAssembly 1 with 128-bit SIMD, in base64 */
export const MODULE =
${text
  .match(/.{1,130}/g)
  .map((line) => `  '${line}'`)
  .join(' +\n')};
`,
);
rmSync(folder, { recursive: true });
