import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { renderBootstrap } from '../../../envoy/render.js';
import { renderOptionsOf } from '../../../extproc/config/envoy.js';
import { loadConfig } from '../../../extproc/config/load.js';
import { packageRoot } from '../../../extproc/process/places.js';
import { compilePolicy } from '../../../filters/policy/index.js';

const page = readFileSync(join(packageRoot(), 'IDENTITY.md'), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text]) => text!);
const configs = blocks.filter((text) => text.includes('record:'));
const access = blocks.filter((text) => text.startsWith('access:'));
const policies = blocks.filter((text) => /^(rules|masks):/m.test(text));

describe('the page about identities', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-page-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('has configurations, access rules and a policy', () =>
    assert.deepEqual(
      [configs.length, access.length, policies.length, blocks.length],
      [5, 1, 1, 7],
      'a block that is neither is not tried',
    ));

  for (const [i, text] of configs.entries())
    it(`configuration ${i + 1} loads, and renders an Envoy`, async () => {
      const file = join(folder, `${i}.yaml`);
      writeFileSync(file, text);
      const config = await loadConfig(file, { env: {} });
      assert.match(renderBootstrap(renderOptionsOf(config)), /shop|aws_request_signing/);
    });

  it('the access rules load beside the one that names all, and name its resources', async () => {
    const file = join(folder, 'access.yaml');
    writeFileSync(file, `${configs[1]}${access[0]}`);
    const config = await loadConfig(file, { env: {} });
    const resources = [...config.listeners, ...config.http].map(({ resource }) => resource);
    assert.deepEqual(
      config.access?.map(({ resource }) => resource),
      resources,
    );
  });

  it('the policy is one', () => assert.equal(compilePolicy(policies[0]!, 'IDENTITY.md').rules.length, 2));
});
