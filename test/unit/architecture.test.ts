import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import { packageRoot } from '../../extproc/process/places.js';

/** Which way imports may point, and what filters/ must not touch (architecture.md). Rules are functions, so that each is shown to fail. */

interface Source {
  /** from the root of the project, with slashes */
  path: string;
  text: string;
}

/** Of Node's own modules these alone are pure. */
const pureModules = new Set(['node:buffer', 'node:crypto', 'node:util', 'node:string_decoder', 'node:assert']);
const impure: [RegExp, string][] = [
  [/\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b/, 'reads a clock'],
  [/\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\brandomInt\b|\bgetRandomValues\b/, 'makes randomness'],
  [/\bprocess\.(env|argv|cwd|exit|on)\b/, 'reads its process'],
  [/\b(setTimeout|setInterval|setImmediate)\s*\(/, 'sets a timer'],
  [/\bconsole\.(log|error|warn|info|debug)\b/, 'prints'],
  [/\bfetch\s*\(/, 'reaches the network'],
];

/** The text without comments, so that they may name what the code must not do. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`\\])\/\/.*$/gm, '$1');
}

/** The same without the insides of texts and patterns: detectors look for words that code must not use. */
function bare(text: string): string {
  return code(text)
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/([=(,:[!&|?{;]\s*)\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g, '$1 0');
}

function imports({ path, text }: Source): { specifier: string; target: string }[] {
  const found = [
    ...code(text).matchAll(/(?:^|[\s;}])(?:import|export)\s[^'"`;]*?from\s*['"]([^'"]+)['"]|\bimport\s*\(?\s*['"]([^'"]+)['"]/gm),
  ];
  return found.map((match) => {
    const specifier = match[1] ?? match[2] ?? '';
    return { specifier, target: specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier };
  });
}

const under = (path: string, ...folders: string[]): boolean => folders.some((folder) => path.startsWith(`${folder}/`));
const ours = (target: string): boolean => under(target, 'filters', 'extproc', 'protos', 'envoy', 'test');

/** What is wrong with a file, one sentence each. */
function complaints(source: Source): string[] {
  const said: string[] = [];
  for (const { specifier, target } of imports(source)) {
    const complain = (why: string) => said.push(`${source.path} imports ${specifier}: ${why}`);
    if (under(source.path, 'filters')) {
      if (ours(target) && !under(target, 'filters')) complain('filters know nothing but themselves');
      if (target.startsWith('node:') && !pureModules.has(target)) complain('filters are pure');
    }
    if (under(source.path, 'protos') && ours(target) && !under(target, 'protos')) complain('protos know nothing but themselves');
    if (under(target, 'protos') && !knowsProtos(source.path)) complain('services and convert alone know protos');
    if (!under(source.path, 'test') && under(target, 'test')) complain('only tests import tests');
    if (under(target, 'extproc/cli') && under(source.path, 'extproc') && !under(source.path, 'extproc/cli', 'extproc/demo'))
      complain('nothing stands on a command');
  }
  if (under(source.path, 'filters'))
    for (const [pattern, what] of impure)
      if (pattern.test(bare(source.text))) said.push(`${source.path} ${what}: filters take it as an argument`);
  return said;
}

/** Random tests whose result would depend on luck, or that could not be run again (decision 0240). */
function lucky({ path, text }: Source): string[] {
  if (!under(path, 'test/unit', 'test/property', 'test/e2e', 'test/faults')) return [];
  const said: string[] = [];
  if (/\bMath\.random\b|\benv(?:\.|\[')MIDSTREAM_SEED\b/.test(code(text)))
    said.push(`${path} makes a seed of its own: test/support/seed.ts has the one of the run`);
  const [asserts, seeded] = [/\bfc\.assert\(/g, /^ +(?:runs\([\d_, a-z]+\)|options),$/gm].map(
    (pattern) => text.match(pattern)?.length ?? 0,
  );
  if (asserts !== seeded && asserts! > 0)
    said.push(`${path} has ${asserts} properties, ${seeded} of them with runs() of test/support/seed.ts as their last line`);
  return said;
}

/** Files directly in extproc/ wire things together and know everything, as commands and tests do. */
function knowsProtos(path: string): boolean {
  return under(path, 'protos', 'extproc/services', 'extproc/convert', 'extproc/cli', 'test') || posix.dirname(path) === 'extproc';
}

const left = /\b(TODO|FIXME|XXX|HACK)\b/;

function sources(...endings: string[]): Source[] {
  const root = packageRoot();
  const found: Source[] = [];
  const walk = (folder: string) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!['node_modules', 'dist', '.git', '.cache', '.midstream', 'corpus'].includes(entry.name)) walk(path);
      } else if (endings.some((ending) => entry.name.endsWith(ending)))
        found.push({ path: relative(root, path).split(sep).join('/'), text: readFileSync(path, 'utf8') });
    }
  };
  walk(root);
  return found;
}

describe('architecture', () => {
  it('imports point one way, and filters are pure', () => {
    const files = sources('.ts');
    assert.ok(files.length > 100, 'the sources were not found');
    assert.deepEqual(files.flatMap(complaints), []);
  });

  it('random tests have the seed of the run', () => {
    const here = 'test/unit/architecture.test.ts';
    assert.deepEqual(
      sources('.ts')
        .filter(({ path }) => path !== here)
        .flatMap(lucky),
      [],
    );
  });

  it('nothing is left to be done later', () => {
    const here = 'test/unit/architecture.test.ts';
    const files = sources('.ts', '.mjs', '.cjs', '.md', '.yaml', '.proto').filter(({ path }) => path !== here);
    assert.deepEqual(
      files.filter(({ text }) => left.test(text)).map(({ path }) => path),
      [],
    );
  });

  describe('each rule finds what it forbids', () => {
    const wrong: [string, string, RegExp][] = [
      ['filters/a/b.ts', `import { x } from '../../extproc/gateway.js';`, /know nothing but themselves/],
      ['filters/a/b.ts', `import type { X } from '../../protos/wire.js';`, /know nothing but themselves/],
      ['filters/a/b.ts', `export * from '../../envoy/render.js';`, /know nothing but themselves/],
      ['filters/a/b.ts', `import {\n  readFileSync,\n} from 'node:fs';`, /filters are pure/],
      ['filters/a/b.ts', `const net = await import('node:net');`, /filters are pure/],
      ['filters/a/b.ts', 'const t = Date.now();', /reads a clock/],
      ['filters/a/b.ts', 'const t = new Date();', /reads a clock/],
      ['filters/a/b.ts', 'const r = Math.random();', /makes randomness/],
      ['filters/a/b.ts', `if (process.env['X'] === 'a') x();`, /reads its process/],
      ['filters/a/b.ts', 'setTimeout(() => x(), 1);', /sets a timer/],
      ['protos/a.ts', `import { MidstreamError } from '../filters/errors.js';`, /protos know nothing/],
      ['extproc/stores/a.ts', `import { x } from '../../protos/wire.js';`, /alone know protos/],
      ['extproc/stores/a.ts', `import { x } from '../cli/io.js';`, /stands on a command/],
      ['extproc/a.ts', `import { x } from '../test/support/random.js';`, /only tests import tests/],
    ];
    for (const [path, text, why] of wrong)
      it(`${path}: ${text.replace(/\s+/g, ' ')}`, () => assert.match(complaints({ path, text }).join('\n'), why));

    for (const [text, why] of [
      ['const seed = Math.random();', /a seed of its own/],
      ["const seed = Number(process.env['MIDSTREAM_SEED']);", /a seed of its own/],
      ['fc.assert(fc.property(fc.nat(), f));', /1 properties, 0 of them/],
    ] as const)
      it(`test/unit/a.test.ts: ${text}`, () => assert.match(lucky({ path: 'test/unit/a.test.ts', text }).join('\n'), why));

    it('and leaves the rest alone', () => {
      const text = `import { createHash } from 'node:crypto';\nimport { x } from '../errors.js';\n// Date.now() is the service's\n/* import 'node:fs' */\nconst url = 'https://x';\nconst words = /process.env|Date.now/;\nconst say = 'setTimeout(';`;
      assert.deepEqual(complaints({ path: 'filters/a/b.ts', text }), []);
      assert.deepEqual(complaints({ path: 'extproc/services/a.ts', text: `import { x } from '../../protos/wire.js';` }), []);
    });
  });
});
