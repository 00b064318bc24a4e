import assert from 'node:assert/strict';
import { explain, inWords } from '../../../filters/mask/explain.js';
import { createDetector } from '../../../filters/mask/index.js';

const detector = createDetector({ detect: ['all'] });

function told(text: string): string {
  const buf = Buffer.from(text);
  const [hit] = detector.find(buf, 0, buf.length);
  assert.ok(hit !== undefined, text);
  return inWords(explain(detector, buf, { ...hit }, 0)).join('; ');
}

describe('explanations', () => {
  const cases: [text: string, explanation: RegExp][] = [
    ['visa 4222222222222', /^13 digits, range of Visa; Luhn.*; for it: visa \(a card\); score 1.00, 0.65 alone$/],
    ['IBAN DE89370400440532013000', /country DE, 22 characters; the remainder modulo 97 is right/],
    ['CPF 529.982.247-25', /check digits are right for BR cpf/],
    ['+49 30 901820', /international form, calling code 49; a number of its plan; score 0.95, the same alone/],
    ['fax +1-136-414-3381', /no number of its plan, written as one; for it: fax \(a phone\)/],
    ['ghp_Zk4Lm9Qw2Er7Ty1Ui8Op3As6Df5Gh0Jk4Lz2', /begins with ghp_, 36 more of alnum; its checksum is wrong/],
    ['api_token: "9a8b7c6d5e4f3a2b"', /3.8 bits of entropy a byte; for it: api .*, token \(a token\); score 0.80, not found alone/],
    [Buffer.from('mail jane.doe@example.com').toString('base64'), /stands inside base64/],
    ['?q=jane%40example.com', /percent encoding was decoded once; a local part/],
    [
      'карта ٤١١١ ١١١١ ١١١١ ١١١١',
      /^written with digits, blanks or signs beyond ASCII.*; 16 digits in groups, range of Visa.*карта \(a card\)/,
    ],
    ['téléphone 01 23 45 67 89', /10 digits, national form; for it: téléphone \(a phone\)/],
    ['order 30569309025904', /against it: order \(a number or a name of another kind\); score 0.55, 0.75 alone/],
  ];
  for (const [text, explanation] of cases)
    it(text, () => {
      assert.match(told(text), explanation);
    });

  it('say no word that is not in the tables', () => {
    assert.doesNotMatch(told('Jane Miller pays by card 4111111111111111'), /Jane|Miller/);
    assert.doesNotMatch(told('田中さんの電話番号は 03-1234-5678'), /田中/);
  });
});
