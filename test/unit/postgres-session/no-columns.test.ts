import assert from 'node:assert/strict';
import type { BackendMessage } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { bind, complete, Driver, execute, parse, ready, sync } from '../../support/session-driver.js';
import { masksOf } from '../postgres-rows/support.js';

const described: BackendMessage = { name: 'RowDescription', value: { columns: [] } };
const row = (...values: string[]): BackendMessage => ({ name: 'DataRow', value: { values: values.map((one) => Buffer.from(one)) } });

/** A portal whose layout the gateway has asked for, by a Describe of its own, and that has no columns. */
const portal = () => {
  const d = new Driver({ masks: masksOf(['credit_card', 'redact']) }).login();
  d.client(parse('', 'select from t'), bind(''), execute(), sync);
  assert.deepEqual(d.sent(), ['Parse : select from t', 'Bind', 'Describe', 'Execute ', 'Sync']);
  return d.server({ name: 'ParseComplete', value: {} }, { name: 'BindComplete', value: {} }, described);
};

describe('rows without columns, where masks are on', () => {
  before(loadParser);

  it('pass', () => {
    const d = portal().server(row(), row(), complete('SELECT 2'), ready);
    assert.deepEqual(d.received(), ['ParseComplete', 'BindComplete', 'DataRow', 'DataRow', 'CommandComplete', 'ReadyForQuery']);
    assert.equal(d.session.phase, 'ready');
  });

  it('but one that has a column all the same does not', () => {
    const d = portal().server(row('4111 1111 1111 1111'));
    assert.equal(d.session.phase, 'closed');
    assert.ok(!d.received().includes('DataRow'));
  });
});
