import assert from 'node:assert/strict';
import { refusalsOf, restored, substituteFor } from '../../../filters/mcp/answers.js';
import { mcpFacts } from '../../../filters/mcp/facts.js';
import { readMessages } from '../../../filters/mcp/messages.js';
import { listedTools, toolHash } from '../../../filters/mcp/tools.js';
import { call } from './support.js';

const sender = { from: 'client', server: 's' } as const;
const read = (body: unknown) => readMessages(body, sender);

describe('messages of MCP', () => {
  it('say what they ask for', () => {
    const facts = (body: unknown) => read(body).messages.map((one) => one.facts);
    const none = mcpFacts(sender);
    assert.deepEqual(facts(call('shell', { command: 'ls' })), [
      {
        ...none,
        method: 'tools/call',
        tool: 'shell',
        arguments: { command: 'ls' },
        params: { name: 'shell', arguments: { command: 'ls' } },
      },
    ]);
    assert.deepEqual(facts({ jsonrpc: '2.0', method: 'notifications/initialized' }), [{ ...none, method: 'notifications/initialized' }]);
    assert.deepEqual(facts({ jsonrpc: '2.0', id: 1, result: {} }), [none], 'an answer to the server');
    for (const [answers, result] of [
      ['sampling/createMessage', { role: 'assistant', model: 'm', content: { type: 'text', text: 'x' } }],
      ['elicitation/create', { action: 'accept', content: { name: 'x' } }],
      ['roots/list', { roots: [] }],
    ] as const)
      assert.deepEqual(facts({ jsonrpc: '2.0', id: 1, result }), [{ ...none, answers, result }]);
    assert.throws(() => read({ jsonrpc: '2.0', id: 1, result: { action: 'accept', roots: [] } }), /several requests/);
    assert.throws(() => read({ jsonrpc: '2.0', id: 1, result: { Action: 'accept' } }), /another case/);
    assert.deepEqual(facts({ jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name: 'review' } }), [
      { ...none, method: 'prompts/get', prompt: 'review', params: { name: 'review' } },
    ]);
    const ref = { type: 'ref/resource', uri: 'file:///{path}' };
    assert.equal(facts({ jsonrpc: '2.0', id: 1, method: 'completion/complete', params: { ref } })[0]!.uri, 'file:///{path}');
    const named = { ref: { type: 'ref/prompt', name: 'review' } };
    assert.equal(facts({ jsonrpc: '2.0', id: 1, method: 'completion/complete', params: named })[0]!.prompt, 'review');
    assert.equal(facts({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { name: 'x' } })[0]!.tool, '', 'a name elsewhere is no tool');
    assert.equal(facts([call('a'), call('b')]).length, 2);
  });

  it('are requests, notifications or answers', () => {
    const kinds = read([
      call('a'),
      { jsonrpc: '2.0', method: 'x' },
      { jsonrpc: '2.0', id: 'a', error: {} },
      { jsonrpc: '2.0', id: null, error: {} },
    ]);
    assert.deepEqual(
      kinds.messages.map(({ kind }) => kind),
      ['request', 'notification', 'answer', 'answer'],
    );
  });

  const refused: [unknown, RegExp][] = [
    [null, /no JSON-RPC/],
    ['x', /no JSON-RPC/],
    [{ method: 'x' }, /no JSON-RPC/],
    [{ jsonrpc: 2, method: 'x' }, /no JSON-RPC/],
    [{ jsonrpc: '2.0' }, /no method/],
    [{ jsonrpc: '2.0', id: 1 }, /no method/],
    [{ jsonrpc: '2.0', method: 7 }, /method is no text/],
    [{ jsonrpc: '2.0', method: null }, /method is no text/],
    [{ jsonrpc: '2.0', method: '' }, /characters/],
    [{ jsonrpc: '2.0', method: 'tools/call\u0000' }, /characters/],
    [{ jsonrpc: '2.0', method: ' tools/call' }, /characters/],
    [{ jsonrpc: '2.0', method: 'tооls/call' }, /characters/],
    [{ jsonrpc: '2.0', method: 'x', params: [1] }, /parameters are no object/],
    [{ jsonrpc: '2.0', method: 'x', params: null }, /parameters are no object/],
    [{ jsonrpc: '2.0', method: 'x', id: {} }, /id is neither/],
    [{ jsonrpc: '2.0', method: 'x', id: null }, /id is neither/],
    [{ jsonrpc: '2.0', method: 'x', id: true }, /id is neither/],
    [{ jsonrpc: '2.0', method: 'x', id: Number.POSITIVE_INFINITY }, /id is neither/],
    [{ jsonrpc: '2.0', id: null, result: {} }, /answer has no id/],
    [{ jsonrpc: '2.0', result: {} }, /answer has no id/],
    [{ jsonrpc: '2.0', id: 1, method: 'x', result: {} }, /at once/],
    [{ jsonrpc: '2.0', id: 1, method: 'tools/list', Method: 'tools/call' }, /another case/],
    [{ jsonrpc: '2.0', id: 1, method: 'tools/list', paramſ: {} }, /another case/],
    [{ ...call('a'), params: { name: 'a', Name: 'shell' } }, /another case/],
    [{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {} }, /without its name/],
    [{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: ['shell'] } }, /without its name/],
    ...[' shell', 'shell\n', 'she\u200bll', 'shell\u0000', 'ｓｈｅｌｌ', 'shell\ud800', 'she\u00adll', 'cafe\u0301'].map(
      (name): [unknown, RegExp] => [call(name), /characters that no name has/],
    ),
    [{ ...call('a'), params: { name: 'a', arguments: 'x' } }, /arguments are no object/],
    [[], /empty/],
    [[[call('a')]], /no JSON-RPC/],
    [Array.from({ length: 101 }, () => call('a')), /more than 100/],
  ];
  for (const [body, why] of refused)
    it(`are none: ${JSON.stringify(body)?.slice(0, 70)} (${why.source})`, () => assert.throws(() => read(body), why));

  it('are refused by what their sender reads', () => {
    const why = { message: 'No.', rule: 'r', session: 's' };
    const { messages } = read([
      call('shell', {}, 7),
      { jsonrpc: '2.0', method: 'x' },
      { jsonrpc: '2.0', id: 'q', method: 'resources/read', params: { uri: 'u' } },
    ]);
    assert.deepEqual(refusalsOf(messages, why), [
      { jsonrpc: '2.0', id: 7, result: { content: [{ type: 'text', text: 'No. (rule r)' }], isError: true } },
      { jsonrpc: '2.0', id: 'q', error: { code: -32003, message: 'No.', data: { rule: 'r', request: 's' } } },
    ]);
    assert.deepEqual(refusalsOf(read({ jsonrpc: '2.0', method: 'x' }).messages, why), [], 'nobody waits for an answer');
  });

  it('of a server that are refused become what a client must refuse, and its answer becomes the refusal', () => {
    for (const id of [0, 7, 'x', 'midstream-refused:e30', '']) {
      const [asked] = read({ jsonrpc: '2.0', id, method: 'sampling/createMessage' }).messages;
      const substitute = substituteFor(asked!, { message: 'Not from servers: "é"', rule: 'r', session: 's' });
      assert.equal(substitute['method'], 'midstream/refused');
      const [answer] = read({ jsonrpc: '2.0', id: substitute['id'], error: { code: -32601, message: 'Method not found' } }).messages;
      assert.deepEqual(restored(answer!)?.message, {
        jsonrpc: '2.0',
        id,
        error: { code: -32003, message: 'Not from servers: "é"', data: { rule: 'r' } },
      });
    }
    for (const id of [1, 'x', 'midstream-refused:', 'midstream-refused:bnVsbA', 'midstream-refused:!!', 'midstream-refused:W10'])
      assert.equal(restored(read({ jsonrpc: '2.0', id, result: {} }).messages[0]!), undefined, String(id));
    assert.equal(restored(read({ jsonrpc: '2.0', id: 'midstream-refused:e30', method: 'x' }).messages[0]!), undefined);
  });

  it('that list tools have a hash for each, the same in whatever order', () => {
    const tool = { name: 'a', description: 'd', inputSchema: { type: 'object', properties: { x: {}, y: {} } } };
    const same = { inputSchema: { properties: { y: {}, x: {} }, type: 'object' }, description: 'd', name: 'a', _meta: { at: 7 } };
    assert.equal(toolHash(tool), toolHash(same));
    for (const other of [
      { ...tool, description: 'D' },
      { ...tool, annotations: { readOnlyHint: true } },
      { ...tool, inputSchema: {} },
      { ...tool, title: 't' },
    ])
      assert.notEqual(toolHash(tool), toolHash(other));
    assert.equal(listedTools({ result: { tools: [tool, 7, { name: 7 }, null] } })!.tools.length, 1);
    assert.equal(listedTools({ result: { tools: 'x' } }), undefined);
    assert.equal(listedTools({ error: {} }), undefined);
  });
});
