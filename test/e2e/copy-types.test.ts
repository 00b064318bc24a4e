import assert from 'node:assert/strict';
import type pg from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { type TestGateway, testGateway } from '../support/gateway.js';

const CARD = '4111111111111111';
const EMAIL = 'ada.lovelace@example.com';
const hex = (text: string): string => Buffer.from(text).toString('hex');
const policy = `
version: 1
masks: [{ name: all, detect: [credit_card, email], as: redact }]
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;
const seed = `
create table shadow (a int, b int);
insert into shadow values (1, 2);
create type pair as (x int, y int);
create table cards (n numeric(20, 2), i bigint, j json, b bytea, r int8range);
insert into cards values (${CARD}, ${CARD}, '{"a":"\\u0034${CARD.slice(1)}"}', '${EMAIL}', '[${CARD},${CARD}]');
`;

for (const transport of ['ext_proc', 'hop'] as const) {
  describe(`COPY, which tells no types, by ${transport}`, function () {
    this.timeout(60_000);
    let gateway: TestGateway;
    let client: pg.Client;
    before(async () => {
      gateway = await testGateway({ transport, policy, seed, catalogue: true });
      client = await gateway.client();
    });
    after(async () => {
      await client?.end();
      await gateway?.finish();
    });

    async function copy(sql: string): Promise<Buffer> {
      const chunks: Buffer[] = [];
      for await (const chunk of client.query(copyTo(sql))) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks);
    }

    it('masks numbers, JSON, bytes and ranges of columns and of expressions in every format', async () => {
      const shown = [CARD, hex(EMAIL), EMAIL, CARD.slice(1), hex(CARD)];
      for (const what of ['cards', '(select * from cards)', '(select n, i + 0, j, b || $$.$$::bytea, r * r from cards)'])
        for (const format of ['text', 'csv', 'binary']) {
          const bytes = await copy(`copy ${what} to stdout (format ${format})`);
          const raw = Buffer.alloc(8);
          raw.writeBigInt64BE(BigInt(CARD));
          for (const one of shown) assert.ok(!bytes.includes(one), `${what} ${format}: ${bytes}`);
          assert.ok(
            !bytes.includes(raw) && !bytes.includes(Buffer.from([0x10, 0x0f, 0x04, 0x57])),
            `${what} ${format}: ${bytes.toString('hex')}`,
          );
        }
    });

    const changes: Record<string, string> = {
      'a temporary table before it': 'create temp table shadow (a text, b bytea)',
      'a column of another type': 'alter table shadow alter a type text, alter b type bytea using null',
      'another table of its name': 'drop table shadow; create table shadow (a text, b bytea)',
      'another table, hidden in a block': `do $$ begin execute 'drop table' || ' shadow'; create table shadow (a text, b bytea); end $$`,
    };
    for (const [name, change] of Object.entries(changes)) {
      it(`believes no type of the catalogue when the open transaction made ${name}`, async () => {
        await copy('copy shadow to stdout');
        await client.query('begin');
        await client.query(change);
        await client.query(`delete from shadow where true; insert into shadow values ('${EMAIL}', '${EMAIL}')`);
        for (const format of ['text', 'csv', 'binary'])
          for (const what of ['shadow', '(select a, b from shadow)']) {
            const bytes = await copy(`copy ${what} to stdout (format ${format})`);
            for (const one of [EMAIL, hex(EMAIL)]) assert.ok(!bytes.includes(one), `${what} ${format}: ${bytes}`);
          }
        await client.query('rollback');
      });
    }

    it('reads a composite whose attributes the open transaction changed', async () => {
      await client.query('select row(1, 2)::pair');
      await client.query('begin');
      await client.query('alter type pair alter attribute x type text, alter attribute y type bytea');
      const { rows } = await client.query({
        text: `select row('${EMAIL}', '${EMAIL}')::pair as p, row('${EMAIL}'::bytea) as q`,
        rowMode: 'array',
      });
      await client.query('rollback');
      for (const one of [EMAIL, hex(EMAIL)]) assert.ok(!JSON.stringify(rows).includes(one), JSON.stringify(rows));
    });
  });
}
