import type { Random } from '../../support/random.js';

/** Random texts for the properties: values of all kinds, what looks like them, and hostile bytes, from one seed. */
export const DIGITS = '0123456789';
export const HEX = '0123456789abcdef';
export const ALNUM = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** a text over the ends of lines of base64, a value over one of them */
const MAIL =
  Buffer.from(
    'Dear team, please find the details, and ask jane.doe.of.sales@example.com about the rest, or call +49 30 901820 and leave your card number.',
  )
    .toString('base64')
    .match(/.{1,76}/g)
    ?.join('\n') ?? '';

export const WORDS = [
  MAIL,
  'карта',
  '電話',
  'ИНН',
  'téléphone',
  'VAT',
  'SA ID 8001015009087',
  'DE136695976',
  'CHE100155212',
  'card 4111 11111111 1111',
  '4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1',
  '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMIIEpAIBAAKCAQEA7bq1MIIEpAIBAAKCAQEA7bq1',
  'the',
  'phone',
  'call',
  'card',
  'SSN',
  'order',
  'password',
  'the pw is Herbst77x',
  '\nbindpw Herbst77x\n',
  'password 7 Herbst77x\n',
  "SetBasicAuth('bob', 'Herbst77x')",
  "apiKey = env.API_KEY || '3a7bd3e2360a3d29'",
  'user,password\nbob,Herbst77x\n',
  "INSERT INTO t (a, password) VALUES (1, 'Herbst77x')",
  '| user | Password |\n|---|---|\n| bob | Herbst77x |\n',
  'setToken("9f86d081884c7d659a2feaa0")',
  'enable secret 0 Herbst77x\n',
  '<entry key="password">Herbst77x</entry>',
  'the token is 9f86d081884c7d659a2feaa0',
  'echo Herbst77x | sudo -S ls',
  'net user bob Herbst77x /add',
  'xfreerdp /u:bob /p:Herbst77x',
  'openssl passwd -1 Herbst77x',
  '1//0ya29xKz0Q8f14e45fceea167a5a36dedd4bea25438f14e45f',
  '8f14e45fceea167a5a36dedd4bea25438f14e45fceea167a5a36dedd4bea2543Qk9v4Zt1xY7bAZDO4gX2',
  'pat8f14e45fceea16.8f14e45fceea167a5a36dedd4bea25438f14e45fceea167a5a36dedd4bea2543',
  'MTk4NjIyNDgzNDcxOTI1MjQ4.GCl2MQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs',
  '8f14e45fceea167a5a36dedd4bea2543-us17',
  'API key\n8f14e45fceea167a5a36dedd4bea2543\n',
  'パスワードはHerbst77xです',
  'Пароль от базы: Herbst77x',
  'пароль — Herbst77x',
  'mypassword2: Herbst77x',
  'DBPassword:\n  Type: String\n  Default: Herbst77x\n',
  'the password for bob is Herbst77x',
  "fill('#password', 'Herbst77x')",
  'la contraseña es Herbst77x',
  'dapi9f86d081884c7d659a2feaa0c55ad015',
  'token',
  'api key',
  'born',
  'birth',
  'DOB',
  'CPF',
  'national id',
  'tel',
  'version',
  'secret',
  'Zoë',
  '名前',
  'id',
  'x',
  'social security',
  'reach',
  'amount',
  'createdAt',
  'userPassword',
  'API_KEY',
  'dob',
  'a@b',
  '@',
  '--',
  '-----BEGIN ',
  'Bearer ',
  'Basic ',
  'eyJ',
  '://',
  'AKIA',
  'sk-',
  'ghp_',
  'passport',
  'IMEI',
  'VIN',
  'gps',
  'latitude',
  'MRN',
  'NHS',
  'driver license',
  'first_name',
  'street',
  'cvv',
  'exp',
  'BIC',
  'wallet',
];

export const SEPARATORS = [
  ' ',
  '',
  ',',
  ', ',
  ': ',
  ':',
  '=',
  ' = ',
  '="',
  '": "',
  '"',
  '-',
  '.',
  '/',
  '(',
  ')',
  '+',
  '\n',
  '\t',
  ';',
  '|',
  '@',
  '_',
  '<',
  '>',
  '[',
  ']',
  '{',
  '}',
  '\\',
  "'",
  '&',
  '::',
  '00',
  '0',
];

