import assert from 'node:assert/strict';
import { looksLike } from '../../../filters/mcp/look-alikes.js';
import { call, exchange, json } from './support.js';

describe('names that look like others', () => {
  const names: [string, string | undefined][] = [
    ['ѕhell', 'shell'],
    ['тест', 'tect'],
    ['ехес', 'exec'],
    ['shеll', 'shell'],
    ['deleté_user', 'delete_user'],
    ['run–command', 'run-command'],
    ['Ѕhell', 'Shell'],
    ['τransfer', 'transfer'],
    ['ᴇxᴇᴄ', 'exec'],
    ['shell', undefined],
    ['поиск', undefined],
    ['検索', undefined],
    ['search_по_id', 'search_no_id'],
    ['search_id_числа', undefined],
    ['', undefined],
  ];
  for (const [name, seen] of names) it(`${name} looks like ${seen ?? 'none of ASCII'}`, () => assert.equal(looksLike(name), seen));

  const deny = `version: 1\nrules:\n  - { name: no-shell, on: mcp, when: 'mcp.tool == "shell"', then: deny }\n`;
  const passed = (policy: string, tool: string): boolean => {
    const d = exchange(policy);
    d.request('POST /mcp', json, JSON.stringify(call(tool)));
    return d.answers[0]!.part === 'request_headers';
  };

  it('are refused by the rules for those, and not listed', () => {
    assert.equal(passed(deny, 'ѕhell'), false);
    assert.equal(passed(deny, 'поиск'), true);
    const d = exchange(deny);
    d.request('POST /mcp', json, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }));
    const tools = ['ѕhell', 'shell', 'поиск', 'lookup'].map((name) => ({ name, description: 'd' }));
    const answer = JSON.parse(d.respond(json, JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } }))) as {
      result: { tools: object[] };
    };
    assert.deepEqual(answer.result.tools, tools.slice(2));
  });

  it('are not allowed by the rules for those, and need no rule for what they look like', () => {
    const only = (name: string) =>
      `version: 1\nrules:\n  - { name: one, on: mcp, when: 'mcp.tool == "${name}"', then: allow }\n  - { name: http, on: http, when: 'true', then: allow }\ndefaults: { allow: false }\n`;
    assert.equal(passed(only('shell'), 'ѕhell'), false);
    assert.equal(passed(only('тест'), 'тест'), true);
  });
});
