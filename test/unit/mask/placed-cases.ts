import type { KindCases } from './cases.js';

/** Where a value may stand; VALUE is the text with its marks. What stands around it must change neither what is found nor where it ends. */
const PLACES = [
  'VALUE',
  'VALUE is it',
  'it is VALUE',
  'take VALUE now',
  'VALUE, then',
  '(VALUE)',
  '"VALUE"',
  "'VALUE'",
  '[VALUE]',
  '`VALUE`',
  '**VALUE**',
  'для VALUE!',
  '\nVALUE\n',
  '- VALUE\n- x',
  '{"k":"VALUE"}',
  '{"k": "VALUE", "n": 1}',
  '{\\"k\\":\\"VALUE\\"}',
  '["VALUE","x"]',
  'k=VALUE',
  'k=VALUE&n=1',
  'k: VALUE\nn: 1',
  'k => VALUE;',
  'a,VALUE,b',
  'VALUE,b',
  'a,VALUE\n',
  '"a","VALUE","b"',
  'a;VALUE;b',
  'a\tVALUE\tb',
  'a|VALUE|b',
  '| a | VALUE | b |',
  '<k>VALUE</k>',
  '<k v="VALUE"/>',
  "insert into t values (7, 'VALUE', null)",
];

/** The same for values that a word names. */
const NAMED_PLACES = [
  'WORD VALUE',
  'WORD: VALUE',
  'WORD:VALUE',
  'WORD VALUE is on file',
  'my WORD is VALUE.',
  '(WORD: VALUE)',
  'WORD #VALUE',
  'WORD = VALUE, y',
  'WORD\tVALUE',
  '| WORD | VALUE |',
  'WORD is: VALUE',
  '\nWORD: VALUE\n',
  '**WORD:** VALUE',
  'WORD - VALUE',
];

/** And for those that stand behind a key, whatever the file. */
const KEYED_PLACES = [
  '{"KEY":"VALUE"}',
  '{"KEY": "VALUE", "n": 1}',
  '{"n":1,"KEY":"VALUE"}',
  'KEY=VALUE',
  'KEY=VALUE&n=1',
  'n=1&KEY=VALUE',
  'KEY: VALUE\nn: 1',
  'KEY: "VALUE"',
  "KEY = 'VALUE'",
  '--KEY=VALUE',
  '{\\"KEY\\":\\"VALUE\\",\\"n\\":1}',
  '{"log":"{\\"n\\":1,\\"KEY\\": \\"VALUE\\"}"}',
];
const MARKED_UP_PLACES = ['<KEY>VALUE</KEY>', 'KEY => "VALUE"'];

