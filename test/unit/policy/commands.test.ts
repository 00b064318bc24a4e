import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { register as registerFacts } from '../../../extproc/cli/facts.js';
import { register as registerPolicy } from '../../../extproc/cli/policy.js';
import { openRecordings } from '../../../extproc/stores/recordings/index.js';

interface Ran {
  out: string;
  err: string;
  code: number;
}

/** Runs a command in this process, with its output caught. */
async function run(...words: string[]): Promise<Ran> {
  const ran: Ran = { out: '', err: '', code: 0 };
  const { stdout, stderr } = process;
  const [writeOut, writeErr, code, argv] = [stdout.write, stderr.write, process.exitCode, process.argv];
  process.exitCode = undefined;
  process.argv = ['node', 'midstream', ...words];
  const into = (stream: 'out' | 'err') => (text: string) => {
    ran[stream] += text;
    return true;
  };
  stdout.write = into('out') as typeof stdout.write;
  stderr.write = into('err') as typeof stderr.write;
  try {
    const program = new Command('midstream').exitOverride();
    registerPolicy(program);
    registerFacts(program);
    await program.parseAsync(process.argv);
  } finally {
    stdout.write = writeOut;
    stderr.write = writeErr;
    ran.code = Number(process.exitCode ?? 0);
    process.exitCode = code;
    process.argv = argv;
  }
  return ran;
}

