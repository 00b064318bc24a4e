import assert from 'node:assert/strict';
import { createDetector, createMasker, maskString } from '../../../filters/mask/index.js';
import { maskedHead } from '../../../filters/postgres/session/params.js';
import { encodeBackend, encodeFrontend } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { bind, complete, Driver, execute, parse, query, ready, startup, sync } from '../../support/session-driver.js';
import { masksOf } from '../postgres-rows/support.js';

const all = createDetector({ detect: ['all'] });
const redact = createMasker('redact', {});
const maskText = (text: string) => maskString(all, redact, text);
const CARD = '4111 1111 1111 1111';

const column = (name: string) => ({
  name: Buffer.from(name),
  table_oid: 0,
  attribute: 0,
  type_oid: 25,
  type_size: -1,
  type_modifier: -1,
  format: 0 as const,
});
const description = encodeBackend({ name: 'RowDescription', value: { columns: [column('note')] } });
const row = (text: string) => encodeBackend({ name: 'DataRow', value: { values: [Buffer.from(text)] } });
const copyIn = encodeBackend({ name: 'CopyInResponse', value: { format: 0, column_formats: [0] } });
const copyData = (data: string | Buffer) => encodeFrontend({ name: 'CopyData', value: { data: Buffer.from(data) } });
const copyDone = encodeFrontend({ name: 'CopyDone', value: {} });

const originals = (d: Driver, type: string): string[] =>
  d.last.records.filter((r) => r.type === type).map((r) => r.original?.toString('latin1') ?? '(none)');

describe('what a session gives to the recording', () => {
  before(loadParser);

  it('hands over what the server sent beside what the client got', () => {
    const d = new Driver({ originals: true, masks: masksOf(['credit_card', 'redact']) }).login();
    d.client(query('select note from notes'));
    assert.match(originals(d, 'request')[0]!, /select note from notes/);
    d.server(description, row(`card ${CARD}`), row('plain'), complete('SELECT 2'), ready);
    const [event] = d.events('response');
    assert.ok(
      !Buffer.from(event!['wire'] as string, 'base64')
        .toString('latin1')
        .includes(CARD),
    );
    const [original] = originals(d, 'response');
    assert.ok(original!.includes(`card ${CARD}`) && original!.includes('plain') && original!.includes('SELECT 2'));
  });

  it('keeps no original where none is sealed', () => {
    const d = new Driver().login().client(query('select 1'));
    assert.deepEqual(originals(d, 'request'), ['(none)']);
    d.server(description, row('x'), complete('SELECT 1'), ready);
    assert.deepEqual(originals(d, 'response'), ['(none)']);
  });

  it('stops at the limit, without a gap', () => {
    const d = new Driver({ originals: true, limits: { wire_bytes_max: 300 } }).login().client(query('select note from notes'));
    d.server(description, row('first'), row('x'.repeat(400)), row('last'), complete('SELECT 3'), ready);
    const [original] = originals(d, 'response');
    assert.ok(original!.includes('first') && !original!.includes('last'));
  });

  it('an Execute comes with the Bind that it runs', () => {
    const d = new Driver({ originals: true }).login();
    d.client(
      parse('s', 'select $1::text'),
      { name: 'Bind', value: { portal: '', statement: 's', formats: [], values: [Buffer.from('the value')], result_formats: [] } },
      execute(),
      sync,
    );
    const original = originals(d, 'request').at(-1)!;
    assert.ok(original.startsWith('B\0\0\0') && original.includes('the value') && original.includes('E\0\0\0'), JSON.stringify(original));
  });

  it('tells what went out before the connection ended', () => {
    const d = new Driver().login().client(query('select note from notes'));
    d.server(description, row('seen'));
    d.input({ type: 'gone', reason: 'the client is gone' });
    const [event] = d.events('response');
    assert.equal(event!['incomplete'], true);
    assert.equal(event!['rows'], 1);
    assert.ok(
      Buffer.from(event!['wire'] as string, 'base64')
        .toString('latin1')
        .includes('seen'),
    );
    assert.equal(d.last.records.at(-1)!.type, 'session.close');
  });

  it('says nothing of an answer that never began', () => {
    const d = new Driver().login().client(parse('', 'select 1'), bind(''), execute(), sync);
    d.input({ type: 'gone', reason: 'the client is gone' });
    assert.deepEqual(d.events('response'), []);
  });

  it('masks names and values of startup parameters', () => {
    const key = 'AKIAPROTEXTQ7Z2K9X4M';
    const d = new Driver({ maskText }).client(startup({ [`_pq_.${key}`]: key, application_name: `app ${key}` }));
    const [event] = d.events('session.open');
    assert.ok(event !== undefined && !JSON.stringify(event).includes(key), JSON.stringify(event));
  });

  describe('COPY FROM STDIN', () => {
    const start = (options: ConstructorParameters<typeof Driver>[0] = {}) =>
      new Driver({ maskText, ...options }).login().client(query('copy notes from stdin')).server(copyIn);

    it('its data is masked like a statement', () => {
      const d = start({ originals: true });
      d.client(copyData(`1\tcard ${CARD}\n2\t`), copyData('plain\n'), copyDone);
      const [event] = d.events('request');
      assert.equal(event!['operation'], 'copy_data');
      assert.equal(event!['text'], maskText(`1\tcard ${CARD}\n2\tplain\n`));
      assert.ok(!(event!['text'] as string).includes('4111'));
      assert.deepEqual([event!['bytes'], event!['left_out']], [35, 0]);
      assert.ok(originals(d, 'request')[0]!.includes(CARD));
    });

    it('a line that the limit cuts is left out, so that no half of a secret stands there', () => {
      const d = start({ limits: { wire_bytes_max: 30 } });
      d.client(copyData('1\tone\n'), copyData(`2\tcard number ${CARD}\n`), copyDone);
      const [event] = d.events('request');
      assert.deepEqual([event!['text'], event!['bytes'], event!['left_out']], ['1\tone\n', 40, 34]);
    });

    it('the binary format is counted', () => {
      const d = start();
      d.client(copyData(Buffer.from(`PGCOPY\n\xff\r\n\0${CARD}`, 'latin1')), copyDone);
      const [event] = d.events('request');
      assert.deepEqual([event!['text'], event!['bytes'], event!['left_out']], ['', 30, 30]);
    });

    it('data that was sent without waiting for the server counts too', () => {
      const d = new Driver({ maskText }).login().client(query('copy notes from stdin'), copyData('1\tone\n'), copyDone);
      assert.equal(d.events('request').at(-1)!['text'], '1\tone\n');
    });

    it('is told when the connection ends in its middle', () => {
      const d = start();
      d.client(copyData('1\tone\n'));
      d.input({ type: 'gone', reason: 'the client is gone' });
      assert.equal(d.events('request')[0]!['text'], '1\tone\n');
    });
  });

  it('a card that stands across the cut of a long text is masked before the cut', () => {
    for (let before = 80; before <= 110; before++) {
      const head = maskedHead(`${'x '.repeat(before / 2)}${CARD}${' y'.repeat(200)}`, 100, maskText);
      assert.ok(!head.includes('411'), head);
    }
  });
});
