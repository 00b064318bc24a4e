import assert from 'node:assert/strict';
import { readTarget } from '../../filters/http/path.js';
import { HeldWorld } from '../support/http-holds.js';
import { Random } from '../support/random.js';

const policy = `
version: 1
sql: [{ api: snowflake }, { api: trino }]
rules:
  - { name: no-admin, on: http, when: 'http.path.startsWith("/admin")', then: deny }
  - { name: no-deletes, on: http, when: 'http.method == "DELETE"', then: deny }
  - { name: no-wipes, on: http, when: 'http.graphql.exists(o, "wipe" in o.root)', then: deny }
  - { name: no-programs, on: http, when: 'http.files.exists(f, f.name.endsWith(".exe"))', then: deny }
  - { name: amounts, on: http, when: 'http.path == "/pay" && has(http.body.amount) && http.body.amount > 1000', then: deny }
  - { name: no-root, on: http, when: 'http.path == "/users" && has(http.body.user) && http.body.user == "root"', then: deny }
  - { name: no-roles, on: http, when: '"role" in http.query && http.query.role == "admin"', then: deny }
  - { name: no-tags, on: http, when: 'http.path == "/tags" && "x" in http.body.tags', then: deny }
  - { name: no-drops, on: http, when: 'sql.statements.exists(s, s.kind == "drop")', then: deny }
defaults: { opaque: allow }
`;

