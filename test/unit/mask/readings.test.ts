import assert from 'node:assert/strict';
import { BodyMasker } from '../../../filters/http/masking.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import type { MaskAs } from '../../../filters/mask/types.js';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';

const detector = createDetector({ detect: ['credit_card', 'email', 'us_ssn'] });

function masked(
  type: string,
  body: string | Buffer,
  as: MaskAs = 'redact',
  size?: () => number,
  flush = false,
  as_text: BufferEncoding = 'utf8',
): string {
  const out: Buffer[] = [];
  const stream = new BodyMasker([{ name: 'all', detector, as, masker: createMasker(as) }], type, (bytes) => out.push(bytes));
  const bytes = Buffer.from(body as string);
  for (let at = 0; at < bytes.length; ) {
    const n = size === undefined ? bytes.length : Math.max(1, size());
    stream.push(bytes.subarray(at, at + n));
    at += n;
    if (flush) stream.flush();
  }
  stream.end();
  return Buffer.concat(out).toString(as_text);
}

const CARD = '4111111111111111';
const unicode = [...CARD].map((d) => `\\u${d.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
const hex = [...CARD].map((d) => `\\x${d.charCodeAt(0).toString(16)}`).join('');
const octal = [...CARD].map((d) => `\\${d.charCodeAt(0).toString(8).padStart(3, '0')}`).join('');
const between = (sign: string): string => [...CARD].join(sign);
const wide = [...CARD].map((d) => String.fromCharCode(d.charCodeAt(0) + 0xfee0)).join('');
const references = (form: (code: number) => string): string => [...CARD].map((d) => form(d.charCodeAt(0))).join('');

/** What, media type, what stands before the card, the card as it is written, what stands behind it. */
const cards: [string, string, string, string, string][] = [
  ['JSONP', 'application/javascript', 'cb({"a":"', unicode, '"});'],
  ['a prefix against inclusion', 'application/json', ')]}\',\n{"a":"', unicode, '"}'],
  ['a comment in JSON', 'application/json', '{/* x */"a":"', unicode, '"}'],
  ['a comma too many in JSON', 'application/json', '{"b":[1,],"a":"', unicode, '"}'],
  ['single quotes in JSON', 'application/json', "{'a':'", hex, "'}"],
  ['code', 'text/javascript', "var a='", hex, "';"],
  ['code, octal', 'text/javascript', "var a='", octal, "';"],
  ['code with braces', 'text/javascript', 'var a="', unicode.replaceAll(/u00(..)/g, 'u{$1}'), '";'],
  ['YAML', 'application/yaml', 'a: "', hex, '"\n'],
  ['TOML', 'application/toml', 'a = "', unicode.replaceAll('u', 'U0000'), '"\n'],
  ['code in HTML', 'text/html', '<script>var a="', unicode, '"</script>'],
  ['JSON in a cell', 'text/csv', 'a,b\n1,"{""c"":""', unicode, '""}"\n'],
  ['JSON in a line of a log, escaped twice', 'text/plain', 'got "{\\"a\\":\\"', unicode.replaceAll('\\', '\\\\\\'), '\\"}" from'],
  ['the same in a string of JSON', 'application/json', '{"log":"got {\\"a\\":\\"', unicode.replaceAll('\\', '\\\\'), '\\"} from"}'],
  ['HTML in a string of JSON', 'application/json', '{"html":"<p>', references((c) => `&#${c};`), '</p>"}'],
  ['XML as text', 'text/plain', '<a>', references((c) => `&#${c};`), '</a>'],
  ['references without an end', 'text/html', '<p>', references((c) => `&#${c}`), ' x</p>'],
  ['references with many zeros', 'text/html', '<p>', references((c) => `&#${String(c).padStart(30, '0')};`), '</p>'],
  ['hexadecimal references without an end', 'text/html', '<p>', references((c) => `&#X000000000${c.toString(16)}`), ' x</p>'],
  ['pairs of escapes', 'text/javascript', 'var a="\\ud83d\\ude00 \\udbff\\udfff \\ud83d \\ude00 ', unicode, '";'],
  ['events', 'text/event-stream', 'data: x="', unicode, '"\n\n'],
  ['a line that goes on', 'text/javascript', 'var a="', '4111\\\n1111\\\n11111111', '";'],
  ['a character without width', 'text/html', '<p>', '4111&shy;1111&#8203;1111&ZeroWidthSpace;1111', '</p>'],
  ['tags in a value', 'text/html', '<p>', '4111<b>1111</b><i>1111</i><wbr>1111', '</p>'],
  ['tags of other elements in a value', 'text/html', '<p>', '4111<a href="/x?a=1&amp;b=2">1111</a>11111111', '</p>'],
  ['comments in a value', 'application/xml', '<a>', '4111<!-- x -->1111<?p i?>11111111', '</a>'],
  ['CDATA in a value', 'application/xml', '<a>', '4111<![CDATA[1111]]>1111<![CDATA[1111]]>', '</a>'],
  ['mixed text of XML', 'application/xml', '<a>', '4111<b>1111</b>1111&#49;111', '</a>'],
  ['HTML in an attribute', 'text/html', '<iframe srcdoc="&lt;p&gt;', '4111&lt;b&gt;1111&lt;/b&gt;11111111', '"></iframe>'],
  ['JSON in an attribute', 'text/html', "<div data-x='{&quot;a&quot;:&quot;", unicode, "&quot;}'></div>"],
  ['tags in a string of JSON', 'application/json', '{"a":"<p>', '4111<b>1111</b>11111111', '</p>"}'],
  ['tags in text', 'text/plain', '<p>', '4111<b>1111</b>11111111', '</p>'],
  ['XML without a prolog as text', 'text/plain', '<a>', '4111<!---->1111<![CDATA[11111111]]>', '</a>'],
  ['cells that are parted by tabs', 'text/tab-separated-values', 'a\tb\n', CARD, '\t1\n'],
  ['colours of a terminal', 'text/plain', 'x ', '4111\u001b[01;31m\u001b[K1111\u001b[m\u001b[K11111111', ' y'],
  ['a title of a terminal in a value', 'text/plain', 'x ', '4111\u001b]0;t\u00071111\u001b(B11111111', ' y'],
  ['colours in a string of JSON', 'application/json', '{"log":"x ', '4111\\u001b[1m1111\\u001b[0m11111111', ' y"}'],
  ['letters that are struck over', 'text/plain', 'x ', [...CARD].map((d) => `${d}\b${d}`).join(''), ' y'],
  ['NUL in a value', 'text/plain', 'words of text before it, and then x ', '4111\x00111111111111', ' y'],
  ['tags of Unicode', 'text/plain', 'x ', between('\u{e0061}'), ' y'],
  ['joiners of graphemes in a cell', 'text/csv', 'a,b\n', between('\u034f'), ',1\n'],
  ['fillers in a string of JSON', 'application/json', '{"a":"', between('\u3164'), '"}'],
  ['fillers in events', 'text/event-stream', 'data: {"a":"', between('\u115f'), '"}\n\n'],
  ['marks through letters', 'text/plain', 'x ', between('\u0336'), ' y'],
  ['raised digits', 'text/plain', 'x ', CARD.replaceAll('1', '\u00b9'), ' y'],
  ['circled digits in XML', 'application/xml', '<a>', CARD.replaceAll('1', '\u2460').replace('4', '\u2463'), '</a>'],
  ['digits of full width', 'application/xml', '<a>', wide, '</a>'],
  ['JSON behind white space of others', 'text/plain', '\f\u00a0\ufeff{"a":"', unicode, '"}'],
];

