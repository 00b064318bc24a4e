import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApprovals } from '../../../extproc/stores/approvals/sqlite.js';
import type { ApprovalStore } from '../../../filters/approval/types.js';
import { TEST_MS_MAX } from '../../support/long.js';
import { approvalRaces } from './races.js';

describe('SQLite', function () {
  this.timeout(TEST_MS_MAX);
  let folder: string;
  let handles: ApprovalStore[] = [];

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-approvals-'));
    const open = () => openApprovals({ file: join(folder, 'approvals.db') });
    handles = [await open(), await open()];
  });
  after(async () => {
    for (const store of handles) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  approvalRaces('one file', () => handles, 120);
});

describe('SQLite in memory', function () {
  this.timeout(TEST_MS_MAX);
  let store: ApprovalStore;
  before(async () => {
    store = await openApprovals({ file: ':memory:' });
  });
  after(() => store.close());

  approvalRaces('one handle', () => [store], 800);
});
