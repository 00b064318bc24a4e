import assert from 'node:assert/strict';
import { type BackendMessage, buildErrorResponse, type FrontendMessage } from '../../../filters/postgres/wire/index.js';
import { loadParser } from '../../../filters/sql/analyze.js';
import { bind, complete, Driver, execute, parse, query, ready, sync } from '../../support/session-driver.js';

const copyBegins: BackendMessage = { name: 'CopyInResponse', value: { format: 0, column_formats: [0] } };
const data: FrontendMessage = { name: 'CopyData', value: { data: Buffer.from('1\n') } };
const copyDone: FrontendMessage = { name: 'CopyDone', value: {} };
const failed = buildErrorResponse({ severity: 'ERROR', code: '22P02', message: 'invalid input' });
const answered = ['CommandComplete', 'ReadyForQuery'];

/** A COPY with two Syncs in it, by a Query, that the server fails; then another Query behind it. */
const bySimpleQuery = () => {
  const d = new Driver().login();
  d.client(query('copy t from stdin')).server(copyBegins);
  d.client(data, sync, sync, copyDone, query('select 1'));
  d.received();
  d.server(failed, ready);
  assert.deepEqual(d.received(), ['ErrorResponse ERROR 22P02 invalid input', 'ReadyForQuery']);
  return d;
};

/** The same by Execute, with a Sync at its end. */
const byExecute = () => {
  const d = new Driver().login();
  d.client(parse('', 'copy t from stdin'), bind(''), execute(), sync).server(
    { name: 'ParseComplete', value: {} },
    { name: 'BindComplete', value: {} },
    copyBegins,
  );
  d.client(data, sync, copyDone, sync);
  d.received();
  d.sent();
  return d;
};

describe('Syncs in a COPY that fails', () => {
  before(loadParser);

  for (const answers of [0, 1, 2]) {
    it(`of a Query: ${answers} of two get an answer, as the server had read them or not`, () => {
      const d = bySimpleQuery();
      d.server(...Array.from({ length: answers }, () => ready));
      d.server(complete('SELECT 1'), ready);
      assert.deepEqual(d.received(), [...Array.from({ length: answers }, () => 'ReadyForQuery'), ...answered]);
      assert.equal(d.session.phase, 'ready');
      d.client(query('select 2')).server(complete('SELECT 1'), ready);
      assert.deepEqual(d.received(), answered);
    });
  }

  it('of a Query: an error of the next statement is not theirs either', () => {
    const d = bySimpleQuery();
    d.server(failed, ready);
    assert.deepEqual(d.received(), ['ErrorResponse ERROR 22P02 invalid input', 'ReadyForQuery']);
    assert.equal(d.events('response').at(-1)?.['request'], 'r2');
  });

  for (const answers of [1, 2, 3]) {
    it(`of an Execute: ${answers} of three get an answer, the last one always`, () => {
      const d = byExecute();
      d.server(failed, ...Array.from({ length: answers }, () => ready));
      d.client(query('select 2')).server(complete('SELECT 1'), ready);
      assert.deepEqual(d.received(), [
        'ErrorResponse ERROR 22P02 invalid input',
        ...Array.from({ length: answers }, () => 'ReadyForQuery'),
        ...answered,
      ]);
      assert.equal(d.session.phase, 'ready');
    });
  }

  it('of an Execute: nothing but Syncs passes behind the COPY until its outcome is known', () => {
    const d = byExecute();
    d.client(parse('a', 'select 1'), sync);
    assert.deepEqual(d.sent(), []);
    d.server(complete('COPY 1'));
    assert.deepEqual(d.sent(), ['Parse a: select 1', 'Sync']);
    d.server(ready, { name: 'ParseComplete', value: {} }, ready);
    assert.deepEqual(d.received(), ['CommandComplete', 'ReadyForQuery', 'ParseComplete', 'ReadyForQuery']);
  });

  it('that no end follows yet are taken as eaten, and if they were not, the session goes on', () => {
    for (const spare of [[], [ready]]) {
      const d = new Driver().login();
      d.client(parse('', 'copy t from stdin'), bind(''), execute(), sync).server(
        { name: 'ParseComplete', value: {} },
        { name: 'BindComplete', value: {} },
        copyBegins,
      );
      d.server(failed, ...spare);
      d.client(copyDone, sync).server(ready);
      d.client(query('select 2')).server(complete('SELECT 1'), ready);
      assert.deepEqual(d.received().slice(-2), answered);
      assert.equal(d.session.phase, 'ready');
    }
  });
});
