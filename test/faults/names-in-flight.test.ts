import assert from 'node:assert/strict';
import { type ClientPeer, front } from '../support/pg-peer.js';
import { onServer } from '../support/postgres.js';
import { eventually, type FaultGateway, faultGateway, transports } from './support/world.js';

const SECRET = 'ninety thousand';
const seed = `
create table customers (id int primary key, name text);
insert into customers select i, 'Customer ' || i from generate_series(1, 9) i;
create table employees (id int primary key, name text, salary text);
insert into employees values (1, 'Ada', '${SECRET}');
`;
/** Lineage alone tells that the column holds a salary. */
const said = "select name || ': ' || salary as said from employees";
const plain = "select name || ': ' || name as said from employees";

/** Messages sent in one write: each is judged before the server has answered those in front of it. */
for (const transport of transports) {
  describe(`Names whose meaning changes in flight by ${transport}`, function () {
    this.timeout(60_000);
    let gateway: FaultGateway;
    let peer: ClientPeer;

    before(async () => {
      gateway = await faultGateway({ transport, seed });
    });
    after(() => gateway.finish());
    beforeEach(async () => {
      peer = await gateway.peer();
    });
    afterEach(async () => {
      peer.destroy();
      await gateway.settled();
    });

    const customers = () =>
      onServer(`postgres://postgres@${gateway.direct.host}:${gateway.direct.port}/${gateway.direct.database}`, async (client) =>
        Number((await client.query('select count(*) from customers')).rows[0].count),
      );

    for (const [what, messages] of [
      ['SQL EXECUTE', [front.query('execute s')]],
      ['Bind and Execute', [front.bind([], { statement: 's' }), front.execute(), front.sync()]],
    ] as const)
      it(`a PREPARE that fails does not stand for what ${what} runs: it is held`, async () => {
        peer.send(front.parse('delete from customers', 's'), front.sync());
        await peer.receiveUntil('ReadyForQuery');
        peer.send(front.query('prepare s as select 1'), ...messages);
        const [error] = await peer.receiveUntil('ReadyForQuery');
        assert.equal(error?.name, 'ErrorResponse');
        await eventually('the hold', () => (gateway.held() > 0 ? true : undefined));
        assert.equal(await customers(), 9);
      });

    for (const [what, messages] of [
      ['a PREPARE', [front.query('deallocate s'), front.query(`prepare s as ${plain}`)]],
      ['a Parse', [front.close('statement', 's'), front.parse(plain, 's'), front.sync()]],
    ] as const)
      it(`${what} behind an EXECUTE does not stand for what its rows hold: they are masked`, async () => {
        await peer.query(`prepare s as ${said}`);
        peer.send(front.query('execute s'), ...messages);
        const answer = await peer.receiveUntil('ReadyForQuery');
        assert.ok(answer.some(({ name }) => name === 'RowDescription'));
        for (const { raw } of answer) assert.ok(!raw.includes(SECRET), raw.toString('latin1'));
      });

    for (const [what, run, before, after] of [
      ['statement', 'execute s', [`prepare s as ${plain}`], ['deallocate s', `prepare s as ${said}`]],
      ['cursor', 'fetch all from s', [`declare s cursor for ${plain}`], ['close s', `declare s cursor for ${said}`]],
    ] as const)
      it(`another ${what} under the name that a described portal runs: its rows do not come as those of the first`, async () => {
        for (const sql of ['begin', ...before]) await peer.query(sql);
        peer.send(front.parse(run, 'p'), front.bind([], { statement: 'p', portal: 'p' }), front.describe('portal', 'p'), front.sync());
        await peer.receiveUntil('ReadyForQuery');
        for (const sql of after) await peer.query(sql);
        peer.send(front.execute('p'), front.sync());
        const answer: Buffer[] = [];
        for (let last = ''; last !== 'ReadyForQuery' && last !== 'ErrorResponse'; ) {
          const { name, raw } = await peer.receive();
          answer.push(raw);
          last = name;
        }
        assert.ok(!Buffer.concat(answer).includes(SECRET), Buffer.concat(answer).toString('latin1'));
      });
  });
}
