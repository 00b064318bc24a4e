import { VENDOR_TOKENS } from '../../../filters/mask/detectors/token-table.js';
import { ALNUM, DIGITS, HEX } from '../../property/mask/corpus.js';
import { Random } from '../../support/random.js';
import { clean as cleanLines, dirty as dirtyLines } from './lines.js';
import { NATIONAL, nationalId } from './national.js';
import { HARD } from './negatives.js';
import { PERSONAL } from './personal.js';
import * as make from './values.js';

export interface Labelled {
  text: string;
  /** what has to be found: kind and offsets in UTF-16 units */
  spans: { kind: string; start: number; end: number }[];
}

const SEED = 4_201;
/** texts a kind */
const PER_KIND = 60;
/** texts a country's identifier, and a documented example of a secret */
const PER_COUNTRY = 20;
const PER_EXAMPLE = 5;

/** Texts around a value, `@` its place. */
const PLAIN = [
  '@',
  'id 17, @, done',
  'see @.',
  'The customer wrote: @ and nothing else.',
  '{"id":17,"value":"@","ok":true}',
  "(17,'active','@',NULL)",
  '17,active,@,2024-03-02',
  'INFO 2024-03-02T10:20:30Z worker-3 handled @ in 12ms',
  'value\t@\tEUR',
  '<td>@</td>',
  '- item: @',
  'x=@&y=2',
];
const SECRET_PLACES = [
  '@',
  'export KEY=@',
  '{"k":"@"}',
  "const c = '@';",
  'curl -H "X-Key: @" https://api.example.com',
  'log: using @ for login',
  'url: https://h.example/?t=@',
  'A=1\nB=@\nC=2',
];
const NATIONAL_PLACES = [
  'LABEL: @',
  'LABEL @ on file',
  '{"LABEL":"@","ok":true}',
  'the customer gave her LABEL as @, born in Graz',
  'LABEL=@',
];
const EXAMPLE_PLACES = ['@', 'log: @', '@\n', 'found:\n@\nend'];
const NAMED_PLACES = [
  'password=@',
  'DB_PASSWORD=@',
  '{"user":"a","password":"@"}',
  'password: @',
  "pwd='@'",
  'Server=db;User Id=sa;Password=@;',
  '<password>@</password>',
  'mysql --password @ -h db',
];
const KEYED_PLACES = [
  'api_key = "@"',
  'API_TOKEN=@',
  '{"client_secret": "@"}',
  'secret_key: @',
  "apiKey: '@',",
  'access_token=@',
  'var authToken string = "@"',
];
const BIRTH_PLACES = ['DOB: @', 'born on @ in Graz', '{"birth_date":"@"}', 'date of birth: @', 'Birthday @'];

function place(r: Random, kind: string, value: string, places: readonly string[]): Labelled {
  const text = r.pick(places);
  const at = text.indexOf('@');
  return { text: text.slice(0, at) + value + text.slice(at + 1), spans: [{ kind, start: at, end: at + value.length }] };
}

