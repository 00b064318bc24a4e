import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { AgentEvent } from '../../extproc/demo/agent.js';
import { apiKeys, customers, employees } from '../../extproc/demo/shop.js';
import { startChild } from '../../extproc/process/child.js';
import { packageRoot } from '../../extproc/process/places.js';
import { sharedEnvoy } from '../support/envoy.js';
import { sharedPostgres } from '../support/postgres.js';

type Line = {
  step?: string;
  agent?: AgentEvent;
  held?: string;
  rule?: string;
  ready?: boolean;
  connect?: string;
  resource?: string;
  replay?: string[];
};

/** Runs the demonstration as a user would, and reads what it prints; `onLine` may act on it while it runs. */
async function demonstrate(
  args: string[],
  env: NodeJS.ProcessEnv,
  onLine: (line: Line, kill: (signal: NodeJS.Signals) => void) => void = () => undefined,
) {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-demo-'));
  const { path } = await sharedEnvoy();
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  // As root, the embedded PostgreSQL runs as somebody else.
  for (const one of [folder, temporary]) chmodSync(one, 0o711);
  const text: string[] = [];
  const lines: Line[] = [];
  let pid = 0;
  try {
    const child = await startChild({
      command: process.execPath,
      args: [join(packageRoot(), 'extproc', 'cli', 'bin.mjs'), 'demo', '--json', '--listen', '0', ...args],
      cwd: folder,
      env: { ...process.env, MIDSTREAM_ENVOY: path, TMPDIR: temporary, ...env },
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
    const exit = await child.exited;
    assert.deepEqual(readdirSync(temporary), [], 'temporary files are left');
    return { exit, lines, text: text.join('\n') };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const events = (lines: readonly Line[]): AgentEvent[] => lines.flatMap((line) => (line.agent ? [line.agent] : []));

for (const transport of ['ext_proc', 'hop']) {
  describe(`midstream demo (${transport})`, function () {
    this.timeout(120_000);

    it('shows masked rows, JSON and events, what is refused, what waits and is approved, and the recording; then ends', async () => {
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
      assert.deepEqual(
        lines.flatMap((line) => (line.held === undefined ? [] : [line.rule])),
        ['unbounded-writes', 'payouts'],
      );
      assert.ok(
        seen.some((event) => event.type === 'done' && event.tag === 'DELETE 40'),
        'the DELETE did not run',
      );
      const answers = seen.flatMap((event) => (event.type === 'answer' ? [`${event.status} ${event.text}`] : []));
      assert.match(answers[0]!, /^200 \{"id":7,"name":"Grace Kim","email":"g\*{3}@example\.com"/);
      assert.match(answers[1]!, /^201 .*"status":"sent"/);
      assert.deepEqual(answers.slice(2), ['0 find_order', '0 headphones for 130.00, ordered by Dmitri Sokolov <d***@example.com>']);
      const told = seen.flatMap((event) => (event.type === 'event' ? [event.text] : []));
      assert.equal(told.length, 3);
      assert.ok(told.every((text) => /"card_number":"\*{4} /.test(text)));
      assert.deepEqual(
        seen.flatMap((event) => (event.type === 'tool_error' ? [event.message] : [])),
        ["Agents run no commands on the shop's server. (rule no-commands)"],
      );
      const recorded = (resource: string) => lines.flatMap((line) => (line.resource === resource ? (line.replay ?? []) : [])).join('\n');
      assert.match(recorded('shop'), /delete from orders[\s\S]*approve by operator/);
      assert.match(
        recorded('shop-api'),
        /v1\/customers\/7[\s\S]*masked: cards-and-people x4[\s\S]*v1\/orders\/live[\s\S]*v1\/payouts[\s\S]*approve by operator/,
      );
      assert.match(recorded('shop-mcp'), /find_order[\s\S]*masked: cards-and-people x1[\s\S]*run_command[\s\S]*deny +r1 by no-commands/);
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

    it('leaves nothing on a database of somebody’s own when Ctrl-C comes while it is made ready', async () => {
      const { url } = await sharedPostgres();
      const administrator = new pg.Client(url);
      await administrator.connect();
      try {
        const made = async () => {
          const { rows } = await administrator.query<{ name: string }>(
            "select rolname as name from pg_roles where rolname like 'midstream\\_agent\\_%' union all select datname from pg_database where datname like 'midstream\\_shop\\_%' order by 1",
          );
          return rows.map(({ name }) => name);
        };
        const before = await made();
        for (const step of [/^seeding/, /^starting the gateway/, /^starting Envoy/]) {
          let asked = false;
          const { exit, lines, text } = await demonstrate(['--transport', transport], { DATABASE_URL: url }, (line, kill) => {
            if (asked || !step.test(line.step ?? '')) return;
            asked = true;
            kill('SIGINT');
          });
          assert.deepEqual(exit, { code: 0, signal: null }, text);
          assert.ok(asked, `it never said ${step}`);
          assert.equal(lines.at(-1)?.step, 'stopping', text);
          assert.equal(
            lines.some((line) => line.ready),
            false,
            text,
          );
          assert.deepEqual(await made(), before, text);
        }
      } finally {
        await administrator.end();
      }
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
