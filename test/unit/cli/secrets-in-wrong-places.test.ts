import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shownAddress } from '../../../envoy/address.js';
import { packageRoot } from '../../../extproc/process/places.js';

const SECRET = 'S3cr3tCanary';
const TOKEN = `mst_${SECRET}`;

/** Errors end up in logs and scroll-backs: what is quoted of a mistake must not be the password in it. */
describe('an error about a secret in the wrong place does not repeat it', function () {
  this.timeout(60_000);
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-misplaced-'));
    writeFileSync(join(folder, 'ok.yaml'), 'version: 1\n');
    const config = (listener: string) =>
      `version: 1\npolicy: ok.yaml\nrecord: { directory: r }\nlisteners: [{ name: a, listen: "127.0.0.1:1", ${listener} }]\n`;
    writeFileSync(join(folder, 'upstream.yaml'), config(`upstream: 'postgres://u:${SECRET}@h:1/x'`));
    writeFileSync(join(folder, 'env.yaml'), config(`upstream: 'h:1', catalogue: { url_env: ${SECRET} }`));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const up = (...args: string[]) => ['up', '--policy', 'ok.yaml', ...args];
  const mistakes: [string[], RegExp][] = [
    [up('--postgres', `postgres://u:${SECRET}@127.0.0.1:1/x`), /--postgres postgres:\/\/…@127\.0\.0\.1:1\/… is no address/],
    [up('--postgres', `u:${SECRET}@127.0.0.1:1`), /is no address/],
    [up('--http', `http://u:${SECRET}@127.0.0.1:1`), /--http http:\/\/…@127\.0\.0\.1:1 is no server: it holds a credential/],
    [up('--http', `http//u:${SECRET}@127.0.0.1:1`), /is no server/],
    [up('--http', `http://127.0.0.1:1/?token=${SECRET}`), /--http http:\/\/127\.0\.0\.1:1\/… is no server: it names more than a server/],
    [
      up('--postgres', '127.0.0.1:1', '--catalogue', `mysql://u:${SECRET}@127.0.0.1:1/x`),
      /--catalogue is no connection string of PostgreSQL/,
    ],
    [up('--mcp', `http://127.0.0.1:99999/mcp?key=${SECRET}`), /is no server/],
    [up(`--pasword=${SECRET}`), /unknown option '--pasword=…'/],
    [['approvals', 'list', '--api', `http://u:${SECRET}@127.0.0.1:1`], /there is no token for http:\/\/…@127\.0\.0\.1:1/],
    [['approvals', 'list', '--api', `http://other.example/${SECRET}`], /there is no token for http:\/\/other\.example\/…/],
    [['approvals', 'list', '--api', 'http://127.0.0.1:1', '--token-file', TOKEN], /is it the secret itself/],
    [['unseal', 'x', '--identity', `AGE-SECRET-KEY-1${SECRET}`], /is it the secret itself/],
    [['serve', '--config', 'upstream.yaml'], /upstream\.yaml:4:\d+: "postgres:\/\/…@h:1\/…" is no address/],
    [['serve', '--config', 'env.yaml'], /env\.yaml:4:\d+: the environment variable that is named there is not set/],
  ];
  for (const [args, said] of mistakes)
    it(`midstream ${args.join(' ')}`, () => {
      const { stderr, stdout, status } = spawnSync(process.execPath, [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), ...args], {
        cwd: folder,
        encoding: 'utf8',
        timeout: 20_000,
      });
      assert.notEqual(status, 0);
      assert.match(stderr, said);
      assert.ok(!`${stdout}${stderr}`.includes(SECRET), stderr);
    });

  for (const [text, shown] of [
    ['127.0.0.1:1', '127.0.0.1:1'],
    ['[::1]:x', '[::1]:x'],
    ['unix:relative/path', 'unix:relative/path'],
    ['http://h:1', 'http://h:1'],
    ['http://h:1/', 'http://h:1/'],
    ['a:b@c@h:1', '…@h:1'],
    ['unix:u:p@h', '…@h'],
    ['http://h#p', 'http://h#…'],
    ['host=h password=p', 'host=h …'],
  ] as const)
    it(`${text} is shown as ${shown}`, () => assert.equal(shownAddress(text), shown));
});
