import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readMaskKey } from '../../../extproc/config/mask-key.js';
import { MidstreamError } from '../../../filters/errors.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import type { MaskerOptions } from '../../../filters/mask/types.js';
import { compilePolicy } from '../../../filters/policy/index.js';
import { buildMaskSet } from '../../../filters/postgres/rows/mask-set.js';

const key = Buffer.alloc(32, 7);
const token = (kind: string, text: string, options: MaskerOptions = {}): string =>
  createMasker('token', { key, ...options })
    .mask(kind, Buffer.from(text), 0, Buffer.byteLength(text))!
    .toString('latin1');

describe('stand-ins of the same form', () => {
  const forms: [string, string, RegExp][] = [
    ['credit_card', '4111-1111-1111-1111', /^\d{4}-\d{4}-\d{4}-\d{4}$/],
    ['credit_card', '378282246310005', /^\d{15}$/],
    ['us_ssn', '536-90-4399', /^\d{3}-\d{2}-\d{4}$/],
    ['phone', '+44 20 7946 0958', /^\+44 \d{2} \d{4} \d{4}$/],
    ['iban', 'DE89 3704 0044 0532 0130 00', /^DE\d\d \d{4} \d{4} \d{4} \d{4} \d\d$/],
    ['iban', 'GB29NWBK60161331926819', /^GB\d\dNWBK\d{14}$/],
    ['mac_address', '3c:22:fb:12:9a:7e', /^3c:22:fb:[0-9a-f]{2}:[0-9a-f]{2}:[0-9a-f]{2}$/],
    ['ip_address', '203.0.113.9', /^\d{1,3}(\.\d{1,3}){3}$/],
    ['email', 'Jane.Doe@example.com', /^[a-z0-9]{4}\.[a-z0-9]{3}@example\.com$/],
    ['github_token', `ghp_${'aB3dE5gH7j'.repeat(3)}aB3dE5`, /^ghp_[A-Za-z0-9]{36}$/],
    ['national_id', 'RSSMRA85M01H501Z', /^[A-Z]{6}\d\d[A-Z]\d\d[A-Z]\d{3}[A-Z]$/],
    ['national_id', 'ab 12 34 56 c', /^[a-z]{2} \d\d \d\d \d\d [a-z]$/],
    ['aws_access_key', 'AKIAIOSFODNN7EXAMPLE', /^AKIA[A-Z0-9]{16}$/],
    ['national_id', '529.982.247-25', /^\d{3}\.\d{3}\.\d{3}-\d\d$/],
  ];
  for (const [kind, text, form] of forms) {
    it(`${kind} ${text}`, () => {
      const said = token(kind, text);
      assert.match(said, form);
      assert.notEqual(said, text);
      assert.equal(token(kind, text), said, 'the same every time');
      assert.notEqual(token(kind, text, { key: Buffer.alloc(32, 8) }), said, 'another key, another stand-in');
    });
  }

  it('a hash where there is no form, or too little of it to be kept from guessing', () => {
    for (const [kind, text] of [
      ['password', 'hunter22'],
      ['date_of_birth', '1984-03-17'],
      ['email', 'ab@c.io'],
      ['ip_address', '2001:db8::1'],
      ['national_id', 'AB12'],
    ] as const)
      assert.match(token(kind, text), new RegExp(`^${kind}:[0-9a-f]{16}$`));
  });

  it('letters of identifiers do not stay, and different ones have different stand-ins', () => {
    const said = Array.from({ length: 300 }, (_, n) => token('national_id', `RSSMR${String.fromCharCode(65 + (n % 26))}85M01H${100 + n}Z`));
    assert.equal(new Set(said).size, said.length);
    assert.ok(said.filter((one) => one.startsWith('RSSM')).length === 0, said[0]);
    assert.equal(token('national_id', 'rssmra85m01h501z'), token('national_id', 'RSSMRA85M01H501Z').toLowerCase(), 'case means nothing');
  });

  it('addresses whose signs can not be written have hashes: different ones would have one stand-in', () => {
    for (const [one, other] of [
      ['jürgen@example.com', 'jörgen@example.com'],
      ['jane!doe@example.com', 'jane#doe@example.com'],
      ['jane.doe@müller.de', 'jane.doe@möller.de'],
    ] as const) {
      assert.match(token('email', one), /^email:[0-9a-f]{16}$/);
      assert.notEqual(token('email', one), token('email', other));
    }
  });

  it('no stand-in is its own value', () => {
    // of the addresses with four letters the one that this key encrypts to itself
    assert.match(token('email', '9nem@example.com'), /^email:[0-9a-f]{16}$/);
    assert.match(token('email', '9nen@example.com'), /@example\.com$/);
  });

  it('check digits are wrong on purpose, or right', () => {
    const detector = createDetector({ detect: ['credit_card', 'iban'] });
    const finds = (text: string): number => detector.find(Buffer.from(text), 0, text.length).length;
    const cards = Array.from({ length: 200 }, (_, n) => `4${String(n * 7_919_777).padStart(14, '0')}`).map((body) => withLuhn(body));
    assert.equal(cards.filter((card) => finds(card) === 1).length, cards.length, 'the cards are cards');
    for (const card of cards) {
      assert.ok(!passesLuhn(token('credit_card', card)), card);
      assert.ok(passesLuhn(token('credit_card', card, { check: 'valid' })), card);
    }
    assert.equal(finds(token('iban', 'DE89370400440532013000', { check: 'valid' })), 1);
    assert.equal(finds(token('iban', 'DE89370400440532013000')), 0);
    assert.equal(new Set(cards.map((card) => token('credit_card', card))).size, cards.length, 'different cards, different stand-ins');
  });

  it('the key is named only when asked', () => {
    assert.match(token('credit_card', '4111111111111111', { key_id: 'k2' }), /^credit_card:k2:[0-9a-f]{16}$/);
  });

  it('a fixed value', () => {
    const masker = createMasker('fixed', { value: 'hidden' });
    assert.equal(masker.mask('email', Buffer.from('a@b.io'), 0, 6)!.toString(), 'hidden');
    for (const value of ['', 'a"b', 'a,b', 'a\\b', 'é']) assert.throws(() => createMasker('fixed', { value }), MidstreamError);
  });
});

