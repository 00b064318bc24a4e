import type { KindCases } from './cases.js';

/** a key as programs write it; nobody's */
const KEY =
  '-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA0Z3VS5JJcds3xfn8ygWyF8PbnGy0AHB7MII4pAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----';
const labelled = (label: string): string => KEY.replaceAll('RSA ', label);
const lines = (text: string, by: string): string => text.replaceAll('\n', by);

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const DOCKER = base64('bob:Kite-2031');

/** Text around a value, the value between bars: encoded once, as base64 whole, percent-encoded the value alone. */
const ENCODED: readonly [kind: string, text: string][] = [
  ['email', 'mail |jane.doe@example.com| now'],
  ['credit_card', 'card |4539 1488 0343 6467| was declined'],
  // digits and little else: base64 of other letters
  ['credit_card', '|4111111111111111| is mine'],
  ['credit_card', '7, |4111 1111 1111 1111|'],
  ['ip_address', '|203.0.113.9| is up'],
  ['us_ssn', 'SSN |536-90-4399| on file'],
  ['iban', 'pay to |DE89370400440532013000| today'],
  ['phone', 'call |+49 30 901820| after six'],
  ['ip_address', 'host |203.0.113.9| is up'],
  ['mac_address', 'ether |3c:22:fb:12:9a:7e| is up'],
  ['national_id', 'CPF |529.982.247-25| on file'],
  ['date_of_birth', 'born on |1984-03-17| in Rome'],
  ['passport', 'passport |C01X00T47| on file'],
  ['crypto_wallet', 'send it to |1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa| now'],
  ['vin', 'the car |1M8GDM9AXKP042788| is sold'],
  ['person_name', '{"first_name":"|Jane|","age":1}'],
  ['password', 'user=app password=|Kite-2031-x| host=db'],
  ['connection_string', 'postgres://app:|s3cr3t-Kite|@db/app'],
  ['bearer_token', 'Authorization: Bearer |8f14e45fceea167a5a36dedd4bea2543|'],
];

const encodedCases: KindCases[] = ENCODED.map(([kind, text]) => {
  const [before = '', value = '', after = ''] = text.split('|');
  const inPercent = encodeURIComponent(value);
  return {
    kind,
    found: [
      `data: ⟦${base64(before + value + after)}⟧`,
      `{"data":"⟦${base64(before + value + after)}⟧"}`,
      `q=${encodeURIComponent(before)}⟦${inPercent}⟧${encodeURIComponent(after)}&n=1`,
    ],
    clean: [`data: ${base64(`nothing of the kind ${kind} is in here`)}`, `q=${encodeURIComponent(`${before}none${after}`)}`],
  };
});

