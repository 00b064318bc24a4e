import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const compiled = (path: string) => JSON.stringify(new URL(`../../../extproc/process/${path}.js`, import.meta.url).href);

describe('the young generation of a gateway', () => {
  it('grows once, and not again however much outlives it', function () {
    // A process of its own: the settings are for the whole of it.
    if (fileURLToPath(import.meta.url).endsWith('.ts')) this.skip();
    const script = `
      await import(${compiled('v8-settings')});
      const { growYoungGeneration, youngBytes } = await import(${compiled('young-generation')});
      growYoungGeneration();
      const grown = youngBytes();
      growYoungGeneration();
      const again = youngBytes();
      const kept = [];
      for (let i = 0; i < 1e6; i++) kept.push({ i });
      console.log(JSON.stringify({ grown, again, later: youngBytes(), kept: kept.length }));`;
    const { grown, again, later } = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }));
    assert.ok(grown <= 8 * 1024 * 1024, `${grown}`);
    assert.equal(again, grown);
    assert.equal(later, grown);
  });

  it('grows again with traffic, after V8 made it small while there was none', function () {
    this.timeout(30_000);
    if (fileURLToPath(import.meta.url).endsWith('.ts')) this.skip();
    const script = `
      await import(${compiled('v8-settings')});
      const { YoungGeneration, youngBytes } = await import(${compiled('young-generation')});
      const { setFlagsFromString } = await import('node:v8');
      const { runInNewContext } = await import('node:vm');
      let now = 0;
      const young = new YoungGeneration(8, () => now);
      const grown = youngBytes();
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc');
      const started = Date.now();
      while (youngBytes() === grown && Date.now() - started < 20000) {
        await new Promise((resolve) => setTimeout(resolve, 250));
        collect({ type: 'minor' });
      }
      const idle = youngBytes();
      now += 5000;
      for (let i = 0; i < 1000; i++) young.used();
      const few = youngBytes();
      now += 4999;
      for (let i = 0; i < 1000; i++) young.used();
      console.log(JSON.stringify({ grown, idle, few, later: youngBytes() }));`;
    const { grown, idle, few, later } = JSON.parse(
      execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }),
    );
    assert.ok(idle < grown, `${idle} of ${grown}`);
    assert.equal(few, idle, 'so little is no traffic');
    assert.equal(later, grown);
  });
});
