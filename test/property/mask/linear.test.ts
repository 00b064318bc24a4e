import assert from 'node:assert/strict';
import { createDetector } from '../../../filters/mask/index.js';

/** both of several blocks of the first stage (anchors.ts) */
const SMALL = 32_000;
const LARGE = 96_000;
/** steps a byte that any input may cost: windows of fixed size, read again at each anchor */
const STEPS_PER_BYTE_MAX = 400;

const hostile: Record<string, string> = {
  'digits alone': '4',
  'digits with blanks': '4 ',
  'groups of four': '4111 ',
  'groups of four with dashes': '4111-',
  'groups of three': '415-',
  'alternating digits and letters': 'a1',
  at: '@',
  'addresses without an end': 'a@',
  'addresses with dots': 'a.b@c.',
  colons: ':',
  'hex and colons': 'a:',
  'double colons': '1::',
  'slashes of URLs': '://',
  'URLs with a user': 'a://b:',
  'URLs with passwords': 'a://b:c@',
  equals: '=',
  'assignments of passwords': 'password=',
  'quoted assignments': '"password":"',
  'escaped quotes': 'password="\\"',
  tags: '<password>',
  'beginnings of armour': '-----BEGIN PRIVATE KEY-----',
  'ends of armour': '-----END PRIVATE KEY-----',
  dashes: '-',
  'beginnings of JWTs': 'eyJ',
  'dotted beginnings of JWTs': 'eyJhbGciOiJ.',
  'prefixes of tokens': 'ghp_',
  'prefixes of dashed tokens': 'sk-ant-',
  'birth words': 'born ',
  'birth words and numbers': 'dob 1 ',
  'IBAN beginnings': 'DE89 ',
  'phone words': 'phone 1 ',
  pluses: '+1',
  quotes: '"@',
  commas: '"key","',
  options: '--token ',
  bearer: 'Bearer a',
  tildes: '8Q~',
  cookies: 'cookie:',
  'pairs of cookies': 'cookie:a=b;',
  'logins and passwords': 'login password ',
  'entries of .pgpass': 'h:5432:',
  'private lines': 'Private-Lines: ',
  'options of mysql': 'mysql -p ',
  'options of keytool': 'keytool -storepass ',
  'options of snmpget': 'snmp -A -X ',
  'passwords of commands': 'htpasswd -b a ',
  'users and passwords': 'echo a:b | chpasswd ',
  'headers of tables': 'key,pass\n',
  'words of names': 'token',
  'columns of names': 'password,',
  'bars between names': '| password ',
  'lists of columns': '(password,',
  'rows of values': "(password) values ('x',",
  'names in attributes': '<a key="password" ',
  'names of routers': 'username key ',
  'names and links': 'token is ',
  'calls of names': 'setToken("',
  'pipes to commands': 'echo x | sudo -S ',
  'passwords of openssl': 'openssl passwd -1 ',
  'options of Windows': 'xfreerdp /p:',
  'names over lines': 'key\n',
  'tokens within words': `1${'AZDOa'.repeat(20)} `,
  'whom names are for': 'password for ',
  'names in brackets': 'password (',
  'names above blocks': 'password:\n  ',
  'links of other scripts': '密码是',
  'words of other scripts before colons': 'б пароль б: ',
  'quoted names and quotes': '"password", with: "',
  'words within words': 'passwordpassword1',
  'names before values': '"value":"x","name":"API_KEY",',
  'names in elements': '<key>API_KEY</key> ',
  'passwords for users': 'PASSWORD FOR ',
  'blocks of names': 'api_token: {',
  'links before colons': 'password is: ',
  responses: 'response="',
  hashes: '$2b$',
  'cards and their neighbours': '4111111111111111 exp cvv valid thru ',
  'cards and blanks': `4111111111111111 cvv${' '.repeat(60)}`,
  'tracks without an end': '%B4111111111111111^',
  'spelled signs': 'a[at]',
  'spelled signs and dots': 'a[at]b[dot]c(dot)',
  'labels before numbers': 'passport imei 123456 ',
  'labels before words': 'driver license A12-',
  'keys that are labels': '"first_name":"J',
  coordinates: 'gps 1.2345, ',
  'words as long as wallets': `1${'Ab1'.repeat(9)} `,
  'prefixes of wallets': `bc1${'q'.repeat(60)} `,
  'words for banks': 'BIC ',
  'identifiers of countries': 'CPF 529.982.247-',
  'keys and quotes': 'KEY "',
  'words for keys and quotes': 'ключ "',
  'letters of other scripts before colons': 'пароль:',
  'letters of three bytes before colons': '密碼:',
  'accents before colons': 'é:',
  'numbers after Cyrillic words': 'инн 1234567890 ',
  'numbers among Chinese words': '身份证号码1234567电话12345678',
  'numbers among Thai words': 'โทร 0812345678 ',
  'names of passwords with colons of full width': '密碼：',
  'identifiers in groups': 'id number 01 02 03 04 05 06 07 08 09 ',
  'identifiers with dashes': 'tax id 012-345-678-01 ',
  'identifiers of fourteen digits': 'tax id 01234567801399 ',
  'identifiers that begin with zero': 'tax id 01234568 ',
  'names for identifiers before words': 'national id number ab12345 ',
  'telephone numbers without a plan': '+49 30 1234 ',
  'pairs in one value': 'password=a,token:',
  'identifiers of thirteen digits': 'id 1234567890123 ',
  'groups of digits': '123 456 789 ',
  'addresses in brackets': 'a@[1.2.3.4',
};

describe('detector, work', function () {
  // slow machines get the time they need: nothing here asserts a time
  this.timeout(120_000);

  for (const [name, part] of Object.entries(hostile)) {
    it(`grows with the input and no faster: ${name}`, () => {
      const small = steps(part, SMALL);
      const large = steps(part, LARGE);
      assert.ok(small > 0);
      assert.ok(large <= small * (LARGE / SMALL) * 1.2 + 1000, `${small} steps for ${SMALL} bytes, ${large} for ${LARGE}`);
      assert.ok(large / LARGE < STEPS_PER_BYTE_MAX, `${large / LARGE} steps a byte`);
    });
  }
});

function steps(part: string, length: number): number {
  const bytes = Buffer.from(part.repeat(Math.ceil(length / part.length)).slice(0, length));
  const detector = createDetector({ detect: ['all'], regions: ['US', 'GB', 'DE'] });
  detector.find(bytes, 0, bytes.length);
  detector.mayHold(bytes, 0, bytes.length);
  return detector.steps;
}
