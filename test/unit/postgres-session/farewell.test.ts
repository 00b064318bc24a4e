import assert from 'node:assert/strict';
import { encodeFrontend } from '../../../filters/postgres/wire/index.js';
import { Driver, startup } from '../../support/session-driver.js';
import { bytesOf } from '../../support/session-harness.js';

const terminate = encodeFrontend({ name: 'Terminate', value: {} });
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

describe('a client that leaves before it has introduced itself', () => {
  it('is told nothing, as by Postgres: node-postgres sends Terminate when it is ended while it connects', () => {
    for (const before of ['', 'N']) {
      const { session } = new Driver();
      const told = (bytes: Buffer) => {
        const effects = session.step({ type: 'downstream', bytes, end: false });
        return { down: bytesOf(effects, 'downstream').toString('latin1'), up: bytesOf(effects, 'upstream').length, close: effects.close };
      };
      if (before !== '') assert.equal(told(sslRequest).down, before);
      assert.deepEqual(told(Buffer.concat([terminate, startup()])), {
        down: '',
        up: 0,
        close: { reason: 'the client left before the login' },
      });
      assert.equal(session.phase, 'closed');
    }
  });

  it('but other bytes that are no startup packet are answered with a FATAL', () => {
    const d = new Driver().client(Buffer.from('GET / HTTP/1.1\r\n'));
    assert.equal(d.session.phase, 'closed');
    assert.match(d.received().join(), /^ErrorResponse FATAL (08P01|54000)/);
  });
});
