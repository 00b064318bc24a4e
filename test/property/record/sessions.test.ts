import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { printable } from '../../../extproc/cli/io.js';
import { readSession } from '../../../extproc/stores/recordings/query.js';
import { verifyRecordings } from '../../../extproc/stores/recordings/verify/index.js';
import { formatLine, parseLine, sha256Hex } from '../../../filters/record/chain.js';
import { recordedRows } from '../../../filters/record/pg-rows.js';
import { textsOf } from '../../../filters/record/search.js';
import { timelineLines } from '../../../filters/record/timeline.js';
import { TEST_MS_MAX } from '../../support/long.js';
import { runs } from '../../support/seed.js';
import { open } from '../../unit/record/harness.js';

const type = fc.constantFrom(
  'session.open',
  'request',
  'decision',
  'hold',
  'approval',
  'response',
  'error',
  'notice',
  'access',
  'session.close',
  'from.the.future',
);
const fields = fc.dictionary(
  fc.string({ unit: 'binary' }).filter((name) => !['v', 'session', 'seq', 't', 'prev', 'type', '__proto__'].includes(name)),
  fc.jsonValue(),
  { maxKeys: 5 },
);

describe('recordings: any sessions', function () {
  this.timeout(TEST_MS_MAX);

  it('interleaved, rotated and reopened at random, verify, and read back as they were given', async () => {
    const step = fc.oneof(
      { weight: 10, arbitrary: fc.record({ session: fc.nat(4), type: type.filter((name) => name !== 'session.close'), fields }) },
      { weight: 1, arbitrary: fc.constantFrom('rotate', 'checkpoint', 'wait', 'reopen') },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.integer({ min: 200, max: 3000 }), async (steps, segment_bytes_max) => {
        const base = mkdtempSync(join(tmpdir(), 'midstream-property-'));
        const directory = join(base, 'recordings');
        try {
          let recordings = await open(directory, { segment_bytes_max });
          let round = 0;
          let sessions = new Map<number, ReturnType<typeof recordings.begin>>();
          const given = new Map<string, { type: string; fields: unknown }[]>();
          for (const now of steps) {
            if (now === 'rotate') await recordings.rotate();
            else if (now === 'checkpoint') await recordings.checkpoint();
            else if (now === 'wait') await new Promise((resolve) => setImmediate(resolve));
            else if (now === 'reopen') {
              await recordings.close();
              recordings = await open(directory, { segment_bytes_max });
              sessions = new Map();
              round += 1;
            } else {
              const id = `s${now.session}r${round}`;
              const session = sessions.get(now.session) ?? recordings.begin(id);
              sessions.set(now.session, session);
              const json = JSON.stringify(now.fields).slice(1, -1);
              session.appendLine(now.type, json === '' ? '' : `,${json}`);
              given.set(id, [...(given.get(id) ?? []), { type: now.type, fields: JSON.parse(JSON.stringify(now.fields)) }]);
            }
          }
          await recordings.close();
          const report = await verifyRecordings(directory, { public_keys: [recordings.verifier_key] });
          assert.deepEqual(report.problems, []);
          assert.equal(report.sessions, given.size);
          for (const [id, expected] of given) {
            const read = [];
            for await (const { v: _v, session: _s, seq: _q, t: _t, prev: _p, type: kind, ...rest } of readSession(directory, id, {
              broken: () => assert.fail('the chain does not hold'),
            }))
              read.push({ type: kind, fields: rest });
            assert.equal(read.pop()?.type, 'session.close');
            assert.deepEqual(read, expected);
          }
        } finally {
          rmSync(base, { recursive: true, force: true });
        }
      }),
      runs(25, 300),
    );
  });

  it('events of the future survive a read and a write, and are shown and searched without harm', () => {
    fc.assert(
      fc.property(type, fields, fc.nat(), (kind, rest, t) => {
        const json = JSON.stringify(rest).slice(1, -1);
        const line = formatLine('s', 3, t, 'a'.repeat(64), kind, json === '' ? '' : `,${json}`);
        const event = parseLine(line);
        const { v, session, seq, prev } = event;
        assert.deepEqual([v, session, seq, event.t, prev, event.type], [1, 's', 3, t, 'a'.repeat(64), kind]);
        assert.deepEqual(parseLine(JSON.stringify(event)), event);
        for (const text of timelineLines(event, { clean: printable, rows_max: 5, cell_chars_max: 40 })) {
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what may not be there
          assert.ok(!/[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/.test(text), JSON.stringify(text));
        }
        for (const { text } of textsOf(event)) assert.equal(typeof text, 'string');
      }),
      runs(1000),
    );
  });

  it('any bytes in place of recorded messages are read as far as they make sense, and never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('', 'T', 'D', 'C', 'd'), (bytes, first) => {
        const { results } = recordedRows(
          Buffer.concat([Buffer.from(first), Buffer.from([0, 0, 0, bytes.length + 4]), bytes]).toString('base64'),
        );
        for (const { rows } of results)
          for (const row of rows) for (const cell of row) assert.ok(cell === null || typeof cell === 'string');
      }),
      runs(2000),
    );
  });

  it('the hash of a line is that of its bytes, whatever characters it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(sha256Hex(text), sha256Hex(Buffer.from(text, 'utf8')))),
      runs(100),
    );
  });
});
