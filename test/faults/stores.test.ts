import assert from 'node:assert/strict';
import { chmodSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'libsql';
import pg from 'pg';
import { testPolicy } from '../support/gateway.js';
import { eventually, type FaultGateway, failure, faultGateway, transports } from './support/world.js';

const seed = `
create table customers (id int primary key, card_number text);
insert into customers select i, '4111 1111 1111 1111' from generate_series(1, 9) i;
`;

const strict = `
version: 1
rules:
  - name: nothing
    on: postgres
    when: sql.statements.exists(s, s.kind in ["delete", "select"])
    then: deny
    message: Nothing any more.
masks: [{ name: all, detect: [credit_card], as: partial }]
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

for (const transport of transports) {
  describe(`Policies and stores that break, by ${transport}`, function () {
    this.timeout(60_000);
    let gateway: FaultGateway;
    let client: pg.Client;
    let direct: pg.Client;

    beforeEach(async () => {
      gateway = await faultGateway({ transport, seed });
      client = await gateway.client();
      direct = new pg.Client(gateway.direct);
      await direct.connect();
    });
    afterEach(async () => {
      await client.end().catch(() => {});
      await direct.end();
      await gateway.settled();
      await gateway.finish();
    });

    /** Another file takes the policy's place, as editors and deployments do it. */
    const replace = (text: string) => {
      writeFileSync(`${gateway.policyFile}.new`, text);
      renameSync(`${gateway.policyFile}.new`, gateway.policyFile);
      return gateway.runtime.reload();
    };
    const rows = async () => (await direct.query('select count(*)::int as n from customers')).rows[0].n as number;
    const held = () => eventually('the hold', () => (gateway.held() > 0 ? true : undefined));
    const decide = async (verdict: 'approve' | 'deny') => {
      const headers = { authorization: `Bearer ${gateway.operatorToken}`, 'content-type': 'application/json' };
      const operation = await eventually('the hold to be listed', async () => {
        const answer = (await (await fetch(`${gateway.api}/v1/approvals?status=pending`, { headers })).json()) as {
          approvals: { operation: { hold: string } }[];
        };
        return answer.approvals[0]?.operation.hold;
      });
      return fetch(`${gateway.api}/v1/approvals/${operation}/${verdict}`, { method: 'POST', headers, body: '{}' });
    };

    it('a policy that is broken, or gone: the last good one stays in force, and the log says file and line', async () => {
      assert.equal(await replace(`${testPolicy}\nrules: [oops\n`), false);
      assert.equal((await failure(client.query('drop database shop'))).code, '42501');
      assert.ok(
        gateway.logged.some((line) => /policy\.yaml:\d+:\d+/.test(line)),
        gateway.logged.join(''),
      );
      assert.equal(await replace(testPolicy.replace('then: deny', 'then: perhaps')), false);
      rmSync(gateway.policyFile);
      assert.equal(await gateway.runtime.reload(), false);
      assert.ok(gateway.logged.some((line) => line.includes('there is no policy file')));
      const late = await gateway.client();
      assert.equal((await failure(late.query('drop database shop'))).code, '42501');
      assert.doesNotMatch(JSON.stringify((await late.query('select card_number from customers')).rows), /4111/);
      await late.end();
    });

    it('made stricter while a statement is prepared: it is judged again when it is executed', async () => {
      const query = { name: 'prepared', text: 'select id from customers where id = $1', values: [1] };
      assert.equal((await client.query(query)).rowCount, 1);
      assert.equal(await replace(strict), true);
      assert.equal((await failure(client.query(query))).message, 'Nothing any more.');
    });

    it('made stricter while an operation is held: an approval under the old policy does not let it run', async () => {
      const waiting = failure(client.query('delete from customers'));
      await held();
      assert.equal(await replace(strict), true);
      await decide('approve');
      assert.equal((await waiting).code, '42501');
      assert.equal(await rows(), 9);
    });

    it('another process has locked the approvals store: what would be held is refused, nobody can decide, and afterwards all is as before', async () => {
      const other = new Database(join(gateway.directory, 'approvals.db'));
      const waiting = failure(client.query('delete from customers'));
      await held();
      other.exec('begin immediate');
      const second = await gateway.client();
      const error = await failure(second.query('delete from customers'));
      assert.equal(error.code, '42501');
      assert.match(error.message, /can't be stored now/);
      assert.equal((await second.query('select 1 as x')).rows[0].x, 1);
      assert.equal((await decide('approve')).status, 503);
      other.exec('rollback');
      other.close();
      await decide('deny');
      assert.match((await waiting).message, /^denied by operator/);
      const again = failure(second.query('delete from customers'));
      await held();
      await decide('deny');
      assert.equal((await again).code, '42501');
      assert.equal(await rows(), 9);
      await second.end();
    });

    it('the approvals store is garbage: what would be held is refused, nothing runs, and the connection lives', async () => {
      const file = join(gateway.directory, 'approvals.db');
      for (const rest of ['-wal', '-shm']) rmSync(`${file}${rest}`, { force: true });
      rmSync(file);
      writeFileSync(file, Buffer.alloc(64 * 1024, 0x5a));
      chmodSync(file, 0o600);
      const waiting = failure(client.query('delete from customers'));
      const error = await waiting;
      assert.equal(error.code, '42501');
      assert.equal(await rows(), 9);
      assert.equal((await client.query('select 1 as x')).rows[0].x, 1);
    });
  });
}
