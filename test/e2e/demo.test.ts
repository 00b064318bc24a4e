import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentEvent } from '../../extproc/demo/agent.js';
import { apiKeys, customers, employees } from '../../extproc/demo/shop.js';
import { startChild } from '../../extproc/process/child.js';
import { packageRoot } from '../../extproc/process/places.js';
import { sharedEnvoy } from '../support/envoy.js';
import { sharedPostgres } from '../support/postgres.js';

type Line = { step?: string; agent?: AgentEvent; held?: string; ready?: boolean; connect?: string; replay?: string[] };

/** Runs the demonstration as a user would, and reads what it prints; `onLine` may act on it while it runs. */
async function demonstrate(
  args: string[],
  env: NodeJS.ProcessEnv,
  onLine: (line: Line, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
) {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-demo-'));
  const { path } = await sharedEnvoy();
  const text: string[] = [];
  const lines: Line[] = [];
  let pid = 0;
  try {
    const child = await startChild({
      command: process.execPath,
      args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'demo', '--json', '--listen', '0', ...args],
      cwd: folder,
      env: { ...process.env, MIDSTREAM_ENVOY: path, ...env },
      exitSignal: 'SIGKILL',
      onLine: (printed) => {
        text.push(printed);
        if (!printed.startsWith('{')) return;
        const line = JSON.parse(printed) as Line;
        lines.push(line);
        onLine(line, (signal) => process.kill(pid, signal));
      },
    });
    pid = child.pid;
    return { exit: await child.exited, lines, text: text.join('\n') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const events = (lines: readonly Line[]): AgentEvent[] => lines.flatMap((line) => (line.agent ? [line.agent] : []));

for (const transport of ['ext_proc', 'hop']) {
  describe(`midstream demo (${transport})`, function () {
    this.timeout(120_000);

    it('shows masked rows, a refused DROP DATABASE, a DELETE that waits and is approved, and the recording; then ends', async () => {
      const { exit, lines, text } = await demonstrate(['--transport', transport, '--approve', '--once'], { DATABASE_URL: '' });
      assert.deepEqual(exit, { code: 0, signal: null }, text);
      const seen = events(lines);
      assert.ok(
        seen.some(
          (event) =>
            event.type === 'rows' && event.rows.length === 3 && event.rows.every((row) => row.some((value) => value.includes('*'))),
        ),
        'no masked row',
      );
      const refused = seen.filter((event) => event.type === 'refused');
      assert.deepEqual(
        refused.map(({ code }) => code),
        ['42501'],
      );
      assert.ok(
        lines.some((line) => line.held !== undefined),
        'nothing was held',
      );
      assert.ok(
        seen.some((event) => event.type === 'done' && event.tag === 'DELETE 40'),
        'the DELETE did not run',
      );
      assert.match(lines.flatMap((line) => line.replay ?? []).join('\n'), /approve by operator/);
      const secrets = [
        ...customers.flatMap((one) => [one.email, one.phone, one.card_number, one.ssn]),
        ...apiKeys.map((one) => one.secret),
        ...employees.map((one) => String(one.salary)),
      ];
      assert.deepEqual(
        secrets.filter((secret) => text.includes(secret)),
        [],
        'the agent saw what is masked',
      );
    });

    it('stops cleanly on Ctrl-C while a statement waits, which then never runs', async () => {
      let asked = false;
      const { exit, lines, text } = await demonstrate(
        ['--transport', transport],
        { DATABASE_URL: (await sharedPostgres()).url },
        (line, kill) => {
          if (line.held === undefined || asked) return;
          asked = true;
          kill('SIGINT');
        },
      );
      assert.deepEqual(exit, { code: 0, signal: null }, text);
      assert.ok(asked, 'nothing was held');
      assert.equal(
        events(lines).some((event) => event.type === 'done' && event.tag.startsWith('DELETE')),
        false,
      );
    });
  });
}
