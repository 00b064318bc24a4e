import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { generateX25519Identity, identityToRecipient } from 'age-encryption';
import { from as copyFrom } from 'pg-copy-streams';
import { packageRoot } from '../../extproc/process/places.js';
import { listSessions } from '../../extproc/stores/recordings/query.js';
import { eventually, testGateway } from '../support/gateway.js';

const CARD = '4111 1111 1111 1111';
const OTHER = '5500 0000 0000 0004';
const command = promisify(execFile);

for (const transport of ['ext_proc', 'hop'] as const) {
  describe(`sealed originals by ${transport}`, function () {
    this.timeout(60_000);

    it('what was masked is in no file of the recording, and `midstream unseal` has all of it', async () => {
      const identity = await generateX25519Identity();
      const recipient = await identityToRecipient(identity);
      const gateway = await testGateway({
        transport,
        seed: `create table cards (id int, note text); insert into cards values (1, 'card ${CARD}')`,
        policy: `version: 1\nmasks:\n  - { name: cards, detect: [credit_card], as: partial }\nrecording: { sealed: [${recipient}] }\ndefaults: { unparsed: deny, opaque: allow, grammar: pin, allow: true }\n`,
      });
      try {
        const client = await gateway.client();
        const { rows } = await client.query('select note from cards where id = $1 and note <> $2', [1, OTHER]);
        assert.deepEqual(rows, [{ note: 'card **** **** **** 1111' }]);
        await pipeline(Readable.from([`2\tcopied ${OTHER}\n`]), client.query(copyFrom('copy cards from stdin')));
        await assert.rejects(client.query(`select '${CARD}'::int`), /invalid input syntax/);
        await client.end();
        const record = join(gateway.directory, 'recordings');
        const session = await eventually(
          'the session is over',
          async () => (await listSessions(record)).find((one) => one.closed !== '')?.session,
        );
        const raw = readdirSync(record)
          .map((name) => readFileSync(join(record, name), 'latin1'))
          .join('');
        for (const secret of [CARD, OTHER, Buffer.from(CARD).toString('base64').slice(0, -4)])
          assert.ok(!raw.includes(secret), `${secret} is in the recording`);
        const file = join(gateway.directory, 'identity.txt');
        writeFileSync(file, `${identity}\n`);
        const { stdout } = await command(process.execPath, [
          join(packageRoot(), 'extproc', 'cli', 'bin.mjs'),
          'unseal',
          session,
          '--record',
          record,
          '--identity',
          file,
          '--json',
        ]);
        const originals = stdout
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { type: string; original: string })
          .map(({ type, original }) => ({ type, text: Buffer.from(original, 'base64').toString('latin1') }));
        const has = (type: string, ...words: string[]) =>
          assert.ok(
            originals.some((one) => one.type === type && words.every((word) => one.text.includes(word))),
            `no ${type} with ${words.join(', ')}`,
          );
        has('request', 'select note from cards');
        has('request', OTHER);
        has('request', `copied ${OTHER}`);
        has('response', `card ${CARD}`);
        has('error', `"${CARD}"`);
      } finally {
        await gateway.finish();
      }
    });
  });
}
