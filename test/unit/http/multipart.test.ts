import assert from 'node:assert/strict';
import { readBodies } from '../../../filters/http/body.js';
import { MultipartReader } from '../../../filters/http/multipart.js';

const part = (head: string, value: string) => `--b\r\n${head}\r\n\r\n${value}\r\n`;
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value);
const form = (...parts: string[]) => `${parts.join('')}--b--\r\n`;
const read = (text: string | Buffer, type = 'multipart/form-data; boundary=b') => readBodies(type, Buffer.from(text))[0]!;

describe('a multipart form', () => {
  const whole = form(
    field('a', '1'),
    field('a', 'two\r\nlines --b'),
    part('content-disposition: form-data; name="f"; filename="x.exe"\r\nContent-Type: Application/X-Thing', 'MZ\0\r\n-\r\n--'),
    field('empty', ''),
    part('Content-Disposition: form-data; name="e"; filename=""', ''),
    field('%22q%22', 'é'),
  );
  const fields = { a: ['1', 'two\r\nlines --b'], empty: [''], '"q"': ['é'] };
  const files = [
    { field: 'f', name: 'x.exe', type: 'application/x-thing', bytes: 10 },
    { field: 'e', name: '', type: '', bytes: 0 },
  ];

  it('is read as fields and files', () => {
    const { body, files: found, unparsed } = read(whole);
    assert.equal(unparsed, '');
    assert.deepEqual({ ...(body as object) }, fields);
    assert.deepEqual(found, files);
  });

  it('is read alike wherever it is cut', () => {
    const bytes = Buffer.from(whole);
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new MultipartReader('b');
      reader.push(bytes.subarray(0, at));
      reader.push(bytes.subarray(at));
      const got = reader.end();
      assert.deepEqual({ ...got.fields }, fields);
      assert.deepEqual(got.files, files);
    }
    const reader = new MultipartReader('b');
    for (const byte of bytes) reader.push(Buffer.from([byte]));
    assert.deepEqual(reader.end().files, files);
  });

  const refused: [string, string | Buffer, string?][] = [
    ['no end', `${field('a', '1')}--b`],
    ['nothing of a form', 'hello'],
    ['a preamble', `hi\r\n${form(field('a', '1'))}`],
    ['an epilogue', `${form(field('a', '1'))}${field('a', '2')}`],
    ['bare line feeds', form(field('a', '1')).replaceAll('\r\n', '\n')],
    ['a boundary that goes on', `${field('a', '1')}--bc\r\n${form(field('b', '2'))}`],
    ['a boundary with a blank behind', form(field('a', '1')).replace('--b--', '--b --')],
    ['two names', form(part('Content-Disposition: form-data; name="a"; name="b"', '1'))],
    ['two file names', form(part('Content-Disposition: form-data; name="a"; filename="a.txt"; filename="a.exe"', '1'))],
    ['a file name in two ways', form(part(`Content-Disposition: form-data; name="a"; filename="a.txt"; filename*=utf-8''a.exe`, '1'))],
    ['a backslash', form(part('Content-Disposition: form-data; name="a\\"; x="', '1'))],
    ['no name', form(part('Content-Disposition: form-data', '1'))],
    ['two dispositions', form(part('Content-Disposition: form-data; name="a"\r\ncontent-disposition: form-data; name="b"', '1'))],
    ['another disposition', form(part('Content-Disposition: attachment; name="a"', '1'))],
    ['a folded header', form(part('Content-Disposition: form-data;\r\n name="a"', '1'))],
    ['base64', form(part('Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64', 'MQ=='))],
    ['a charset', form(part('Content-Disposition: form-data; name="a"\r\nContent-Type: text/plain; charset=utf-7', '1'))],
    ['a charset for all', form(field('_charset_', 'utf-7'))],
    ['parts in a part', form(part('Content-Disposition: form-data; name="a"\r\nContent-Type: multipart/mixed; boundary=c', '--c--'))],
    [
      'bytes that are no text',
      Buffer.concat([
        Buffer.from('--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'),
        Buffer.from([0xff]),
        Buffer.from('\r\n--b--\r\n'),
      ]),
    ],
    ['no boundary', form(field('a', '1')), 'multipart/form-data'],
    ['two boundaries', form(field('a', '1')), 'multipart/form-data; boundary=b; boundary=c'],
    ['many parts', form(...Array.from({ length: 1001 }, () => field('a', '1')))],
  ];
  for (const [what, text, type] of refused) it(`with ${what} is unparsed`, () => assert.notEqual(read(text, type).unparsed, ''));
});
