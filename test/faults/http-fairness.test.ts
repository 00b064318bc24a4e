import assert from 'node:assert/strict';
import { type ClientRequest, request } from 'node:http';
import { atRest, Backend, type HttpWorld, httpWorld } from '../support/http-world.js';

const STREAMS = 8;
const ROW = `{"id":1,"mail":"jane.doe@example.com","note":"${'x'.repeat(200)}"},`;
const BLOCK = Buffer.from(ROW.repeat(200));
/** Bytes of one answer until which every other has had its share. */
const FAR = 4 * 1024 * 1024;
const SHARE = 512 * 1024;

describe('Many answers without an end, through Envoy', function () {
  this.timeout(120_000);
  const backend = new Backend();
  let world: HttpWorld;

  before(async () => {
    world = await httpWorld(await backend.start(), 'version: 1\nmasks:\n  - { name: pii, detect: [pii], as: redact }\n');
  });
  after(async () => {
    await world?.stop();
    backend.stop();
  });
  afterEach(() => atRest(world));

  it('go on together: none waits for the others to end', async () => {
    backend.answer = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('[');
      const more = (): void => {
        while (!response.destroyed && response.write(BLOCK));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    };
    const bytes = Array.from({ length: STREAMS }, () => 0);
    const open: ClientRequest[] = [];
    await new Promise<void>((resolve, reject) => {
      for (let i = 0; i < STREAMS; i++)
        open[i] = request({ host: '127.0.0.1', port: world.port, path: `/endless?n=${i}`, agent: false }, (response) => {
          response.on('data', (chunk: Buffer) => {
            bytes[i] = bytes[i]! + chunk.length;
            if (bytes[i]! >= FAR) resolve();
          });
          response.on('error', () => undefined); // it is broken off below
        }).on('error', reject);
      for (const asking of open) asking.end();
    });
    const shares = [...bytes];
    for (const asking of open) asking.on('error', () => undefined).destroy();
    assert.ok(Math.min(...shares) >= SHARE, `bytes when the first had ${FAR}: ${shares.join(', ')}`);
  });
});