/** What files of configuration hold: keys, Secrets, logins of registries, passwords in every notation. */
export const fileCases: KindCases[] = [
  {
    kind: 'private_key',
    found: [
      `⟦${KEY}⟧`,
      `x\n⟦${KEY}⟧\ny`,
      `⟦${lines(KEY, '\r\n')}⟧\r\n`,
      `"⟦${lines(KEY, '\\n')}⟧"`,
      `{"key":"⟦${lines(KEY, '\\n')}⟧\\n","n":1}`,
      `'⟦${lines(KEY, '\\r\\n')}⟧'`,
      `tls.key: |\n  ⟦${lines(KEY, '\n  ')}⟧\nn: 1`,
      `> ⟦${lines(KEY, '\n> ')}⟧\n`,
      `⟦${lines(KEY, ' ')}⟧`,
      `KEY="⟦${KEY}⟧"`,
      `<key>⟦${KEY}⟧</key>`,
      `⟦${KEY}⟧\n⟦${KEY}⟧`,
      `-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n⟦${KEY}⟧`,
      `⟦${labelled('')}⟧`,
      `⟦${labelled('EC ')}⟧`,
      `⟦${labelled('DSA ')}⟧`,
      `⟦${labelled('ENCRYPTED ')}⟧`,
      `⟦${labelled('OPENSSH ')}⟧`,
      `⟦${KEY.replace('\n', '\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123456789ABCDEF\n\n')}⟧`,
      '⟦-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\nlQdGBF9Zt1Qk8vLm\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----⟧',
      `⟦${KEY.slice(0, -40)}⟧`,
    ],
    clean: [
      labelled('RSA ').replaceAll('PRIVATE', 'PUBLIC'),
      '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----',
      '-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----',
      'pem.startsWith("-----BEGIN PRIVATE KEY-----")',
      '-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----',
    ],
  },
  {
    kind: 'kubernetes_secret',
    found: [
      'kind: Secret\ndata:\n  password: ⟦czNjcjN0LUtpdGU=⟧\n',
      'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ntype: Opaque\ndata:\n  password: ⟦czNjcjN0LUtpdGU=⟧\n  user: ⟦YXBwLXVzZXI=⟧\n',
      'kind: Secret\nstringData:\n  token: ⟦s3cr3t-Kite⟧\n',
      'apiVersion: v1\ndata:\n  p: ⟦czNjcjN0LUtpdGU=⟧\nkind: Secret\n',
      'kind: "Secret"\ndata:\n  p: "⟦czNjcjN0LUtpdGU=⟧"\n',
      'kind: Secret\r\ndata:\r\n  p: ⟦czNjcjN0LUtpdGU=⟧\r\n',
      'kind: Secret\ndata:\n  key.pem: |\n    ⟦LS0tLS1CRUdJTg==⟧\n',
      '---\nkind: ConfigMap\ndata:\n  a: b\n---\nkind: Secret\ndata:\n  p: ⟦czNjcjN0LUtpdGU=⟧\n',
      'kind: Secret\ndata: {p: ⟦czNjcjN0LUtpdGU=⟧, q: ⟦YXBwLXVzZXI=⟧}\n',
      'kind: Secret\nstringData: {\n  p: "⟦s3cr3t, Kite⟧",\n  \'q\': ⟦YXBwLXVzZXI=⟧\n}\nmetadata: {name: db}\n',
      'data: {"p":"⟦czNjcjN0LUtpdGU=⟧"}\nkind: Secret\nmetadata: {name: db}\n',
      'items:\n- apiVersion: v1\n  kind: Secret\n  data:\n    p: ⟦czNjcjN0LUtpdGU=⟧\n',
      '{"kind":"Secret","data":{"p":"⟦czNjcjN0LUtpdGU=⟧"}}',
      '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"db"},"data":{"p":"⟦czNjcjN0LUtpdGU=⟧","q":"⟦YXBwLXVzZXI=⟧"},"type":"Opaque"}',
      '{"kind": "Secret", "stringData": {"p": "⟦s3cr3t-Kite⟧"}}',
      '{"data":{"p":"⟦czNjcjN0LUtpdGU=⟧"},"kind":"Secret"}',
      '{\n  "kind": "Secret",\n  "data": {\n    "p": "⟦czNjcjN0LUtpdGU=⟧"\n  }\n}',
    ],
    clean: [
      'kind: Secret\ndata: {}\n',
      'kind: Secret\nmetadata: {name: db, labels: {app: db}}\ndata: {p: ""}\n',
      'kind: Secret\ndata: {{ toYaml .Values.data }}\n',
      'kind: ConfigMap\ndata: {p: czNjcjN0LUtpdGU=}\n',
      'kind: Secret\nmetadata:\n  annotations:\n    data: x\n',
      '{"kind":"Secret","data":null}',
      'kind: SealedSecret\nspec:\n  encryptedData:\n    p: AgBy3i4OJSWK\n',
      '{"kind":"SecretList","items":[]}',
    ],
  },
  {
    kind: 'basic_auth',
    found: [
      `{"auths":{"r.local":{"auth":"⟦${DOCKER}⟧"}}}`,
      `{ "auths": { "https://index.docker.io/v1/": { "auth": "⟦${DOCKER}⟧", "email": "x" } } }`,
      `{\n\t"auths": {\n\t\t"r.local": {\n\t\t\t"auth": "⟦${DOCKER}⟧"\n\t\t}\n\t}\n}`,
      `//npm.local/:_auth=⟦${DOCKER}⟧`,
      `_auth = "⟦${DOCKER}⟧"`,
    ],
    clean: ['{"auths":{"r.local":{}}}', '{"auths":{},"credsStore":"desktop"}', '{"auth":"none"}', '{"auth":true}', '_auth='],
  },
  {
    kind: 'password',
    found: [
      'DB_PASSWORD=⟦Kite-2031-x⟧\n',
      'export DB_PASSWORD="⟦Kite-2031-x⟧"\n',
      "# c\nA=1\nSMTP_PASS='⟦Kite 2031⟧'\n",
      'PASSWORD=⟦Kite-2031-x⟧ npm start',
      'db:\n  password: ⟦Kite-2031-x⟧\n',
      'password: "⟦Kite 2031⟧"',
      '- name: DB_PASSWORD\n  value: ⟦Kite-2031-x⟧',
      '[db]\npassword = ⟦Kite-2031-x⟧\n',
      '[db]\npassword=⟦Kite-2031-x⟧ ; c',
      'spring.datasource.password=⟦Kite-2031-x⟧',
      '{"db":{"password":"⟦Kite-2031-x⟧"}}',
      '{"name":"DB_PASSWORD","value":"⟦Kite-2031-x⟧"}',
      '<password>⟦Kite-2031-x⟧</password>',
      '<db password="⟦Kite-2031-x⟧"/>',
      '<property name="password" value="⟦Kite-2031-x⟧"/>',
      '<add key="Password" value="⟦Kite-2031-x⟧"/>',
      '$password = "⟦Kite-2031-x⟧";',
      'password := "⟦Kite-2031-x⟧"',
      '"password" => "⟦Kite-2031-x⟧",',
      '-- password=⟦Kite-2031-x⟧',
    ],
    clean: [],
  },
  ...encodedCases,
];
