import assert from 'node:assert/strict';
import { Connection, type ConnectionWorld, Registry, type Transport } from '../../../extproc/services/connection.js';
import type { CatalogueView } from '../../../filters/postgres/rows/origin.js';
import { encodeBackend, encodeFrontend } from '../../../filters/postgres/wire/index.js';
import { createAnalyzer, loadParser } from '../../../filters/sql/analyze.js';
import { complete, query, ready, startup } from '../../support/session-driver.js';
import { makeSession } from '../../support/session-harness.js';
import { catalogueOf, dataRow, masksOf, message } from '../postgres-rows/support.js';

const MIB = 1024 * 1024;
const ROW = dataRow('Jane', 'x'.repeat(64 * 1024));

/** A connection whose catalogue and disk answer when the test says so. */
function connection() {
  const flows: { client: boolean; server: boolean }[] = [];
  let sent_bytes = 0;
  const transport: Transport = {
    send: (side, chunks) => {
      if (side === 'downstream') for (const chunk of chunks) sent_bytes += chunk.length;
    },
    settle: () => undefined,
    close: () => undefined,
    flow: (client, server) => void flows.push({ client, server }),
  };
  const known = catalogueOf({ 'hr.people': ['name', 'note'] });
  const view: CatalogueView = { ...catalogueOf({}, [], false) };
  let lookedUp: () => void = () => undefined;
  let disk: { durable: boolean; written: () => void } = { durable: true, written: () => undefined };
  const world: ConnectionWorld = {
    approvals: undefined as never,
    recorder: {
      session: 's',
      keeps_originals: false,
      append: () => 1,
      appendLine: () => 1,
      durable: () => disk.durable,
      whenDurable: (_ticket, done) => {
        disk.written = done;
      },
    },
    lookup: () =>
      new Promise<void>((resolve) => {
        lookedUp = () => {
          Object.assign(view, known);
          resolve();
        };
      }),
    registry: new Registry(),
    recordingBusy: () => false,
    received: () => undefined,
    log: { warn: () => undefined, error: () => undefined },
    metrics: { decision: () => undefined, closed: () => undefined, held: () => undefined, bytes: () => undefined, masked: () => undefined },
    now: () => 1_700_000_000_000,
  };
  const analyzer = createAnalyzer({ cache_entries_max: 10, cache_bytes_max: MIB, statement_bytes_max: MIB });
  const { options } = makeSession({ analyzer, masks: masksOf(['hr.people.name', 'redact']) });
  const made = new Connection({ ...options, catalogue: () => view }, world, transport, MIB);
  const server = (bytes: Buffer) => made.receive('upstream', bytes, false);
  made.receive('downstream', startup(), false);
  server(encodeBackend({ name: 'Authentication', value: { kind: 'Ok' } }));
  server(encodeBackend(ready));
  const start_bytes = sent_bytes;
  return {
    flows,
    server,
    ask: () => made.receive('downstream', encodeFrontend(query('select name, note from hr.people')), false),
    described: () => server(rowDescription(['name', 'note'], known.oid('hr.people'))),
    answer: async () => {
      lookedUp();
      await new Promise((resolve) => setImmediate(resolve));
    },
    stallDisk: () => {
      disk = { durable: false, written: () => undefined };
    },
    freeDisk: () => {
      disk.durable = true;
      disk.written();
    },
    sent_bytes: () => sent_bytes - start_bytes,
  };
}

function rowDescription(names: string[], table: number): Buffer {
  const columns = names.map((name, i) => {
    const column = Buffer.alloc(name.length + 1 + 18);
    let at = column.write(name, 'latin1') + 1;
    at = column.writeInt32BE(table, at);
    at = column.writeInt16BE(i + 1, at);
    at = column.writeInt32BE(25, at);
    at = column.writeInt16BE(-1, at);
    column.writeInt32BE(-1, at);
    return column;
  });
  return message('T', Buffer.concat([Buffer.from([0, names.length]), ...columns]));
}

describe('what the server sends while something is waited for', () => {
  before(loadParser);

  it('a look-up: the server is no longer read above 1 MiB, and again once its rows have gone', async () => {
    const c = connection();
    c.ask();
    c.described();
    assert.equal(c.sent_bytes(), 0, 'it waits for the catalogue');
    let rows = 0;
    while (c.flows.length === 0 && rows < 100) {
      c.server(ROW);
      rows++;
    }
    assert.deepEqual(c.flows, [{ client: true, server: false }]);
    assert.ok(rows * ROW.length <= MIB + ROW.length, `${rows} rows came`);
    await c.answer();
    assert.deepEqual(c.flows.at(-1), { client: true, server: true });
    assert.ok(c.sent_bytes() > 0);
    const before_bytes = c.sent_bytes();
    c.server(Buffer.concat([complete(`SELECT ${rows}`), ready].map((one) => encodeBackend(one))));
    assert.ok(c.sent_bytes() > before_bytes);
  });

  it('the disk: the server is no longer read above 1 MiB, and again once it is written', async () => {
    const c = connection();
    c.stallDisk();
    c.ask();
    c.described();
    await c.answer();
    assert.equal(c.sent_bytes(), 0, 'the decision is not on disk');
    let rows = 0;
    while (c.flows.length === 0 && rows < 10_000) {
      c.server(ROW);
      rows++;
    }
    assert.equal(c.flows.at(-1)?.server, false);
    c.freeDisk();
    assert.deepEqual(c.flows.at(-1), { client: true, server: true });
    assert.ok(c.sent_bytes() > 0);
  });
});