/** Things that look like values and are none. */
const NEGATIVE: ((r: Random) => string)[] = [
  (r) => `order ${r.chars('123456789', 1)}${r.chars(DIGITS, 9)} shipped`,
  (r) => `{"order_id":${r.chars('123456789', 1)}${r.chars(DIGITS, 11)},"status":"open"}`,
  (r) => `2024-0${1 + r.int(9)}-1${r.int(10)} 0${r.int(10)}:1${r.int(10)}:2${r.int(10)}.${r.chars(DIGITS, 6)}+00`,
  (r) => `{"ts":17${r.chars(DIGITS, 11)},"seq":${r.int(1e6)}}`,
  (r) => `${r.chars(HEX, 8)}-${r.chars(HEX, 4)}-4${r.chars(HEX, 3)}-a${r.chars(HEX, 3)}-${r.chars(HEX, 12)}`,
  (r) => `commit ${r.chars(HEX, 40)}`,
  (r) => `sha256:${r.chars(HEX, 64)}`,
  (r) => `price ${r.int(9999)}.${r.chars(DIGITS, 2)} EUR, total ${r.int(99999)}.${r.chars(DIGITS, 2)}`,
  (r) => `translate(${r.int(90)}.${r.chars(DIGITS, 7)}, -${r.int(180)}.${r.chars(DIGITS, 7)})`,
  (r) => `<img src="data:image/png;base64,iVBORw0KGgo${r.chars(`${ALNUM}+/`, 120)}==">`,
  (r) =>
    `function ${r.chars('abcdefgh', 2)}(e,t){var n=e[${r.int(99)}];return n&&t.${r.chars('abcdefgh', 3)}(n)||!1}var k=0x${r.chars(HEX, 8)};`,
  (r) => `Lorem ipsum dolor sit amet ${r.int(99)}, consectetur ${r.int(9999)} adipiscing.`,
  (r) => `version ${r.int(20)}.${r.int(20)}.${r.int(20)}.${r.int(200)} of lib-${r.int(99)}`,
  (r) => `"lodash@4.17.${r.int(30)}", "icon@${2 + r.int(3)}x.png"`,
  (r) => {
    const body = `4${r.chars(DIGITS, 14)}`;
    return `ref ${body}${(Number(make.luhnDigit(body)) + 1 + r.int(9)) % 10}`;
  },
  (r) => `policy 000-${r.chars('123456789', 2)}-${r.chars('123456789', 4)} and 666-${r.chars('123456789', 2)}-${r.chars('123456789', 4)}`,
  (r) => `account DE00${r.chars('123456789', 18)}`,
  (r) => `isbn 978-3-16-14${r.chars(DIGITS, 4)}-${r.int(10)}, sku ${r.chars('ABCDEFGHJKL', 3)}-${r.chars(DIGITS, 5)}`,
  (r) => `tracking 1Z${r.chars('ABCDEFGH0123456789', 16)}`,
  (r) => `${r.int(24)}:${10 + r.int(50)}:${10 + r.int(50)} took ${r.int(999)}ms, std::vector<int>::size ${r.int(99)}`,
  (r) => `password = getPassword("${r.chars('abcdef', 5)}")`,
  (r) => `PASSWORD=\${DB_PASSWORD_${r.int(99)}}`,
  (r) => `{"token_count": ${r.int(1e6)}, "key": "name-${r.int(99)}", "tokenType": "access"}`,
  (r) => `primary key: id_${r.int(99)}; sort_key=created_at`,
  (r) => `https://example.com/items/${r.int(1e6)}/pages/${r.int(99)}?sort=asc&limit=${r.int(99)}`,
  (r) => `[${Array.from({ length: 8 }, () => r.int(1000)).join(', ')}]`,
  (r) => `The board met on ${1 + r.int(28)} March 20${10 + r.int(14)}; ${r.int(500)} voted.`,
  (r) => `GET /api/v2/users/${r.chars('123456789', 9)} 200 ${r.int(9999)} "-" "Mozilla/5.0"`,
  (r) => `build ${r.chars(DIGITS, 8)}.${r.int(99)} etag "${r.chars(HEX, 32)}"`,
  (r) => `${r.chars('123456789', 1)}${r.chars(DIGITS, 9)}`,
];

const ALL_NEGATIVE = [...NEGATIVE, ...HARD];

