import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { atRest, type HttpWorld, httpWorld } from '../support/http-world.js';

const EMAIL = 'jane.doe@example.com';
const MASKS = 'version: 1\nmasks:\n  - { name: pii, detect: [pii], as: partial }\n';
const GET = 'GET /a HTTP/1.1\r\nHost: x.example:81\r\nUser-Agent: t\r\n\r\n';

/** A server that writes the very bytes that a test gives it, for each request that came. */
class ByteServer {
  requests: string[] = [];
  write: (socket: Socket, request: string) => void = () => undefined;
  readonly server: Server = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      this.requests.push(text);
      this.write(socket, text);
      text = '';
    });
  });

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

interface Got {
  /** the whole answer, byte for byte */
  text: string;
  status: number;
  headers: Record<string, string>;
  body: string;
}

describe('HTTP through Envoy and the gateway, byte for byte', function () {
  this.timeout(60_000);
  const server = new ByteServer();
  let plain: HttpWorld;
  let masking: HttpWorld;

  before(async () => {
    const url = await server.start();
    [plain, masking] = await Promise.all([httpWorld(url, 'version: 1\n'), httpWorld(url, MASKS)]);
  });
  after(async () => {
    await Promise.all([plain?.stop(), masking?.stop()]);
    server.server.close();
  });

  /** Sends bytes and reads until `done` says that the answer is there, or the connection ends. */
  const send = (world: HttpWorld, request: string, done: (text: string) => boolean): Promise<Got> =>
    new Promise((resolve) => {
      const socket = connect(world.port, '127.0.0.1');
      let text = '';
      const end = (): void => {
        socket.destroy();
        const at = text.indexOf('\r\n\r\n', text.startsWith('HTTP/1.1 100') ? text.indexOf('\r\n\r\n') + 4 : 0);
        const lines = text.slice(0, at).split('\r\n');
        const headers: Record<string, string> = {};
        for (const line of lines.slice(1)) {
          const [name = '', ...value] = line.split(': ');
          headers[name] = value.join(': ');
        }
        resolve({ text, status: Number(lines[0]!.split(' ')[1]), headers, body: text.slice(at + 4) });
      };
      socket.on('data', (data) => {
        text += data.toString('latin1');
        if (done(text)) end();
      });
      socket.on('error', () => undefined);
      socket.on('close', end);
      socket.write(request, 'latin1');
    });
  const endsWith = (end: string) => (text: string) => text.endsWith(end);
  const answer = (bytes: string): void => {
    server.requests = [];
    server.write = (socket) => socket.write(bytes, 'latin1');
  };
  const bare = ({ headers: { date: _date, ...headers } }: Got): Record<string, string> => headers;

  it('changes nothing of an answer where nothing is masked, and keeps its length, tag, digest and ranges', async () => {
    answer(
      'HTTP/1.1 206 Partial Content\r\ncontent-type: text/plain\r\ncontent-length: 5\r\netag: "x"\r\ncontent-range: bytes 0-4/9\r\naccept-ranges: bytes\r\nrepr-digest: sha-256=:a:\r\nserver: s\r\ncontent-encoding: gzip\r\n\r\nhello',
    );
    const got = await send(
      plain,
      GET.replace('\r\n\r\n', '\r\nRange: bytes=0-4\r\nIf-Range: "x"\r\nAccept-Encoding: gzip\r\n\r\n'),
      endsWith('hello'),
    );
    assert.deepEqual(bare(got), {
      'content-type': 'text/plain',
      etag: '"x"',
      'content-range': 'bytes 0-4/9',
      'accept-ranges': 'bytes',
      'repr-digest': 'sha-256=:a:',
      server: 's',
      'content-encoding': 'gzip',
      'content-length': '5',
    });
    assert.equal(got.status, 206);
    assert.match(server.requests[0]!, /\r\nrange: bytes=0-4\r\nif-range: "x"\r\naccept-encoding: gzip\r\n/);
    assert.match(server.requests[0]!, /^GET \/a HTTP\/1\.1\r\nhost: x\.example:81\r\n/);
    assert.doesNotMatch(got.text + server.requests[0]!, /midstream/);
  });

  it('asks for whole and plain answers where something is masked, and says nothing that is no longer true', async () => {
    answer(
      `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\nETag: "x"\r\nDigest: a=b\r\nAccept-Ranges: bytes\r\nX-Midstream-Content-Length: 3\r\n\r\nhello`,
    );
    const got = await send(
      masking,
      GET.replace('\r\n\r\n', '\r\nRange: bytes=0-4\r\nAccept-Encoding: gzip\r\n\r\n'),
      endsWith('0\r\n\r\n'),
    );
    assert.deepEqual(bare(got), { 'content-type': 'text/plain', 'transfer-encoding': 'chunked' });
    assert.doesNotMatch(server.requests[0]!, /range|gzip/);
  });

  it('keeps the length of a request, and whoever claims one by our own header has none', async () => {
    answer('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    for (const world of [plain, masking]) {
      server.requests = [];
      await send(world, 'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\nx-midstream-content-length: 2\r\n\r\n{"a":1}', (text) =>
        /ok/.test(text),
      );
      assert.match(server.requests.join(''), /content-length: 7\r\n/);
      assert.doesNotMatch(server.requests.join(''), /midstream|chunked/);
      server.requests = [];
      await send(world, GET.replace('\r\n\r\n', '\r\nx-midstream-content-length: 9\r\n\r\n'), (text) => /ok/.test(text));
      assert.doesNotMatch(server.requests.join(''), /content-length/);
    }
  });

  it('HEAD, 204 and 304 have no body, and HEAD tells the length only where the body has it too', async () => {
    answer('HTTP/1.1 200 OK\r\ncontent-length: 500\r\netag: "x"\r\ncontent-encoding: gzip\r\n\r\n');
    const head = GET.replace('GET', 'HEAD');
    assert.equal((await send(plain, head, endsWith('\r\n\r\n'))).headers['content-length'], '500');
    const masked = await send(masking, head, endsWith('\r\n\r\n'));
    for (const name of ['content-length', 'etag', 'content-encoding']) assert.equal(masked.headers[name], undefined);
    for (const world of [plain, masking])
      for (const status of ['204 No Content', '304 Not Modified']) {
        answer(`HTTP/1.1 ${status}\r\nx-mail: ${EMAIL}\r\n\r\n`);
        const got = await send(world, GET, endsWith('\r\n\r\n'));
        assert.equal(got.status, Number(status.slice(0, 3)));
        assert.equal(got.headers['x-mail'], world === plain ? EMAIL : 'j***@example.com');
      }
  });

  it('early hints never get past Envoy, masked or not; 100 Continue works', async () => {
    for (const world of [plain, masking]) {
      answer(`HTTP/1.1 103 Early Hints\r\nLink: </${EMAIL}>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok`);
      const got = await send(world, GET, (text) => /ok/.test(text));
      assert.equal(got.status, 200);
      assert.doesNotMatch(got.text, /jane|103/);
      answer('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      const expect = 'POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n';
      const going = await send(world, expect, (text) => /100 Continue\r\n\r\n/.test(text));
      assert.match(going.text, /^HTTP\/1\.1 100 Continue\r\n\r\n/);
    }
  });

  it('each Set-Cookie stays a line of its own, in its place, and trailers arrive, masked where something is', async () => {
    answer(`HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=${EMAIL}\r\nSet-Cookie: c=3\r\nContent-Length: 0\r\n\r\n`);
    const cookies = ({ text }: Got): string[] => [...text.matchAll(/set-cookie: ([^\r]*)/g)].map((found) => found[1]!);
    assert.deepEqual(cookies(await send(plain, GET, endsWith('\r\n\r\n'))), ['a=1', `b=${EMAIL}`, 'c=3']);
    assert.deepEqual(cookies(await send(masking, GET, endsWith('\r\n\r\n'))), ['a=1', 'b=j***@example.com', 'c=3']);
    answer(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Mail\r\n\r\n5\r\nhello\r\n0\r\nX-Mail: ${EMAIL}\r\n\r\n`);
    const te = GET.replace('\r\n\r\n', '\r\nTE: trailers\r\n\r\n');
    assert.match((await send(plain, te, endsWith('.com\r\n\r\n'))).body, /^5\r\nhello\r\n0\r\nx-mail: jane\.doe@example\.com\r\n\r\n$/);
    assert.match((await send(masking, te, endsWith('.com\r\n\r\n'))).body, /^5\r\nhello\r\n0\r\nx-mail: j\*\*\*@example\.com\r\n\r\n$/);
  });

  it('what is framed wrongly is an error: two lengths, a length beside chunks, a transfer coding, an end that is missing', async () => {
    const lies = [
      'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello',
    ];
    for (const world of [plain, masking])
      for (const lie of lies) {
        answer(lie);
        const got = await send(world, GET, (text) => /protocol error/.test(text));
        assert.ok(got.text === '' || got.status === 502, `${lie.slice(0, 60)}: ${got.text}`);
        assert.doesNotMatch(got.text, /hello/);
      }
    for (const world of [plain, masking])
      for (const torn of [
        `HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nmail: jane.doe@exa`,
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n12\r\nmail: jane.doe@exa\r\n',
      ]) {
        server.write = (socket) => void socket.write(torn, 'latin1', () => setTimeout(() => socket.destroy(), 150));
        const got = await send(world, GET, (text) => text.endsWith('0\r\n\r\n') && !/reset/.test(text));
        assert.ok(!got.text.endsWith('0\r\n\r\n') || got.status >= 500, `it ended as if it were whole: ${got.text}`);
        if (world === masking) assert.doesNotMatch(got.text, /jane/);
      }
  });

  it('and leaves nothing open', async () => {
    await atRest(plain);
    await atRest(masking);
  });
});
