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
    ['a name behind its value', '{"value":"hunter22","name":"DB_PASSWORD"}', '{"value":"[password]","name":"DB_PASSWORD"}'],
    [
      'a name behind its value, other things between',
      '[{"value":"hunter22","tags":["a",{"name":"x"}],"type":"env" , "key" : "DB_PASSWORD"},{"value":"hunter22","key":"DB_HOST"}]',
      '[{"value":"[password]","tags":["a",{"name":"x"}],"type":"env" , "key" : "DB_PASSWORD"},{"value":"hunter22","key":"DB_HOST"}]',
    ],
    ['a name behind a number', '{"value":536904399 ,"label":"SSN"}', '{"value":0 ,"label":"SSN"}'],
    [
      'a name with escapes',
      '{"value":"hunter22","n\\u0061me":"DB_P\\u0041SSWORD"}',
      '{"value":"[password]","n\\u0061me":"DB_P\\u0041SSWORD"}',
    ],
    [
      'names and values by other words',
      '[{"NAME":"DB_PASSWORD","VALUE":"hunter22"},{"ParameterKey":"DbPassword","ParameterValue":"hunter22"},{"variable":"DB_PASSWORD","stringValue":"hunter22"},{"label":"Password","content":"hunter22"}]',
      '[{"NAME":"DB_PASSWORD","VALUE":"[password]"},{"ParameterKey":"DbPassword","ParameterValue":"[password]"},{"variable":"DB_PASSWORD","stringValue":"[password]"},{"label":"Password","content":"[password]"}]',
    ],
    [
      'the key of the object',
      '{"DbPassword":{"type":"securestring","defaultValue":"hunter22"},"db_password":{"value":"hunter22","note":"hunter22"}}',
      '{"DbPassword":{"type":"securestring","defaultValue":"[password]"},"db_password":{"value":"[password]","note":"hunter22"}}',
    ],
    [
      'the name before the key of the object',
      '{"password":{"name":"color","value":"hunter22"}}',
      '{"password":{"name":"color","value":"hunter22"}}',
    ],
    [
      'one of two names',
      '{"name":"DB_PASSWORD","label":"of the shop","value":"hunter22"}',
      '{"name":"DB_PASSWORD","label":"of the shop","value":"[password]"}',
    ],
    ['the name of another object', '[{"value":"hunter22"},{"name":"DB_PASSWORD"}]', '[{"value":"hunter22"},{"name":"DB_PASSWORD"}]'],
    [
      'a name inside of another value',
      '{"value":"hunter22","a":{"name":"DB_PASSWORD"}}',
      '{"value":"hunter22","a":{"name":"DB_PASSWORD"}}',
    ],
    ['a value without an end of its object', '{"value":"hunter22","name":"DB_PASSWORD"', '{"value":"[password]","name":"DB_PASSWORD"'],
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

  it('a name behind its value counts within 1 KiB, and the value is held no longer', () => {
    const text = (filler: number): string => `{"value":"hunter22","x":"${'y'.repeat(filler)}","name":"DB_PASSWORD"}`;
    const between = text(0).lastIndexOf('"') - text(0).indexOf(',');
    assert.ok(mask(text(1024 - between - 1)).startsWith('{"value":"[password]"'));
    assert.ok(mask(text(1024 - between)).startsWith('{"value":"hunter22"'));
    const codec = new JsonMasker({ detector, masker: createMasker('redact'), write: () => undefined });
    codec.push(Buffer.from('{"value":"hunter22","x":['));
    assert.ok(codec.held > 0);
    codec.push(Buffer.from('1,'.repeat(520)));
    assert.ok(codec.held < 20, `${codec.held}`);
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