describe('what readers make of a body', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(120_000);

  for (const [what, type, before, card, behind] of cards) {
    it(`${what}: the card is masked, and by its own digits`, () => {
      const text = before + card + behind;
      const redacted = masked(type, text);
      assert.ok(redacted.startsWith(before) && redacted.endsWith(behind), redacted);
      assert.match(redacted, /[[(]credit_card[\])]/);
      assert.doesNotMatch(redacted.slice(before.length, redacted.length - behind.length), /1111/, redacted);
      assert.ok(redacted.length <= before.length + behind.length + 90, redacted);
      const partly = masked(type, text, 'partial');
      assert.match(partly.slice(before.length), /1111/, partly);
      for (const flush of [false, true])
        assert.equal(
          masked(type, text, 'redact', () => 1, flush),
          redacted,
          'byte by byte',
        );
    });
  }

  it('secrets are seen through what nobody sees, and nothing of them is left', () => {
    const all = createDetector({ detect: ['all'] });
    const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
    const full = [...token].map((c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join('');
    for (const hidden of [
      [...token].join('\u200b'),
      [...token].join('\u00ad'),
      full,
      token.replace('ghp', 'gxx\b\bhp'),
      `gh\u001b[1mp\u001b[0m${token.slice(3)}`,
    ])
      for (const write of [(text: string) => `is ${text} x`, (text: string) => JSON.stringify({ a: `is ${text} x` })]) {
        const out: Buffer[] = [];
        const type = write('').startsWith('{') ? 'application/json' : 'text/plain';
        const stream = new BodyMasker([{ name: 'all', detector: all, as: 'redact', masker: createMasker('redact') }], type, (bytes) =>
          out.push(bytes),
        );
        stream.push(Buffer.from(write(hidden)));
        stream.end();
        const colours = ['\\u001b[1m', '\\u001b[0m', '\u001b[1m', '\u001b[0m'];
        const said = colours.reduce((text, one) => text.replaceAll(one, ''), Buffer.concat(out).toString());
        assert.equal(said, write('[github_token]'), JSON.stringify(hidden));
      }
  });

  it('letters with marks, texts in Chinese and controls between words stay the same bytes', () => {
    for (const text of [
      'Cafe\u0301 No. 12, 10 m\u00b2',
      '\u7528\u6237\uff1a\u300c\u2460\u300d\uff0c\uff11\uff12\uff13\u53f7',
      '\u001b[32mINFO\u001b[0m ready \0 \b\b',
      '\u001b',
      '\u001b[',
      'a\u{e0061}',
    ])
      assert.equal(masked('text/plain', text), text);
  });

  it('fields of a record are not run together', () => {
    for (const text of ['<r><a>4111</a><b>1111</b><c>1111</c><d>1111</d></r>', '<tr><td>4111</td><td>1111<td>1111<td>1111</tr>'])
      for (const type of ['application/xml', 'text/html', 'text/plain']) assert.equal(masked(type, text), text, `${type} ${text}`);
  });

  it('UTF-16 that does not say so is read by its bytes, also where it begins with other letters', () => {
    const le = Buffer.from(`Ünïcode: ${CARD}, and more`, 'utf16le');
    for (const bytes of [le, Buffer.from(le).swap16()]) {
      const out = Buffer.from(masked('text/plain', bytes, 'redact', undefined, false, 'latin1'), 'latin1');
      const text = (bytes === le ? out : out.swap16()).toString('utf16le');
      assert.equal(text, 'Ünïcode: [credit_card], and more');
    }
  });

  it('several rules read a body together, and mask what one rule for all their kinds masks', () => {
    const [strong, weak] = [
      ['us_ssn', 'credit_card'],
      ['email', 'phone'],
    ];
    const mask = (name: string, detect: string[]) => ({
      name,
      detector: createDetector({ detect }),
      as: 'fixed' as const,
      masker: createMasker('fixed', { value: `#${name}#` }),
    });
    const masks = [mask('strong', strong!), mask('weak', weak!)];
    const all = [mask('all', [...strong!, ...weak!])];
    const run = (type: string, text: string, rules: typeof masks): { out: string; fired: number } => {
      const out: Buffer[] = [];
      const stream = new BodyMasker(rules, type, (bytes) => out.push(bytes));
      stream.push(Buffer.from(text));
      stream.end();
      return { out: Buffer.concat(out).toString(), fired: stream.fired.reduce((sum, one) => sum + one.count, 0) };
    };
    const signs = [
      CARD,
      unicode,
      'jane.doe@example.com',
      '078-05-1120',
      ',',
      '"',
      '\n',
      '<b>',
      '</b>',
      ' ',
      'tel +1 212 555 0123',
      '&',
      '=',
      'data: ',
      'x',
    ];
    forSeeds(count(200), (r) => {
      const type = r.pick([
        'text/csv',
        'text/html',
        'application/xml',
        'application/x-www-form-urlencoded',
        'text/event-stream',
        'text/plain',
      ]);
      const text = `a,b\n${Array.from({ length: 1 + r.int(20) }, () => r.pick(signs)).join('')}`;
      const together = run(type, text, masks);
      const one = run(type, text, all);
      const marks = type.endsWith('urlencoded') ? /%23(?:strong|weak)%23/g : /#(?:strong|weak)#/g;
      assert.equal(
        together.out.replace(marks, (mark) => mark.replace(/strong|weak/, 'all')),
        one.out,
        `${type} ${JSON.stringify(text)}`,
      );
      assert.equal(together.fired, one.fired);
    });
  });

  it('text without values stays as it is', () => {
    for (const text of [
      'C:\\users\\x64\\u',
      '\\',
      '&',
      '&#',
      '&#x;',
      '\\u12',
      'a\\nb',
      '&amp;&lt',
      '\\u{110000000}',
      '&#1114112;',
      '\\777',
    ])
      for (const type of ['text/plain', 'text/html', 'text/csv', 'application/json', 'application/xml'])
        assert.equal(masked(type, text), text, `${type} ${text}`);
  });

  it('gives the same wherever it is cut', () => {
    const signs = [
      '\\',
      '\\u0034',
      '\\x31',
      '4111',
      '1111',
      '\\\\u0031',
      '&#49;',
      '&#49',
      '&',
      '"',
      ' ',
      ',',
      '\n',
      '<b>',
      '</b>',
      '<td>',
      '<x y="&lt;',
      '>',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      'a',
      '{',
      ':',
      'data: ',
    ];
    forSeeds(count(400), (r) => {
      const text = Array.from({ length: 1 + r.int(40) }, () => r.pick([...signs, unicode, hex])).join('');
      const type = r.pick(['text/plain', 'text/html', 'text/csv', 'application/json', 'application/xml', 'text/event-stream']);
      const whole = masked(type, text);
      const cut = masked(type, text, 'redact', () => 1 + r.int(9));
      assert.equal(cut, whole, `${type} ${JSON.stringify(text)}`);
    });
  });
});