describe('requests through Envoy, as they are judged and as the server gets them', function () {
  this.timeout(120_000);
  const world = new HeldWorld();

  before(() => world.start(policy));
  after(() => world.stop());
  beforeEach(() => {
    world.backend.seen.length = 0;
    world.backend.answer = (_request, response) => response.end('ok');
  });

  const status = (answer: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
  const send = (head: string, body: string | Buffer = '') =>
    world.raw(Buffer.concat([Buffer.from(`${head}\r\nconnection: close\r\n\r\n`, 'latin1'), Buffer.from(body)]));
  const post = (path: string, body: string, ...headers: string[]) =>
    send([`POST ${path} HTTP/1.1`, 'host: a', `content-length: ${Buffer.byteLength(body)}`, ...headers].join('\r\n'), body);

  it('no spelling of a path reaches what is refused', async () => {
    const prefixes = [
      '/',
      '//',
      '/./',
      '/x/../',
      '/x/%2e%2e/',
      '/x/..%2f',
      '/x/..%5c',
      '/x/..\\',
      '/;a=1/',
      '/x;/../',
      '/%2f',
      '/%5c',
      '\\',
      '/x/%2e%2e%2f',
      '/.;/',
      '/x/..;/',
      '/..;/..;/',
      '/%2e/',
    ];
    const words = [
      'admin',
      '%61dmin',
      'Admin',
      'ADMIN',
      'adm%69n',
      'admin;x=1',
      'admin/',
      'admin%2f',
      'admin\\users',
      'admin?x=1',
      'admin%3fx',
      'admin#x',
      'admin%23',
      '%c0%ae%c0%ae/admin',
      '%252e%252e/admin',
      'admin%00',
      'admin%0a',
      'admin%20',
    ];
    // Each prefix with plain words, each word with a plain prefix and some others.
    for (const [i, prefix] of prefixes.entries())
      for (const [j, word] of words.entries()) {
        if (i > 0 && j > 1 && (i + j) % 5 !== 0) continue;
        const target = prefix + word;
        world.backend.seen.length = 0;
        const answer = status(await send(`GET ${target} HTTP/1.1\r\nhost: a`));
        // Envoy breaks some off without a word.
        assert.ok([403, 400, 0].includes(answer), `${target}: ${answer}`);
        assert.deepEqual(world.backend.seen, [], target);
      }
  });

  it('absolute forms, other hosts and stars are what they are', async () => {
    assert.equal(status(await send('GET http://b/admin HTTP/1.1\r\nhost: a')), 403);
    assert.equal(status(await send('GET http://b/x/..%2fadmin HTTP/1.1\r\nhost: a')), 403);
    assert.ok([400, 403, 404].includes(status(await send('OPTIONS * HTTP/1.1\r\nhost: a'))));
    assert.ok([400, 403, 404, 405].includes(status(await send('CONNECT a:80 HTTP/1.1\r\nhost: a:80'))));
    for (const seen of world.backend.seen) assert.doesNotMatch(seen.line, /admin/i);
  });

  it('at random: what the server gets is among the readings that were judged', async () => {
    const random = new Random(20_261_128);
    const parts = [
      'a',
      'admin',
      '..',
      '.',
      '%2e',
      '%2E%2e',
      '%2f',
      '%5C',
      '\\',
      ';',
      ';x=1',
      '/',
      '//',
      '%61',
      'A',
      '%c3%a9',
      '%20',
      '+',
      '~',
      '%7e',
      "'",
      '*',
      '(',
      '%28',
      ':',
      '@',
      '&',
      '=',
      '%3b',
      ',',
    ];
    for (let n = 0; n < 250; n++) {
      const target = `/${Array.from({ length: 1 + random.int(7) }, () => random.pick(parts)).join(random.pick(['', '/']))}`;
      world.backend.seen.length = 0;
      const answer = status(await send(`GET ${target} HTTP/1.1\r\nhost: a`));
      const [seen] = world.backend.seen;
      if (answer !== 200) {
        assert.equal(seen, undefined, target);
        continue;
      }
      const sent = seen!.line.slice('GET '.length);
      const { path, others, unparsed } = readTarget(sent);
      assert.equal(unparsed, '', `${target} came as ${sent}`);
      for (const one of [path, ...others])
        assert.ok(!one.toLowerCase().startsWith('/admin'), `${target} came as ${sent}, which some read as ${one}`);
      // What usual readers make of it: the URL standard, and those that decode once before they resolve.
      const standard = new URL(`http://a${sent}`).pathname;
      let decoded = standard;
      try {
        decoded = decodeURIComponent(standard);
      } catch {}
      for (const one of [standard, decoded, new URL(`http://a${decoded.replaceAll('#', '%23').replaceAll('?', '%3f')}`).pathname])
        assert.ok(!/^\/+admin/i.test(one), `${target} came as ${sent}, ${one}`);
    }
  });

  it('two requests in the shape of one are two or none', async () => {
    const hidden = 'GET /admin HTTP/1.1\r\nhost: a\r\n\r\n';
    const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
    const shapes: string[] = [
      `POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ncontent-length: ${hidden.length}\r\n\r\n0\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: 0, ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ncontent-length: +${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: xchunked\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding : chunked\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked, identity\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding:\x0bchunked\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\nx: y\r\n transfer-encoding: chunked\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer_encoding: chunked\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n${chunk('a').replace('1\r\n', '1;ext="\n"\r\n')}${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n${hidden}`,
      `POST /x HTTP/1.1\nhost: a\ncontent-length: ${hidden.length}\n\n${hidden}`,
      `GET /x HTTP/1.1\r\nhost: a\r\ncontent-length: ${hidden.length}\r\n\r\n${hidden}`,
      `GET /x HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n${hidden}`,
      `GET /x HTTP/1.1\r\nhost: a\r\nx: a\rGET /admin HTTP/1.1\r\n\r\n${hidden}`,
      `GET /x HTTP/1.1\r\n\r\n${hidden}`,
    ];
    for (const shape of shapes) {
      world.backend.seen.length = 0;
      await world.raw(shape, /HTTP\/1\.1 (4\d\d|5\d\d)|\r\n\r\nok[\s\S]*HTTP\/1\.1|^HTTP\/1\.1 200[\s\S]*ok$/);
      // Whatever Envoy made of it, nothing under /admin came to the server, and no body became a request.
      for (const seen of world.backend.seen) {
        assert.match(seen.line, /^(POST|GET) \/x$/, JSON.stringify(shape));
        assert.equal(
          seen.headers['transfer-encoding'] !== undefined && seen.headers['content-length'] !== undefined,
          false,
          JSON.stringify(shape),
        );
      }
      assert.ok(world.backend.seen.length <= 1, JSON.stringify(shape));
    }
  });

  it('bodies are judged as the server may read them', async () => {
    const json = 'content-type: application/json';
    const form = 'content-type: application/x-www-form-urlencoded';
    const multipart = 'content-type: multipart/form-data; boundary=b';
    const part = (head: string, value: string) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n--b--\r\n`;
    const cases: [number, string, string, ...string[]][] = [
      [200, '/pay', '{"amount":5}', json],
      [403, '/pay', '{"amount":5000}', json],
      [403, '/pay', '{"amount":5000}', 'content-type: text/plain'],
      [403, '/pay', '{"amount":5000}', form],
      [403, '/pay', '{"amount":5000}'],
      [403, '/pay', '{"amount":5,"amount":5000}', json],
      [403, '/pay', '{"amount":5}', json, 'content-encoding: br'],
      [403, '/pay', '{"amount":5}', 'content-type: application/json; charset=utf-16'],
      [403, '/pay', '{"amount":5}', json, 'content-type: text/plain'],
      [403, '/x', '_method=DELETE', form],
      [403, '/x', 'a=1', form, 'X-HTTP-Method-Override: DELETE'],
      [403, '/x', 'a=1', form, 'x_http_method_override: DELETE'],
      [403, '/x', part('name="_method"', 'DELETE'), multipart],
      [403, '/x', part('name="f"; filename="a.exe"', 'MZ'), multipart],
      [200, '/x', part('name="f"; filename="a.png"', 'PNG'), multipart],
      [403, '/x', part('name="f"; filename="a.png"; filename="a.exe"', 'MZ'), multipart],
      [200, '/graphql', '{"query":"{ me }"}', json],
      [403, '/graphql', '{"query":"mutation M { ok: wipe }"}', json],
      [403, '/graphql', '[{"query":"{ me }"},{"query":"mutation { ...F } fragment F on M { wipe }"}]', json],
      [200, '/api/v2/statements', '{"statement":"select 1"}', json],
      [403, '/api/v2/statements', '{"statement":"select 1; dRoP/**/table x"}', json],
      [403, '/v1/statement', 'drop table x', 'content-type: text/plain'],
      [200, '/v1/statement', 'select 1', 'content-type: text/plain'],
      [403, '/users', '{"user":"root"}', json],
      [403, '/users', 'user=root', form],
      [403, '/users', 'user=bob&user=r%6fot', form],
      [403, '/users', part('name="user"', 'root'), multipart],
      [200, '/users', 'user=bob', form],
      [200, '/users', part('name="user"', 'bob'), multipart],
      [403, '/x?role=admin', 'a=1', form],
      [200, '/x?role=user', 'a=1', form],
      [403, '/tags', 'tags=x', form],
      [200, '/tags', 'tags=a', form],
    ];
    for (const [expected, path, body, ...headers] of cases) {
      world.backend.seen.length = 0;
      assert.equal(status(await post(path, body, ...headers)), expected, `${path} ${body} ${headers.join()}`);
      assert.equal(world.backend.seen.length, expected === 200 ? 1 : 0);
      if (expected === 200) assert.equal(world.backend.seen[0]!.body.toString(), body);
    }
  });
});
