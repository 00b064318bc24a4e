import assert from 'node:assert/strict';
import { deflateSync, gzipSync } from 'node:zlib';
import type { Header } from '../../../filters/http/effects.js';
import { count } from '../../support/long.js';
import { forSeeds } from '../../support/random.js';
import { Driver } from './support.js';

const MASKS = `
masks:
  - { name: pii, detect: [pii], as: redact }
  - { name: keys, detect: [secrets], as: redact, decode: [base64] }
`;
const policy = `version: 1${MASKS}`;
const EMAIL = 'jane.doe@example.com';
const typed = (type: string): Header[] => (type === '' ? [] : [['content-type', type]]);

function masked(type: string, ...chunks: (string | Buffer)[]): string {
  const d = new Driver(policy);
  d.request('GET /x');
  return d.respond(typed(type), ...chunks);
}

function refused(type: string, body: Buffer, under = policy): string {
  const d = new Driver(under);
  d.request('GET /x');
  d.respond(typed(type), body);
  assert.equal(d.refusal().status, 502);
  assert.doesNotMatch(JSON.stringify(d.refusal().problem), /jane/);
  return String(d.refusal().problem['detail']);
}

describe('how an answer is read', function () {
  this.timeout(60_000);
  const escaped = String.raw`{"m\u0061il":"jane\u002edoe\u0040example.com","password":"hunter22"}`;

  it('is JSON where it looks like it, whatever its type says', () => {
    for (const type of [
      '',
      'text/plain',
      'application/octet-stream',
      'text/html',
      'image/png',
      'nonsense',
      'application/json',
      'application/x.y',
    ])
      assert.deepEqual(JSON.parse(masked(type, `\n ${escaped}`)), { mail: '[email]', password: '[password]' }, type);
    assert.equal(masked('text/plain', `[2026-01-01] mail to ${EMAIL} {`), '[2026-01-01] mail to [email] {');
  });

  it('is events or XML where it looks like them', () => {
    assert.equal(
      masked('text/plain', `event: x\ndata: ${escaped}\n\n`),
      'event: x\ndata: {"m\\u0061il":"[email]","password":"[password]"}\n\n',
    );
    assert.equal(
      masked('application/octet-stream', `<?xml version="1.0"?><a>jane.doe&#64;example.com</a>`),
      '<?xml version="1.0"?><a>[email]</a>',
    );
  });

  it('is UTF-16 where it says so or looks like it, and leaves as UTF-16', () => {
    const text = `{"mail":"${EMAIL}","ß":"😀"}`;
    const want = text.replace(EMAIL, '[email]');
    for (const type of ['application/json; charset=utf-16', 'text/plain;charset="UTF-16LE"', 'application/json', '', 'text/plain'])
      for (const mark of ['', '\ufeff'])
        forSeeds(count(5), (random) => {
          const whole = Buffer.from(mark + text, 'utf16le');
          const at = 1 + random.int(whole.length - 1);
          assert.equal(Buffer.from(body(type, whole.subarray(0, at), whole.subarray(at))).toString('utf16le'), mark + want, type);
        });
    const big = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
    assert.equal(body('application/json; charset=utf-16', big).swap16().toString('utf16le'), `\ufeff${want}`);
  });

  const shift = '\x1b(B41111\x1b(J11111\x1b(B111111';
  for (const [type, body] of [
    ['text/html', `<html><head><title>x</title><META  charset = "ISO-2022-JP"><p>${shift}`],
    ['text/html; charset=utf-8', `<html><meta content="text/html; charset=iso-2022-jp" http-equiv=content-type>${shift}`],
    ['', `<!doctype html><meta charset='utf-7'>+ADQAMQAx-`],
    ['text/html', `<html>${' '.repeat(5000)}<meta charset=shift_jis>x`],
    ['application/xml', `<?xml version="1.0" encoding="ISO-2022-JP"?><a>${shift}</a>`],
    ['text/xml', `<?xml version='1.0' encoding='IBM037' ?><a/>`],
    ['image/svg+xml', `<?xml version="1.0" encoding="utf-7"?><svg/>`],
    ['text/css', '@charset "iso-2022-jp"; a {}'],
    ['text/plain', '+/v8-+ADQAMQAx-'],
  ] as const)
    it(`is opaque where it names a charset in itself that is not read: ${type} ${body.slice(0, 40)}`, () => {
      const opaque = (verdict: string) => `${policy}defaults: { opaque: ${verdict} }\n`;
      for (const size of [body.length, 1, 7]) {
        const chunks = body.match(new RegExp(`[^]{1,${size}}`, 'g'))!;
        const d = new Driver(opaque('deny'));
        d.request('GET /x');
        let out = '';
        d.respond(typed(type), ...chunks);
        out = JSON.stringify(d.answers.filter(({ part }) => part === 'response_body'));
        assert.ok(d.answers.some(({ part }) => part === 'immediate') || d.records.some((one) => one.type === 'error'), `${size}: ${out}`);
        const open = new Driver(opaque('allow'));
        open.request('GET /x');
        const passed = open.respond(typed(type), ...chunks);
        // its controls are those of terminals, so what they cut is seen all the same
        if (!body.includes('\u001b')) assert.equal(passed, body);
        assert.match(JSON.stringify(open.records), /charset/, 'it is counted, and why');
      }
    });

  it('passes where what it names in itself is ASCII, or it only speaks of charsets', () => {
    for (const [type, body] of [
      ['text/html', '<html><meta charset="utf-8"><meta charset=windows-1252><meta charset=utf-16><p>x'],
      ['text/html', '<html><meta name="description" content="the charset iso-2022-jp"><p>charset=utf-7 encoding="utf-7"'],
      ['text/html', '<html><form accept-charset="utf-7"><p>x'],
      ['text/xml', '<?xml version="1.0" encoding="us-ascii"?><a encoding="utf-7">charset=utf-7</a>'],
      ['text/css', '@charset "utf-8"; a { content: "charset=utf-7" }'],
    ] as const)
      assert.equal(masked(type, body), body);
  });

  it('is refused as UTF-32, with a mark or without', () => {
    const wide = (text: string, big: boolean) => {
      const out = Buffer.alloc(4 * text.length);
      for (let i = 0; i < text.length; i++) (big ? out.writeUInt32BE : out.writeUInt32LE).call(out, text.charCodeAt(i), 4 * i);
      return out;
    };
    for (const text of [EMAIL, `\ufeff${EMAIL}`])
      for (const big of [true, false]) assert.match(refused('text/plain', wide(text, big)), /utf-32/, `${big}`);
  });

  it('is refused where its charset is not read, or is another than it says', () => {
    assert.match(refused('text/plain; charset=utf-7', Buffer.from(EMAIL)), /utf-7/);
    assert.match(refused('text/plain; charset=ibm037', Buffer.from(EMAIL)), /ibm037/);
    assert.match(refused('text/plain; charset=utf-8; charset=utf-16', Buffer.from(EMAIL)), /two charsets/);
    assert.match(refused('application/json; charset=utf-16', Buffer.from(`{"mail":"${EMAIL}"}`)), /utf-16/);
    assert.match(refused('application/json; charset=shift_jis', Buffer.from(`{"mail":"${EMAIL}"}`)), /shift_jis/);
    assert.match(refused('text/plain; charset=utf-16le', Buffer.from(`x\ud800y`, 'utf16le')), /utf-16/);
    assert.match(refused('text/plain', Buffer.from([0xff, 0xfe, 0, 0, 0x6a, 0, 0, 0])), /utf-32/);
  });

  it('is as it is in charsets of one byte, and UTF-8 where it was one of several', () => {
    const latin = Buffer.from(`Grüße an ${EMAIL}`, 'latin1');
    assert.equal(body('text/plain; charset=iso-8859-1', latin).toString('latin1'), 'Grüße an [email]');
    const d = new Driver(policy);
    d.request('GET /x');
    const sjis = Buffer.concat([Buffer.from([0x83, 0x5c]), Buffer.from(` ${EMAIL}`)]);
    assert.equal(d.respond(typed('text/plain; charset=Shift_JIS'), sjis), 'ソ [email]');
    const head = d.answers.find((answer) => answer.part === 'response_headers');
    assert.deepEqual(head?.part === 'response_headers' && head.set, [['content-type', 'text/plain; charset=utf-8']]);
  });

  it('is refused where it is packed and does not say so, unless the policy lets through what is opaque; then it is counted', () => {
    const packed = gzipSync(EMAIL);
    for (const type of ['application/json', 'text/plain', 'application/octet-stream', 'image/png'])
      assert.match(refused(type, packed), /gzip.*defaults\.opaque/);
    for (const level of [1, 3, 6, 9])
      assert.match(refused('text/plain', deflateSync(EMAIL.repeat(9), { level })), /zlib.*defaults\.opaque/);
    const formula = new Driver(policy);
    formula.request('GET /x');
    assert.equal(formula.respond(typed('text/plain'), `x^2 ${EMAIL}`), 'x^2 [email]');
    assert.match(refused('application/zip', Buffer.from('PK\x03\x04 and so on')), /zip/);
    const open = new Driver(`version: 1${MASKS}defaults: { opaque: allow }\n`);
    open.request('GET /x');
    open.respond([], packed);
    assert.deepEqual((open.events('session.close')[0]!['coverage'] as { opaque: unknown }).opaque, [
      { reason: 'packed (gzip)', bytes: packed.length },
    ]);
    const image = new Driver(policy);
    image.request('GET /x');
    image.respond(typed('image/png'), Buffer.from('\x89PNG\r\n 123', 'latin1'));
    assert.deepEqual((image.events('session.close')[0]!['coverage'] as { opaque: unknown }).opaque, [
      { reason: 'type image/png', bytes: 10 },
    ]);
  });

  it('is looked into where strings of JSON hold JSON, and base64 where the rule says so', () => {
    const inner = JSON.stringify({ mail: EMAIL, password: 'hunter22', deep: JSON.stringify({ list: [EMAIL] }) });
    const got = JSON.parse(
      masked('application/json', JSON.stringify({ a: inner, b: [` ${inner} `], c: '{not json', d: '{"x":1}' })),
    ) as Record<string, string>;
    const want = { mail: '[email]', password: '[password]', deep: '{"list":["[email]"]}' };
    assert.deepEqual(JSON.parse(got['a']!), want);
    assert.deepEqual(JSON.parse(got['b']![0]!), want);
    assert.deepEqual([got['c'], got['d']], ['{not json', '{"x":1}']);
    const long = JSON.stringify({ rows: Array.from({ length: 3000 }, (_, id) => ({ id, m: String.raw`jane` })), mail: EMAIL });
    assert.equal((JSON.parse(JSON.parse(masked('application/json', JSON.stringify({ a: long }))).a) as { mail: string }).mail, '[email]');

    const token = 'ghp_16C7e42F292c6912E7710c838347Ae178B4a';
    for (const encoding of ['base64', 'base64url'] as const) {
      const value = Buffer.from(`token: ${token}?>`).toString(encoding);
      const out = JSON.parse(masked('application/json', JSON.stringify({ value, other: 'aGVsbG8gd29ybGQ=' }))) as Record<string, string>;
      assert.ok(!Buffer.from(out['value']!, encoding).toString().includes(token));
      assert.equal(out['value']!.includes('='), encoding === 'base64' && out['value']!.endsWith('='));
      assert.equal(out['other'], 'aGVsbG8gd29ybGQ=');
    }
    // Where one mask says so, all look into it; where none does, what is found in base64 is masked as a whole.
    const both = Buffer.from(`see ${token} of ${EMAIL}`).toString('base64');
    assert.equal(
      Buffer.from((JSON.parse(masked('application/json', JSON.stringify({ both }))) as { both: string }).both, 'base64').toString(),
      'see [github_token] of [email]',
    );
    const plain = new Driver(policy.replace(/, decode: \[?base64\]?/, ''));
    plain.request('GET /x');
    const said = plain.respond(typed('application/json'), JSON.stringify({ both }));
    assert.deepEqual(JSON.parse(said), { both: '[email]' });
  });
});

function body(type: string, ...chunks: Buffer[]): Buffer {
  const d = new Driver(policy);
  d.request('GET /x');
  d.respond(typed(type), ...chunks);
  assert.equal(d.last.fail, undefined);
  return Buffer.concat(d.answers.flatMap((answer) => (answer.part === 'response_body' ? answer.chunks : [])));
}
