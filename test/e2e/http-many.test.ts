import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { HeldWorld } from '../support/http-holds.js';

/** More than one connection to the gateway may carry before Node takes the calls that Envoy resets for an attack. */
const REQUESTS = 2_000;
/** at once */
const CONNECTIONS = 64;
/** Milliseconds for which each is under way at the server: what a connection's end would lose. */
const ANSWER_MS = 20;

describe('many small requests through Envoy', function () {
  this.timeout(120_000);
  const world = new HeldWorld();
  before(() => world.start('version: 1\n', { envoyConcurrency: 1 }));
  after(() => world.stop());

  it('are all answered by the server, however fast they come', async () => {
    world.backend.answer = (_request, response) => void setTimeout(() => response.end('ok'), ANSWER_MS);
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const answers = new Map<number, number>();
    let left = REQUESTS;
    const ask = (): Promise<number> =>
      new Promise((resolve, reject) => {
        get(world.base, { agent }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode!));
        }).on('error', reject);
      });
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (left-- > 0) {
          const status = await ask();
          answers.set(status, (answers.get(status) ?? 0) + 1);
        }
      }),
    );
    agent.destroy();
    assert.deepEqual(Object.fromEntries(answers), { 200: REQUESTS });
  });
});