function passesLuhn(text: string): boolean {
  return withLuhn(text.slice(0, -1)) === text;
}

function withLuhn(body: string): string {
  const sum = [...body].reverse().reduce((all, digit, n) => {
    const weighed = Number(digit) * (n % 2 === 0 ? 2 : 1);
    return all + (weighed > 9 ? weighed - 9 : weighed);
  }, 0);
  return `${body}${(10 - (sum % 10)) % 10}`;
}

describe('keys of masks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-key-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const file = (text: string): string => {
    const path = join(folder, 'keys');
    writeFileSync(path, text);
    return path;
  };
  const hex = 'ab'.repeat(32);

  it('come from a file or the environment, the first line first', () => {
    assert.deepEqual(readMaskKey(file(`# keys\nk2 ${hex}\nk1 ${'cd'.repeat(32)}\n`), undefined), {
      key: Buffer.from(hex, 'hex'),
      id: 'k2',
    });
    assert.deepEqual(Buffer.from(readMaskKey(file(hex), 'ignored').key), Buffer.from(hex, 'hex'));
    assert.deepEqual(Buffer.from(readMaskKey(undefined, Buffer.from(hex, 'hex').toString('base64')).key), Buffer.from(hex, 'hex'));
    assert.equal(readMaskKey(undefined, undefined).key.length, 32);
    assert.notEqual(readMaskKey(undefined, undefined).key, readMaskKey(undefined, undefined).key);
  });

  it('are refused without being told', () => {
    const short = 'ab12'.repeat(5);
    for (const text of ['', short, `k1 ${hex}\nk1 ${hex}`, `a b ${hex}`, `a/b ${hex}`])
      assert.throws(
        () => readMaskKey(file(text), undefined),
        (error: unknown) =>
          error instanceof MidstreamError &&
          error.code === 'config_invalid' &&
          !error.message.includes(short) &&
          !error.message.includes(hex),
        text,
      );
  });
});

describe('masks of a policy', () => {
  const policy = (mask: string): string => `version: 1\nmasks:\n  - { name: m, detect: [credit_card], ${mask} }\n`;

  it('fixed, token with right check digits, and the id of the key', () => {
    const of = (mask: string): string => {
      const rules = compilePolicy(policy(mask), 'p.yaml').masks.map(({ rule }) => rule);
      const { masker } = buildMaskSet(rules, { key, key_id: 'k9' }).detectors[0]!;
      return masker.mask('credit_card', Buffer.from('4111111111111111'), 0, 16)!.toString();
    };
    assert.equal(of('as: fixed, value: hidden'), 'hidden');
    assert.ok(passesLuhn(of('as: token, check: valid')));
    assert.ok(!passesLuhn(of('as: token')));
    assert.match(of('as: hash'), /^credit_card:[0-9a-f]{16}$/);
    assert.match(of('as: hash, key_id: true'), /^credit_card:k9:[0-9a-f]{16}$/);
  });

  it('says what does not fit together', () => {
    for (const [mask, why] of [
      ['as: fixed', /p\.yaml:3:5: the mask "m" is fixed and has no value/],
      ['as: redact, value: x', /p\.yaml:3:\d+: value has a meaning for as: fixed only/],
      ['as: hash, check: valid', /p\.yaml:3:\d+: check has a meaning for as: token only/],
      ['as: redact, key_id: true', /p\.yaml:3:\d+: key_id has a meaning/],
      ["as: fixed, value: 'a,b'", /p\.yaml:3:\d+: .*printable ASCII/],
    ] as const)
      assert.throws(
        () => compilePolicy(policy(mask), 'p.yaml'),
        (error: Error) => why.test(error.message) || assert.fail(error.message),
        mask,
      );
  });
});
