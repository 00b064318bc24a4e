import assert from 'node:assert/strict';
import { Columns, hasColumns } from '../../../extproc/cli/detect/columns.js';
import { createDetector } from '../../../filters/mask/index.js';
import type { Segment } from '../../../filters/mask/stream/segments.js';
import { Segments } from '../../../filters/mask/stream/segments.js';

const detector = createDetector({ detect: ['us_ssn', 'phone', 'date_of_birth', 'postal_address', 'password', 'email', 'credit_card'] });

interface Told {
  kind: string;
  value: string;
  column: string;
}

/** What is found in a file of this text, in its order, as it comes in pieces of so many bytes. */
function found(text: string, piece = text.length, window = 64 * 1024): Told[] {
  const all = Buffer.from(text);
  const told: Told[] = [];
  const columns = new Columns(detector);
  let at = 0;
  const settle = (segment: Segment): number => {
    const read = columns.read(segment);
    assert.equal(read.base + read.start, at, 'segments follow one another');
    for (const hit of read.hits)
      told.push({ kind: hit.kind, value: read.buf.toString('utf8', hit.start, hit.end), column: columns.nameOf(hit) });
    at = read.base + read.end;
    return read.end;
  };
  const segments = new Segments(detector, settle, undefined, { window, left: 256, right: 512 });
  for (let from = 0; from < all.length; from += piece) segments.push(all.subarray(from, from + piece));
  segments.end();
  assert.equal(at, all.length, 'all of it was handed out');
  return told;
}

const values = (text: string): string[] => found(text).map(({ kind, value }) => `${kind} ${value}`);

describe('columns of files', () => {
  it('are told by the name of the file', () => {
    for (const name of ['a.csv', 'A.TSV', 'x/b.tab', 'c.csv.gz']) assert.ok(hasColumns(name), name);
    for (const name of ['a.txt', 'csv', 'a.csv.zip', 'standard input']) assert.ok(!hasColumns(name), name);
  });

  it('name what their cells hold, whatever parts the cells', () => {
    for (const sign of [',', ';', '\t', '|'])
      assert.deepEqual(values(`id,ssn,phone,dob,address\n1,219123456,5551234567,17/03/84,12 Main Street\n`.replaceAll(',', sign)), [
        'us_ssn 219123456',
        'phone 5551234567',
        'date_of_birth 17/03/84',
        'postal_address 12 Main Street',
      ]);
  });

  it('reads quoted cells, marks of the encoding, line ends of Windows and empty first lines', () => {
    assert.deepEqual(values('\ufeffssn,note\r\n"219123456","a ""b"", c\nd"\r\n219123457,\r\n'), ['us_ssn 219123456', 'us_ssn 219123457']);
    assert.deepEqual(values('\n\nnote;address\nx;"12; Main Street"\n'), ['postal_address 12; Main Street']);
  });

  it('takes a first line with a number for a row, and a column of another name for no evidence', () => {
    assert.deepEqual(values('address,7\n12 Main Street,8\n'), []);
    assert.deepEqual(values('note\naddress\n12 Main Street\n'), []);
  });

  it('leaves what is found in the text, and tells what both find once', () => {
    const told = found('id,password,note\n1,Herbst77x,write to jane@example.com\n');
    assert.deepEqual(told, [
      { kind: 'password', value: 'Herbst77x', column: 'password' },
      { kind: 'email', value: 'jane@example.com', column: '' },
    ]);
  });

  it('finds the same in every row, however far from the header, and however it comes', () => {
    const row = (n: number): string => `${n},2190${10000 + n},"${'word '.repeat(n % 40)}; ""x"",\n${n}","${n % 90} Main\nStreet"\n`;
    let text = 'id,ssn,note,address\n';
    for (let n = 1; n <= 400; n++) text += row(n);
    const whole = found(text, text.length, 1024);
    const expected: string[] = [];
    for (let n = 1; n <= 400; n++) expected.push(`2190${10000 + n}`, `${n % 90} Main\nStreet`);
    assert.deepEqual(
      whole.filter(({ column }) => column !== '').map(({ value }) => value),
      expected,
    );
    for (const piece of [1, 7, 1000]) assert.deepEqual(found(text, piece, 1024), whole);
  });

  it('goes on behind a cell that is longer than a segment', () => {
    const text = `note,ssn\n"${'word, '.repeat(2000)}",219123456\n${'word '.repeat(2000)},219123457\n`;
    assert.deepEqual(
      found(text, 100, 1024).map(({ value }) => value),
      ['219123456', '219123457'],
    );
  });
});
