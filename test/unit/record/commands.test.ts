import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { Command } from 'commander';
import { register as registerExport } from '../../../extproc/cli/export.js';
import { register as registerReplay } from '../../../extproc/cli/replay.js';
import { parseTime, register as registerSessions } from '../../../extproc/cli/sessions.js';
import { register as registerUnseal } from '../../../extproc/cli/unseal.js';
import { register as registerVerify } from '../../../extproc/cli/verify.js';
import { encodeCommandComplete } from '../../../filters/postgres/wire/command-complete.js';
import { encodeDataRow } from '../../../filters/postgres/wire/data-row.js';
import { encodeRowDescription } from '../../../filters/postgres/wire/row-description.js';
import { open, temporaryDirectory, testClock } from './harness.js';

/** Runs a command in this process; what it wrote and its exit code. */
async function run(...argv: string[]): Promise<{ out: string; err: string; code: number }> {
  const program = new Command('midstream').exitOverride();
  for (const register of [registerSessions, registerReplay, registerVerify, registerUnseal, registerExport]) register(program);
  const written = { out: '', err: '' };
  const { stdout, stderr, argv: before } = process;
  const [outWrite, errWrite] = [stdout.write, stderr.write];
  stdout.write = ((text: string) => {
    written.out += text;
    return true;
  }) as typeof stdout.write;
  stderr.write = ((text: string) => {
    written.err += text;
    return true;
  }) as typeof stderr.write;
  process.exitCode = undefined;
  process.argv = ['node', 'midstream', ...argv];
  try {
    await program.parseAsync(argv, { from: 'user' });
  } finally {
    stdout.write = outWrite;
    stderr.write = errWrite;
    process.argv = before;
  }
  const code = Number(process.exitCode ?? 0);
  process.exitCode = undefined;
  return { ...written, code };
}

const column = (name: string, type_oid: number, format: 0 | 1) => ({
  name: Buffer.from(name),
  table_oid: 1,
  attribute: 1,
  type_oid,
  type_size: -1,
  type_modifier: -1,
  format,
});
const wire = Buffer.concat([
  encodeRowDescription({ columns: [column('name', 25, 0), column('balance', 20, 1), column('mail', 25, 1)] }),
  encodeDataRow({
    values: [Buffer.from('Ann \u001b[31mred\u001b[0m\nline'), Buffer.from('000000000000002a', 'hex'), Buffer.from('a***@example.com')],
  }),
  encodeDataRow({ values: [null, null, Buffer.from('b***@example.com')] }),
  encodeCommandComplete({ tag: 'SELECT 2' }),
]).toString('base64');

