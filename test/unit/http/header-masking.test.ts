import assert from 'node:assert/strict';
import { maskHeaders } from '../../../filters/http/header-masking.js';
import type { BodyMask } from '../../../filters/http/masking.js';
import { shownHeader } from '../../../filters/http/shown-headers.js';
import { createPolicyDetector } from '../../../filters/mask/custom/detector.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import { spellingsOf } from '../../../filters/mask/spellings.js';
import { StreamMasker } from '../../../filters/mask/stream/masker.js';

const card = '4111111111111111';
const email = 'jane.doe@corp-mail.com';
const masks: BodyMask[] = [{ name: 'pii', detector: createDetector({ detect: ['pii'] }), as: 'redact', masker: createMasker('redact') }];
const each = (text: string, write: (code: number) => string): string => [...text].map((sign) => write(sign.charCodeAt(0))).join('');
const hex = (code: number): string => code.toString(16).padStart(2, '0');

describe('headers of answers', () => {
  const masked = (name: string, value: string, rules = masks): string | undefined => {
    const { changed, removed } = maskHeaders(rules, [[name, value]], () => {});
    return removed.includes(name) ? undefined : (changed[0]?.[1] ?? value);
  };

  for (const name of `server allow vary cache-control content-language expires last-modified date age strict-transport-security x-frame-options
    x-content-type-options grpc-encoding sec-websocket-protocol sec-websocket-accept keep-alive etag location www-authenticate`.split(
    /\s+/,
  ))
    it(`are text of the server's like any other: ${name}`, () => {
      assert.equal(masked(name, `a ${card}`), 'a [credit_card]');
      assert.equal(masked(name, `a ${email}`), 'a [email]');
    });

  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const thrice = (text: string): string => base64(base64(base64(text)));
  for (const [how, value, expected] of [
    ['escapes of JSON', `{"a":"${each(email, (code) => `\\u00${hex(code)}`)}","b":"\\""}`, '{"a":"[email]","b":"\\""}'],
    ['one escape of JSON', `{"a":"${email.replace('@', '\\u0040')}"}`, '{"a":"[email]"}'],
    ['percent', `/x?e=${each(email, (code) => `%${hex(code)}`)}&b=%26`, '/x?e=[email]&b=%26'],
    ['percent twice', `/x?e=${email.replace('@', '%2540')}&b=1`, '/x?e=[email]&b=1'],
    ['an extended value', `attachment; filename*=UTF-8''${email.replace('@', '%40')}`, "attachment; filename*=UTF-8''[email]"],
    ['references', `x ${email.replace('@', '&#64;')}`, 'x [email]'],
    ['named references', `x ${email.replace('@', '&commat;')}`, 'x [email]'],
    ['base64', `c=${Buffer.from(card).toString('base64')}; Path=/`, 'c=[credit_card]; Path=/'],
    ['base64url', Buffer.from(`é?>${card}`).toString('base64url'), 'w6k_[credit_card]'],
    ['base64 three times', thrice(card), Buffer.from('[credit_card]').toString('base64')],
    ['escaped escapes', JSON.stringify(each(email, (code) => `\\u00${hex(code)}`)), '"[email]"'],
    ['escapes in percent', each(email, (code) => `%5Cu00${hex(code)}`), '[email]'],
    ['references in percent', each(email, (code) => `%26%23x${hex(code)}%3B`), '[email]'],
    [
      'references that have a name in HTML alone',
      email.replace('.', '&lowbar;').replace('@', '&commat;').replace('.', '&period;'),
      '[email]',
    ],
    ['base64 in escapes', each(Buffer.from(card).toString('base64'), (code) => `\\u00${hex(code)}`), '[credit_card]'],
    ['base64 of JSON', Buffer.from(`{"e":"${email}"}`).toString('base64'), '[email]'],
  ] as const)
    it(`are looked into through ${how}`, () => {
      assert.equal(masked('x-a', value), expected);
    });

  it('go on as they are where nothing was found', () => {
    const values = [
      ['x-a', 'a=%41%2f%25; "\\u0041" &amp;&#65;'],
      ['set-cookie', `sid=${Buffer.from('nothing of anybody').toString('base64')}; HttpOnly`],
      ['date', 'Sat, 28 Nov 2026 20:33:52 GMT'],
      ['content-type', 'multipart/form-data; boundary="----x"; charset=utf-8'],
      ['sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
      ['content-length', card],
    ] as const;
    for (const [name, value] of values) assert.equal(masked(name, value), value);
  });

  it('go where their name holds a value', () => {
    assert.equal(masked(`x-${card}`, '1'), undefined);
    assert.equal(masked('x-request-id', '1'), '1');
  });

  it('keep of a type what its body is read by, and refuse where that is what is masked', () => {
    assert.equal(masked('content-type', `text/plain; note=${card}; charset=utf-8`), 'text/plain; charset=utf-8');
    assert.equal(masked('content-type', `text/${card}`), 'application/octet-stream');
    assert.throws(() => masked('content-type', `multipart/mixed; boundary=${card}`), /boundary/);
  });

  it('are remembered by their name and value', () => {
    const fired: string[] = [];
    for (let n = 0; n < 3; n++) maskHeaders(masks, [['server', card]], (rule) => fired.push(rule));
    assert.deepEqual(fired, ['pii', 'pii', 'pii']);
    for (let n = 0; n < 1200; n++) assert.equal(masked('server', `${n}`), `${n}`);
    assert.equal(masked('server', card), '[credit_card]');
  });
});

describe('headers in recordings', () => {
  const maskText = (text: string): string => text.replace(card, '[card]');
  const shown = (name: string, value: string): string => shownHeader(name, value, { maskText }).join(': ');

  for (const name of `authorization proxy-authorization cookie set-cookie x-api-key apikey api-key x-auth-token x_auth_token private-token x-vault-token
    x-amz-security-token x-access-token x-session-id mcp-session-id x-password x-secret ocp-apim-subscription-key x-goog-api-key x-functions-key
    x-csrf-token x-jwt x-shopify-access-token authentication-info x-forwarded-access-token x-amz-credential`.split(/\s+/))
    it(`hold no credential: ${name}`, () => assert.equal(shown(name, 'hunter2'), `${name}: [credential]`));

  it('hold what else a header says, masked, in its name too', () => {
    for (const [name, value] of [
      ['www-authenticate', 'Basic realm="x"'],
      ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
      ['idempotency-key', '7'],
      ['x-request-id', '7'],
      ['accept', '*/*'],
    ] as const)
      assert.equal(shown(name, value), `${name}: ${value}`);
    assert.equal(shown(`x-${card}`, card), 'x-[card]: [card]');
  });
});

describe('the gateway’s own credential', () => {
  const secret = 's3cr&t<of>"the\'gate/way+1~é';
  const kind = { kind: 'c', words: spellingsOf(secret), pattern: undefined, ignore_case: false, inside: true, context: [], score: 1 };
  const detector = createPolicyDetector({ detect: ['custom'], detection: { kinds: [kind], allow: [], score_min: new Map() } });
  const stream = (): { out: () => string; masker: StreamMasker } => {
    let out = '';
    const masker = new StreamMasker({
      detector,
      masker: createMasker('redact'),
      write: (bytes) => {
        out += bytes.toString();
      },
    });
    return { out: () => out, masker };
  };
  const bytes = Buffer.from(secret);
  const spelled: [string, string][] = [
    ['as it is', secret],
    ['glued to other text', `abc${secret}xyz`],
    ['percent', encodeURIComponent(secret)],
    ['percent in small letters', encodeURIComponent(secret).toLowerCase().replace('s3cr', 's3cr')],
    ['as a form', new URLSearchParams([['a', secret]]).toString()],
    ['every byte in percent', [...bytes].map((one) => `%${hex(one)}`).join('')],
    ['JSON', JSON.stringify(secret)],
    ['JSON with slashes', JSON.stringify(secret).replaceAll('/', '\\/')],
    [
      'HTML',
      secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;'),
    ],
    ['hexadecimal', bytes.toString('hex')],
    ...[0, 1, 2, 3].map((n): [string, string] => [
      `base64 behind ${n} bytes`,
      Buffer.concat([Buffer.alloc(n, 'x'), bytes]).toString('base64'),
    ]),
    ['base64url', bytes.toString('base64url')],
  ];
  for (const [how, text] of spelled)
    it(`is found: ${how}`, () => {
      const { out, masker } = stream();
      masker.push(Buffer.from(`a ${text.slice(0, 9)}`));
      masker.flush();
      masker.push(Buffer.from(`${text.slice(9)} b`));
      masker.end();
      assert.match(out(), /\[c\]/);
      assert.ok(!out().includes(text.slice(3, -3)), out());
    });

  it('keeps no more back at a pause than what may be its beginning', () => {
    const { out, masker } = stream();
    const text = `${'some words '.repeat(40)}s3c`;
    masker.push(Buffer.from(text));
    masker.flush();
    assert.ok(out().length > text.length - 60, `${text.length - out().length} held`);
    masker.push(Buffer.from('r'));
    masker.flush();
    assert.ok(!out().includes('s3'));
    masker.end();
    assert.equal(out(), `${text}r`);
  });
});