/** Quoted, for values whose end nothing else shows. */
const QUOTED_PLACES = KEYED_PLACES.filter((place) => /["']VALUE/.test(place));

const fill = (places: readonly string[], values: readonly string[], word = '', key = ''): string[] =>
  places.flatMap((place) =>
    values.map((value) =>
      place
        .replace('WORD', word)
        .replaceAll('KEY', key)
        .replace('VALUE', () => value),
    ),
  );

/** kind and texts that need nothing around them */
const ALONE: readonly [kind: string, ...values: string[]][] = [
  ['credit_card', '⟦4111111111111111⟧', '⟦5555 5555 5555 4444⟧', '⟦378282246310005⟧', '⟦6011-0009-9013-9424⟧'],
  ['card_track', '⟦;4111111111111111=29121010000000?⟧', '⟦%B4111111111111111^DOE/JANE^29121010000000?⟧'],
  ['email', '⟦jane.doe@example.com⟧', '⟦j+t@mail.example.co.uk⟧'],
  ['iban', '⟦DE89370400440532013000⟧', '⟦GB29 NWBK 6016 1331 9268 19⟧', '⟦NO9386011117947⟧'],
  ['ip_address', '⟦203.0.113.9⟧', '⟦2001:db8::8a2e:370:7334⟧'],
  ['mac_address', '⟦3c:22:fb:12:9a:7e⟧', '⟦3C-22-FB-12-9A-7E⟧', '⟦3c22.fb12.9a7e⟧'],
  ['us_ssn', '⟦536-90-4399⟧'],
  ['us_itin', '⟦912-70-1234⟧'],
  ['phone', '⟦+49 30 901820⟧', '⟦+14155552671⟧', '⟦+44 (20) 7946-0958⟧'],
  [
    'crypto_wallet',
    '⟦1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa⟧',
    '⟦bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4⟧',
    '⟦0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed⟧',
  ],
  ['vin', '⟦1M8GDM9AXKP042788⟧'],
  ['medical_id', 'MBI ⟦1EG4-TE5-MK73⟧'],
  ['national_id', '⟦529.982.247-25⟧', '⟦756.9217.0769.85⟧', '⟦RCCMNL83S18D969H⟧', '⟦54362315K⟧'],
  ['jwt', '⟦eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U⟧'],
  ['connection_string', 'postgres://app:⟦s3cr3t-Kite⟧@db.internal:5432/app', 'redis://:⟦s3cr3t-Kite⟧@cache:6379'],
  ['password_hash', `⟦${['$2b$10$', 'N9qo8uLOickgx2ZMRZoMye', 'IjZAgcfl7p92ldGxad68LJZdL17lhWy'].join('')}⟧`],
  ['azure_client_secret', `⟦${['Xk38Q', '~rT0vYb2LqPz9NwE4sDfGhJkMnBvCxZaS1d'].join('')}⟧`],
  ['slack_webhook', `⟦${['https://hooks.slack.com/services/T02A7B9C1/B03D5E7F9', '/q1W2e3R4t5Y6u7I8o9P0aSdF'].join('')}⟧`],
  ['discord_webhook', `⟦https://discord.com/api/webhooks/109876543210987654/${'aB3dE5gH7j'.repeat(6)}_x-Y9zAb⟧`],
  ['bearer_token', 'Authorization: Bearer ⟦8f14e45fceea167a5a36dedd4bea2543⟧'],
  ['basic_auth', 'Authorization: Basic ⟦YWxpY2U6czNjcjN0LUtpdGU=⟧'],
];

/** kind, word, key and values */
const NAMED: readonly [kind: string, word: string, key: string, ...values: string[]][] = [
  ['passport', 'passport', 'passport_number', '⟦C01X00T47⟧', '⟦533380006⟧'],
  ['passport', 'Reisepass', 'reisepass', '⟦C01X00T47⟧'],
  ['drivers_license', "driver's license", 'drivers_license', '⟦D1234567⟧'],
  ['drivers_license', 'driving licence number', 'drivingLicenceNumber', '⟦D123-4567-8901⟧'],
  ['imei', 'IMEI', 'imei', '⟦490154203237518⟧', '⟦49-015420-323751-8⟧'],
  ['vin', 'VIN', 'vin', '⟦WVWZZZ1JZXW000001⟧'],
  ['gps_coordinates', 'gps', 'coordinates', '⟦52.520006, 13.404954⟧'],
  ['gps_coordinates', 'latitude', 'lat', '⟦-33.868820⟧'],
  ['medical_id', 'MRN', 'mrn', '⟦00482913⟧'],
  ['medical_id', 'NPI', 'npi', '⟦1234567893⟧'],
  ['medical_id', 'NHS number', 'nhs_number', '⟦943-476-5919⟧'],
  ['bic', 'BIC', 'bic', '⟦DEUTDEFF500⟧'],
  ['date_of_birth', 'date of birth', 'date_of_birth', '⟦1984-03-17⟧', '⟦17.03.1984⟧', '⟦03/17/1984⟧', '⟦12 March 1984⟧'],
  ['date_of_birth', 'DOB', 'dob', '⟦1984-03-17⟧'],
  ['us_ssn', 'SSN', 'ssn', '⟦536904399⟧', '⟦536 90 4399⟧'],
  ['us_itin', 'ITIN', 'itin', '⟦912701234⟧', '⟦912 70 1234⟧'],
  ['phone', 'phone', 'phone', '⟦030 901820⟧', '⟦089 726341⟧'],
  ['credit_card', 'card', 'card_number', '⟦676770957444⟧'],
  ['crypto_wallet', 'ethereum wallet', 'eth_wallet', '⟦0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed⟧'],
];

/** What a key alone names, quoted where it could go on. */
const KEYED: readonly [kind: string, key: string, places: readonly string[], ...values: string[]][] = [
  ['bic', 'swift_code', KEYED_PLACES, '⟦BNPAFRPP⟧', '⟦COBADEFFXXX⟧'],
  ['bic', 'bic', KEYED_PLACES, '⟦COBADEFF⟧'],
  ['card_cvv', 'cvv', KEYED_PLACES, '⟦737⟧'],
  ['card_cvv', 'card_security_code', KEYED_PLACES, '⟦1234⟧'],
  ['card_expiry', 'card_expiry', KEYED_PLACES, '⟦04/29⟧', '⟦12/2031⟧'],
  ['person_name', 'first_name', QUOTED_PLACES, '⟦Jane⟧', '⟦Łukasz⟧'],
  ['person_name', 'lastName', QUOTED_PLACES, '⟦Van der Berg-Neil⟧'],
  ['person_name', 'cardholder', QUOTED_PLACES, '⟦Jane A. Doe⟧'],
  ['postal_address', 'street', QUOTED_PLACES, '⟦12 Main Street⟧', '⟦Lindenstraße 7⟧'],
  ['postal_address', 'billing_address', QUOTED_PLACES, '⟦221B Baker Street, London⟧'],
  ['password', 'password', KEYED_PLACES, '⟦Kite-2031-x⟧', '⟦p4ss!Word⟧'],
  ['password', 'DB_PASSWORD', KEYED_PLACES, '⟦Kite-2031-x⟧'],
  ['password', 'api_key', KEYED_PLACES, '⟦9f86d081884c7d659a2feaa0c55ad015⟧'],
];

export const placedCases: KindCases[] = [
  ...ALONE.map(([kind, ...values]) => ({ kind, found: fill(PLACES, values), clean: [] })),
  ...NAMED.map(([kind, word, key, ...values]) => ({
    kind,
    found: [...fill(NAMED_PLACES, values, word), ...fill([...KEYED_PLACES, ...MARKED_UP_PLACES], values, '', key)],
    clean: [],
  })),
  ...KEYED.map(([kind, key, places, ...values]) => ({ kind, found: fill(places, values, '', key), clean: [] })),
];
