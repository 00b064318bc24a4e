import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { inUnits } from '../../../extproc/cli/detect/ndjson.js';
import { packageRoot } from '../../../extproc/process/places.js';
import { createDetector, kinds } from '../../../filters/mask/index.js';

interface Ran {
  out: string;
  err: string;
  code: number | null;
}

/** Runs `midstream detect` as a process of its own: exit codes and standard input are part of what is tested. */
function run(words: string[], input: string | Buffer = ''): Promise<Ran> {
  const child = spawn(process.execPath, [join(packageRoot(), 'extproc/cli/bin.mjs'), 'detect', ...words], { cwd: packageRoot() });
  const ran: Ran = { out: '', err: '', code: null };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    ran.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.err += text;
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exit) => resolve({ ...ran, code: exit }));
  });
}

/** The lines as objects, without scores: those are the detectors' business. */
const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line, (key, value: unknown) => (key === 'score' ? undefined : value)) as unknown);

describe('midstream detect', function () {
  this.timeout(60_000);

  let folder: string;
  const path = (name: string): string => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'midstream-detect-'));
    await writeFile(path('found.txt'), 'zoë\nthe PASSWORD=hunter22 and\n  4111 1111 1111 1111 of jane@example.com\n');
    await writeFile(path('clean.txt'), 'nothing is here\n');
    await writeFile(path('policy.yaml'), 'version: 1\nmasks:\n  - { name: cards, detect: [credit_card], as: partial }\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('shows where and what, never the value, and fails for CI', async () => {
    const ran = await run([path('found.txt'), path('clean.txt')]);
    assert.deepEqual(
      ran.out
        .replace(/ [01]\.\d\d /g, ' ')
        .trimEnd()
        .split('\n'),
      [
        ':2:14: password  the PASSWORD=[password] and',
        ':3:3: credit_card    [credit_card] of [email]',
        ':3:26: email    [credit_card] of [email]',
      ].map((rest) => `${path('found.txt')}${rest}`),
    );
    assert.deepEqual([ran.code, ran.err], [1, '']);
  });

  it('says by its exit code that nothing was found, or that something went wrong', async () => {
    assert.deepEqual(await run([path('clean.txt')]), { out: '', err: '', code: 0 });
    const gone = await run([path('none.txt'), path('found.txt')]);
    assert.match(gone.err, /there is no file .*none\.txt/);
    assert.match(gone.out, /credit_card/);
    assert.equal(gone.code, 2);
    assert.equal((await run(['--no-such-option'])).code, 2);
    assert.equal((await run(['--kinds', 'cards', path('clean.txt')])).code, 2);
    assert.equal((await run(['--min-score', 'x', path('clean.txt')])).code, 2);
    assert.equal((await run(['--ndjson', folder])).code, 2);
  });

  it('reads standard input, prints JSON, and reveals only when asked', async () => {
    const ran = await run(['--json', '--kinds', 'credit_card'], 'a\n é 4111111111111111');
    assert.deepEqual(lines(ran.out), [
      { file: 'standard input', line: 2, column: 4, kind: 'credit_card', start: 6, end: 22, masked: '[credit_card]' },
    ]);
    const told = lines((await run(['--json', '--reveal', '--explain'], 'card 4111111111111111')).out) as { value: string; why: string[] }[];
    assert.equal(told[0]!.value, '4111111111111111');
    assert.match(
      told[0]!.why.join('\n'),
      /16 digits, range of Visa\nLuhn's check digit is right\nbeside it, not needed: card \(a card\)\nscore 0.90, the same alone/,
    );
  });

  it('reads UTF-16 with a mark and without, and gzip, and gives offsets in what is stored', async () => {
    const text = '😀 jane@example.com\n';
    const little = Buffer.from(`\ufeff${text}`, 'utf16le');
    const hit = { line: 1, kind: 'email', masked: '[email]' };
    const files = [
      ['little.txt', little, 3, 8],
      ['big.txt', Buffer.from(little).swap16(), 3, 8],
      ['unmarked.txt', Buffer.from('mail of jane@example.com\n', 'utf16le'), 9, 16],
      ['little.txt.gz', gzipSync(little), 3, 8],
    ] as const;
    for (const [name, bytes] of files) await writeFile(path(name), bytes);
    const ran = await run(['--json', ...files.map(([name]) => path(name)), '-'], gzipSync(text));
    assert.equal(ran.code, 1, ran.err);
    assert.deepEqual(lines(ran.out), [
      ...files.map(([name, , column, start]) => ({ ...hit, file: path(name), column, start, end: start + 32 })),
      { ...hit, file: 'standard input', column: 3, start: 5, end: 21 },
    ]);
  });

  it('tells what it cannot read rather than finding nothing', async () => {
    const half = gzipSync('jane@example.com'.repeat(9)).subarray(0, 30);
    const files = [
      ['x.zip', Buffer.from('PK\x03\x04 and so on'), 'x.zip is packed (zip)'],
      ['half.gz', half, 'half.gz is broken gzip: unexpected end of file'],
      ['wide.txt', Buffer.from('\xff\xfe\0\0j\0\0\0', 'latin1'), 'wide.txt is UTF-32'],
      ['odd.txt', Buffer.from('\xff\xfej\0a\0n\0e\0@', 'latin1'), 'odd.txt: its bytes are not utf-16le'],
    ] as const;
    for (const [name, bytes] of files) await writeFile(path(name), bytes);
    const ran = await run(['--json', ...files.map(([name]) => path(name))]);
    assert.deepEqual([ran.out, ran.code], ['', 2]);
    assert.deepEqual(
      lines(ran.err).map((line) => (line as { error: { message: string } }).error.message),
      files.map(([, , message]) => join(folder, message)),
    );
  });

  it('looks into folders, and says what it passed over there', async () => {
    const folder = path('tree');
    await mkdir(join(folder, 'a', 'b'), { recursive: true });
    await mkdir(join(folder, '.git'));
    for (const file of ['a/b/one.txt', 'two.txt', '.git/config']) await writeFile(join(folder, file), 'jane@example.com\n');
    await writeFile(join(folder, 'picture.bin'), 'jane@example.com\0');
    await writeFile(join(folder, 'x.zip'), 'PK\x03\x04 and so on');
    await symlink(join(folder, 'two.txt'), join(folder, 'link.txt'));
    const ran = await run([folder]);
    assert.deepEqual(
      [...ran.out.matchAll(/^\S+(?= email)/gm)].map(([place]) => place),
      [`${join(folder, 'a/b/one.txt')}:1:1:`, `${join(folder, 'two.txt')}:1:1:`],
    );
    assert.match(ran.err, /^passed over, packed or binary: \S+picture\.bin, \S+x\.zip; /);
    assert.equal(ran.code, 1);
    const json = await run(['--json', folder]);
    assert.deepEqual(lines(json.err), [{ passed_over: [join(folder, 'picture.bin'), join(folder, 'x.zip')] }]);
    assert.equal((await run([join(folder, 'picture.bin')])).code, 1);
  });

  it('takes kinds from a policy and names the mask', async () => {
    const ran = await run(['--policy', path('policy.yaml'), path('found.txt')]);
    assert.equal(
      ran.out.replace(/ [01]\.\d\d /, ' '),
      `${path('found.txt')}:3:3: credit_card by cards, as partial    [credit_card] of [email]\n`,
    );
  });

  it('shows nothing beside a value that it was not asked for', async () => {
    const long = 'k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3Bf5Hj0Gc'.repeat(20);
    const ran = await run(
      ['--kinds', 'credit_card'],
      `password=hunter22 card 4111111111111111 jane@example.com\nBearer ${long} 4111111111111111 Bearer ${long}\n`,
    );
    assert.match(ran.out, /password=\[password\] card \[credit_card\] \[email\]\n/);
    assert.ok(!ran.out.includes('hunter22') && !ran.out.includes('k9Qz'), ran.out);
  });

  it('lists all kinds with examples', async () => {
    const told = lines((await run(['--list', '--json'])).out)[0] as { kind: string; held_bytes_max: number }[];
    assert.deepEqual(
      told.map(({ kind }) => kind),
      kinds.map(({ kind }) => kind),
    );
    assert.ok(told.every((one) => one.held_bytes_max > 0));
    const text = (await run(['--list'])).out;
    for (const { kind } of kinds) assert.ok(text.includes(kind), kind);
  });

  it('says in its help what the exit codes mean', async () => {
    const ran = await run(['--help']);
    assert.match(ran.out, /Exit codes: 0 nothing was found, 1 something was found, 2 /);
    assert.equal(ran.code, 0);
  });

  it('answers lines with lines, in UTF-16 units, bad ones too', async () => {
    const input = [
      '{"text":"\\ud800 \u{1f600} é 4111 1111 1111 1111"}',
      'no JSON',
      '{"text":""}',
      '{"text":7}',
      'null',
      '',
      '{"text":"hunter22x","name":"password"}',
      '{"text":"a\\u0000 jane@example.com"}\r',
    ].join('\n');
    const ran = await run(['--ndjson'], input);
    assert.deepEqual(lines(ran.out), [
      { hits: [{ kind: 'credit_card', start: 7, end: 26 }] },
      { error: 'the line is no JSON', line: 2 },
      { hits: [] },
      { error: 'the line has no "text" that is a string', line: 4 },
      { error: 'the line has no "text" that is a string', line: 5 },
      { error: 'the line is no JSON', line: 6 },
      { hits: [{ kind: 'password', start: 0, end: 9 }] },
      { hits: [{ kind: 'email', start: 3, end: 19 }] },
    ]);
    assert.equal(ran.code, 2);
    assert.equal((await run(['--ndjson'], '{"text":"4111111111111111"}\n')).code, 0);
  });

  it('answers lines longer than a chunk', async () => {
    const text = `${'x '.repeat(400_000)}4111111111111111`;
    const ran = await run(['--ndjson'], `${JSON.stringify({ text })}\n`.repeat(3));
    const hits = [{ kind: 'credit_card', start: 800_000, end: 800_016 }];
    assert.deepEqual(lines(ran.out), [{ hits }, { hits }, { hits }]);
  });
});

describe('offsets in UTF-16 units', () => {
  it('are those of the same text as a string', () => {
    const text = 'a é 名 \u{1f600}\u{1f600} jane@example.com \ud800 b@c.io \u{10ffff}';
    const bytes = Buffer.from(text, 'utf8');
    const hits = inUnits(bytes, createDetector({ detect: ['email'] }).find(bytes, 0, bytes.length));
    assert.deepEqual(
      hits.map(({ start, end }) => text.slice(start, end)),
      ['jane@example.com', 'b@c.io'],
    );
  });
});
