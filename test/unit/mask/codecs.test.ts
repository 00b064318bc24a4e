import assert from 'node:assert/strict';
import type { CodecOptions, StreamCodec } from '../../../filters/mask/codecs/codec.js';
import { CsvMasker } from '../../../filters/mask/codecs/csv.js';
import { FormMasker } from '../../../filters/mask/codecs/form.js';
import { HtmlMasker } from '../../../filters/mask/codecs/html.js';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { SseMasker } from '../../../filters/mask/codecs/sse.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import type { MaskAs } from '../../../filters/mask/types.js';
import { composed } from '../../property/mask/corpus.js';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';

const detector = createDetector({ detect: ['all'] });

const CODEC_ROUNDS = 300;

type Codec = new (options: CodecOptions) => StreamCodec;

function mask(codec: Codec, text: string | Buffer, size = () => Number.POSITIVE_INFINITY, as: MaskAs = 'redact', flushed = false): string {
  const bytes = Buffer.from(text as string);
  const out: Buffer[] = [];
  const stream = new codec({ detector, masker: createMasker(as), write: (piece) => out.push(Buffer.from(piece)) });
  for (let at = 0; at < bytes.length; ) {
    const length = Math.max(1, size());
    stream.push(bytes.subarray(at, at + length));
    at += length;
    if (flushed) stream.flush();
  }
  stream.end();
  return Buffer.concat(out).toString('latin1');
}

const utf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

const KEY = ['-----BEGIN PRIVATE KEY-----', 'MIGHAgEAMBMGByqGSM49', '-----END PRIVATE KEY-----'];
const lines = (prefix: string, ...of: string[]): string[] => of.map((one) => prefix + one);

const cases: [string, Codec, [string, string, string][]][] = [
  [
    'CSV',
    CsvMasker,
    [
      ['the name of a column as evidence', 'id,password\n7,hunter22\n8,hunter23\n', 'id,password\n7,[password]\n8,[password]\n'],
      ['quoted cells, with quotes in them', 'a,b\n"say ""jane@example.com"", x",1\n', 'a,b\n"say ""[email]"", x",1\n'],
      ['a quoted cell that is all secret', 'password,n\n"hunt""er22",1\n', 'password,n\n"[password]",1\n'],
      ['lines in cells, and CRLF', 'a,b\r\n"x\r\ny jane@example.com",2\r\n', 'a,b\r\n"x\r\ny [email]",2\r\n'],
      ['semicolons', 'id;password\n7;hunter22', 'id;password\n7;[password]'],
      ['tabs', 'id\tpassword\n7\thunter22\n', 'id\tpassword\n7\t[password]\n'],
      ['a first line that is data', '1,hunter22\n2,hunter23\n', '1,hunter22\n2,hunter23\n'],
      ['values in the first line', '1,jane@example.com', '1,[email]'],
      ['empty cells and lines', ',,\n\n"",,\n', ',,\n\n"",,\n'],
      ['a quote that nobody closes', 'a\n"jane@example.com', 'a\n"[email]'],
      ['text behind a quote', 'a,b\n"x"y jane@example.com,2\n', 'a,b\n"x"y [email],2\n'],
    ],
  ],
  [
    'form',
    FormMasker,
    [
      ['percent and plus', 'to=jane%40example.com&card=4111+1111+1111+1111&x=1', 'to=%5Bemail%5D&card=%5Bcredit_card%5D&x=1'],
      ['a name as evidence', 'user=bob&pass%77ord=hunter22&again=hunter22', 'user=bob&pass%77ord=%5Bpassword%5D&again=hunter22'],
      ['what needs no change', 'a=%zz%4&b=%41=&&=', 'a=%zz%4&b=%41=&&='],
      ['a name that is a value', 'jane%40example.com=1', '%5Bemail%5D=1'],
    ],
  ],
  [
    'HTML',
    HtmlMasker,
    [
      ['references', '<p>jane&#64;example&period;com &amp; &eacute;</p>', '<p>[email] &amp; &eacute;</p>'],
      ['numbers in hexadecimal', '<b>&#x34;111 1111 1111 1111</b>', '<b>[credit_card]</b>'],
      ['attributes', '<a href="mailto:jane@example.com">x</a>', '<a href="mailto:[email]">x</a>'],
    ],
  ],
  [
    'JSON',
    JsonMasker,
    [
      ['a string', '{"a":"jane@example.com"}', '{"a":"[email]"}'],
      ['groups of digits at the beginning', '4111 1111 1111 1111, x', '[credit_card], x'],
      ['groups of digits in a list', '[4111 1111 1111 1111, 7]', '[[credit_card], 7]'],
    ],
  ],
  [
    'SSE',
    SseMasker,
    [
      ['JSON', 'event: x\ndata: {"password":"hunter22","n":4111111111111111}\n\n', 'event: x\ndata: {"password":"[password]","n":0}\n\n'],
      ['text', 'data: to jane@example.com\r\ndata:x\n\n:4111111111111111\n', 'data: to [email]\r\ndata:x\n\n:[credit_card]\n'],
      ['other fields', 'id: 7\nretry: 10\ndata\ndat: jane@example.com', 'id: 7\nretry: 10\ndata\ndat: [email]'],
      ['the end of a stream', 'data: [DONE]\n\n', 'data: [DONE]\n\n'],
      ['JSON over lines', 'data: {"password":\ndata:  "hunter22"}\n\n', 'data: {"password":\ndata:  "[password]"}\n\n'],
      ['a value over lines', lines('data:', 'to', ...KEY, 'x').join('\r\n'), lines('data:', 'to', '[private_key]', 'x').join('\r\n')],
      [
        'a value over lines with others between',
        `${lines('data: ', ...KEY).join('\nid: jane@example.com\n: x\ndata\n')}\nretry: 1\n\ndata: y\n\n`,
        `data: [private_key]${'\nid: [email]\n: x'.repeat(2)}\nretry: 1\n\ndata: y\n\n`,
      ],
      ['JSON behind text', 'data: to\ndata\ndata: {"password":"hunter22"}\n\n', 'data: to\ndata\ndata: {"password":"[password]"}\n\n'],
      ['an event is one alone', 'data: 4111 1111\n\ndata: 1111 1111\n\n', 'data: 4111 1111\n\ndata: 1111 1111\n\n'],
    ],
  ],
];

