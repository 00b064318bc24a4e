import assert from 'node:assert/strict';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import copyStreams from 'pg-copy-streams';
import { count, full } from '../support/long.js';
import { freePort } from '../support/ports.js';
import { type Seeded, seeded } from './support/seeded.js';
import { failure, faultGateway, recordedText, transports } from './support/world.js';

const SECRETS = count(100, 10_000);
const WAYS = 7;

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const alphanumeric = `${letters}${letters.toLowerCase()}0123456789`;
const text = (random: Seeded, from: string, length: number) => Array.from({ length }, () => from[random.below(from.length)]).join('');

function card(random: Seeded): string {
  const digits = `4${text(random, '0123456789', 14)}`;
  const sum = [...digits].reverse().reduce((all, digit, i) => all + (i % 2 === 0 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)]! : Number(digit)), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

const makers: ((random: Seeded) => string)[] = [
  card,
  (random) => `AKIA${text(random, `${letters}234567`, 16)}`,
  (random) => `sk_live_${text(random, alphanumeric, 24)}`,
  (random) => `glpat-${text(random, alphanumeric, 20)}`,
];

const policy = `
version: 1
masks:
  - { name: cards, detect: [credit_card], as: partial }
  - { name: keys, detect: [secrets], as: redact }
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

for (const transport of transports) {
  describe(`Canaries by ${transport}`, function () {
    this.timeout(full ? 600_000 : 60_000);

    it(`${SECRETS} secrets sent every way are in no recording, log, metric or message of the gateway`, async () => {
      const metricsPort = await freePort();
      const gateway = await faultGateway({ transport, policy, metricsPort, seed: 'create table notes (t text)' });
      const random = seeded('canaries');
      const told: string[] = [];
      const sent: string[] = [];
      try {
        const client = await gateway.client();
        client.on('notice', (notice) => told.push(`${notice.message} ${notice.detail}`));
        const ways: ((secret: string) => Promise<unknown>)[] = [
          (s) => client.query(`select '${s}' as literal`),
          (s) => client.query('select $1::text as parameter', [s]),
          (s) => failure(client.query(`select '${s}'::int`)).then((e) => told.push(`${e.message} ${e.detail}`)),
          (s) => failure(client.query('select $1::text::int', [s])).then((e) => told.push(`${e.message} ${e.detail}`)),
          (s) => pipeline(Readable.from([`${s}\n`]), client.query(copyStreams.from('copy notes from stdin'))),
          (s) => failure(client.query(`selec '${s}'`)).then((e) => told.push(`${e.message} ${e.detail}`)),
          async (s) => {
            if (sent.length % 5 !== 0) return client.query(`do $$ begin raise notice '%', '${s}'; end $$`);
            const named = await gateway.client({ application_name: s });
            await named.query('select 1');
            await named.end();
          },
        ];
        for (let i = 0; i < SECRETS; i++) {
          const secret = makers[i % makers.length]!(random);
          sent.push(secret);
          await ways[(i * 3) % WAYS]!(secret);
        }
        told.push(JSON.stringify((await client.query('select t from notes')).rows));
        const chunks: Buffer[] = [];
        for await (const chunk of client.query(copyStreams.to('copy notes to stdout'))) chunks.push(chunk as Buffer);
        told.push(Buffer.concat(chunks).toString());
        await client.end();
        told.push(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
        await gateway.settled();
        await gateway.runtime.recordings.rotate();
        const everything = `${told.join('\n')}\n${gateway.logged.join('\n')}\n${await recordedText(gateway.recordings)}`;
        assert.deepEqual(sent.filter((secret) => everything.includes(secret)), [], random.said);
        assert.ok(everything.includes('select'), 'something was recorded');
      } finally {
        await gateway.finish();
      }
    });
  });
}
