import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../extproc/process/places.js';
import { openMcpStore } from '../../../extproc/stores/mcp/sqlite.js';

describe('what is remembered of MCP servers', function () {
  this.timeout(30_000);
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'midstream-mcp-store-'));
    file = join(directory, 'mcp.db');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  it('survives a restart, and is shared by processes', () => {
    const one = openMcpStore(file);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const two = openMcpStore(file);
    assert.deepEqual(one.sawTools('s', [{ name: 'a', hash: '1' }]), ['new']);
    assert.deepEqual(
      two.sawTools('s', [
        { name: 'a', hash: '1' },
        { name: 'b', hash: '1' },
      ]),
      ['same', 'new'],
    );
    assert.deepEqual(two.sawTools('t', [{ name: 'a', hash: '2' }]), ['new'], 'of another server');
    assert.deepEqual(two.sawTools('s', [{ name: 'a', hash: '2' }]), ['changed']);
    assert.ok(one.toolChanged('s', 'a') && !one.toolChanged('s', 'b') && !one.toolChanged('s', 'never seen'));
    one.close();
    two.close();
    const later = openMcpStore(file);
    assert.deepEqual(later.sawTools('s', [{ name: 'a', hash: '2' }]), ['changed'], 'still');
    assert.deepEqual(later.sawTools('s', [{ name: 'a', hash: '1' }]), ['same'], 'as it was');
    assert.ok(!later.toolChanged('s', 'a'));
    later.close();
  });

  it('binds a session to the first who comes, until it is over; and holds no session id', () => {
    const one = openMcpStore(file);
    const two = openMcpStore(file);
    assert.equal(one.ownerOf('s', 'secret-id'), undefined);
    one.bind('s', 'secret-id', 'ann');
    two.bind('s', 'secret-id', 'bob');
    assert.equal(two.ownerOf('s', 'secret-id'), 'ann');
    assert.equal(two.ownerOf('t', 'secret-id'), undefined);
    two.unbind('s', 'secret-id');
    assert.equal(two.ownerOf('s', 'secret-id'), undefined);
    one.close();
    two.close();
    assert.equal(
      spawnSync('grep', ['-c', 'secret-id', file, `${file}-wal`])
        .stdout.toString()
        .includes(':1'),
      false,
    );
  });

  it('is listed and accepted on the command line', () => {
    const store = openMcpStore(file);
    store.sawTools('crm', [
      { name: 'a', hash: '1' },
      { name: 'b', hash: '1' },
    ]);
    store.sawTools('crm', [
      { name: 'a', hash: '2' },
      { name: 'b', hash: '2' },
    ]);
    const run = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'mcp', 'tools', ...args, '--json'],
        { encoding: 'utf8', cwd: directory },
      );
      return {
        status,
        said: JSON.parse(stdout || stderr) as {
          tools?: { tool: string; changed: boolean }[];
          accepted?: { tool: string }[];
          error?: { message: string };
        },
      };
    };
    assert.deepEqual(
      run('list', '--store', file).said.tools!.map(({ tool, changed }) => `${tool} ${changed}`),
      ['a true', 'b true'],
    );
    assert.deepEqual(
      run('accept', 'crm', 'a', '--store', file).said.accepted!.map(({ tool }) => tool),
      ['a'],
    );
    assert.ok(!store.toolChanged('crm', 'a') && store.toolChanged('crm', 'b'), 'counts at once');
    assert.deepEqual(
      run('accept', 'crm', '--store', file).said.accepted!.map(({ tool }) => tool),
      ['b'],
    );
    const unknown = run('accept', 'crm', 'c', '--store', file);
    assert.equal(unknown.status, 66);
    assert.match(unknown.said.error!.message, /no server crm has listed a tool c/);
    assert.equal(run('list', '--store', join(directory, 'none.db')).status, 66);
    store.close();
  });
});
