import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultWorkFolder, openWorkFolder } from '../../drivers/work-folder.js';

describe('the folder of the drivers suites', () => {
  let place: string;
  const uid = process.getuid!();
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'midstream-work-'));
  });
  afterEach(() => rmSync(place, { recursive: true, force: true }));

  it('is another one for each account', () => {
    assert.notEqual(defaultWorkFolder(0), defaultWorkFolder(1000));
  });

  it('is made, with those above it, and other accounts may enter', () => {
    const folder = join(place, 'a', 'b');
    openWorkFolder(folder, uid);
    openWorkFolder(folder, uid);
    assert.equal(statSync(folder).mode & 0o777, 0o755);
  });

  it('is refused where another account made it, before anything is written there', () => {
    const folder = join(place, 'theirs');
    mkdirSync(folder, { mode: 0o700 });
    assert.throws(() => openWorkFolder(folder, uid + 1), {
      code: 'bad_input',
      message: /theirs belongs to another account \(uid \d+, not/,
    });
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  it('is refused where a file stands, or a link to nowhere', () => {
    writeFileSync(join(place, 'file'), '');
    symlinkSync(join(place, 'nowhere', 'deep'), join(place, 'link'));
    for (const name of ['file/below', 'link'])
      assert.throws(() => openWorkFolder(join(place, name), uid), { code: 'bad_input', message: /cannot be made/ });
  });
});
