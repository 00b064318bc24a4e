import assert from 'node:assert/strict';
import { MidstreamError } from '../../../filters/errors.js';
import { createDetector, createMasker, maskString, maskText, strongest } from '../../../filters/mask/index.js';

const KEY = Buffer.alloc(32, 7);

function mask(as: 'partial' | 'hash' | 'token' | 'redact', kind: string, value: string): string {
  const bytes = Buffer.from(value);
  return createMasker(as, { key: KEY }).mask(kind, bytes, 0, bytes.length)!.toString();
}

describe('maskers', () => {
  const partials: [string, string, string][] = [
    ['credit_card', '4111-1111-1111-1111', '****-****-****-1111'],
    ['credit_card', '378282246310005', '***********0005'],
    ['email', 'jane.doe@example.com', 'j***@example.com'],
    ['email', 'j@example.com', '***@example.com'],
    ['iban', 'DE89 3704 0044 0532 0130 00', 'DE89 **** **** **** **30 00'],
    ['phone', '+44 20 7946 0958', '+44 ** **** **58'],
    ['phone', '(415) 555-2671', '(***) ***-**71'],
    ['phone', '0049 30 901820', '0049 ** ****20'],
    ['us_ssn', '536-90-4399', '***-**-4399'],
    ['mac_address', '3c:22:fb:12:9a:7e', '3c:22:fb:**:**:**'],
    ['ip_address', '203.0.113.9', '203.0.***.*'],
    ['ip_address', '2001:db8::1', '2001:db8::*'],
    ['ip_address', 'fd00:1::', '***'],
    ['ip_address', '::', '***'],
    ['date_of_birth', '1984-03-17', '****-**-**'],
    ['password', 'hunter2', '********'],
    ['github_token', 'ghp_Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2', 'ghp_********'],
    ['private_key', '-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----', '********'],
  ];
  for (const [kind, value, expected] of partials)
    it(`keeps a part of ${kind} ${JSON.stringify(value)}`, () => assert.equal(mask('partial', kind, value), expected));

  it('redacts to the kind', () => assert.equal(mask('redact', 'credit_card', '4111111111111111'), '[credit_card]'));

  it('gives nothing for null', () => assert.equal(createMasker('null', {}).mask('email', Buffer.from('a@b.io'), 0, 6), undefined));

  it('hashes the value and not its spelling', () => {
    assert.match(mask('hash', 'credit_card', '4111111111111111'), /^credit_card:[0-9a-f]{16}$/);
    assert.equal(mask('hash', 'credit_card', '4111-1111-1111-1111'), mask('hash', 'credit_card', '4111 1111 1111 1111'));
    assert.equal(mask('hash', 'email', 'Jane@Example.com'), mask('hash', 'email', 'jane@example.com'));
    assert.equal(mask('hash', 'phone', '+49 30 901820'), mask('hash', 'phone', '004930901820'));
    assert.equal(mask('hash', 'iban', 'de89 3704 0044 0532 0130 00'), mask('hash', 'iban', 'DE89370400440532013000'));
    assert.notEqual(mask('hash', 'password', 'Hunter2'), mask('hash', 'password', 'hunter2'));
    assert.notEqual(mask('hash', 'credit_card', '4111111111111111'), mask('hash', 'national_id', '4111111111111111'));
  });

  it('hashes with the key', () => {
    const other = createMasker('hash', { key: Buffer.alloc(32, 8) })
      .mask('email', Buffer.from('a@b.io'), 0, 6)!
      .toString();
    assert.notEqual(mask('hash', 'email', 'a@b.io'), other);
  });

  it('refuses to hash without a key of 32 bytes', () => {
    for (const key of [undefined, Buffer.alloc(16)]) {
      assert.throws(
        () => createMasker('hash', key === undefined ? {} : { key }),
        (e: unknown) => e instanceof MidstreamError && e.code === 'config_invalid',
      );
    }
  });

  it('lets the stronger masker win', () => {
    assert.equal(strongest('partial', 'redact'), 'redact');
    assert.equal(strongest('null', 'redact'), 'null');
    assert.equal(strongest('hash', 'partial'), 'hash');
    assert.equal(strongest('token', 'token'), 'token');
  });

  it('gives only bytes that need no escape', () => {
    for (const value of ['a"b\\c,d\te\nf', '"x\\y"@exämple.com', '4111,1111\'1111"1111']) {
      for (const kind of ['email', 'credit_card', 'password', 'ip_address', 'phone']) {
        for (const as of ['partial', 'hash', 'redact'] as const) assert.match(mask(as, kind, value), /^[^"'\\,\t\n\u007f-\uffff]*$/);
      }
    }
  });
});

describe('maskText and maskString', () => {
  const detector = createDetector({ detect: ['all'] });
  const redact = createMasker('redact');

  it('mask every occurrence', () => {
    assert.equal(
      maskString(detector, redact, 'a@b.io, c@d.io and 4111111111111111 or 5555555555554444'),
      '[email], [email] and [credit_card] or [credit_card]',
    );
  });

  it('give the same string, or undefined, when there is nothing', () => {
    const text = 'nothing to see, order 17 of 2024-01-02';
    assert.equal(maskString(detector, redact, text), text);
    assert.equal(maskText(detector, redact, Buffer.from(text), 0, text.length), undefined);
    assert.equal(maskString(detector, redact, ''), '');
  });

  it('mask only inside the range', () => {
    const bytes = Buffer.from('a@b.io x c@d.io');
    assert.equal(maskText(detector, redact, bytes, 7, bytes.length)!.toString(), 'x [email]');
  });

  it('put the kind where a masker gives none', () => {
    assert.equal(maskString(detector, createMasker('null'), 'to a@b.io'), 'to [email]');
  });

  it('take the name of the field as evidence', () => {
    assert.equal(maskString(detector, redact, 'hunter2', 'password'), '[password]');
    assert.equal(maskString(detector, redact, '536904399', 'customer_ssn'), '[us_ssn]');
    assert.equal(maskString(detector, redact, '1984-03-17', 'birth_date'), '[date_of_birth]');
    assert.equal(maskString(detector, redact, '4155552671', 'homePhone'), '[phone]');
    assert.equal(maskString(detector, redact, 'hunter2', 'nickname'), 'hunter2');
    assert.equal(maskString(detector, redact, '4155552671', 'order_no'), '4155552671');
  });

  it('keep other letters whole around a hit', () => {
    assert.equal(maskString(detector, redact, 'Grüße 名前 an jürgen@müller.de ✓'), 'Grüße 名前 an [email] ✓');
  });
});
