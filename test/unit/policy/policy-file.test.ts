import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openPolicyFile, type PolicyFile, readPolicy } from '../../../extproc/stores/policy-file.js';
import type { MidstreamError } from '../../../filters/errors.js';

const policy = (name: string) => `version: 1\nrules:\n  - { name: ${name}, on: postgres, when: "true", then: deny }\n`;

describe('a policy file', function () {
  this.timeout(60_000);

  let folder: string;
  let file: PolicyFile | undefined;
  const changes: string[] = [];
  const errors: MidstreamError[] = [];
  const waiting: (() => void)[] = [];
  const wake = () => {
    for (const done of waiting.splice(0)) done();
  };

  const open = async (path: string, poll_ms = 60_000) => {
    file = await openPolicyFile(path, {
      debounce_ms: 10,
      poll_ms,
      onChange: (changed) => {
        changes.push(changed.rules[0]?.name ?? '');
        wake();
      },
      onError: (error) => {
        errors.push(error);
        wake();
      },
    });
    return file;
  };

  /** Until something was told; the suite's own time limit is the only clock. */
  const told = () => new Promise<void>((resolve) => waiting.push(resolve));

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'midstream-policy-'));
    changes.length = 0;
    errors.length = 0;
  });
  afterEach(async () => {
    file?.close();
    file = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  it('that does not load keeps the gateway from starting', async () => {
    await assert.rejects(openPolicyFile(join(folder, 'none.yaml')), (error: MidstreamError) => error.code === 'not_found');
    await writeFile(join(folder, 'p.yaml'), 'version: 1\nrule: []\n');
    await assert.rejects(
      openPolicyFile(join(folder, 'p.yaml')),
      (error: MidstreamError) => error.code === 'policy_invalid' && error.message.startsWith(`${join(folder, 'p.yaml')}:2:1: `),
    );
    await assert.rejects(openPolicyFile(folder), (error: MidstreamError) => error.code === 'bad_input');
    await writeFile(join(folder, 'p.yaml'), Buffer.from([0x76, 0xff]));
    await assert.rejects(readPolicy(join(folder, 'p.yaml')), /p\.yaml:1:1: the file is not UTF-8/);
    await writeFile(join(folder, 'p.yaml'), Buffer.alloc(4 * 1024 * 1024 + 1, 0x20));
    await assert.rejects(readPolicy(join(folder, 'p.yaml')), /larger than/);
  });

  it('is read again when it is written in place', async () => {
    const path = join(folder, 'p.yaml');
    await writeFile(path, policy('one'));
    const opened = await open(path);
    const next = told();
    await writeFile(path, policy('two'));
    await next;
    // A write in place may be seen half done, as an empty file; what is in force is then still the old one.
    while (!changes.includes('two')) await told();
    assert.equal(opened.current().rules[0]?.name, 'two');
  });

  it('is read again when another file is renamed over it', async () => {
    const path = join(folder, 'p.yaml');
    await writeFile(path, policy('one'));
    const opened = await open(path);
    const next = told();
    await writeFile(join(folder, '.p.yaml.new'), policy('two'));
    await rename(join(folder, '.p.yaml.new'), path);
    await next;
    assert.deepEqual([changes, errors.length, opened.current().rules[0]?.name], [['two'], 0, 'two']);
  });

  it('is read again when a ConfigMap swaps its link', async () => {
    for (const [version, name] of [
      ['..one', 'one'],
      ['..two', 'two'],
    ] as const) {
      await mkdir(join(folder, version));
      await writeFile(join(folder, version, 'p.yaml'), policy(name));
    }
    await symlink('..one', join(folder, '..data'));
    await symlink(join('..data', 'p.yaml'), join(folder, 'p.yaml'));
    const opened = await open(join(folder, 'p.yaml'));
    assert.equal(opened.current().rules[0]?.name, 'one');
    const next = told();
    await symlink('..two', join(folder, '..data_tmp'));
    await rename(join(folder, '..data_tmp'), join(folder, '..data'));
    await next;
    assert.deepEqual([changes, opened.current().rules[0]?.name], [['two'], 'two']);
  });

  it('is looked at from time to time where nothing reports changes', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'midstream-policy-'));
    try {
      await writeFile(join(outside, 'p.yaml'), policy('one'));
      await symlink(join(outside, 'p.yaml'), join(folder, 'p.yaml'));
      await open(join(folder, 'p.yaml'), 20);
      const next = told();
      await writeFile(join(outside, 'new'), policy('two'));
      await rename(join(outside, 'new'), join(outside, 'p.yaml'));
      await next;
      assert.deepEqual(changes, ['two']);
    } finally {
      await rm(outside, { recursive: true, force: true });
    }
  });

  it('that breaks leaves the last good one in force, says where, and says it once', async () => {
    const path = join(folder, 'p.yaml');
    await writeFile(path, policy('one'));
    const opened = await open(path, 20);
    const next = told();
    await writeFile(join(folder, 'new'), policy('two').replace('then', 'than'));
    await rename(join(folder, 'new'), path);
    await next;
    assert.match(errors[0]?.message ?? '', /p\.yaml:3:\d+: rules\[0\] has no/);
    assert.equal(opened.current().rules[0]?.name, 'one');
    const gone = told();
    await unlink(path);
    await gone;
    assert.equal(errors[1]?.code, 'not_found');
    const back = told();
    await writeFile(join(folder, 'new'), policy('three'));
    await rename(join(folder, 'new'), path);
    await back;
    assert.deepEqual([opened.current().rules[0]?.name, changes, errors.length], ['three', ['three'], 2]);
  });

  it('is read at once on demand, and tells again what is wrong', async () => {
    const path = join(folder, 'p.yaml');
    await writeFile(path, policy('one'));
    const opened = await open(path);
    assert.equal(await opened.reload(), true);
    assert.deepEqual(changes, [], 'nothing changed');
    await writeFile(path, 'version: 3\n');
    assert.equal(await opened.reload(), false);
    assert.equal(await opened.reload(), false);
    assert.ok(errors.length >= 2);
    await writeFile(path, policy('two'));
    assert.equal(await opened.reload(), true);
    assert.equal(opened.current().rules[0]?.name, 'two');
  });

  it('tells nothing once it is closed', async () => {
    const path = join(folder, 'p.yaml');
    await writeFile(path, policy('one'));
    const opened = await open(path, 10);
    opened.close();
    await writeFile(path, policy('two'));
    assert.equal(await opened.reload(), false);
    assert.deepEqual([changes, opened.current().rules[0]?.name], [[], 'one']);
  });
});
