import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { CARD, EMAIL } from '../postgres-rows/support.js';
import { bodyOf, Driver } from './support.js';

const policy = `
version: 1
rules:
  - { name: no-admin, on: http, when: 'http.path.startsWith("/admin")', then: deny, message: Nobody administers from here. }
  - { name: payouts, on: http, when: 'http.method == "POST" && http.path == "/v1/payouts" && http.body.amount > 1000', then: approve, approve: { by: [finance] } }
  - { name: wipe, on: http, when: 'http.method == "DELETE"', then: approve }
  - { name: not-for-http, on: postgres, when: 'sql.count > 0', then: deny }
masks:
  - { name: pii, detect: [pii], as: partial }
  - { name: keys, detect: [secrets], as: redact }
`;
const plain = 'version: 1\nrules:\n  - { name: no-admin, on: http, when: \'http.path.startsWith("/admin")\', then: deny }\n';
const json: [string, string][] = [['content-type', 'application/json']];
const secret = ['sk', 'live', '4eC39HqLyjWDarjtT1zdp7dc'].join('_');

describe('an HTTP exchange', () => {
  it('passes a request, masks its answer, and records both', () => {
    const d = new Driver(policy);
    d.request('GET /v1/people?name=x');
    assert.deepEqual(d.last.answers, [{ part: 'request_headers', set: [['accept-encoding', 'identity']], remove: ['range', 'if-range'] }]);
    const body = d.respond(
      [...json, ['content-length', '99'], ['etag', '"1"']],
      `{"card":"${CARD}",`,
      `"mail":"${EMAIL}","key":"${secret}"}`,
    );
    assert.deepEqual(JSON.parse(body), { card: '**** **** **** 1111', mail: 'j***@example.com', key: '[stripe_key]' });
    const head = d.answers.find((answer) => answer.part === 'response_headers');
    assert.ok(head?.part === 'response_headers');
    assert.deepEqual(head.remove, ['content-length', 'etag']);
    assert.deepEqual(
      d.records.map(({ type }) => type),
      ['session.open', 'request', 'decision', 'response', 'session.close'],
    );
    const [response] = d.events('response');
    assert.equal(Buffer.from(response!['body'] as string, 'base64').toString(), body);
    assert.equal(response!['status'], 200);
    assert.deepEqual(
      (response!['masked'] as { rule: string; count: number }[]).map(({ rule, count }) => `${rule} ${count}`),
      ['keys 1', 'pii 2'],
    );
    assert.equal(d.exchange.phase, 'closed');
  });

  it('refuses a body that does not come in time, or is too long, with what was asked in its recording', () => {
    const late = new Driver(policy);
    const headers: [string, string][] = [[':method', 'POST'], [':authority', 'a'], [':path', '/v1/payouts?x=1'], ...json];
    late.step({ type: 'request_headers', headers, end: false });
    late.step({ type: 'request_body', body: Buffer.from('{"amount":'), end: false });
    late.step({ type: 'late' });
    assert.equal(late.refusal().status, 408);
    const long = new Driver(`${policy}limits: { held_bytes_max: 20 }\n`);
    long.request('POST /v1/payouts?x=1', json, JSON.stringify({ amount: 'x'.repeat(30) }));
    assert.equal(long.refusal().status, 413);
    for (const d of [late, long]) {
      assert.equal(d.events('request')[0]!['text'], `POST ${d === late ? 'a' : 'api.example'}/v1/payouts?x=1`);
      assert.equal(d.exchange.phase, 'closed');
    }
    const gone = new Driver(policy);
    gone.step({ type: 'request_headers', headers, end: false });
    gone.step({ type: 'gone', reason: 'cancelled' });
    assert.deepEqual(
      gone.records.map(({ type }) => type),
      ['session.open', 'request', 'session.close'],
    );
    // One that goes on, or waits for a person, is not late.
    const held = new Driver(policy);
    held.request('POST /v1/payouts', json, '{"amount":5000}');
    held.step({ type: 'late' });
    assert.equal(held.exchange.phase, 'held');
  });

  it('masks JSON and events behind a mark of UTF-8 and white space, however they are cut and wherever the server pauses', () => {
    const escaped = [...CARD].map((sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
    const body = `{"card":"${escaped}"}`;
    const bodies: [type: string, text: string][] = [
      ['application/json', `\ufeff${body}`],
      ['text/plain', `\ufeff\n${body}`],
      ['text/plain', `${' '.repeat(100)}${body}`],
      ['', `\r\n\r\n${body}`],
      ['text/event-stream', `\ufeffdata: ${body}\n\n`],
    ];
    for (const [type, text] of bodies)
      for (const size of [1, 2, 3, 5, 64, 1000])
        for (const pauses of [false, true]) {
          const d = new Driver(policy);
          d.request('GET /x');
          d.step({
            type: 'response_headers',
            headers: [[':status', '200'], ...(type === '' ? [] : [['content-type', type] as const])],
            end: false,
          });
          const bytes = Buffer.from(text);
          for (let at = 0; at < bytes.length; at += size) {
            d.step({ type: 'response_body', body: bytes.subarray(at, at + size), end: at + size >= bytes.length });
            if (pauses && at < 8 && at + size < bytes.length) d.step({ type: 'flush' });
          }
          const got = bodyOf(d.answers).toString();
          assert.equal(got.replace('**** **** **** 1111', escaped), text, `${type} by ${size}${pauses ? ' with pauses' : ''}: ${got}`);
        }
  });

  it('lets no trailers of a request go on', () => {
    for (const waits of [false, true]) {
      const d = new Driver(waits ? policy : plain);
      d.step({
        type: 'request_headers',
        headers: [[':method', 'POST'], [':path', '/x'], [':authority', 'a'], ...json],
        end: false,
      });
      d.step({ type: 'request_body', body: Buffer.from('{}'), end: false });
      d.step({ type: 'request_trailers', headers: [['x-http-method-override', 'DELETE']] });
      assert.deepEqual(d.answers.at(-1), { part: 'request_trailers', remove: ['x-http-method-override'] });
    }
  });

  it('changes nothing where nothing is masked', () => {
    const d = new Driver(plain);
    d.request('GET /x');
    assert.deepEqual(d.last.answers, [{ part: 'request_headers' }]);
    assert.equal(
      d.respond(
        [
          ['content-encoding', 'gzip'],
          ['etag', '"1"'],
        ],
        CARD,
      ),
      CARD,
    );
    const head = d.answers.find((answer) => answer.part === 'response_headers');
    assert.deepEqual(head, { part: 'response_headers', set: [], append: [], remove: [] });
  });

  it('masks headers, each Set-Cookie by itself, and trailers', () => {
    const d = new Driver(policy);
    d.request('GET /x');
    d.step({
      type: 'response_headers',
      headers: [
        [':status', '200'],
        ['x-mail', EMAIL],
        ['x-plain', 'a'],
        ['set-cookie', 'a=1'],
        ['set-cookie', `mail=${EMAIL}`],
      ],
      end: false,
    });
    assert.equal(d.last.answers.length, 0, 'they wait for the body, so that an answer that can not be read is an error');
    d.step({ type: 'flush' });
    const head = d.last.answers[0]!;
    assert.ok(head.part === 'response_headers');
    assert.deepEqual(head.set, [['x-mail', 'j***@example.com']]);
    assert.deepEqual(head.remove, ['set-cookie']);
    assert.deepEqual(head.append, [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'mail=j***@example.com'],
    ]);
    d.step({ type: 'response_body', body: Buffer.from('call jane.doe@exam'), end: false });
    d.step({ type: 'response_trailers', headers: [['x-card', CARD]] });
    assert.equal(bodyOf(d.answers).toString(), 'call jane.doe@exam', 'what is held goes before the trailers');
    const tail = d.last.answers.at(-1)!;
    assert.ok(tail.part === 'response_trailers');
    assert.deepEqual(tail.set, [['x-card', '**** **** **** 1111']]);
    assert.equal(d.exchange.phase, 'closed');
  });

  it('refuses with a problem that names the rule, and a gRPC call with its status', () => {
    const d = new Driver(policy);
    d.request('GET /public/..%2fadmin/users');
    const { status, problem, grpcStatus } = d.refusal();
    assert.equal(status, 403);
    assert.deepEqual(problem, {
      type: 'urn:midstream:problem:denied',
      title: 'Refused by policy',
      status: 403,
      detail: 'Nobody administers from here.',
      instance: 'urn:midstream:request:session',
      rule: 'no-admin',
    });
    assert.equal(grpcStatus, undefined);
    assert.ok(
      d.last.records.some(({ gating }) => gating),
      'written before it is seen',
    );
    assert.deepEqual(
      d.records.map(({ type }) => type),
      ['session.open', 'request', 'decision', 'error', 'session.close'],
    );
    const call = new Driver(policy);
    call.request('POST /admin.Service/Wipe', [['content-type', 'application/grpc+proto']], 'x');
    assert.equal(call.refusal().grpcStatus, 7);
  });

  it('refuses what can be read in several ways', () => {
    for (const [line, headers, body] of [
      ['GET /v1/%252e%252e/admin', [], undefined],
      ['POST /v1/payouts', json, '{"amount":5,"amount":5000}'],
      ['POST /v1/payouts', [...json, ['content-type', 'text/plain']], '{"amount":5}'],
    ] as [string, [string, string][], string | undefined][]) {
      const d = new Driver(policy);
      d.request(line, headers, body);
      assert.equal(d.refusal().problem['rule'], 'default:unparsed', line);
    }
  });

  it('waits for the body where a rule asks for it, however it is cut, and passes the very bytes', () => {
    const d = new Driver(policy);
    const body = '{"amount": 5}';
    d.step({ type: 'request_headers', headers: [[':method', 'POST'], [':path', '/v1/payouts'], [':authority', 'a'], ...json], end: false });
    assert.equal(d.answers.length, 0);
    for (const byte of body.slice(0, -1)) d.step({ type: 'request_body', body: Buffer.from(byte), end: false });
    assert.equal(d.answers.length, 0);
    d.step({ type: 'request_body', body: Buffer.from('}'), end: true });
    const [head, sent] = d.answers;
    assert.equal(head!.part, 'request_headers');
    assert.ok(sent?.part === 'request_body' && sent.end);
    assert.equal(Buffer.concat([...sent.chunks]).toString(), body);
    assert.equal(d.events('request')[0]!['body'], '{"amount": 5}');
  });

  it('holds until a person approves, bound to method, target, headers and body', () => {
    const digests = new Set<string>();
    for (const body of ['{"amount": 5000}', '{"amount": 5001}']) {
      const d = new Driver(policy);
      d.request('POST /v1/payouts', json, body);
      assert.deepEqual(d.answers, []);
      const [operation] = d.last.holds;
      assert.equal(d.exchange.held, operation!.hold);
      assert.equal(operation!.text, `POST api.example/v1/payouts\n\n${body}`);
      assert.deepEqual(operation!.terms.by, ['finance']);
      digests.add(operation!.digest);
      d.step({ type: 'approval', hold: operation!.hold, outcome: 'approved', reason: '', decisions: [], lease: '' });
      assert.deepEqual(
        d.answers.map(({ part }) => part),
        ['request_headers', 'request_body'],
      );
      assert.equal(d.respond(json, '{}'), '{}');
    }
    assert.equal(digests.size, 2);
  });

  it('holds the body too where the rule does not read it', () => {
    const d = new Driver(policy.replace(/ {2}- \{ name: payouts.*\n/, ''));
    d.step({
      type: 'request_headers',
      headers: [
        [':method', 'DELETE'],
        [':path', '/v1/all'],
        [':authority', 'a'],
      ],
      end: false,
    });
    assert.deepEqual([d.answers, d.last.holds], [[], []]);
    d.step({ type: 'request_body', body: Buffer.from(`because ${EMAIL} says so`), end: true });
    assert.match(d.last.holds[0]!.text, /because \[email\] says so/);
  });

  it('tells why it was not approved', () => {
    for (const [outcome, status, kind] of [
      ['denied', 403, 'denied'],
      ['expired', 403, 'expired'],
      ['unavailable', 503, 'unavailable'],
    ] as const) {
      const d = new Driver(policy);
      d.request('DELETE /v1/all');
      const decisions =
        outcome === 'denied' ? [{ by: 'bob', groups: [], verdict: 'deny' as const, comment: `ask ${EMAIL}`, at_ms: 1, from: 'api' }] : [];
      d.step({ type: 'approval', hold: d.exchange.held!, outcome, reason: '', decisions, lease: '' });
      const refused = d.refusal();
      assert.equal(refused.status, status);
      assert.equal(refused.problem['type'], `urn:midstream:problem:${kind}`);
      if (outcome === 'denied') assert.equal(refused.problem['detail'], 'denied by bob: ask [email]');
    }
  });

  it('never runs what was held when the client is gone', () => {
    const d = new Driver(policy);
    d.request('DELETE /v1/all');
    const hold = d.exchange.held!;
    d.step({ type: 'gone', reason: 'cancelled' });
    assert.deepEqual(d.last.ended, [{ hold, status: 'cancelled', reason: 'the client is gone' }]);
    d.step({ type: 'approval', hold, outcome: 'approved', reason: '', decisions: [], lease: '' });
    assert.deepEqual(d.answers, []);
    assert.equal(d.events('session.close').length, 1);
  });

  it('refuses a body that is longer than may be held, and an answer that it can not read', () => {
    const d = new Driver(`${policy}limits: { held_bytes_max: 100 }\n`);
    d.request('POST /v1/payouts', json, `{"a":"${'x'.repeat(200)}"}`);
    assert.equal(d.refusal().status, 413);
    assert.match(String(d.refusal().problem['detail']), /held_bytes_max/);
    const packed = new Driver(policy);
    packed.request('GET /x');
    packed.step({
      type: 'response_headers',
      headers: [
        [':status', '200'],
        ['content-encoding', 'sdch'],
      ],
      end: false,
    });
    assert.equal(packed.refusal().status, 502);
    assert.match(String(packed.refusal().problem['detail']), /packed with sdch/);
    const hidden = new Driver(policy);
    hidden.request('GET /x');
    hidden.step({
      type: 'response_headers',
      headers: [
        [':status', '200'],
        ['content-encoding', `${EMAIL}`],
      ],
      end: false,
    });
    assert.doesNotMatch(JSON.stringify(hidden.refusal().problem), /jane/);
  });

  it('unpacks what comes packed all the same, and says so', () => {
    const d = new Driver(policy);
    d.request('GET /x');
    const whole = gzipSync(JSON.stringify({ mail: EMAIL }));
    const text = d.respond(
      [
        ['content-type', 'application/json'],
        ['content-encoding', 'gzip'],
        ['content-length', String(whole.length)],
        ['etag', '"1"'],
      ],
      ...[...whole].map((byte) => Buffer.of(byte)),
    );
    assert.deepEqual(JSON.parse(text), { mail: 'j***@example.com' });
    const head = d.answers.find((answer) => answer.part === 'response_headers')!;
    assert.deepEqual(head.part === 'response_headers' && head.remove, ['content-encoding', 'content-length', 'etag']);
    const end = d.events('response')[0]!;
    assert.equal(Buffer.from(end['body'] as string, 'base64').toString(), '{"mail":"j***@example.com"}');
  });

  it('refuses a torn packed answer as long as nothing of it has left, and breaks it off later', () => {
    const whole = gzipSync(JSON.stringify({ mail: EMAIL }));
    const early = new Driver(policy);
    early.request('GET /x');
    early.respond([['content-encoding', 'gzip']], whole.subarray(0, 20));
    assert.equal(early.refusal().status, 502);
    assert.match(String(early.refusal().problem['detail']), /ends before its end/);
    const late = new Driver(policy);
    late.request('GET /x');
    const many = gzipSync(Array.from({ length: 50_000 }, (_, i) => `${i} ${EMAIL}`).join('\n'));
    late.respond([['content-encoding', 'gzip']], many.subarray(0, 100_000), Buffer.from('this is no gzip any more'));
    assert.match(late.last.fail ?? '', /packed with gzip/);
    assert.equal(late.events('session.close')[0]!['reason'], 'failed');
  });

  it('keeps credentials and values out of the recording', () => {
    const d = new Driver(policy);
    d.request(
      `POST /v1/x?mail=${EMAIL}`,
      [['authorization', 'Bearer abc'], ['cookie', 'sid=123'], ['x-mail', EMAIL], ...json],
      `{"card":"\\u0034111 1111 1111 1111","key":"${secret}"}`,
    );
    d.respond(json, '{}');
    const text = JSON.stringify(d.records);
    for (const leak of ['abc', 'sid=123', EMAIL, '1111 1111', secret]) assert.ok(!text.includes(leak), leak);
  });

  it('flushes what is sure when the server pauses', () => {
    const d = new Driver(policy);
    d.request('GET /chat');
    d.step({
      type: 'response_headers',
      headers: [
        [':status', '200'],
        ['content-type', 'text/plain'],
      ],
      end: false,
    });
    d.step({ type: 'response_body', body: Buffer.from('Hello there, how are things going today my fri'), end: false });
    assert.equal(d.last.flush, true);
    d.step({ type: 'flush' });
    assert.match(bodyOf(d.answers).toString(), /^Hello there, how are things/);
    d.step({ type: 'response_body', body: Buffer.from(`end, write to ${EMAIL}`), end: true });
    assert.equal(bodyOf(d.answers).toString(), 'Hello there, how are things going today my friend, write to j***@example.com');
  });

  it('ends a stop in each phase: a hold with 503, an answer under way by a failed stream', () => {
    const held = new Driver(policy);
    held.request('DELETE /v1/all');
    held.step({ type: 'stop', reason: 'the gateway is stopping' });
    assert.equal(held.refusal().status, 503);
    assert.equal(held.last.ended.length, 1);
    const answering = new Driver(policy);
    answering.request('GET /x');
    answering.step({ type: 'response_headers', headers: [[':status', '200']], end: false });
    answering.step({ type: 'stop', reason: 'the gateway is stopping' });
    assert.equal(answering.last.fail, 'the gateway is stopping');
    assert.equal(answering.events('response')[0]!['incomplete'], true);
  });

  it('ends what a revoked identity has under way in each phase, also before the server has answered', () => {
    const revoked = { type: 'revoked', reason: 'the identity was revoked' } as const;
    const held = new Driver(policy);
    held.request('DELETE /v1/all');
    held.step(revoked);
    assert.equal(held.refusal().status, 401);
    assert.deepEqual(
      held.last.ended.map(({ status }) => status),
      ['cancelled'],
    );
    for (const begun of [false, true]) {
      const answering = new Driver(policy);
      answering.request('GET /x');
      if (begun) answering.step({ type: 'response_headers', headers: [[':status', '200']], end: false });
      answering.step(revoked);
      assert.equal(answering.last.fail, 'the identity was revoked');
      assert.equal(answering.events('session.close')[0]!['reason'], 'the identity was revoked');
    }
  });

  it('lets nobody through whom nothing lets reach the server', () => {
    const d = new Driver(policy, undefined, true);
    d.request('POST /v1/x', json, '{}');
    assert.equal(d.refusal().status, 403);
    assert.equal(d.refusal().problem['type'], 'urn:midstream:problem:forbidden');
    assert.deepEqual(
      d.answers.map(({ part }) => part),
      ['immediate'],
    );
  });

  it('counts a rule whose fact can not be had as matched', () => {
    const d = new Driver(policy);
    d.request('POST /v1/payouts', [['content-type', 'image/png']], 'binary');
    assert.ok(d.exchange.held, 'http.body can not be read, so the approval is asked for');
    const [decision] = d.events('decision');
    assert.match(JSON.stringify(decision!['matches']), /"error":/);
  });

  it('says what could not be read, and no rule’s own words that nobody knows to be true', () => {
    const drops = (defaults: string) =>
      `version: 1\nrules:\n  - { name: drops, on: http, when: 'http.body.type == "drop"', then: deny, message: Nothing is dropped here. }\n${defaults}`;
    const refused = (policy: string, type: string, more: [string, string][], body: string) => {
      const d = new Driver(policy);
      d.request('POST /v1/x', [['content-type', type], ...more], body);
      const { rule, detail } = d.refusal().problem;
      return [rule, detail];
    };
    assert.deepEqual(refused(drops(''), 'application/json', [['content-encoding', 'gzip']], 'not packed'), [
      'default:unparsed',
      'The request could not be understood: its body can’t be unpacked: the body says that it is packed with gzip, and is not.',
    ]);
    assert.equal(refused(drops(''), 'application/json', [], '{"type":"x","type":"y"}')[0], 'default:unparsed');
    assert.deepEqual(refused(drops(''), 'image/png', [], 'binary'), [
      'drops',
      'Refused: the rule drops asks about what can’t be read (a body of type image/png is not read).',
    ]);
    assert.equal(refused(drops('defaults: { unparsed: allow }\n'), 'application/json', [], '{"type":"x","type":"y"}')[0], 'drops');
    assert.deepEqual(refused(drops(''), 'application/json', [], '{"type":"drop"}'), ['drops', 'Nothing is dropped here.']);
  });
});
