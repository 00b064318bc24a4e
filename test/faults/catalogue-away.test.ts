import assert from 'node:assert/strict';
import { freePort } from '../support/ports.js';
import { Cable } from './support/cable.js';
import { loggingPostgres } from './support/server.js';
import { eventually, type FaultGateway, failure, faultGateway, recordedEvents, transports } from './support/world.js';

const seed = `
create table employees (id int primary key, name text, salary int);
insert into employees select i, 'somebody', 1000 + i from generate_series(1, 5) i;
create view pay as select id, salary as amount from employees;
`;

const policy = `
version: 1
masks:
  - { name: salaries, columns: ["*.employees.salary"], as: "null" }
  - { name: cards, detect: [credit_card], as: redact }
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

/** Ways to the column that the parse tree tells, without a look into the catalogue. */
const byText = [
  'select salary from employees',
  'select salary as s from employees e',
  'select * from employees',
  'select s from (select salary as s from employees) x',
  'with x as (select * from employees) select salary from x',
  'select salary + 1 as more from employees',
  'select e from employees e',
  "select '4111111111111111' as card",
];

for (const transport of transports) {
  describe(`A catalogue that cannot be reached, by ${transport}`, function () {
    this.timeout(90_000);
    let gateway: FaultGateway;
    const cable = new Cable();

    after(async () => {
      await gateway?.finish();
      cable.close();
    });

    /** Nothing of a salary or a card in any answer, whatever the format. */
    const masked = async (statements: readonly string[]) => {
      const client = await gateway.client();
      for (const text of statements) {
        for (const query of [text, { text, values: [] }]) {
          const { rows } = await client.query(query);
          assert.ok(rows.length > 0, text);
          assert.doesNotMatch(JSON.stringify(rows), /100\d|4111/, text);
        }
      }
      await client.end();
    };

    it('forgotten for 100 names of databases that are none: a session that was there before reads on', async () => {
      gateway = await faultGateway({ transport, seed, policy });
      const client = await gateway.client();
      await client.query('select id from employees');
      for (let i = 0; i < 100; i++) await failure(gateway.client({ database: `none_${i}` }));
      const { rows } = await client.query('select amount from pay');
      assert.doesNotMatch(JSON.stringify(rows), /100\d/);
      assert.ok(rows.length > 0);
      await client.end();
      await gateway.settled();
      await gateway.finish();
    });

    it('at the start: the gateway serves, and masks by what the statements themselves say', async () => {
      gateway = await faultGateway({ transport, seed, policy, catalogueUrl: `postgres://postgres@127.0.0.1:${await freePort()}/postgres` });
      await masked(byText);
      assert.ok(
        gateway.logged.some((line) => line.includes('the catalogue could not be read')),
        'the log says so',
      );
      await gateway.settled();
      await gateway.finish();
    });

    it('while it runs: statements that were understood before and new ones stay masked, and views again when it is back', async () => {
      cable.target = (await loggingPostgres()).port;
      const port = await cable.open();
      gateway = await faultGateway({ transport, seed, policy, catalogueUrl: `postgres://postgres@127.0.0.1:${port}/postgres` });
      await masked([...byText, 'select amount from pay']);
      cable.target = await freePort();
      cable.cut();
      await masked([...byText, 'select 1000 * 0 + e.salary as other from employees e']);
      cable.target = (await loggingPostgres()).port;
      await eventually(
        'views are masked by their origins again',
        () =>
          masked(['select amount from pay', 'select p.amount as x from pay p']).then(
            () => true,
            () => undefined,
          ),
        20_000,
      );
      const events = await recordedEvents(gateway.recordings);
      assert.doesNotMatch(
        events.map((event) => Buffer.from(String(event['wire'] ?? ''), 'base64').toString('latin1')).join(),
        /4111111111111111/,
      );
    });
  });
}
