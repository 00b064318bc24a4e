import assert from 'node:assert/strict';
import { JsonMasker } from '../../../filters/mask/codecs/json.js';
import { createDetector, createMasker } from '../../../filters/mask/index.js';
import type { MaskAs } from '../../../filters/mask/types.js';

const detector = createDetector({ detect: ['all'] });

function mask(text: string, as: MaskAs = 'redact'): string {
  const out: Buffer[] = [];
  const codec = new JsonMasker({ detector, masker: createMasker(as), write: (bytes) => out.push(Buffer.from(bytes)) });
  codec.push(Buffer.from(text));
  codec.end();
  return Buffer.concat(out).toString();
}

describe('JSON codec', () => {
  const cases: [string, string, string][] = [
    ['through escapes', '{"n":"\\u0034111 1111 1111 1111"}', '{"n":"[credit_card]"}'],
    ['an escaped @ and a slash', '{"to":"jane\\u0040example.com\\/x"}', '{"to":"[email]/x"}'],
    ['escapes where nothing is found stay', '{"n":"a\\/b\\u00e9"}', '{"n":"a\\/b\\u00e9"}'],
    ['a number becomes a number', '{"n":4111111111111111,"m":12}', '{"n":0,"m":12}'],
    ['a number with a fraction', '[4111111111111111.00]', '[0]'],
    ['a number alone', '4111111111111111\n', '0\n'],
    ['a key as evidence', '{"password":"hunter22","note":"hunter22"}', '{"password":"[password]","note":"hunter22"}'],
    ['a key as evidence for a list', '{"api_key":["k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3B"]}', '{"api_key":["[password]"]}'],
    ['a key with escapes', '{"pass\\u0077ord":"hunter22"}', '{"pass\\u0077ord":"[password]"}'],
    [
      'a name beside a value',
      '[{"name":"DB_PASSWORD","value":"hunter22"},{"name":"x","value":"hunter22"}]',
      '[{"name":"DB_PASSWORD","value":"[password]"},{"name":"x","value":"hunter22"}]',
    ],
    ['a key that is a value', '{"jane@example.com":1}', '{"[email]":1}'],
    ['JSON in a string', '{"body":"{\\"password\\": \\"hunter22\\"}"}', '{"body":"{\\"password\\": \\"[password]\\"}"}'],
    ['lines of JSON', '{"a":"jane@example.com"}\n{"a":1}\n', '{"a":"[email]"}\n{"a":1}\n'],
    ['what is no JSON, as text', '{"a": 4111 1111 1111 1111}', '{"a": [credit_card]}'],
    ['text from its beginning', 'card 4111 1111 1111 1111', 'card [credit_card]'],
    ['groups of digits alone', '4111 1111 1111 1111', '[credit_card]'],
    ['a string that is cut off', '{"a":"jane@example.com', '{"a":"[email]'],
    ['a pair in program text', '"password" = "hunter22"', '"password" = "[password]"'],
  ];
  for (const [name, text, masked] of cases) it(name, () => assert.equal(mask(text), masked));

  it('null where there is one', () => {
    assert.equal(
      mask('{"a":"jane@example.com","b":4111111111111111,"c":"of jane@example.com"}', 'null'),
      '{"a":null,"b":null,"c":"of [email]"}',
    );
  });

  it('partial numbers', () => assert.equal(mask('[4111111111111111]', 'partial'), '[1111]'));

  it('strings longer than are held, keys and numbers too', () => {
    const filler = 'word \\n\\u00e9 '.repeat(20_000);
    const masked = mask(
      `{"${filler}":"${filler} jane\\u0040example.com ${filler}","n":${'7'.repeat(5000)},"m":4111111111111111.${'0'.repeat(5000)}}`,
    );
    const read = JSON.parse(masked) as Record<string, string>;
    const text = JSON.parse(`"${filler}"`) as string;
    assert.deepEqual(Object.keys(read), [text, 'n', 'm']);
    assert.equal(read[text], `${text} [email] ${text}`);
    assert.ok(masked.endsWith(`"n":${'7'.repeat(5000)},"m":0}`));
  });

  it('any depth', () => {
    const deep = `${'['.repeat(200_000)}"jane@example.com"${']'.repeat(200_000)}`;
    assert.equal(mask(deep), deep.replace('jane@example.com', '[email]'));
    assert.equal(mask('{"a":'.repeat(100_000)), '{"a":'.repeat(100_000));
  });

  it('holds no more than a string', () => {
    const codec = new JsonMasker({ detector, masker: createMasker('redact'), write: () => undefined });
    codec.push(Buffer.from('{"a":"'));
    let held = 0;
    for (let n = 0; n < 3000; n++) {
      codec.push(Buffer.from('word word '.repeat(100)));
      held = Math.max(held, codec.held);
    }
    assert.ok(held < 200_000, `${held}`);
  });
});