describe('codecs', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(120_000);

  for (const [name, codec, list] of cases) {
    describe(name, () => {
      for (const [what, text, masked] of list) {
        it(what, () => {
          assert.equal(mask(codec, text), utf8(masked));
          assert.equal(
            mask(codec, text, () => 1),
            utf8(masked),
            'byte by byte',
          );
          assert.equal(
            mask(codec, text, () => 2, 'redact', true),
            utf8(masked),
            'with flushes',
          );
        });
      }

      it('gives the same wherever it is cut', () => {
        forSeeds(count(CODEC_ROUNDS), (r) => {
          const signs = [',', '"', '\n', '&', '=', '%40', '<', '>', '&#64;', 'data: ', '{"', '":', ';', '\r\n', '""'];
          const text = Buffer.concat(
            Array.from({ length: 1 + r.int(12) }, () => (r.int(2) === 0 ? composed(r) : Buffer.from(r.pick(signs)))),
          );
          // what is found only because its neighbour was redacted first can't be found before the neighbour has come
          const flushed = r.int(2) === 0;
          const as = flushed ? 'partial' : 'redact';
          const whole = mask(codec, text, () => text.length, as);
          const cut = mask(codec, text, () => 1 + r.int(9), as, flushed);
          assert.equal(cut, whole, JSON.stringify(text.toString('latin1')));
        });
      });

      it('works as much as it is given, in small pieces too', () => {
        const units = ['a', '"', '{', '[', '{"a":', '"a",', 'data: ', ' ', '&', '%', '<', ',', '\\', '4111 ', 'a=b&', '""'];
        for (const unit of units) {
          const work = (length: number): number => {
            const of = createDetector({ detect: ['all'] });
            const write = (): void => undefined;
            const stream = new codec({ detector: of, masker: createMasker('redact'), write });
            const bytes = Buffer.from(unit.repeat(length / unit.length));
            for (let at = 0; at < bytes.length; at += 7) stream.push(bytes.subarray(at, at + 7));
            stream.end();
            return of.steps;
          };
          const [small, large] = [work(160_000), work(640_000)];
          assert.ok(large <= 6 * small + 100_000, `${JSON.stringify(unit)}: ${small} steps, then ${large}`);
        }
      });

      it('masks fields that are too long to be held', () => {
        const filler = 'word '.repeat(30_000);
        const masked = mask(codec, `${filler}jane@example.com ${filler}`);
        assert.ok(masked.includes('[email]') || masked.includes('%5Bemail%5D'), masked.length.toString());
        assert.ok(!masked.includes('jane'));
      });
    });
  }
});