/** The whole set, the same at each call. */
export function labelled(): Labelled[] {
  const r = new Random(SEED);
  const out: Labelled[] = [];
  const many = (kind: string, value: (r: Random) => string, places: readonly string[]): void => {
    for (let n = 0; n < PER_KIND; n++) out.push(place(r, kind, value(r), places));
  };
  many('credit_card', make.card, PLAIN);
  many('email', make.email, PLAIN);
  many('iban', make.iban, PLAIN);
  many('us_ssn', make.ssn, PLAIN);
  many('us_itin', make.itin, PLAIN);
  many('ip_address', make.ipv4, PLAIN);
  many('ip_address', make.ipv6, PLAIN);
  many('mac_address', make.mac, PLAIN);
  many('phone', make.phone, PLAIN);
  many('phone', make.nanp, PLAIN);
  many('date_of_birth', make.birthDate, BIRTH_PLACES);
  many('national_id', make.cpf, PLAIN);
  many('national_id', make.dni, PLAIN);
  many('national_id', make.nino, ['NINO: @', '{"nino":"@"}', 'national insurance @ on file']);
  many('national_id', make.pesel, ['PESEL @', '{"pesel":"@"}', 'national id number: @']);
  many('national_id', make.bsn, ['BSN: @', '{"bsn":"@"}']);
  many('password', make.password, NAMED_PLACES);
  many('password', make.hexSecret, KEYED_PLACES);
  many('aws_secret_key', make.aws_secret, ['aws_secret_access_key = @', '"SecretAccessKey": "@"', 'AWS_SECRET_ACCESS_KEY=@']);
  many('connection_string', make.hexSecret, [
    'postgres://app:@@db.example:5432/app',
    'redis://:@@cache:6379/0',
    'DATABASE_URL=mysql://root:@@127-0-0-1.example/x',
  ]);
  many('bearer_token', make.hexSecret, ['Authorization: Bearer @', '{"authorization":"Bearer @"}', 'sent header Bearer @ to upstream']);
  many('session_cookie', make.hexSecret, ['Cookie: sid=@; theme=dark', 'Set-Cookie: session=@; Path=/; HttpOnly', 'cookie: a=1; sid=@']);
  many('basic_auth', (r) => Buffer.from(`bob${r.int(99)}:${r.chars(ALNUM, 12)}`).toString('base64'), [
    'Authorization: Basic @',
    '{"authorization":"Basic @"}',
    'proxy-authorization: Basic @',
  ]);
  many('digest_auth', make.hexSecret, ['Authorization: Digest username="bob", realm="r", response="@"']);
  many('gcp_service_account_key', (r) => r.chars(HEX, 40), ['"private_key_id": "@"', '{"type":"service_account","private_key_id":"@"}']);
  many('high_entropy', (r) => r.chars(ALNUM, 40), ['signature = "@"', '{"signature":"@"}']);
  many('azure_storage_key', (r) => `${r.chars(ALNUM, 86)}==`, [
    'AccountName=a;AccountKey=@',
    'AccountName=shop;AccountKey=@;EndpointSuffix=core.windows.net',
  ]);
  many('azure_connection_string', (r) => `${r.chars(ALNUM, 43)}=`, [
    'SharedAccessKeyName=Root;SharedAccessKey=@',
    'Endpoint=sb://x.example/;SharedAccessKeyName=R;SharedAccessKey=@;',
  ]);
  for (const [kind, value] of Object.entries(make.secrets)) many(kind, value, SECRET_PLACES);
  for (const { kind, value, places } of PERSONAL) many(kind, value, places);
  for (const form of NATIONAL) {
    const places = [...NATIONAL_PLACES.map((text) => text.replace('LABEL', form.label)), ...(form.alone === true ? PLAIN : [])];
    for (let n = 0; n < PER_COUNTRY; n++) out.push(place(r, 'national_id', nationalId(r, form), places));
  }
  // kinds of vendors' tokens without a maker of their own: the documented example in frames
  const made = new Set(out.map(({ spans }) => spans[0]!.kind));
  for (const { kind, example } of VENDOR_TOKENS) {
    if (made.has(kind)) continue;
    for (let n = 0; n < PER_EXAMPLE; n++) out.push(place(r, kind, example, EXAMPLE_PLACES));
  }
  const positives = out.length;
  for (let n = 0; n < positives; n++) out.push({ text: ALL_NEGATIVE[n % ALL_NEGATIVE.length]!(r), spans: [] });
  return [...out, ...dirtyLines.map(unmark), ...cleanLines.map((text) => ({ text, spans: [] }))];
}

/** `to ⟦email:a@b.io⟧`: marks with the kind before the value. */
function unmark(line: string): Labelled {
  let text = '';
  const spans: Labelled['spans'] = [];
  for (const part of line.split('⟦')) {
    const close = part.indexOf('⟧');
    if (close < 0) {
      text += part;
      continue;
    }
    const colon = part.indexOf(':');
    const value = part.slice(colon + 1, close);
    spans.push({ kind: part.slice(0, colon), start: text.length, end: text.length + value.length });
    text += value + part.slice(close + 1);
  }
  return { text, spans };
}
