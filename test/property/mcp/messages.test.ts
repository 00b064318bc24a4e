import assert from 'node:assert/strict';
import { count, counted } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';
import { exchange, json, newWorld, sse } from '../../unit/mcp/support.js';
import { bodies, pieces } from './corpus.js';

const policy = `
version: 1
rules:
  - { name: no-shell, on: mcp, when: 'mcp.tool == "shell"', then: deny }
  - { name: no-sampling, on: mcp, when: 'mcp.method == "sampling/createMessage"', then: deny }
  - { name: quiet, on: mcp, when: 'mcp.method == "notifications/message"', then: deny }
`;

const world = newWorld();

/** A value as the loosest of readers may see it: every key that an object has, with all its values. */
type Loose = string | undefined | Loose[] | { pairs: [string, Loose][] };

/** Reads as much of a text as is JSON, several texts one after the other too; forgives commas and knows nothing of numbers. */
function readLoosely(text: string): Loose[] {
  let at = 0;
  const blank = () => {
    while (/[\s,\ufeff\u00a0]/.test(text[at] ?? '')) at++;
  };
  const value = (): Loose => {
    blank();
    const c = text[at];
    if (c === '{' || c === '[') {
      at++;
      const pairs: [string, Loose][] = [];
      const items: Loose[] = [];
      for (;;) {
        blank();
        if (at >= text.length) break;
        if (text[at] === '}' || text[at] === ']') {
          at++;
          break;
        }
        const first = value();
        blank();
        if (c === '{' && text[at] === ':') {
          at++;
          pairs.push([String(first), value()]);
        } else items.push(first);
      }
      return c === '{' ? { pairs } : items;
    }
    if (c === '"') {
      const end = /^"(?:[^"\\]|\\.)*"?/s.exec(text.slice(at))![0];
      at += end.length;
      try {
        return JSON.parse(end) as string;
      } catch {
        return end;
      }
    }
    const word = /^[^\s,{}[\]":]+/.exec(text.slice(at))?.[0] ?? text[at]!;
    at += word.length;
    return undefined;
  };
  const values: Loose[] = [];
  while (at < text.length) {
    values.push(value());
    blank();
  }
  return values;
}

const of = (value: Loose, key: string): Loose[] =>
  value !== undefined && typeof value === 'object' && !Array.isArray(value)
    ? value.pairs.filter(([name]) => name.normalize('NFKC').toLowerCase() === key).map(([, one]) => one)
    : [];

/** Whether any reader could take it for a call of `shell`. */
function callsShell(value: Loose): boolean {
  if (Array.isArray(value)) return value.some(callsShell);
  return of(value, 'method').includes('tools/call') && of(value, 'params').some((params) => of(params, 'name').includes('shell'));
}

function mutate(random: Random, text: string): Buffer {
  let out = text;
  for (let i = random.int(4); i > 0; i--) {
    const at = random.int(out.length + 1);
    const kind = random.int(5);
    if (kind === 0) out = out.slice(0, at) + random.pick(pieces) + out.slice(at);
    else if (kind === 1) out = out.slice(0, at) + out.slice(at + 1 + random.int(5));
    else if (kind === 2)
      out = out.slice(0, at) + out.slice(at).replace(/"\w+"/, (word) => random.pick([word.toUpperCase(), `"${word.slice(1, -1)} "`]));
    else if (kind === 3) out += random.pick(['', '\n', ' ']) + random.pick(bodies);
    else out = out.replace('"params":{', `"params":{${random.pick(pieces)}`);
  }
  const bytes = Buffer.from(out, random.chance(0.03) ? 'utf16le' : 'utf8');
  if (bytes.length > 0 && random.chance(0.1)) bytes[random.int(bytes.length)] = random.int(256);
  return bytes;
}

