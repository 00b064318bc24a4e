import assert from 'node:assert/strict';
import { createApi } from '../../../extproc/console/api.js';
import { type ApproverToken, hasEnded, hashToken, newToken } from '../../../extproc/console/tokens.js';
import { openApprovals } from '../../../extproc/stores/approvals/sqlite.js';
import type { ApprovalStore, HoldRecord } from '../../../filters/approval/types.js';
import { by, operation, T0 } from './samples.js';
import { eventually } from './store-suite.js';

const secrets = { alice: newToken(), bob: newToken(), old: newToken(), operator: newToken() };
const tokens: ApproverToken[] = [
  { id: 'alice', groups: ['dba'], hash: hashToken(secrets.alice), expires: '2030-01-31' },
  { id: 'bob', groups: ['finance'], hash: hashToken(secrets.bob) },
  { id: 'old', groups: ['dba'], hash: hashToken(secrets.old), expires: '2020-01-31' },
  { id: 'operator', groups: [], every_group: true, hash: hashToken(secrets.operator) },
];

describe('the approvals API', () => {
  let store: ApprovalStore;
  let app: ReturnType<typeof createApi>;
  let now_ms: number;
  let logged: unknown[];

  beforeEach(async () => {
    store = await openApprovals({ file: ':memory:', poll_ms: 5 });
    now_ms = T0 + 1000;
    logged = [];
    const log = (...what: unknown[]) => void logged.push(what);
    app = createApi({
      store,
      tokens,
      hosts: ['approvals.shop.example'],
      now: () => now_ms,
      log: { info: log, warn: log, error: log } as never,
    });
  });
  afterEach(() => store.close());

  const call = (path: string, init: RequestInit & { token?: string } = {}) => {
    const { token = secrets.alice, ...rest } = init;
    const headers = {
      host: '127.0.0.1:8070',
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(rest.headers as Record<string, string>),
    };
    return Promise.resolve(app.request(path, { ...rest, headers }));
  };
  const post = (path: string, body: string | Uint8Array = '{}', headers: Record<string, string> = {}, token = secrets.alice) =>
    call(path, {
      method: 'POST',
      body: body as NonNullable<RequestInit['body']>,
      headers: { 'content-type': 'application/json', ...headers },
      token,
    });
  const isProblem = async (response: Response, status: number, code: string, detail = /./) => {
    assert.equal(response.status, status);
    assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/);
    const body = (await response.json()) as Record<string, unknown>;
    assert.deepEqual([body['status'], body['code'], body['type'], typeof body['title']], [status, code, 'about:blank', 'string']);
    assert.match(String(body['detail']), detail);
    return body;
  };
  const held = async (over: Parameters<typeof operation>[0] = {}) => {
    const op = operation(over);
    await store.create(op);
    return op;
  };

  it('lists leases and takes them back', async () => {
    const op = await held({ terms: { by: ['dba'], lease: { same: 'shape', for_ms: 60_000, uses: 3 } } });
    await post(`/v1/approvals/${op.hold}/approve`);
    const { leases } = (await (await call('/v1/leases')).json()) as { leases: { lease: string; hold: string; uses_left: number }[] };
    assert.deepEqual([leases.length, leases[0]!.hold, leases[0]!.uses_left], [1, op.hold, 3]);
    const path = `/v1/leases/${leases[0]!.lease}/revoke`;
    await isProblem(await post(path, '{}', {}, secrets.bob), 403, 'forbidden', /for dba to decide/);
    await isProblem(await call(path), 405, 'bad_input', /POST/);
    assert.equal((await post(path)).status, 200);
    assert.equal(await store.takeLease(op, now_ms), undefined);
    await isProblem(await post(path), 404, 'not_found', /no such lease/);
    await isProblem(await post('/v1/leases/x/revoke'), 404, 'not_found');
  });

  it('lists, shows, approves', async () => {
    const op = await held();
    const list = (await (await call('/v1/approvals?status=pending')).json()) as { now_ms: number; approvals: HoldRecord[] };
    assert.equal(list.now_ms, now_ms);
    assert.deepEqual(
      list.approvals.map((one) => one.operation.hold),
      [op.hold],
    );
    const shown = (await (await call(`/v1/approvals/${op.hold}`)).json()) as HoldRecord;
    assert.deepEqual(shown.operation, op);
    const answer = await post(`/v1/approvals/${op.hold}/approve`, '{"comment":"ticket\\t4711 – fine\\n"}');
    assert.equal(answer.status, 200);
    const record = await store.get(op.hold);
    assert.equal(record?.status, 'approved');
    assert.deepEqual(record?.decisions, [
      { by: 'alice', groups: ['dba'], verdict: 'approve', comment: 'ticket\t4711 – fine\n', at_ms: now_ms, from: 'api' },
    ]);
    assert.deepEqual(
      ((await (await call('/v1/approvals?status=approved&limit=1')).json()) as { approvals: unknown[] }).approvals.length,
      1,
    );
  });

  it('denies, and says when somebody was first', async () => {
    const op = await held();
    assert.equal(((await (await post(`/v1/approvals/${op.hold}/deny`)).json()) as HoldRecord).status, 'denied');
    await isProblem(await post(`/v1/approvals/${op.hold}/approve`), 409, 'conflict', /denied already/);
  });

  it('refuses what the life refuses', async () => {
    await isProblem(
      await post(`/v1/approvals/${(await held({ terms: { by: ['finance'] } })).hold}/approve`),
      403,
      'forbidden',
      /for finance/,
    );
    await isProblem(await post(`/v1/approvals/${(await held({ user: 'Alice' })).hold}/approve`), 403, 'forbidden', /of their own/);
    const late = await held({ expires_ms: now_ms });
    await isProblem(await post(`/v1/approvals/${late.hold}/approve`), 409, 'conflict', /time/);
    assert.equal((await store.get(late.hold))?.status, 'pending');
  });

  it('takes groups from the configuration, never from the caller', async () => {
    const op = await held({ terms: { by: ['finance'] } });
    await isProblem(await post(`/v1/approvals/${op.hold}/approve`, '{"groups":["finance"]}'), 400, 'bad_input', /"groups"/);
    await isProblem(await post(`/v1/approvals/${op.hold}/approve`, '{"by":"bob"}'), 400, 'bad_input', /"by"/);
    assert.equal((await post(`/v1/approvals/${op.hold}/approve`, '{}', {}, secrets.bob)).status, 200);
  });

  it('who runs it all decides for every group that a policy names, with one voice, and not on what is his own', async () => {
    const lease = { same: 'text' as const, for_ms: 60_000, uses: 2 };
    const { hold } = await held({ terms: { by: ['platform', 'oncall'], quorum: 1, wait_ms: 60_000, lease } });
    const decided = (await (await post(`/v1/approvals/${hold}/approve`, '{}', {}, secrets.operator)).json()) as HoldRecord;
    assert.equal(decided.status, 'approved');
    assert.deepEqual(decided.decisions[0]!.groups, ['platform', 'oncall']);
    const [left] = await store.leases(now_ms);
    await isProblem(await post(`/v1/leases/${left!.lease}/revoke`), 403, 'forbidden', /for platform or oncall/);
    assert.equal((await post(`/v1/leases/${left!.lease}/revoke`, '{}', {}, secrets.operator)).status, 200);
    const two = await held({ terms: { by: ['platform'], quorum: 2 } });
    assert.equal(
      ((await (await post(`/v1/approvals/${two.hold}/approve`, '{}', {}, secrets.operator)).json()) as HoldRecord).status,
      'pending',
    );
    const own = await held({ user: 'operator', terms: { by: ['platform'] } });
    await isProblem(await post(`/v1/approvals/${own.hold}/approve`, '{}', {}, secrets.operator), 403, 'forbidden', /of their own/);
  });

  describe('lets nobody in', () => {
    const wrong: [string, Record<string, string>][] = [
      ['without a token', {}],
      ['with another scheme', { authorization: `Basic ${secrets.alice}` }],
      ['with an empty token', { authorization: 'Bearer ' }],
      ['with an unknown token', { authorization: `Bearer ${newToken()}` }],
      ['with the hash in place of the token', { authorization: `Bearer ${hashToken(secrets.alice)}` }],
      ['with a part of a token', { authorization: `Bearer ${secrets.alice.slice(0, -1)}` }],
      ['with more than a token', { authorization: `Bearer ${secrets.alice}x` }],
      ['with two tokens', { authorization: `Bearer ${secrets.alice} ${secrets.alice}` }],
      ['with a token that has ended', { authorization: `Bearer ${secrets.old}` }],
      ['with a very long token', { authorization: `Bearer ${'a'.repeat(100_000)}` }],
    ];
    for (const [what, headers] of wrong) {
      it(what, async () => {
        const op = await held();
        for (const response of [
          await call('/v1/approvals', { headers, token: '' }),
          await call('/v1/approvals/events', { headers, token: '' }),
          await call('/v1/nothing', { headers, token: '' }),
          await post(`/v1/approvals/${op.hold}/approve`, '{}', headers, ''),
        ]) {
          await isProblem(response, 401, 'unauthenticated');
          assert.match(response.headers.get('www-authenticate') ?? '', /^Bearer/);
        }
        assert.equal((await store.get(op.hold))?.status, 'pending');
      });
    }

    it('when a token’s end comes, to the millisecond, or can not be read', async () => {
      now_ms = Date.parse('2030-01-31') - 1;
      assert.equal((await call('/v1/approvals')).status, 200);
      now_ms += 1;
      await isProblem(await call('/v1/approvals'), 401, 'unauthenticated', /has ended/);
      assert.equal(hasEnded({ ...tokens[0]!, expires: 'soon' }, 0), true);
    });

    it('and never writes a token to the log', async () => {
      await held();
      await call('/v1/approvals', { token: secrets.old });
      const stranger = newToken();
      await call('/v1/approvals', { token: stranger });
      const log = JSON.stringify(logged);
      assert.equal(logged.length, 2);
      for (const secret of [...Object.values(secrets), stranger]) assert.ok(!log.includes(secret));
    });
  });

  it('limits wrong tokens, and never keeps a right one waiting', async () => {
    for (let i = 0; i < 20; i++) await isProblem(await call('/v1/approvals', { token: 'wrong' }), 401, 'unauthenticated');
    const limited = await call('/v1/approvals', { token: 'wrong' });
    assert.equal(limited.headers.get('retry-after'), '60');
    await isProblem(limited, 429, 'unauthenticated');
    assert.equal(logged.length, 20, 'what is limited is not logged');
    assert.equal((await call('/v1/approvals')).status, 200);
    now_ms += 60_000;
    await isProblem(await call('/v1/approvals', { token: 'wrong' }), 401, 'unauthenticated');
  });

  describe('is not reached through a browser', () => {
    for (const host of [
      'evil.example',
      'evil.example:8070',
      '127.0.0.1.evil.example',
      'localhost.evil.example:8070',
      '',
      'a b',
      'localhost:x',
      '169.254.1.1',
      '[::2]',
      'user@localhost',
    ]) {
      it(`under the name ${JSON.stringify(host)}`, async () =>
        void (await isProblem(await call('/v1/approvals', { headers: { host } }), 403, 'forbidden', /not served under/)));
    }
    for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8070', '127.1.2.3', '[::1]:8070', 'approvals.shop.example:443']) {
      it(`but it is under ${host}`, async () => void assert.equal((await call('/v1/approvals', { headers: { host } })).status, 200));
    }
    const foreign: Record<string, string>[] = [
      { origin: 'http://evil.example' },
      { origin: 'null' },
      { origin: 'http://127.0.0.1:9999' },
      { origin: 'http://127.0.0.1:8070.evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of foreign) {
      it(`from another origin: ${JSON.stringify(headers)}`, async () => {
        const op = await held();
        await isProblem(await post(`/v1/approvals/${op.hold}/approve`, '{}', headers), 403, 'forbidden', /other origins/);
        assert.equal((await store.get(op.hold))?.status, 'pending');
      });
    }
    it('but it is from its own', async () => {
      assert.equal(
        (await call('/v1/approvals', { headers: { origin: 'http://127.0.0.1:8070', 'sec-fetch-site': 'same-origin' } })).status,
        200,
      );
    });
    it('by forms: other content types are refused, and no answer allows another origin', async () => {
      const op = await held();
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', '']) {
        await isProblem(
          await post(`/v1/approvals/${op.hold}/approve`, '{}', { 'content-type': type }),
          400,
          'bad_input',
          /application\/json/,
        );
      }
      const preflight = await call('/v1/approvals', {
        method: 'OPTIONS',
        headers: { origin: 'http://evil.example', 'access-control-request-method': 'POST' },
      });
      assert.equal(preflight.status, 403);
      for (const [name] of preflight.headers) assert.doesNotMatch(name, /access-control/);
    });
  });

  describe('takes strict JSON', () => {
    const bad: [string, string | Uint8Array, RegExp][] = [
      ['nothing', '', /not valid JSON/],
      ['half an object', '{"comment":', /not valid JSON/],
      ['an array', '[]', /must be an object/],
      ['null', 'null', /must be an object/],
      ['a number for text', '{"comment":1}', /must be text/],
      ['an unknown field', '{"commment":"x"}', /"commment"/],
      ['a prototype', '{"__proto__":{"comment":"x"}}', /__proto__/],
      ['bytes that are no UTF-8', Buffer.from('{"comment":"\xff"}', 'latin1'), /UTF-8/],
      ['a byte order mark', '\ufeff{}', /not valid JSON/],
      ['a NUL', '{"comment":"a\\u0000b"}', /control characters/],
      ['a terminal escape', '{"comment":"\\u001b[2J"}', /control characters/],
      ['too long a comment', JSON.stringify({ comment: 'x'.repeat(2001) }), /too long/],
    ];
    for (const [what, body, detail] of bad) {
      it(`not ${what}`, async () => {
        const op = await held();
        await isProblem(await post(`/v1/approvals/${op.hold}/approve`, body), 400, 'bad_input', detail);
        assert.equal((await store.get(op.hold))?.status, 'pending');
      });
    }
    it('not a body above its limit, whatever it says of its length', async () => {
      const op = await held();
      const big = JSON.stringify({ comment: 'x'.repeat(20_000) });
      await isProblem(await post(`/v1/approvals/${op.hold}/approve`, big), 413, 'limit_exceeded');
      await isProblem(await post(`/v1/approvals/${op.hold}/approve`, big, { 'content-length': String(big.length) }), 413, 'limit_exceeded');
      assert.equal((await store.get(op.hold))?.status, 'pending');
    });
  });

  it('knows hold ids from anything else', async () => {
    for (const id of [
      '..%2f..%2fetc%2fpasswd',
      '%2e%2e',
      "'%20or%201=1",
      'x',
      'F'.repeat(32),
      `${'0'.repeat(32)}%00`,
      '0'.repeat(33),
      '0'.repeat(32),
      '%ff',
      '*',
    ]) {
      await isProblem(await call(`/v1/approvals/${id}`), 404, 'not_found');
      await isProblem(await post(`/v1/approvals/${id}/approve`), 404, 'not_found');
    }
    await isProblem(await call('/etc/passwd'), 404, 'not_found');
  });

  it('says which question or method is wrong', async () => {
    for (const query of ['status=open', 'state=pending', 'limit=0', 'limit=1001', 'limit=-1', 'limit=1e3', 'limit='])
      await isProblem(await call(`/v1/approvals?${query}`), 400, 'bad_input');
    for (const [method, path, allow] of [
      ['DELETE', '/v1/approvals', 'GET, HEAD'],
      ['PUT', `/v1/approvals/${'0'.repeat(32)}`, 'GET, HEAD'],
      ['GET', `/v1/approvals/${'0'.repeat(32)}/approve`, 'POST'],
    ] as const) {
      const response = await call(path, { method });
      assert.equal(response.headers.get('allow'), allow);
      await isProblem(response, 405, 'bad_input');
    }
  });

  it('cuts long texts in lists, says so, and shows the whole on request', async () => {
    const op = await held({ text: 'x'.repeat(5000), params: Array.from({ length: 30 }, () => 'y'.repeat(500)) });
    const short = await held();
    const { approvals } = (await (await call('/v1/approvals')).json()) as { approvals: (HoldRecord & { cut: boolean })[] };
    const found = (hold: string) => approvals.find((one) => one.operation.hold === hold)!;
    assert.deepEqual([found(op.hold).cut, found(op.hold).operation.text.length, found(op.hold).operation.params.length], [true, 1001, 20]);
    assert.deepEqual([found(short.hold).cut, found(short.hold).operation], [false, short]);
    assert.deepEqual(((await (await call(`/v1/approvals/${op.hold}`)).json()) as HoldRecord).operation, op);
  });

  it('has its headers on every answer', async () => {
    for (const response of [
      await call('/healthz', { token: '' }),
      await call('/v1/approvals'),
      await call('/v1/approvals', { token: '' }),
      await call('/v1/approvals', { headers: { host: 'evil' } }),
      await call('/nothing'),
      await post('/v1/approvals/x/approve', 'x'.repeat(50_000)),
    ]) {
      assert.equal(response.headers.get('cache-control'), 'no-store');
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
      assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'none'/);
      assert.equal(response.headers.get('access-control-allow-origin'), null);
    }
  });

  it('says 503 when the store is away, and tells nothing of an error that is not ours', async () => {
    const op = await held();
    await store.close();
    await isProblem(await call('/v1/approvals'), 503, 'unavailable');
    await isProblem(await post(`/v1/approvals/${op.hold}/approve`), 503, 'unavailable');
    store.list = () => Promise.reject(new Error('secret 4111111111111111'));
    const body = await isProblem(await call('/v1/approvals'), 500, 'internal');
    assert.doesNotMatch(JSON.stringify(body) + JSON.stringify(logged), /4111/);
  });

  describe('streams changes', () => {
    const reading = (response: Response) => {
      const reader = response.body!.getReader();
      const state = { text: '', done: false, cancel: () => reader.cancel() };
      void (async () => {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          state.text += Buffer.from(value).toString();
        }
        state.done = true;
      })();
      return state;
    };

    it('as server-sent events, one for each', async () => {
      const response = await call('/v1/approvals/events');
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
      const stream = reading(response);
      const op = await held({ text: 'a\n\ndata: forged\n\nevent: approval' });
      await eventually('the hold is told', () => stream.text.includes(op.hold));
      await store.decide(op.hold, by('alice'));
      await eventually('the approval is told', () => stream.text.includes('"status":"approved"'));
      const blocks = stream.text.split('\n\n').filter((block) => block.startsWith('event: approval'));
      for (const block of blocks) assert.equal((JSON.parse(block.split('\ndata: ')[1]!) as HoldRecord).operation.hold, op.hold);
      await stream.cancel();
    });

    it('until the token ends', async () => {
      const stream = reading(await call('/v1/approvals/events'));
      now_ms = Date.parse('2030-02-01');
      await eventually('the stream ends', async () => {
        await held({ created_ms: now_ms, expires_ms: now_ms + 1 });
        return stream.done;
      });
      assert.doesNotMatch(stream.text, /event: approval/);
    });

    it('to so many at most, and again when one has gone; HEAD opens none', async () => {
      for (let i = 0; i < 200; i++) assert.equal((await call('/v1/approvals/events', { method: 'HEAD' })).status, 200);
      const streams = [];
      for (let i = 0; i < 100; i++) streams.push(reading(await call('/v1/approvals/events')));
      await isProblem(await call('/v1/approvals/events'), 503, 'unavailable', /100 streams/);
      await streams[0]!.cancel();
      streams.push(reading(await call('/v1/approvals/events')));
      for (const stream of streams.slice(1)) await stream.cancel();
    });

    it('not to a reader that does not read', async () => {
      const response = await call('/v1/approvals/events');
      const texts = { text: 'z'.repeat(900), params: Array.from({ length: 20 }, () => 'p'.repeat(200)) };
      const op = await held({ ...texts, terms: { quorum: 1_000_000 } });
      // Each decision is a change of some kilobytes that nobody reads; the API lets go at a megabyte.
      const changes: ((record: HoldRecord) => void)[] = [];
      const own = store.watchAll.bind(store);
      store.watchAll = (changed) => {
        changes.push(changed);
        return own(changed);
      };
      const slow = await call('/v1/approvals/events');
      const record = (await store.get(op.hold))!;
      for (let i = 0; i < 1000; i++) changes[0]!(record);
      const stream = reading(slow);
      await eventually('the stream has ended', () => stream.done);
      assert.ok(stream.text.length > 1_000_000 && stream.text.length < 1_200_000, `${stream.text.length} bytes waited`);
      await response.body!.cancel();
    });
  });
});