describe('midstream policy', function () {
  this.timeout(60_000);

  let folder: string;
  const path = (name: string) => join(folder, name);
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'midstream-cli-'));
    await writeFile(
      path('good.yaml'),
      'version: 1\nrules:\n  - { name: no-deletes, on: postgres, when: \'sql.statements.exists(s, s.kind == "delete")\', then: deny, message: No. }\n  - { name: later, on: kubernetes, when: "true", then: deny }\n',
    );
    await writeFile(
      path('good.tests.yaml'),
      '- { name: deleting, sql: delete from t, expect: { verdict: deny, rules: [no-deletes] } }\n- { name: reading, sql: select 1, expect: { verdict: deny } }\n',
    );
    await writeFile(
      path('http.yaml'),
      'version: 1\nrules:\n  - { name: payouts, on: http, when: \'http.path == "/v1/payouts" && http.body.amount > 1000\', then: approve }\n',
    );
    await writeFile(path('bad.yaml'), 'version: 1\nrule: []\n');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('check tells what loads, and every mistake', async () => {
    const ran = await run('policy', 'check', path('good.yaml'), path('bad.yaml'), path('none.yaml'));
    assert.match(ran.out, /good\.yaml: 2 rules \(0 observed, 0 disabled\), 0 masks/);
    assert.match(ran.err, /bad\.yaml:2:1: the policy has no field "rule"; did you mean rules\?/);
    assert.match(ran.err, /there is no policy file/);
    assert.notEqual(ran.code, 0);
    assert.equal((await run('policy', 'check', path('good.yaml'))).code, 0);
  });

  it('check --json gives one object', async () => {
    const ran = await run('policy', 'check', '--json', path('good.yaml'), path('bad.yaml'));
    const told = JSON.parse(ran.out) as { ok: boolean; files: { ok: boolean; problems: string[] }[] };
    assert.deepEqual([told.ok, told.files.map((file) => file.ok), told.files[1]?.problems.length, ran.code], [false, [true, false], 1, 65]);
  });

  it('test tells differences and fails by its exit code', async () => {
    const ran = await run('policy', 'test', path('good.yaml'));
    assert.match(ran.out, /ok .*deny +deleting +no-deletes/);
    assert.match(ran.out, /FAIL reading \(line 2\)\n +verdict: expected deny, got allow/);
    assert.match(ran.out, /1 of 2 cases as expected/);
    assert.equal(ran.code, 1);
    const json = JSON.parse((await run('policy', 'test', '--json', path('good.yaml'))).out) as { passed: number; failed: number };
    assert.deepEqual([json.passed, json.failed], [1, 1]);
  });

  it('test without cases says where they should be', async () => {
    const ran = await run('policy', 'test', path('good.yaml'), '--cases', path('none.yaml'));
    assert.match(ran.err, /there is no file of cases at .*none\.yaml/);
    assert.equal(ran.code, 66);
  });

  it('replay tells what would change, in words and as JSON, and by its exit code where asked', async () => {
    const directory = path('recordings');
    const recordings = await openRecordings({ directory, durability: 'strict', worker: 1, linger_ms: 0 });
    const session = recordings.begin('0123456789abcdef0123456789abcdef');
    session.appendLine(
      'session.open',
      ',"start":"2026-01-02T03:04:05.000Z","protocol":"postgres","resource":"shop","database":"app","user":"app","application":"","identity":{"id":"billing","kind":"claimed","groups":[]}',
    );
    for (const [request, text] of [
      ['r1', 'delete from t'],
      ['r2', 'select 1'],
      ['r3', 'delete from t'],
    ]) {
      session.appendLine('request', `,"request":"${request}","operation":"query","text":"${text}","fingerprint":"","bytes":9`);
      session.appendLine('decision', `,"request":"${request}","verdict":"allow","rule":"","matches":[]`);
    }
    session.appendLine('session.close', ',"reason":"client terminated"');
    await recordings.close();
    const ran = await run('policy', 'replay', path('good.yaml'), directory);
    assert.match(
      ran.out,
      /Newly refused\n {2}delete from t {2}2 times\n {4}deny by no-deletes, was allow billing, shop, session 0123456789abcdef0123456789abcdef r1/,
    );
    assert.match(ran.out, /1 sessions, 3 operations judged by .*good\.yaml .*: 2 newly refused, 0 newly held, 0 freed, 1 as before/);
    assert.equal(ran.code, 0);
    const lines = (await run(
      'policy',
      'replay',
      path('good.yaml'),
      '--record',
      directory,
      '--json',
      '--exit-code',
      '--identity',
      'bill',
    )) as Ran;
    const told = lines.out
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { type: string; refused?: number });
    assert.deepEqual(
      told.map(({ type }) => type),
      ['judged', 'judged', 'totals'],
    );
    assert.deepEqual([told.at(-1)!.refused, lines.code], [2, 1]);
    const none = await run('policy', 'replay', path('good.yaml'), path('nowhere'));
    assert.match(none.err, /no recordings in .*nowhere/);
    assert.equal(none.code, 66);
  });

  it('explain takes a request to a Kubernetes API', async () => {
    const ran = await run('policy', 'explain', path('good.yaml'), '--kube', 'DELETE /api/v1/%6eamespaces/prod');
    assert.match(ran.out, /^deny by later/);
    assert.match(ran.out, /k8s\.resource namespaces/);
    assert.match(ran.out, /k8s\.name prod/);
    const both = await run('policy', 'explain', path('good.yaml'), '--kube', '/api', '--sql', 'select 1');
    assert.match(both.err, /--sql and --kube were given/);
    assert.equal(both.code, 64);
  });

  it('explain takes a message to an MCP server, and judges each way to read its URI', async () => {
    await writeFile(
      path('mcp.yaml'),
      `version: 1
rules:
  - { name: no-etc, on: mcp, when: 'mcp.uri.startsWith("file:///etc/")', then: deny }
  - { name: big, on: mcp, when: 'mcp.tool == "transfer" && mcp.arguments.amount > 100', then: approve }
`,
    );
    const explain = (...args: string[]) => run('policy', 'explain', path('mcp.yaml'), '--mcp', ...args);
    const read = await explain('resources/read file:///srv/%2e%2e/etc/passwd');
    assert.match(read.out, /^deny by no-etc/);
    assert.match(read.out, /judged too as: file:\/\/\/etc\/passwd/);
    assert.match((await explain('tools/call transfer', '--body', '{"amount": 500}')).out, /^approve by big/);
    assert.match((await explain('{"jsonrpc":"2.0","method":"notifications/initialized"}')).out, /^allow/);
    for (const [message, why] of [
      ['tools/call', /a tool is called without its name/],
      ['{"jsonrpc":"2.0","id":1,"method":"x","method":"y"}', /a key stands twice/],
      ['{"id":1', /it is not JSON/],
      ['[]', /empty/],
    ] as const) {
      const refused = await explain(message);
      assert.equal(refused.code, 64, message);
      assert.match(refused.err, why);
    }
  });

  it('explain tells verdict, facts, rules and masks', async () => {
    const ran = await run('policy', 'explain', path('good.yaml'), '--sql', 'delete from t', '--as', 'ada', '--group', 'dba');
    assert.match(ran.out, /^deny by no-deletes\n {2}No\.\n/);
    assert.match(ran.out, /identity ada \(claimed\), groups: dba/);
    assert.match(ran.out, /objects +write table t/);
    assert.match(ran.out, /matched no-deletes: deny line 3\n +true +sql\.statements\.exists/);
    assert.match(ran.out, /not asked: later/);
    const json = JSON.parse(
      (await run('policy', 'explain', path('good.yaml'), '--sql', 'delete from t where a = $1', '--param', '7', '--json')).out,
    ) as { decision: { verdict: string }; facts: { params: string[] } };
    assert.deepEqual([json.decision.verdict, json.facts.params], ['deny', ['7']]);
    assert.equal((await run('policy', 'explain', path('good.yaml'), '--sql', 'x', '--kind', 'root')).code, 64);
  });

  it('explain tells of a request too, and wants one of both', async () => {
    const ran = await run(
      'policy',
      'explain',
      path('http.yaml'),
      '--http',
      'POST /v1/%70ayouts?x=1',
      '--body',
      '{"amount": 5000}',
      '--header',
      'X-Tenant: a',
    );
    assert.match(ran.out, /approve.* by payouts/);
    assert.match(ran.out, /http\.path.* \/v1\/payouts/);
    assert.match(ran.out, /http\.body.* \{"amount":5000\}/);
    assert.match(ran.out, /true +http\.body\.amount > 1000/);
    for (const args of [[], ['--sql', 'select 1', '--http', '/x']]) {
      const refused = await run('policy', 'explain', path('http.yaml'), ...args);
      assert.equal(refused.code, 64);
      assert.match(refused.err, /--sql/);
    }
    assert.equal((await run('policy', 'explain', path('http.yaml'), '--http', '/x', '--header', 'nonsense')).code, 64);
  });

  it('explain makes terminal escapes in data visible', async () => {
    const ran = await run('policy', 'explain', path('good.yaml'), '--sql', 'select 1', '--as', 'a\u001b[31mb');
    assert.ok(!ran.out.includes('\u001b[31m'));
    assert.match(ran.out, /a\\u001b\[31mb/);
  });

  it('schema prints a JSON Schema', async () =>
    assert.equal((JSON.parse((await run('policy', 'schema')).out) as { title: string }).title, 'Midstream policy'));
});

describe('midstream facts', function () {
  this.timeout(60_000);

  it('prints every fact with an example', async () => {
    const { out } = await run('facts');
    for (const fact of ['sql.statements[].objects[].access', 'identity.claims', 'params', 'text.matches'])
      assert.ok(out.includes(fact), fact);
  });
  it('finds facts by a word, and gives JSON', async () => {
    const told = JSON.parse((await run('facts', 'copy', '--json')).out) as { facts: { fact: string; example: string }[] };
    assert.ok(told.facts.some((row) => row.fact === 'sql.statements[].copy_target'));
    assert.ok(told.facts.every((row) => row.example !== ''));
  });
});
