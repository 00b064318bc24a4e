import assert from 'node:assert/strict';
import type { ApprovalInput } from '../../../filters/approval/recorded.js';
import type { Driver } from '../http/support.js';
import { EMAIL } from '../postgres-rows/support.js';
import { exchange, json, newWorld, sse } from './support.js';

const policy = `
version: 1
rules:
  - { name: asks, on: mcp, when: 'mcp.tool == "ask"', then: approve }
masks:
  - { name: pii, detect: [pii], as: partial }
`;
const asked = (id: number, more: object = { _meta: { progressToken: 'p' } }) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'ask', arguments: {}, ...more },
});
const result = (text: string) => ({ jsonrpc: '2.0', id: 5, result: { content: [{ type: 'text', text }] } });

/** A call that waits, and whose sender was told so. */
function waiting(headers = json, message: object = asked(5), forwards = true): Driver {
  const d = exchange(policy, newWorld(), undefined, forwards);
  d.request('POST /mcp', [...headers, ['content-length', '99'], ['authorization', 'Bearer x']], JSON.stringify(message));
  d.step({ type: 'tick' });
  return d;
}

function decided(d: Driver, outcome: ApprovalInput['outcome']): Driver {
  d.step({ type: 'approval', hold: 'hold1', outcome, reason: '', decisions: [], lease: '' });
  return d;
}

/** What the client reads, and whether it reads an end. */
function read(d: Driver): { messages: Record<string, unknown>[]; ends: number } {
  const bodies = d.answers.flatMap((answer) => (answer.part === 'local_body' ? [answer] : []));
  assert.ok(
    d.answers.every(({ part }) => part === 'local_headers' || part === 'local_body'),
    d.answers.map(({ part }) => part).join(),
  );
  const text = Buffer.concat(bodies.flatMap(({ chunks }) => chunks)).toString();
  return {
    messages: [...text.matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1]!) as Record<string, unknown>),
    ends: bodies.filter(({ end }) => end).length,
  };
}