export const VALUES = [
  '4111\u00a01111\u20111111\u202f1111',
  '41111111\u200b11111111',
  '\uff14\uff11\uff11\uff11-1111-1111-\uff11\uff11\uff11\uff11',
  '\u0665\u0663\u0666-\u0662\u0662-8726',
  '536=\r\n-22-8726',
  'DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000',
  '+49\u00a0171\u20115555555',
  '\u00a0',
  '\u2013',
  '\uff11',
  '4111 1111 1111 1111',
  '4111 - 1111 - 1111 - 1111',
  '4111 1111-1111  1111',
  '4111111111111111 exp 04/29 cvv 737',
  '%B4111111111111111^DOE/JANE^29121010000000?',
  ';4111111111111111=29121010000000?',
  'jane[at]example[dot]org',
  'root@[192.0.2.1]',
  'C01X00T47',
  'D123-4567-8901',
  '490154203237518',
  '49-015420-323751-8',
  '1M8GDM9AXKP042788',
  '52.520006, 13.404954',
  '-33.868820',
  '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
  'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
  '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed',
  '1EG4-TE5-MK73',
  '943 476 5919',
  'DEUTDEFF500',
  'DEUTDEFF',
  '"Jane Doe"',
  '"12 Main Street"',
  '737',
  '04/29',
  '4111111111111111',
  '378282246310005',
  '6011-1111-1111-1117',
  '5555.5555.5555.4444',
  'jane.doe@example.com',
  '"j d"@example.org',
  '+44 20 7946 0958',
  '+14155552671',
  '0049 30 901820',
  '(415) 555-2671',
  '415-555-2671',
  '415.555.2671',
  '06 12 34 56 78',
  '536-90-4399',
  '536904399',
  '912-70-1234',
  'DE89370400440532013000',
  'GB29 NWBK 6016 1331 9268 19',
  '203.0.113.9',
  '2001:db8::8a2e:370:7334',
  '::1',
  'fe80::1',
  '3c:22:fb:12:9a:7e',
  '3c-22-fb-12-9a-7e',
  '00-11-22-33-44-55',
  '3c22.fb12.9a7e',
  '1984-03-17',
  '12 March 1984',
  'March 12, 1984',
  '529.982.247-25',
  'AB123456C',
  '12345678Z',
  'X1234567L',
  '11010519491231002X',
  'hunter2',
  'correct-horse',
  'k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3Bf5Hj0Gc',
  'AKIAQ3EGRZ5TWUKX7B2M',
  'glpat-9xKq2Lw7Zb4Nc8Vt1Rm5',
  'postgres://app:s3cr3t-Pw@db:5432/app',
  'https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/aBcDeFgHiJkLmNoPqRsTuVwX',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N',
  'Basic YWxhZGRpbjpvcGVuc2VzYW1l',
  'Bearer 8f14e45fceea167a5a36dedd4bea2543',
  '-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----',
  'sk_live_51HxQw7Zk9Lm2Nv4Pb6Tr8Yc',
  'Xk38Q~rT0vYb2LqPz9NwE4sDfGhJkMnBvCxZaS1d',
  '2024-01-02 03:04:05.678',
  '2024-01-02',
  '123e4567-e89b-12d3-a456-426614174000',
  '1700000000000',
  '12345.67',
  '52.5200066',
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4',
  '1234567890',
  '3232.42',
];

/** A text of a few parts; now and then bytes that are no text at all. */
export function composed(r: Random): Buffer {
  let text = '';
  for (let n = 1 + r.int(8); n > 0; n--) {
    const kind = r.int(10);
    if (kind < 4) text += r.pick(VALUES);
    else if (kind < 7) text += r.pick(WORDS);
    else if (kind === 7) text += r.chars(DIGITS, 1 + r.int(20));
    else if (kind === 8) text += r.chars(r.pick([HEX, ALNUM]), 1 + r.int(40));
    else text += String.fromCharCode(32 + r.int(95));
    text += r.pick(SEPARATORS);
  }
  const bytes = Buffer.from(text, 'utf8');
  if (r.int(8) === 0) for (let n = r.int(4); n > 0; n--) bytes[r.int(bytes.length)] = r.int(256);
  return bytes;
}

/** Cells as in the DataRow messages of PostgreSQL: length words between, now and then NULL, a new row, or four bytes of a binary integer. */
export function glued(r: Random, cells: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const cell of cells) {
    const odd = r.int(6);
    if (odd === 0) parts.push(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    if (odd === 1) parts.push(Buffer.from([0x44, 0, 0, r.int(8), r.int(256), 0, r.int(20)]));
    if (odd === 2) parts.push(Buffer.from([0, 0, 0, 4, r.int(256), r.int(256), r.int(256), r.int(256)]));
    const length = Buffer.alloc(4);
    length.writeInt32BE(cell.length);
    parts.push(length, cell);
  }
  return Buffer.concat(parts);
}