describe('commands that read recordings', () => {
  const directory = temporaryDirectory();
  let identity = '';
  let key = '';
  const record = () => ['--record', directory.path()];

  beforeEach(async () => {
    identity = await generateX25519Identity();
    const recordings = await open(directory.path(), { clock: testClock(), recipients: [await identityToRecipient(identity)] });
    key = recordings.verifier_key;
    const one = recordings.begin('one');
    const line = (type: string, fields: object, original?: string) =>
      one.appendLine(type, `,${JSON.stringify(fields).slice(1, -1)}`, original === undefined ? undefined : Buffer.from(original));
    const who = {
      id: 'spiffe://shop/billing-agent',
      kind: 'spiffe',
      issuer: '',
      groups: [],
      claims: {},
      source: '10.0.0.7:4242',
      proof: 'mtls',
    };
    line('session.open', {
      start: '2026-01-02T03:04:05.000Z',
      protocol: 'postgres',
      resource: 'shop',
      database: 'app',
      user: 'billing',
      application: 'psql',
      identity: who,
      policy_version: 'abcdef0123456789',
      tls: {},
    });
    const facts = { statements: [{ kind: 'select', objects: [{ type: 'table', schema: 'public', name: 'customers', access: 'read' }] }] };
    line(
      'request',
      { request: 'r1', operation: 'query', text: 'SELECT *\n  FROM customers', params: ['x', null], facts, fingerprint: 'f1', bytes: 30 },
      'SELECT secret original',
    );
    line('decision', {
      request: 'r1',
      verdict: 'allow',
      rule: '',
      matches: [{ rule: 'watch-reads', verdict: 'deny', mode: 'observe' }],
      policy_version: 'abc',
      took_us: 12,
    });
    line('response', {
      request: 'r1',
      rows: 2,
      bytes: 120,
      tag: 'SELECT 2',
      columns: ['name', 'balance', 'mail'],
      wire,
      wire_left_out: 17,
      masked: [{ column: 'mail', rule: 'pii', kind: 'email', count: 2 }],
    });
    line('request', { request: 'r2', operation: 'query', text: 'DROP DATABASE shop', fingerprint: 'f2', bytes: 20 });
    line('decision', {
      request: 'r2',
      verdict: 'deny',
      rule: 'no-dropped-databases',
      matches: [{ rule: 'no-dropped-databases', verdict: 'deny', mode: 'enforce' }],
      policy_version: 'abc',
      took_us: 8,
    });
    line('error', {
      request: 'r2',
      severity: 'ERROR',
      sqlstate: '42501',
      message: 'Databases are dropped by the platform team only.',
      own: true,
    });
    line('request', { request: 'r3', operation: 'query', text: 'DELETE FROM orders', fingerprint: 'f3', bytes: 20 });
    line('decision', { request: 'r3', verdict: 'approve', rule: 'unbounded-writes', matches: [], policy_version: 'abc', took_us: 8 });
    line('hold', { request: 'r3', hold: 'h-1', rule: 'unbounded-writes', by: ['dba'], quorum: 1, wait_ms: 900_000 });
    line('notice', { request: 'r3', severity: 'NOTICE', sqlstate: '00000', message: 'waiting for approval', own: true });
    line('approval', {
      request: 'r3',
      hold: 'h-1',
      outcome: 'approved',
      decisions: [{ by: 'alice', verdict: 'approve', comment: 'month end', at: 'x', from: 'cli' }],
      lease: '',
    });
    line('response', { request: 'r3', rows: 0, bytes: 14, tag: 'DELETE 9', columns: [], wire: '', wire_left_out: 0, masked: [] });
    line('weather', { sky: 'clear \u001b[2J', from: 'the future' });
    line('session.close', {
      reason: 'client terminated',
      totals: { requests: 3, denied: 1, held: 1, rows: 2, bytes_down: 300, bytes_up: 70 },
      coverage: { inspected_bytes: 370, masked_bytes: 20, opaque: [{ reason: 'replication', bytes: 5 }] },
    });
    recordings.attach(
      'one',
      'access',
      ',"entry":{"source":"10.0.0.7:4242","upstream":"10.0.0.9:5432","received_bytes":70,"sent_bytes":1,"flags":["DC"]}',
    );
    const two = recordings.begin('two');
    two.appendLine('session.open', ',"start":"2026-01-03T00:00:00.000Z","resource":"ledger","identity":{"id":"reporter"}');
    await recordings.close();
  });

  it('replay shows a session as a timeline, nothing in it drives the terminal', async () => {
    const { out, err, code } = await run('replay', 'one', '--at-once', ...record());
    assert.deepEqual([err, code], ['', 0]);
    // biome-ignore format: a picture
    assert.equal(out, `${[
      '00:00.001  open      shop by spiffe://shop/billing-agent (mtls) from 10.0.0.7:4242',
      '           | database app, user billing, application psql',
      '           | policy abcdef012345, 2026-01-02T03:04:05.000Z',
      '00:00.002  request   r1 query: SELECT *',
      '           |   FROM customers',
      '           | $1 = x',
      '           | $2 = NULL',
      '00:00.003  allow     r1',
      '           | watch-reads would deny (observed only)',
      '00:00.004  response  r1 2 rows, 120 bytes (SELECT 2)',
      '           | name                             | balance            | mail',
      '           | ---------------------------------+--------------------+-----------------',
      '           | Ann \\u001b[31mred\\u001b[0m\\nline | \\x000000000000002a | a***@example.com',
      '           | NULL                             | NULL               | b***@example.com',
      '           | (17 bytes more went to the client and are not in the recording)',
      '           | masked mail: email x2',
      '00:00.005  request   r2 query: DROP DATABASE shop',
      '00:00.006  deny      r2 by no-dropped-databases',
      '00:00.007  error     r2 ERROR 42501: Databases are dropped by the platform team only. (the gateway)',
      '00:00.008  request   r3 query: DELETE FROM orders',
      '00:00.009  approve   r3 by unbounded-writes',
      '00:00.010  hold      r3 by unbounded-writes: waits for 1 approval of dba, at most 900 s',
      '           | hold h-1',
      '00:00.011  notice    r3 NOTICE 00000: waiting for approval (the gateway)',
      '00:00.012  approved  r3',
      '           | approve by alice from cli: month end',
      '00:00.013  response  r3 0 rows, 14 bytes (DELETE 9)',
      '00:00.014  weather   {"sky":"clear \\u001b[2J","from":"the future"}',
      '00:00.015  close     client terminated',
      '           | 3 requests, 1 denied, 1 held, 2 rows, 70 bytes up, 300 bytes down',
      '           | 370 bytes inspected, 20 bytes masked',
      '           | 5 bytes not inspected: replication',
      '00:00.017  access    10.0.0.7:4242 -> 10.0.0.9:5432, 70 bytes received, 1 byte sent [DC]',
    ].join('\n')}\n`);
  });

  it('replay takes a factor and a longest pause, and refuses nonsense', async () => {
    const { out } = await run('replay', 'one', '--speed', '1000', '--json', ...record());
    assert.equal(out.trim().split('\n').length, 16);
    assert.equal((await run('replay', 'one', '--speed', '0', ...record())).code, 64);
    assert.equal((await run('replay', 'one', '--idle', '0.001', ...record())).code, 0);
  });

  it('lists and filters', async () => {
    const ids = async (...argv: string[]) =>
      (await run('sessions', 'list', '--json', ...argv, ...record())).out
        .split('\n')
        .filter(Boolean)
        .map((line) => (JSON.parse(line) as { session: string }).session);
    assert.deepEqual(await ids(), ['one', 'two']);
    assert.deepEqual(await ids('--identity', 'BILLING'), ['one']);
    assert.deepEqual(await ids('--resource', 'ledger'), ['two']);
    assert.deepEqual(await ids('--since', '2026-01-02T12:00:00Z'), ['two']);
    assert.deepEqual(await ids('--until', '2026-01-02T12:00:00Z'), ['one']);
    for (const rule of ['no-dropped-databases', 'unbounded-writes', 'watch-reads']) assert.deepEqual(await ids('--rule', rule), ['one']);
    assert.deepEqual(await ids('--rule', 'another'), []);
    assert.deepEqual(await ids('--table', 'customers'), ['one']);
    assert.deepEqual(await ids('--table', 'public.customers'), ['one']);
    assert.deepEqual(await ids('--table', 'omers'), []);
    for (const verdict of ['allow', 'approve', 'deny']) assert.deepEqual(await ids('--verdict', verdict), ['one']);
    assert.equal((await run('sessions', 'list', '--verdict', 'maybe', ...record())).code, 64);
    assert.equal((await run('sessions', 'list', '--since', 'soon', ...record())).code, 64);
    const { out } = await run('sessions', 'list', ...record());
    assert.match(
      out,
      /^SESSION +START +LASTED .*\none +2026-01-02T03:04:05.000Z +0.0 s +shop +spiffe:\/\/shop\/billing-agent +3 +1 +1 +2 +client terminated\ntwo .* stopped\n$/,
    );
    assert.equal(parseTime('2h', 10_000_000), 2_800_000);
  });

  it('finds text in statements, parameters, rows, errors, comments and events of the future, masked as they are', async () => {
    for (const [text, type] of [
      ['drop database', 'request'],
      ['b***@EXAMPLE', 'response'],
      ['000000000000002a', 'response'],
      ['platform team', 'error'],
      ['month end', 'approval'],
      ['from the future'.slice(5), 'weather'],
    ] as const) {
      const { out } = await run('sessions', 'search', text, '--json', ...record());
      assert.deepEqual(
        out
          .split('\n')
          .filter(Boolean)
          .map((line) => (JSON.parse(line) as { type: string }).type),
        [type],
        text,
      );
    }
    assert.equal((await run('sessions', 'search', 'nowhere at all', ...record())).out, 'nothing found\n');
    assert.equal((await run('sessions', 'search', 'platform', '--identity', 'reporter', ...record())).out, 'nothing found\n');
    assert.equal(
      (await run('sessions', 'search', '[31mred', ...record())).out,
      'one #3 response r1 (row 1) Ann \\u001b[31mred\\u001b[0m\\nline\n',
    );
    assert.match((await run('sessions', 'search', '--rule', 'unbounded-writes', ...record())).out, /\none /);
    assert.equal((await run('sessions', 'search', ...record())).code, 64);
  });

  it('unseals originals where the identity is, and only there', async () => {
    const file = join(directory.path(), '..', 'identity.txt');
    fs.writeFileSync(file, `# created: today\n${identity}\n`);
    assert.equal((await run('unseal', 'one', '--identity', file, ...record())).out, '#1 request SELECT secret original\n');
    const out = join(directory.path(), '..', 'originals');
    await run('unseal', 'one', '--identity', file, '--out', out, ...record());
    assert.equal(fs.readFileSync(join(out, '000001-request'), 'utf8'), 'SELECT secret original');
    assert.equal((await run('unseal', 'two', '--identity', file, ...record())).code, 66);
    fs.writeFileSync(file, await generateX25519Identity());
    assert.equal((await run('unseal', 'one', '--identity', file, ...record())).code, 77);
    for (const name of fs.readdirSync(directory.path()))
      assert.ok(!fs.readFileSync(join(directory.path(), name)).includes('secret original'));
  });

  it('exports JSON and asciicast v3', async () => {
    const events = JSON.parse((await run('export', 'one', ...record())).out) as { type: string }[];
    assert.equal(events.length, 16);
    const lines = (await run('export', 'one', '--format', 'asciicast', ...record())).out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(lines[0], { version: 3, term: { cols: 120, rows: 40 }, timestamp: 1767323045, title: 'session one' });
    assert.deepEqual(lines[3], [0.001, 'o', '00:00.003  allow     r1\r\n           | watch-reads would deny (observed only)\r\n']);
    assert.equal(lines.length, 17);
    assert.equal((await run('export', 'one', '--format', 'video', ...record())).code, 64);
  });

  it('verify says what is wrong and where, with exit code 3', async () => {
    const fine = await run('verify', directory.path(), '--public-key', key);
    assert.deepEqual([fine.out, fine.code], ['verified 18 events, 2 sessions, 1 segments, 1 logs, 1 checkpoints\n', 0]);
    assert.equal((await run('verify', 'one', '--public-key', key, ...record())).code, 0);
    const leaves = join(directory.path(), 'w1.leaves');
    fs.writeFileSync(leaves, fs.readFileSync(leaves, 'utf8').replace('"events":16', '"events":15'));
    const text = await run('verify', directory.path(), '--public-key', key);
    assert.equal(text.code, 3);
    assert.match(
      text.out,
      /^changed w1.leaves: a leaf from 0 to 2 is not what the checkpoint in w1.checkpoints line 1 was signed over\nadded w1.000001.ndjson.zst:16 session one event 15: the session has 16 events, 15 were recorded\n2 problems/,
    );
    const { out, code } = await run('verify', '--json', ...record());
    assert.equal(code, 3);
    assert.equal((JSON.parse(out) as { problems: { session: string }[] }).problems[1]?.session, 'one');
    // The problem with the leaves may be the other session's too.
    assert.equal((await run('verify', 'two', ...record())).code, 3);
  });

  it('a checkpoint kept elsewhere finds what was rolled back as a whole', async () => {
    const kept = join(directory.path(), '..', 'kept');
    const older = new Map(fs.readdirSync(directory.path()).map((name) => [name, fs.readFileSync(join(directory.path(), name))]));
    const recordings = await open(directory.path());
    recordings.begin('three').appendLine('session.open', '');
    await recordings.close();
    fs.copyFileSync(join(directory.path(), 'w1.checkpoint'), kept);
    assert.equal((await run('verify', directory.path(), '--checkpoint', kept)).code, 0);
    for (const name of fs.readdirSync(directory.path())) fs.rmSync(join(directory.path(), name));
    for (const [name, bytes] of older) fs.writeFileSync(join(directory.path(), name), bytes);
    assert.equal((await run('verify', directory.path())).code, 0);
    const { out, code } = await run('verify', directory.path(), '--checkpoint', kept);
    assert.equal(code, 3);
    assert.match(out, /truncated w1.leaves: 3 leaves are left of the 5 that the given checkpoint was signed over/);
  });

  it('takes no path, option or escape sequence for a session', async () => {
    for (const id of ['../one', '/etc/passwd', 'one/..', '\u001b[2J', 'a b', '..']) {
      for (const command of [['sessions', 'show'], ['replay'], ['export']]) {
        const { code, err, out } = await run(...command, id, ...record());
        assert.deepEqual([code, out], [64, ''], `${command.join(' ')} ${id}`);
        assert.ok(!err.includes('\u001b[2J'));
      }
    }
    assert.equal((await run('replay', 'nobody', ...record())).code, 66);
    assert.equal((await run('sessions', 'list', '--record', join(directory.path(), 'none'))).code, 66);
  });

  it('every command has help with an example', async () => {
    for (const command of [
      ['sessions', 'list'],
      ['sessions', 'show'],
      ['sessions', 'search'],
      ['replay'],
      ['verify'],
      ['unseal'],
      ['export'],
    ]) {
      let text = '';
      const program = new Command('midstream').exitOverride();
      for (const register of [registerSessions, registerReplay, registerVerify, registerUnseal, registerExport]) register(program);
      let found: Command = program;
      for (const name of command) found = found.commands.find((entry) => entry.name() === name)!;
      found.configureOutput({ writeOut: (part) => (text += part) });
      found.outputHelp();
      assert.match(text, /Example:\n {2}\$ midstream /, command.join(' '));
      assert.match(text, /--json/, command.join(' '));
    }
  });
});
