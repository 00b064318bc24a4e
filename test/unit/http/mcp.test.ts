import assert from 'node:assert/strict';
import { readMessages, refusalOf, withoutTools } from '../../../filters/mcp/messages.js';
import { Driver } from './support.js';

const call = (name: string, args: object = {}, id: string | number = 1) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});

describe('messages of MCP', () => {
  it('say what they ask for', () => {
    const facts = (body: unknown) => readMessages(body).messages.map((one) => one.facts);
    const none = { method: '', tool: '', arguments: {}, uri: '', prompt: '' };
    assert.deepEqual(facts(call('shell', { command: 'ls' })), [
      { ...none, method: 'tools/call', tool: 'shell', arguments: { command: 'ls' } },
    ]);
    assert.deepEqual(facts({ jsonrpc: '2.0', method: 'notifications/initialized' }), [{ ...none, method: 'notifications/initialized' }]);
    assert.deepEqual(facts({ jsonrpc: '2.0', id: 1, result: {} }), [none], 'an answer to the server');
    assert.deepEqual(facts({ jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name: 'review' } }), [
      { ...none, method: 'prompts/get', prompt: 'review' },
    ]);
    assert.deepEqual(
      facts({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { name: 'x' } }),
      [{ ...none, method: 'tools/list' }],
      'a name elsewhere is no tool',
    );
    assert.equal(facts([call('a'), call('b')]).length, 2);
  });

  const refused: [unknown, RegExp][] = [
    [null, /no JSON-RPC/],
    ['x', /no JSON-RPC/],
    [{ method: 'x' }, /no JSON-RPC/],
    [{ jsonrpc: '2.0' }, /no method/],
    [{ jsonrpc: '2.0', method: 7 }, /method is no text/],
    [{ jsonrpc: '2.0', method: 'x', params: [1] }, /parameters are no object/],
    [{ jsonrpc: '2.0', method: 'x', id: {} }, /id is neither/],
    [{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} }, /without its name/],
    [{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: ['shell'] } }, /without its name/],
    [{ ...call('a'), params: { name: 'a', arguments: 'x' } }, /arguments are no object/],
    [[], /empty/],
    [Array.from({ length: 101 }, () => call('a')), /more than 100/],
  ];
  for (const [body, why] of refused)
    it(`are none: ${JSON.stringify(body)?.slice(0, 60)} (${why.source})`, () => assert.throws(() => readMessages(body), why));

  it('are refused by what their sender reads', () => {
    const why = { message: 'No.', rule: 'r', session: 's' };
    const { messages } = readMessages([
      call('shell', {}, 7),
      { jsonrpc: '2.0', method: 'x' },
      { jsonrpc: '2.0', id: 'q', method: 'resources/read', params: { uri: 'u' } },
    ]);
    assert.deepEqual(JSON.parse(refusalOf(messages, true, why)!), [
      { jsonrpc: '2.0', id: 7, result: { content: [{ type: 'text', text: 'No. (rule r)' }], isError: true } },
      { jsonrpc: '2.0', id: 'q', error: { code: -32003, message: 'No.', data: { rule: 'r', request: 's' } } },
    ]);
    assert.equal(refusalOf(readMessages({ jsonrpc: '2.0', method: 'x' }).messages, false, why), undefined, 'nobody waits for an answer');
  });

  const list = (...names: string[]) => ({
    jsonrpc: '2.0',
    id: 1,
    result: { tools: names.map((name) => ({ name, description: 'd' })), nextCursor: 'n' },
  });
  const hidden = (tool: string) => tool === 'shell';

  it('lose hidden tools from a list, in JSON and in event streams', () => {
    const json = withoutTools('application/json', Buffer.from(JSON.stringify(list('a', 'shell'))), hidden);
    assert.deepEqual(JSON.parse(json!.toString()), list('a'));
    assert.equal(withoutTools('application/json', Buffer.from(JSON.stringify(list('a'))), hidden), undefined, 'untouched');
    const progress = 'event: message\ndata: {"jsonrpc":"2.0","method":"notifications/progress"}\n\n';
    for (const [text, end] of [
      [`data: ${JSON.stringify(list('shell', 'a'))}`, '\n\n'],
      [
        `id: 7\r\nevent: message\r\ndata:${JSON.stringify(list('shell', 'a')).replace(',"nextCursor"', '\r\ndata: ,"nextCursor"')}`,
        '\r\n\r\n',
      ],
    ]) {
      const out = withoutTools('text/event-stream', Buffer.from(`: hello\n\n${progress}${text}${end}`), hidden)!.toString();
      assert.ok(out.startsWith(`: hello\n\n${progress}`));
      assert.ok(!out.includes('shell'));
      assert.match(out, /"name":"a"/);
    }
    assert.throws(() => withoutTools('application/json', Buffer.from('no json'), hidden));
  });

  const policy = `
version: 1
rules:
  - { name: no-shell, on: mcp, when: 'mcp.tool == "shell"', then: deny }
  - { name: big, on: mcp, when: 'mcp.tool == "transfer" && mcp.arguments.amount > 100', then: deny }
  - { name: no-trace, on: http, when: 'http.method == "TRACE"', then: deny }
`;
  const mcp = () => new Driver(policy, undefined, false, true);
  const json: [string, string][] = [['content-type', 'application/json']];

  it('are judged each, the strictest verdict wins, and rules on http hold too', () => {
    const one = mcp();
    one.request('POST /mcp', json, JSON.stringify([call('lookup'), call('shell')]));
    assert.equal(one.events('decision')[0]!['rule'], 'no-shell');
    assert.equal(one.events('request')[0]!['operation'], 'tools/call lookup, tools/call shell');
    const other = mcp();
    other.request('TRACE /mcp');
    assert.equal(other.refusal().problem['rule'], 'no-trace');
    const get = mcp();
    get.request('GET /mcp');
    assert.equal(get.answers[0]!.part, 'request_headers', 'a stream of the server is opened');
  });

  it('list a tool that is refused by its arguments alone, and fail where the list can not be read', () => {
    const d = mcp();
    d.request('POST /mcp', json, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
    const body = d.respond([...json, ['content-length', '5']], ...JSON.stringify(list('shell', 'transfer', 'lookup')).match(/.{1,9}/g)!);
    assert.deepEqual(JSON.parse(body), list('transfer', 'lookup'));
    const broken = mcp();
    broken.request('POST /mcp', json, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
    broken.respond(json, '{"jsonrpc":');
    assert.match(broken.answers.at(-1)!.part === 'immediate' ? (broken.events('error')[0]!['message'] as string) : '', /read whole/);
    const long = new Driver(`${policy}limits: { held_bytes_max: 100 }\n`, undefined, false, true);
    long.request('POST /mcp', json, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
    long.respond(json, 'x'.repeat(200));
    assert.match(long.events('error')[0]!['message'] as string, /held_bytes_max/);
  });

  it('give a lease for one tool and not for another', () => {
    const held = `version: 1\nrules:\n  - { name: all, on: mcp, when: 'mcp.method == "tools/call"', then: approve }\n`;
    const shapes = ['a', 'b', 'a'].map((tool) => {
      const d = new Driver(held, undefined, false, true);
      d.request('POST /mcp', json, JSON.stringify(call(tool)));
      return d.last.holds[0]!.shape;
    });
    assert.equal(shapes[0], shapes[2]);
    assert.notEqual(shapes[0], shapes[1]);
  });
});
