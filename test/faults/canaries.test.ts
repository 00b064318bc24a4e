import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import copyStreams from 'pg-copy-streams';
import { count, full } from '../support/long.js';
import { freePort } from '../support/ports.js';
import { Random } from '../support/random.js';
import { SAID } from '../support/seed.js';
import { eventually, failure, faultGateway, recordedText, transports } from './support/world.js';

const SECRETS = count(162, 10_000);

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
const alphanumeric = `${letters}${letters.toLowerCase()}0123456789`;
const text = (random: Random, from: string, length: number) => Array.from({ length }, () => from[random.int(from.length)]).join('');

function card(random: Random): string {
  const digits = `4${text(random, '0123456789', 14)}`;
  const sum = [...digits]
    .reverse()
    .reduce((all, digit, i) => all + (i % 2 === 0 ? [0, 2, 4, 6, 8, 1, 3, 5, 7, 9][Number(digit)]! : Number(digit)), 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** Kinds of secrets: how one is made, and the shape of all of them, by which they are looked for. */
const kinds: { shape: string; make: (random: Random) => string }[] = [
  { shape: '4\\d{15}', make: card },
  { shape: 'AKIA[A-Z2-7]{16}', make: (random) => `AKIA${text(random, `${letters}234567`, 16)}` },
  { shape: 'sk_live_[A-Za-z0-9]{24}', make: (random) => `sk_live_${text(random, alphanumeric, 24)}` },
  { shape: 'glpat-[A-Za-z0-9]{20}', make: (random) => `glpat-${text(random, alphanumeric, 20)}` },
  {
    shape: '\\d{3}-\\d{2}-\\d{4}',
    make: (random) => `5${text(random, '12345', 2)}-${text(random, '12345', 2)}-${text(random, '123456789', 4)}`,
  },
  {
    shape: 'eyJ[\\w-]{17}\\.[\\w-]{30}\\.[A-Za-z0-9]{43}',
    make: (random) =>
      `eyJhbGciOiJIUzI1NiJ9.${base64url(JSON.stringify({ sub: text(random, letters, 12) }))}.${text(random, alphanumeric, 43)}`,
  },
];
const base64url = (value: string): string => Buffer.from(value).toString('base64url');

/** Where in a text stand any of these secrets: tens of megabytes are gone through once, wherever a match may begin. */
function findAny(secrets: ReadonlyMap<string, number>, searched: string): { way: number; around: string }[] {
  const found: { way: number; around: string }[] = [];
  for (const { 1: match, index } of searched.matchAll(new RegExp(`(?=(${kinds.map(({ shape }) => shape).join('|')}))`, 'g'))) {
    const way = secrets.get(match!);
    if (way !== undefined) found.push({ way, around: searched.slice(Math.max(0, index - 60), index + 60) });
  }
  return found;
}

const policy = `
version: 1
rules:
  - name: no-dropped-databases
    on: postgres
    when: sql.statements.exists(s, s.kind == "drop" && s.object == "database")
    then: deny
  - name: deletes
    on: postgres
    when: sql.statements.exists(s, s.kind == "delete")
    then: approve
    approve: { by: [dba], quorum: 1, wait: 20s }
masks:
  - { name: people, detect: [credit_card, us_ssn], as: partial }
  - { name: keys, detect: [secrets], as: redact }
defaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }
`;

for (const transport of transports) {
  describe(`Canaries by ${transport}`, function () {
    this.timeout(full ? 3_600_000 : 180_000);

    it(`${SECRETS} secrets sent every way are in no recording, log, metric or message of the gateway`, async () => {
      const metricsPort = await freePort();
      const gateway = await faultGateway({
        transport,
        policy,
        metrics: { host: '127.0.0.1', port: metricsPort },
        seed: 'create table notes (t text)',
      });
      const random = new Random();
      const told: string[] = [];
      /** each secret, and the way that it went */
      const sent = new Map<string, number>();
      try {
        const client = await gateway.client();
        client.on('notice', (notice) => told.push(`${notice.message} ${notice.detail}`));
        const tell = (e: { message: string; detail?: string; hint?: string }) => told.push(`${e.message} ${e.detail} ${e.hint}`);
        const ways: ((secret: string) => Promise<unknown>)[] = [
          (s) => client.query(`select '${s}' as literal`),
          (s) => client.query('select $1::text as parameter', [s]),
          (s) => failure(client.query(`select '${s}'::int`)).then(tell),
          (s) => failure(client.query('select $1::text::int', [s])).then(tell),
          (s) => pipeline(Readable.from([`${s}\n`]), client.query(copyStreams.from('copy notes from stdin'))),
          (s) => failure(client.query(`selec '${s}'`)).then(tell),
          (s) => client.query(`do $$ begin raise notice '%', '${s}'; end $$`),
          async (s) => {
            const named = await gateway.client({ application_name: s });
            await named.query('select 1');
            await named.end();
          },
          (s) => failure(gateway.client({ user: s })).then(tell),
          (s) => failure(gateway.client({ database: s })).then(tell),
          (s) => gateway.client({ options: `-c ${s}=1` }).then((named) => named.end(), tell),
          (s) => client.query({ name: s.slice(0, 63), text: 'select $1::text as named', values: [s] }),
          (s) => failure(client.query(`select "${s}"(1)`)).then(tell),
          (s) => failure(client.query(`execute "${s}"`)).then(tell),
          (s) => client.query(`select 1 as "${s}"`),
          (s) => failure(client.query(`select "${s}" from notes`)).then(tell),
          (s) => failure(client.query(`select 1 from "${s}".notes`)).then(tell),
          (s) => client.query(`begin; declare "${s}" cursor for select '${s}'; fetch "${s}"; savepoint "${s}"; commit`),
          (s) => client.query(`listen "${s}"; notify "${s}", '${s}'; unlisten *`),
          (s) => client.query(`set application_name = '${s}'`),
          (s) => client.query(`/* ${s} */ select 1 -- ${s}`),
          (s) => failure(client.query(`drop database "${s}"`)).then(tell),
          (s) => failure(client.query(`copy notes from stdin with (format "${s}")`)).then(tell),
          (s) => pipeline(Readable.from([`${s}\t${s}\n`]), client.query(copyStreams.from('copy notes from stdin'))).catch(tell),
          (s) => client.query({ text: 'select $1::text', values: [s], rowMode: 'array' }),
          async (s) => {
            const waiting = failure(client.query('delete from notes where t = $1 or t = ' + `'${s}'`, [s])).then(tell);
            const [held] = await eventually('the hold', () => {
              const holding = [...gateway.runtime.gateway.registry.connections].filter((c) => c.session.held?.visible);
              return holding.length > 0 ? holding : undefined;
            });
            held!.input({ type: 'cancel' });
            await waiting;
          },
          (s) => client.query('select $1::json', [JSON.stringify({ [s]: s })]),
        ];
        for (let i = 0; i < SECRETS; i++) {
          const secret = kinds[i % kinds.length]!.make(random);
          const way = Math.floor(i / kinds.length) % ways.length;
          sent.set(secret, way);
          await ways[way]!(secret);
        }
        told.push(JSON.stringify((await client.query('select t from notes')).rows));
        const chunks: Buffer[] = [];
        for await (const chunk of client.query(copyStreams.to('copy notes to stdout'))) chunks.push(chunk as Buffer);
        told.push(Buffer.concat(chunks).toString());
        await client.end();
        told.push(await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text());
        await gateway.settled();
        await gateway.runtime.recordings.rotate();
        const headers = { authorization: `Bearer ${gateway.operatorToken}` };
        told.push(await (await fetch(`${gateway.api}/v1/approvals?limit=1000`, { headers })).text());
        const stored = readdirSync(gateway.directory).filter((name) => name.startsWith('approvals.db'));
        assert.ok(stored.length > 0);
        const places = {
          approvals: stored.map((name) => readFileSync(join(gateway.directory, name), 'latin1')).join(),
          recording: await recordedText(gateway.recordings),
          log: gateway.logged.join('\n'),
          told: told.join('\n'),
        };
        assert.ok(findAny(sent, [...sent.keys()].join('\n')).length >= sent.size, 'the search finds each of them');
        const found = Object.entries(places).flatMap(([place, searched]) =>
          findAny(sent, searched).map(({ way, around }) => `way ${way} in the ${place}: ${around}`),
        );
        assert.equal(found.slice(0, 50).join('\n'), '', SAID);
        assert.ok(places.recording.includes('select'), 'something was recorded');
      } finally {
        await gateway.finish();
      }
    });
  });
}
