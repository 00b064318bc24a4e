import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { register } from '../../extproc/cli/approvals.js';
import { findApi } from '../../extproc/cli/approvals-client.js';
import { type ApproverToken, type RunningApi, serveApi } from '../../extproc/console/api.js';
import { hashToken, newToken } from '../../extproc/console/tokens.js';
import { openApprovals } from '../../extproc/stores/approvals/sqlite.js';
import type { ApprovalStore } from '../../filters/approval/types.js';
import { by, operation } from '../unit/approval/samples.js';
import { eventually } from '../unit/approval/store-suite.js';

/** The API on a real socket, and the command that works through it. */
describe('midstream approvals, over HTTP', function () {
  this.timeout(20_000);
  const secrets = { alice: newToken(), bob: newToken() };
  const tokens: ApproverToken[] = [
    { id: 'alice', groups: ['dba'], hash: hashToken(secrets.alice) },
    { id: 'bob', groups: ['dba'], hash: hashToken(secrets.bob) },
  ];
  let folder: string;
  let store: ApprovalStore;
  let api: RunningApi;
  const log = { info: () => {}, warn: () => {}, error: () => {} } as never;
  const now = () => Date.now();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-api-'));
    store = await openApprovals({ file: join(folder, 'approvals.db'), poll_ms: 10 });
    api = await serveApi({ store, tokens, port: 0, log });
    writeFileSync(join(folder, 'alice'), `${secrets.alice}\n`, { mode: 0o600 });
    writeFileSync(join(folder, 'bob'), `${secrets.bob}\n`, { mode: 0o600 });
  });
  afterEach(async () => {
    await api.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const held = async (over: Parameters<typeof operation>[0] = {}) => {
    const op = operation({ created_ms: now(), expires_ms: now() + 900_000, ...over });
    await store.create(op);
    return op;
  };

  /** Runs a command in this process: what it wrote so far, and its end. */
  function start(...argv: string[]): { out: string; err: string; code: number; ended: Promise<void> } {
    const program = new Command('midstream').exitOverride();
    register(program);
    const state = { out: '', err: '', code: -1, ended: Promise.resolve() };
    const { stdout, stderr, argv: before } = process;
    const [outWrite, errWrite] = [stdout.write, stderr.write];
    stdout.write = ((text: string) => {
      state.out += text;
      return true;
    }) as typeof stdout.write;
    stderr.write = ((text: string) => {
      state.err += text;
      return true;
    }) as typeof stderr.write;
    process.exitCode = undefined;
    process.argv = ['node', 'midstream', ...argv];
    state.ended = program
      .parseAsync(['approvals', ...argv], { from: 'user' })
      .then(() => {})
      .finally(() => {
        stdout.write = outWrite;
        stderr.write = errWrite;
        process.argv = before;
        state.code = Number(process.exitCode ?? 0);
        process.exitCode = undefined;
      });
    return state;
  }
  const run = async (...argv: string[]) => {
    const state = start(...argv);
    await state.ended;
    return state;
  };
  const as = (who: string) => ['--api', api.url, '--token-file', join(folder, who)];

  describe('the command', () => {
    it('lists leases and takes one back', async () => {
      assert.match((await run('leases', ...as('alice'))).out, /no leases/);
      const op = await held({
        expires_ms: now() + 60_000,
        terms: { by: ['dba'], quorum: 1, wait_ms: 60_000, lease: { same: 'shape', for_ms: 60_000, uses: 2 } },
      });
      await run('approve', op.hold, ...as('alice'));
      const { out } = await run('leases', ...as('alice'));
      assert.match(out.split('\n')[1]!, /^[0-9a-f]{32} +shape +2 .* alice /);
      const { lease } = JSON.parse((await run('leases', '--json', ...as('alice'))).out) as { lease: string };
      assert.match((await run('revoke', lease, ...as('alice'))).out, /^revoked/);
      const again = await run('revoke', lease, ...as('alice'));
      assert.match(again.err, /no such lease/);
      assert.notEqual(again.code, 0);
    });

    it('lists what waits, with its age and time left, each on one line', async () => {
      assert.match((await run('list', ...as('alice'))).out, /nothing waits/);
      const op = await held({ text: 'delete\nfrom \u001b[2Jorders \u202e', created_ms: now() - 300_000, expires_ms: now() + 600_500 });
      const { out, code } = await run('list', ...as('alice'));
      assert.equal(code, 0);
      const lines = out.trimEnd().split('\n');
      assert.equal(lines.length, 2);
      assert.match(lines[0]!, /^HOLD .*STATUS .*YES .*AGE .*LEFT .*WHO .*OPERATION/);
      assert.match(lines[1]!, new RegExp(`^${op.hold} +pending +0/1 +5 min +10 min +spiffe://.* delete from \\\\u001b\\[2Jorders`));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
      assert.doesNotMatch(out, /[\u001b\u202e]/);
      const json = (await run('list', '--json', ...as('alice'))).out;
      assert.equal(JSON.parse(json).operation.hold, op.hold);
      assert.match((await run('list', '--status', 'denied', ...as('alice'))).out, /no held operations/);
      assert.match((await run('list', '--status', 'all', ...as('alice'))).out, /pending/);
    });

    it('shows the whole operation', async () => {
      const op = await held({
        text: `${'select 1;\n'.repeat(300)}select 'the end'`,
        params: [null, 'a\nb\u001b'],
        terms: { quorum: 2, lease: { same: 'shape', for_ms: 1_800_000, uses: 20 } },
      });
      await store.decide(op.hold, by('carol', { comment: 'yes\u001b', at_ms: now() }));
      const { out } = await run('show', op.hold, ...as('alice'));
      for (const part of [
        op.hold,
        'pending',
        'proven by mtls',
        'shop as app',
        '2 of dba',
        'approves the same shape for 30 min, 20 more times',
        'by carol',
        "select 'the end'",
        '$1 = NULL',
        'a\\nb',
      ])
        assert.ok(out.includes(part), part);
      assert.ok(!out.includes('\u001b'));
      assert.deepEqual(JSON.parse((await run('show', op.hold, '--json', ...as('alice'))).out).operation, op);
    });

    it('approves and denies, by quorum, with a comment', async () => {
      const op = await held({ terms: { quorum: 2 } });
      assert.match((await run('approve', op.hold, '--comment', 'ticket 4711', ...as('alice'))).out, /1 of 2 approvals/);
      assert.match((await run('approve', op.hold, ...as('bob'))).out, /^approved$/m);
      const record = (await store.get(op.hold))!;
      assert.deepEqual(
        record.decisions.map((one) => [one.by, one.comment, one.from]),
        [
          ['alice', 'ticket 4711', 'api 127.0.0.1'],
          ['bob', '', 'api 127.0.0.1'],
        ],
      );
      const other = await held();
      const denied = JSON.parse((await run('deny', other.hold, '--json', ...as('bob'))).out);
      assert.equal(denied.status, 'denied');
    });

    it('says clearly what is wrong', async () => {
      const [own, done] = [await held({ user: 'alice' }), await held()];
      await store.decide(done.hold, by('carol', { verdict: 'deny', at_ms: now() }));
      writeFileSync(join(folder, 'wrong'), newToken());
      const free = await serveApi({ store, tokens, port: 0, log });
      await free.close();
      const cases: [string[], RegExp, number][] = [
        [['approve', own.hold, ...as('alice')], /nobody decides on an operation of their own/, 77],
        [['approve', done.hold, ...as('alice')], /denied already/, 70],
        [['show', '0'.repeat(32), ...as('alice')], /no such held operation/, 66],
        [['approve', `1-${'0'.repeat(32)}`, ...as('alice')], /no such held operation: this is the id of a link/, 66],
        [['show', '../../etc/passwd', ...as('alice')], /no such held operation/, 66],
        [['list', ...as('wrong')], /this token is not known/, 77],
        [['list', '--api', free.url, '--token-file', join(folder, 'alice')], /does not answer/, 69],
        [['list', '--api', api.url, '--token-file', join(folder, 'nope')], /can't be read/, 78],
        [['list', '--status', 'open', ...as('alice')], /status is not known/, 64],
        [['list', '--api', 'http://shop.example', '--token-file', join(folder, 'alice')], /in the clear/, 64],
        [['list', '--api', 'not a url', '--token-file', join(folder, 'alice')], /no URL/, 64],
        [['watch', ...as('wrong')], /this token is not known/, 77],
      ];
      for (const [argv, message, code] of cases) {
        const answer = await run(...argv);
        assert.match(answer.err, message, argv.join(' '));
        assert.equal(answer.out, '');
        assert.doesNotMatch(answer.err, / at .*:\d+:\d+/, 'no stack');
        if (code !== 70) assert.equal(answer.code, code, argv.join(' '));
        else assert.notEqual(answer.code, 0);
        const json = JSON.parse((await run(...argv, '--json')).err);
        assert.match(json.error.message, message);
      }
    });

    it('watches: what waits first, then each change, until a signal; an API that went away is reached again', async () => {
      const [first, second] = [await held(), await held()];
      const watching = start('watch', ...as('alice'));
      await eventually('both are told', () => watching.out.includes(first.hold) && watching.out.includes(second.hold));
      await store.decide(first.hold, by('carol', { at_ms: now() }));
      await eventually('the approval is told', () => new RegExp(`${first.hold}  approved by carol`).test(watching.out));
      const { port } = new URL(api.url);
      await api.close();
      await eventually('the loss is told', () => /connecting again/.test(watching.err));
      api = await serveApi({ store, tokens, port: Number(port), log });
      await store.decide(second.hold, by('carol', { verdict: 'deny', at_ms: now() }));
      const third = await held();
      await eventually('it goes on', () => watching.out.includes(third.hold));
      process.emit('SIGTERM');
      await watching.ended;
      assert.equal(watching.code, 0);
      for (const line of watching.out.trimEnd().split('\n'))
        assert.match(line, /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}[0-9a-f]{32} {2}(pending|approved|denied|released)/);
    });

    it('makes tokens: the hash for the configuration, the token once', async () => {
      const { out } = await run('token', '--id', 'dora "x"', '--group', 'dba', '--group', 'sec', '--expires', '2030-01-31');
      const made = /^(mst_[\w-]{43})$/m.exec(out)?.[1] ?? '';
      const config = out.split('\n').find((line) => line.startsWith('- '))!;
      const { parse } = await import('yaml');
      assert.deepEqual(parse(config), [{ id: 'dora "x"', groups: ['dba', 'sec'], hash: hashToken(made), expires: '2030-01-31' }]);
      const file = join(folder, 'dora');
      const json = JSON.parse((await run('token', '--id', 'dora', '--out', file, '--json')).out);
      assert.equal(json.entry.hash, hashToken(readFileSync(file, 'utf8').trim()));
      assert.equal('token' in json, false);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.match((await run('token', '--id', 'dora', '--out', file)).err, /is there already/);
      assert.match((await run('token', '--id', 'dora', '--expires', 'soon')).err, /no date/);
      assert.match((await run('token', '--id', ' ')).err, /--id is empty/);
    });
  });

  describe('finding the API', () => {
    const discovery = () => join(folder, '.midstream', 'api.json');
    const leave = (content: string, mode = 0o600) => {
      mkdirSync(join(folder, '.midstream'), { recursive: true });
      writeFileSync(discovery(), content);
      chmodSync(discovery(), mode);
    };
    const left = () => JSON.stringify({ url: api.url, token_file: join(folder, 'alice') });
    const code = (wanted: string) => (error: { code: string }) => error.code === wanted;

    it('goes by flags, then the environment, then what midstream up left', async () => {
      leave(left());
      assert.deepEqual(await findApi({}, {}, folder), { url: api.url, token: secrets.alice });
      assert.deepEqual(await findApi({}, { MIDSTREAM_API: 'https://a.example/x/', MIDSTREAM_TOKEN: 't' }, folder), {
        url: 'https://a.example/x',
        token: 't',
      });
      assert.deepEqual(await findApi({ tokenFile: join(folder, 'bob') }, { MIDSTREAM_TOKEN: 't' }, folder), {
        url: api.url,
        token: secrets.bob,
      });
    });

    it('never sends the token that was left to another address', async () => {
      leave(left());
      await assert.rejects(findApi({ api: 'https://evil.example' }, {}, folder), code('config_invalid'));
      await assert.rejects(findApi({}, { MIDSTREAM_API: 'https://evil.example' }, folder), code('config_invalid'));
    });

    it('does not trust a file that others can write, nor what is none', async () => {
      leave(left(), 0o666);
      await assert.rejects(findApi({}, {}, folder), code('config_invalid'));
      leave('{"url": 1');
      await assert.rejects(findApi({}, {}, folder), code('config_invalid'));
      rmSync(discovery());
      await assert.rejects(findApi({}, {}, folder), code('config_invalid'));
      assert.equal(existsSync(discovery()), false);
    });
  });

  describe('the socket', () => {
    /** Sends bytes as they are; what came back until the server closed. */
    const raw = async (text: string): Promise<string> => {
      const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
      let answer = '';
      socket.on('data', (data) => (answer += data.toString('latin1')));
      socket.on('error', () => {});
      socket.write(text);
      await once(socket, 'close');
      return answer;
    };
    const auth = () => `Host: 127.0.0.1\r\nAuthorization: Bearer ${secrets.alice}\r\nConnection: close\r\n`;

    it('is on loopback, unless somebody says otherwise', async () => {
      assert.match(api.url, /^http:\/\/127\.0\.0\.1:\d+$/);
      await assert.rejects(
        serveApi({ store, tokens, port: Number(new URL(api.url).port), log }),
        (error: { code: string }) => error.code === 'unavailable',
      );
    });

    it('answers garbage, foreign hosts and climbing paths with an error, and lives on', async () => {
      const op = await held();
      assert.match(await raw('\u0016\u0003\u0001garbage\r\n\r\n'), /^HTTP\/1.1 400/);
      assert.match(
        await raw(
          `GET /v1/approvals HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nAuthorization: Bearer ${secrets.alice}\r\n\r\n`,
        ),
        /^HTTP\/1.1 403/,
      );
      assert.match(await raw(`GET /v1/approvals HTTP/1.1\r\nConnection: close\r\n\r\n`), /^HTTP\/1.1 400/);
      for (const path of [
        '/v1/approvals/../../etc/passwd',
        '/v1/approvals/..%2f..%2fetc%2fpasswd',
        '//v1/approvals/x',
        '/v1/approvals/%00',
        'http://evil.example/v1/approvals/x',
      ]) {
        assert.match(await raw(`GET ${path} HTTP/1.1\r\n${auth()}\r\n`), /^HTTP\/1.1 4\d\d/, path);
      }
      assert.match(await raw(`GET /v1/approvals HTTP/1.1\r\nX: ${'y'.repeat(40_000)}\r\n${auth()}\r\n`), /^HTTP\/1.1 431/);
      const smuggled = `POST /v1/approvals/${op.hold}/approve HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`;
      assert.match(await raw(smuggled), /^HTTP\/1.1 400/);
      const chunk = `${(17_000).toString(16)}\r\n{"comment":"${'x'.repeat(17_000 - 14)}"}\r\n0\r\n\r\n`;
      assert.match(
        await raw(
          `POST /v1/approvals/${op.hold}/approve HTTP/1.1\r\n${auth()}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`,
        ),
        /^HTTP\/1.1 413/,
      );
      assert.equal((await store.get(op.hold))?.status, 'pending');
      assert.equal((await fetch(`${api.url}/healthz`)).status, 200);
    });

    it('lets go of streams whose reader went away', async () => {
      const headers = { authorization: `Bearer ${secrets.alice}` };
      for (let round = 0; round < 3; round++) {
        const stops = Array.from({ length: 60 }, () => new AbortController());
        await Promise.all(stops.map((stop) => fetch(`${api.url}/v1/approvals/events`, { headers, signal: stop.signal })));
        for (const stop of stops) stop.abort();
        // Two rounds would be more than may be open at once.
        await eventually('there is place again', async () => {
          const answers = await Promise.all(
            Array.from({ length: 60 }, async () => {
              const stop = new AbortController();
              const { status } = await fetch(`${api.url}/v1/approvals/events`, { headers, signal: stop.signal });
              stop.abort();
              return status;
            }),
          );
          return answers.every((status) => status === 200);
        });
      }
    });

    it('ends holds whose gateway is gone when their time is over', async () => {
      const op = await held({ expires_ms: now() + 50 });
      await eventually('it has expired', async () => (await store.get(op.hold))?.status === 'expired');
    });
  });
});