describe('messages to an MCP server, whatever they look like', () => {
  it('pass only where no reader could take them for what is refused', () => {
    let passed = 0;
    let refused = 0;
    forSeeds(count(1500, 30_000), (random) => {
      const bytes = mutate(random, random.pick(bodies));
      const d = exchange(policy, world);
      d.step({ type: 'request_headers', headers: [[':method', 'POST'], [':authority', 'a'], [':path', '/mcp'], ...json], end: false });
      const cut = random.int(bytes.length + 1);
      d.step({ type: 'request_body', body: bytes.subarray(0, cut), end: false });
      d.step({ type: 'request_body', body: bytes.subarray(cut), end: true });
      assert.equal(d.last.fail, undefined);
      if (d.exchange.phase === 'passing') {
        passed++;
        const sent = Buffer.concat(d.answers.flatMap((answer) => (answer.part === 'request_body' ? answer.chunks : [])));
        assert.ok(!callsShell(readLoosely(sent.toString('utf8'))), sent.toString());
      } else {
        refused++;
        assert.equal(d.exchange.phase, 'closed');
        assert.ok(d.answers.some((answer) => answer.part === 'immediate'));
      }
    });
    if (!counted) assert.ok(passed > 30 && refused > 100, `${passed} passed, ${refused} refused`);
  });
});

const messages: readonly object[] = [
  { jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text', text: 'line\nline' }] } },
  { jsonrpc: '2.0', id: 1, result: { tools: [{ name: 'shell', description: 'HIDDEN' }, { name: 'lookup' }] } },
  { jsonrpc: '2.0', id: 5, method: 'sampling/createMessage', params: { systemPrompt: 'HIDDEN' } },
  { jsonrpc: '2.0', method: 'notifications/message', params: { data: 'HIDDEN' } },
  { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: 1, progress: 1 } },
  { jsonrpc: '2.0', id: 'r', method: 'roots/list' },
];

/** A stream in one of the spellings that its grammar allows. */
function streamOf(random: Random): string {
  let out = random.chance(0.2) ? '\ufeff' : '';
  for (let i = random.int(6); i >= 0; i--) {
    const eol = random.pick(['\n', '\r\n', '\r']);
    const lines: string[] = [];
    if (random.chance(0.3)) lines.push(random.pick([': hello', 'retry: 5', 'id: 7', 'x: y', 'data']));
    if (random.chance(0.5)) lines.push('event: message');
    const pretty = JSON.stringify(random.pick(messages), undefined, random.chance(0.3) ? 1 : 0);
    for (const line of pretty.split('\n')) lines.push(`data:${random.pick(['', ' '])}${line}`);
    if (random.chance(0.3)) lines.push(random.pick(['id: 8', ':']));
    out += lines.map((line) => line + eol).join('') + random.pick(['', ': ping\n', eol === '\r' ? '' : '\n']);
    // A carriage return before a line feed is one end of a line, so an event needs its own end.
    out += eol === '\r' && !out.endsWith('\n') ? '\r' : eol;
  }
  return out;
}

/** What a client reads of a whole stream (WHATWG HTML, 9.2.6), written apart from the code under test. */
function read(stream: string): unknown[] {
  const found: unknown[] = [];
  let data: string[] = [];
  for (const line of stream
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n')
    .split('\n')) {
    if (line === '') {
      const text = data.join('\n');
      data = [];
      if (text !== '') found.push(JSON.parse(text));
    } else if (line === 'data') data.push('');
    else if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
  }
  return found;
}

describe('streams of an MCP server, however they are spelled and cut', () => {
  it('lose what is refused and nothing else', () => {
    forSeeds(count(500, 10_000), (random) => {
      const stream = streamOf(random);
      const bytes = Buffer.from(stream);
      const chunks: Buffer[] = [];
      for (let at = 0; at < bytes.length; ) {
        const next = at + 1 + random.int(random.pick([1, 3, 40, 400]));
        chunks.push(bytes.subarray(at, next));
        at = next;
      }
      const d = exchange(policy, world);
      d.request('GET /mcp');
      const out = d.respond(sse, ...chunks);
      assert.equal(d.last.fail, undefined, JSON.stringify(stream));
      assert.ok(!out.includes('HIDDEN'), JSON.stringify(out));
      const expected = read(stream).flatMap((message) => {
        const { method } = message as { method?: string };
        if (method === 'notifications/message') return [];
        const result = (message as { result?: { tools?: { name: string }[] } }).result;
        if (result?.tools) return [{ ...(message as object), result: { tools: result.tools.filter(({ name }) => name !== 'shell') } }];
        return [method === 'sampling/createMessage' ? 'substituted' : message];
      });
      const got = read(out).map((message) => ((message as { method?: string }).method === 'midstream/refused' ? 'substituted' : message));
      assert.deepEqual(got, expected, JSON.stringify(stream));
    });
  });
});
