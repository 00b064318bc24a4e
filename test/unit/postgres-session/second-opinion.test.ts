import assert from 'node:assert/strict';
import { postgresProxy } from '../../../extproc/convert/network-ext-proc.js';
import { encodeFrontend } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { bind, complete, Driver, execute, parse, query, ready, sync } from '../../support/session-driver.js';

const denyDrops = {
  decide: (what: string) => (what === 'drop table' ? ('deny' as const) : what === 'delete' ? ('approve' as const) : ('allow' as const)),
};

/** One chunk of the client, with what postgres_proxy read in it. */
function chunk(d: Driver, opinion: object, ...messages: Parameters<Driver['client']>) {
  const bytes = Buffer.concat(messages.map((m) => (Buffer.isBuffer(m) ? m : encodeFrontend(m))));
  d.input({ type: 'downstream', bytes, end: false, opinion });
  return d;
}

describe('the second opinion (postgres_proxy)', () => {
  before(loadParser);

  it('changes nothing where both read the same', () => {
    const d = chunk(new Driver(denyDrops).login(), { 'customers.shop': ['select'] }, query('select * from customers'));
    assert.deepEqual(d.sent(), ['Query select * from customers']);
    assert.equal(d.events('decision')[0]!['disagreement'], undefined);
  });

  it('denies what only the other read, and says so', () => {
    const d = chunk(new Driver(denyDrops).login(), { 'customers.shop': ['drop'] }, query('select 1'));
    assert.match(d.sent()[0]!, /^Query __midstream_/);
    const [event] = d.events('decision');
    assert.deepEqual([event!['verdict'], event!['disagreement']], ['deny', 'postgres_proxy: drop customers']);
  });

  it('says so too where the verdict stays', () => {
    const d = chunk(new Driver(denyDrops).login(), { 'orders.shop': ['select'] }, query('select 1'));
    assert.deepEqual(d.sent(), ['Query select 1']);
    assert.deepEqual(
      [d.events('decision')[0]!['verdict'], d.events('decision')[0]!['disagreement']],
      ['allow', 'postgres_proxy: select orders'],
    );
  });

  it('never makes a verdict weaker', () => {
    const d = chunk(new Driver(denyDrops).login(), { 'customers.shop': ['select'] }, query('drop table customers'));
    assert.match(d.sent()[0]!, /^Query __midstream_/);
  });

  it('holds what only the other reads as an unbounded delete', () => {
    const d = chunk(new Driver(denyDrops).login(), { 'customers.shop': ['delete'] }, query('select 1'));
    assert.deepEqual(d.sent(), []);
    assert.equal(d.last.holds.length, 1);
  });

  it('knows that the metadata of a connection grows', () => {
    const d = chunk(new Driver().login(), { 'a.shop': ['drop'] }, query('drop table a'));
    d.server(complete('DROP TABLE'), ready);
    chunk(d, { 'a.shop': ['drop'], 'b.shop': ['select'] }, query('select * from b'));
    assert.equal(d.events('decision')[0]!['disagreement'], undefined);
  });

  it('reads all messages of a chunk before it doubts the first', () => {
    const d = chunk(
      new Driver(denyDrops).login(),
      { 'a.shop': ['select'], 'b.shop': ['insert'] },
      parse('', 'select * from a'),
      bind(''),
      execute(),
      parse('x', 'insert into b values (1)'),
      sync,
    );
    for (const event of d.events('decision')) assert.equal(event['disagreement'], undefined);
    assert.equal(d.sent().length, 5);
  });

  it('a message that is split over chunks is compared when it is whole', () => {
    const d = new Driver(denyDrops).login();
    const bytes = encodeFrontend(query('select * from customers'));
    chunk(d, {}, bytes.subarray(0, 9));
    chunk(d, { 'customers.shop': ['select'] }, bytes.subarray(9));
    assert.equal(d.events('decision')[0]!['disagreement'], undefined);
    assert.deepEqual(d.sent(), ['Query select * from customers']);
  });

  it('stays in doubt for what follows in an unexplained connection, at Execute too', () => {
    const d = new Driver(denyDrops).login();
    chunk(d, {}, parse('s', 'select 1'));
    chunk(d, { 'customers.shop': ['drop'] }, bind('s'), execute(), sync);
    assert.equal(d.events('decision').at(-1)!['verdict'], 'deny');
    assert.ok(!d.sent().includes('Execute '));
  });

  it('schema and database in its names', () => {
    const d = chunk(
      new Driver(denyDrops).login(),
      { 'hr.people.shop': ['select', 'update'], 'version.shop': ['show'] },
      query('update hr.people set a = 1 where id = 2'),
    );
    assert.equal(d.events('decision')[0]!['disagreement'], undefined);
  });

  it('is taken from the namespace of that filter alone', () => {
    assert.deepEqual(postgresProxy({ 'envoy.filters.network.postgres_proxy': { 'a.shop': ['select'] }, other: { x: 1 } }), {
      'a.shop': ['select'],
    });
    assert.equal(postgresProxy({ other: { x: 1 } }), undefined);
  });
});