describe('an answer that begins while the call waits', () => {
  it('tells of progress, then has what the server answers, masked, in JSON and in events', () => {
    for (const type of [json.slice(0, 1), sse]) {
      const d = waiting();
      assert.equal(d.answers[0]!.part, 'local_headers');
      d.step({ type: 'tick' });
      decided(d, 'approved');
      const forward = d.last.forward!;
      assert.deepEqual(
        [forward.method, forward.target, forward.host, JSON.parse(forward.body.toString())],
        ['POST', '/mcp', 'api.example:80', asked(5)],
      );
      const names = forward.headers.map(([name]) => name);
      assert.ok(names.includes('authorization') && names.includes('accept') && !names.some((name) => /^:|content-length|host/.test(name)));
      const whole = JSON.stringify(result(`mail ${EMAIL}`));
      const progress = `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 'p', progress: 9 } })}\n\n`;
      d.step({ type: 'response_headers', headers: [[':status', '200'], ...type], end: false });
      const text = type === sse ? `${progress}data: ${whole}\n\n` : whole;
      for (const part of text.match(/[\s\S]{1,20}/g)!) d.step({ type: 'response_body', body: Buffer.from(part), end: false });
      d.step({ type: 'response_body', body: Buffer.alloc(0), end: true });
      const { messages, ends } = read(d);
      assert.deepEqual(
        messages.map((one) => (one['params'] as { progress?: number } | undefined)?.progress ?? one['id']),
        type === sse ? [-1, -0.5, 9, 5] : [-1, -0.5, 5],
      );
      assert.deepEqual(messages.at(-1), result('mail j***@example.com'));
      assert.equal(ends, 1);
      assert.equal(d.events('response')[0]!['status'], 200);
    }
  });

  it('keeps numbers as the server wrote them', () => {
    const d = waiting();
    decided(d, 'approved');
    const text =
      '{"jsonrpc":"2.0","id":5,\n "result":{"content":[{"type":"text","text":"a\u2028b"}],"structuredContent":{"id":12345678901234567890,"rate":1.0}}}';
    d.step({ type: 'response_headers', headers: [[':status', '200'], ...json.slice(0, 1)], end: false });
    d.step({ type: 'response_body', body: Buffer.from(text), end: true });
    const bytes = Buffer.concat(d.answers.flatMap((answer) => (answer.part === 'local_body' ? answer.chunks : [])));
    // What ends a line for some readers of events is escaped.
    assert.match(bytes.toString(), /"text":"a\\u2028b"/);
    assert.match(bytes.toString(), /"structuredContent":\{"id":12345678901234567890,"rate":1\.0\}/);
  });

  it('ends with the refusal where nobody approves, the client cancels or the gateway stops', () => {
    const ends: [(d: Driver) => void, RegExp][] = [
      [(d) => decided(d, 'denied'), /denied/],
      [(d) => decided(d, 'expired'), /in time/],
      [(d) => d.step({ type: 'cancelled' }), /cancelled/],
      [(d) => d.step({ type: 'stop', reason: 'the gateway is stopping' }), /stopping/],
    ];
    for (const [end, why] of ends) {
      const d = waiting();
      end(d);
      const { messages, ends: ended } = read(d);
      assert.equal(ended, 1);
      assert.equal((messages[1]!['result'] as { isError: boolean }).isError, true);
      assert.match(JSON.stringify(messages[1]), why);
      assert.equal(d.last.forward, undefined);
    }
  });

  it('is an error where the server can not be reached, or answers with what is no message', () => {
    const away = decided(waiting(), 'approved');
    away.step({ type: 'unreachable' });
    assert.match(JSON.stringify(read(away).messages[1]), /can not be reached/);
    for (const [status, type, body] of [
      ['404', 'text/plain', 'no such session'],
      ['500', 'application/json', '{"error":"x"}'],
      ['202', 'text/plain', ''],
      ['502', 'text/event-stream', 'data: x\n\n'],
    ] as const) {
      const d = decided(waiting(), 'approved');
      d.step({
        type: 'response_headers',
        headers: [
          [':status', status],
          ['content-type', type],
        ],
        end: false,
      });
      d.step({ type: 'response_body', body: Buffer.from(body), end: true });
      const { messages, ends } = read(d);
      assert.equal(ends, 1, status);
      assert.match(JSON.stringify(messages[1]), status === '502' ? /no message of MCP/ : new RegExp(`answered ${status}`));
    }
  });

  it('is broken off, and has no end, where the server breaks off', () => {
    const d = decided(waiting(), 'approved');
    d.step({ type: 'response_headers', headers: [[':status', '200'], ...sse], end: false });
    d.step({ type: 'response_body', body: Buffer.from('data: {"jsonrpc":"2.0","method":"notifications/progress"}\n\nda'), end: false });
    d.step({ type: 'flush' });
    d.step({ type: 'unreachable' });
    assert.match(d.last.fail ?? '', /broke off/);
    assert.equal(read(d).ends, 0);
    const stopped = decided(waiting(), 'approved');
    stopped.step({ type: 'stop', reason: 'stopping' });
    assert.equal(stopped.last.fail, 'stopping');
    assert.equal(read(stopped).ends, 0);
  });

  it('is not begun for whom asked for no progress, takes no stream, sends several, or where the gateway has no way to the server', () => {
    const quiet: Driver[] = [
      waiting(json, asked(5, {})),
      waiting([
        ['content-type', 'application/json'],
        ['accept', 'application/json'],
      ]),
      waiting(json, [asked(5), asked(6)]),
      waiting(json, asked(5), false),
    ];
    for (const d of quiet) {
      assert.equal(d.answers.length, 0);
      decided(d, 'approved');
      assert.equal(d.answers[0]!.part, 'request_headers');
      assert.equal(d.last.forward, undefined);
    }
  });
});
