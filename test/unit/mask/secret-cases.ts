import type { KindCases } from './cases.js';

// put together here, so that no scanner of repositories takes them for real
const AWS = ['wJalrXUtnFEMI/K7MDENG', '/bPxRfiCYzQmT4vLkWs'].join('');
const ENTRA = ['Xk38Q', '~rT0vYb2LqPz9NwE4sDfGhJkMnBvCxZaS1d'].join('');
const SHARED = 'Qk9v4Zt1'.repeat(5).slice(0, 43).concat('=');
const ACCOUNT = `${'Qk9v4Zt1'.repeat(11).slice(0, 86)}==`;
const TOKEN = ['8f14e45fceea167a', '5a36dedd4bea2543'].join('');
const HEADER = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9';
const JWT = `${HEADER}.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${'dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'}`;
const SLACK = ['https://hooks.slack.com/services/T02A7B9C1/B03D5E7F9', '/q1W2e3R4t5Y6u7I8o9P0aSdF'].join('');
const DISCORD = ['https://discord.com/api/webhooks/109876543210987654', `/${'aB3dE5gH7j'.repeat(6)}_x-Y9zAb`].join('');
const TEAMS = [
  'https://contoso.webhook.office.com/webhookb2/3f0c9a4e-7b21-4d58-9e6a-c1d2b3847f50@7b21c9a4-4d58-9e6a-3f0c-c1d2b3847f50',
  `/IncomingWebhook/${'a1b2c3d4'.repeat(4)}`,
].join('');
const GCP = ['5f4dcc3b5aa765d61d83', '27deb882cf99a1b2c3d4'].join('');

/** as mail and certificates cut base64 */
const cut = (text: string, size: number): string[] =>
  Buffer.from(text)
    .toString('base64')
    .match(new RegExp(`.{1,${size}}`, 'g')) ?? [];
const LETTER = 'Dear team, please find the details of the order that we talked about';
const LINES = cut(`${LETTER} below: jane.doe@example.com is the one to write to, and nobody else knows.`, 76);
const OVER = cut(
  'Dear team, please find the details, and ask jane.doe.of.sales@example.com about the rest of the order if anything is left open, she knows.',
  76,
);
const PEM = cut(
  'Dear team, find the details, and ask jane.doe.of.sales@example.com about the rest of the order if anything is left, she knows.',
  64,
);
const PLAIN = cut(`${LETTER} below, which nobody knows more about than we do.`, 76);

/** Secrets that a name, a header or a host makes one: as they stand in files of every kind, and what only looks like them. */
export const secretCases: KindCases[] = [
  {
    kind: 'password',
    found: [
      'FROM base\nENV DB_PASSWORD ⟦tr0ub4dor⟧\nRUN make',
      `setx SERVICE_API_KEY ⟦${TOKEN}⟧`,
      `gh secret set DEPLOY_TOKEN --body "⟦${TOKEN}⟧"`,
      `aws ssm put-parameter --name /app/api_token --value "⟦${TOKEN}⟧" --type SecureString`,
      "ALTER ROLE app PASSWORD '⟦Herbst77x⟧';",
      "GRANT ALL ON x.* TO bob IDENTIFIED BY '⟦Herbst77x⟧'",
      '- name: MYSQL_ROOT_PASSWORD\n  value: ⟦Herbst77x⟧\n- name: PORT\n  value: "80"',
      '[{"name":"PGPASSWORD","value":"⟦Herbst77x⟧"},{"name":"PORT","value":"80"}]',
      'variable "db_password" {\n  type    = string\n  default = "⟦Herbst77x⟧"\n}',
      `export const c = { clientSecret: '⟦${'QsRfWzKiLtQuGpFkXa'}⟧' };`,
      'htpasswd -b /etc/nginx/.htpasswd bob ⟦Herbst77x⟧',
      'htpasswd -nbB bob ⟦Herbst77x⟧',
      'mosquitto_passwd -b /etc/pw bob ⟦Herbst77x⟧',
      "echo 'bob:⟦Herbst77x⟧' | sudo chpasswd",
      'chpasswd <<< "bob:⟦Herbst77x⟧"',
      'echo ⟦Herbst77x⟧ | passwd --stdin bob',
      'requirepass ⟦Herbst77x⟧\nmaxmemory 1gb',
      'CONFIG SET requirepass ⟦Herbst77x⟧',
      'keytool -list -keystore a.jks -storepass ⟦Herbst77x⟧ -keypass ⟦Herbst78y⟧',
      'influx -username root -password ⟦Herbst77x⟧',
      "SET PASSWORD FOR 'app'@'%' = '⟦Herbst77x⟧';",
      "SET PASSWORD FOR app = PASSWORD('⟦Herbst77x⟧');",
      "ALTER LOGIN sa WITH PASSWORD = N'⟦Herbst77x⟧';",
      'mosquitto_pub -h broker -u dev -P ⟦Herbst77x⟧ -t a/b -m hi',
      'ipmitool -I lanplus -H bmc -U ADMIN -P ⟦Herbst77x⟧ power on',
      'az login --service-principal -u app -p ⟦Herbst77x⟧ --tenant t',
      'docker login -u bob -p ⟦Herbst77x⟧ registry.example',
      'unrar x -p⟦Herbst77x⟧ a.rar',
      'snmpwalk -v3 -u m -l authPriv -a SHA -A ⟦Herbst77x⟧ -x AES -X ⟦Herbst78y⟧ host',
      'smbclient //srv/share -U bob%⟦Herbst77x⟧',
      'http -a bob:⟦Herbst77x⟧ GET host/x',
      'sqlplus scott/⟦Herbst77x⟧@//db:1521/XE',
      'rabbitmqctl add_user bob ⟦Herbst77x⟧',
      'wpa_passphrase HomeNet ⟦Herbst77x⟧ > wpa.conf',
      'nmcli dev wifi connect Home password ⟦Herbst77x⟧',
      "mysqladmin -u root password '⟦Herbst77x⟧'",
      'openssl enc -aes-256-cbc -k ⟦Herbst77x⟧ -in a -out b',
      "$p = ConvertTo-SecureString '⟦Herbst77x⟧' -AsPlainText -Force",
      'Hola, su contraseña es: ⟦Herbst77x⟧',
      'Votre mot de passe est : ⟦Herbst77x⟧',
      'Ihr Passwort lautet: ⟦Herbst77x⟧',
      'A sua senha é: ⟦Herbst77x⟧',
      '您的密码是：⟦Herbst77x⟧',
      'The password has been reset to ⟦Herbst77x⟧ today',
      'web ansible_host=h1 ldap_bindpw=⟦Herbst77x⟧',
      '<dict>\n<key>DB_PASSWORD</key>\n<string>⟦Herbst77x⟧</string>\n</dict>',
      '<property><name>DB_PASSWORD</name><value>⟦Herbst77x⟧</value></property>',
      '{"value": "⟦Herbst77x⟧", "name": "DB_PASSWORD"}',
      '{"ParameterKey": "DB_PASSWORD", "ParameterValue": "⟦Herbst77x⟧"}',
      '"db_password": {\n  "type": "securestring",\n  "defaultValue": "⟦Herbst77x⟧"\n}',
      `key,val\nPORT,80\nAPP_API_KEY,⟦${TOKEN}⟧`,
      `| APP_API_KEY | ⟦${TOKEN}⟧ |`,
    ],
    clean: [
      '- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db',
      '- name: DB_PASSWORD\n- name: PORT\n  value: "8080"',
      'variable "db_password" {\n  type = string\n}',
      'ENV SECRET_KEY $SECRET_KEY',
      'CREATE TABLE t (id int PRIMARY KEY, name text)',
      'API_KEY and SECRET must be set before it starts',
      'password: !vault |',
      'setx API_KEY %API_KEY%',
      'blurhash L-ld@-A1IFq-c,!PW:v|_QUelDNg7',
      'htpasswd -c /etc/nginx/.htpasswd bob',
      'echo bob | tee f && chpasswd < users',
      'passwd bob',
      'keytool -list -keystore a.jks -storepass:env STOREPASS',
      'openssl rsa -in k.pem -passin env:KEYPASS',
      "SET PASSWORD FOR 'app'@'%' = :password;",
      'docker run -d -e A=b -p 8080:80 img:1',
      'docker run --name mongo -p 27017:27017 mongo',
      'docker login registry.example && mkdir -p /data/x1',
      'mosquitto_sub -h broker -p 1883 -t a/b',
      'ldapsearch -x -W -b dc=x',
      'snmpwalk -v2c -A',
      'zip -r out.zip dir',
      'sqlplus /nolog',
      'rabbitmqctl add_user USER PASSWORD',
      'nmcli dev wifi connect Home password',
      '--password PASSWORD   password of the account (default: ask)',
      `API_KEY=<your-api-key>\nDB_PASSWORD=changeme\nTOKEN=\${TOKEN}`,
      'El problema es: falta la contraseña',
      'La contraseña es obligatoria',
      '{"value": "eu-west-1", "name": "AWS_REGION"}',
      '"password": {"type": "string", "format": "password", "minLength": 8}',
      'PRIMARY KEY, name text, PASSWORD, LOGIN',
      '| DB_PASSWORD | the password of the database |',
    ],
  },
  {
    kind: 'aws_secret_key',
    found: [
      `AWS_SECRET_ACCESS_KEY=⟦${AWS}⟧`,
      `export AWS_SECRET_ACCESS_KEY="⟦${AWS}⟧"`,
      `{"aws_secret_access_key": "⟦${AWS}⟧"}`,
      `secretAccessKey: '⟦${AWS}⟧',`,
    ],
    clean: [
      AWS,
      `sha1: ${'0123456789abcdef'.repeat(3).slice(0, 40)}`,
      'aws_secret_access_key = os.environ["AWS_SECRET"]',
      'AWS_SECRET_ACCESS_KEY=',
    ],
  },
  {
    kind: 'azure_client_secret',
    found: [
      `AZURE_CLIENT_SECRET=⟦${ENTRA}⟧`,
      `it is ⟦${ENTRA}⟧. Then`,
      `"clientSecret": "⟦${ENTRA}⟧",`,
      `see ⟦${ENTRA}⟧ there`,
      `client_secret: ⟦${ENTRA}⟧\nnext`,
    ],
    clean: ['Xk38Q~short', `a${ENTRA}b`, '~~~~~~~~~~'],
  },
  {
    kind: 'azure_connection_string',
    found: [
      `Endpoint=sb://ns.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=⟦${SHARED}⟧`,
      `"HostName=hub.azure-devices.net;DeviceId=d1;SharedAccessKey=⟦${SHARED}⟧"`,
      `EVENTHUB=Endpoint=sb://x/;SharedAccessKeyName=a;SharedAccessKey=⟦${SHARED}⟧;EntityPath=e`,
    ],
    clean: ['SharedAccessKey=short', 'SharedAccessKeyName=RootManageSharedAccessKey', 'Endpoint=sb://ns.servicebus.windows.net/'],
  },
  {
    kind: 'azure_storage_key',
    found: [
      `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=⟦${ACCOUNT}⟧;EndpointSuffix=core.windows.net`,
      `"AccountKey=⟦${ACCOUNT}⟧"`,
      `AZURE_STORAGE="AccountName=a;AccountKey=⟦${ACCOUNT}⟧"`,
    ],
    clean: ['AccountKey=abc', 'AccountName=devstoreaccount1', ACCOUNT],
  },
  {
    kind: 'bearer_token',
    found: [
      `curl -H 'Authorization: Bearer ⟦${TOKEN}⟧' https://h/`,
      `{"Authorization":"Bearer ⟦${TOKEN}⟧"}`,
      `authorization: bearer ⟦${TOKEN}⟧`,
      `proxy-authorization: Bearer ⟦${TOKEN}⟧\r\n`,
    ],
    clean: ['the bearer of this', 'Authorization: Bearer $TOKEN', 'scheme: bearer, format: JWT'],
  },
  {
    kind: 'card_track',
    found: ['read ⟦;4111111111111111=29121010000000000?⟧ ok', '"track1":"⟦%B5425233430109903^DOE/JANE^29121010000000⟧"'],
    clean: [';12345=29121010000000000?', '%B^DOE/JANE^2912'],
  },
  {
    kind: 'digest_auth',
    found: [
      'Proxy-Authorization: Digest username="a", realm="r", uri="/", response="⟦6629fae49393a05397450978507c4ef1⟧", opaque="x"',
      'Digest username="bob", nonce="n", nc=00000001, response="⟦0123456789abcdef0123456789abcdef⟧"',
      '"Authorization: Digest username=\\"u\\", response=\\"⟦6629fae49393a05397450978507c4ef1⟧\\""',
    ],
    clean: ['Digest username="bob", realm="r"', 'response="ok"', 'Content-Digest: sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:'],
  },
  {
    kind: 'discord_webhook',
    found: [`⟦${DISCORD}⟧`, `DISCORD_URL=⟦${DISCORD}⟧`, `{"url":"⟦${DISCORD}⟧"}`, `post to ⟦${DISCORD}⟧ now`],
    clean: [
      'https://discord.com/api/webhooks/',
      'https://discord.com/channels/109876543210987654',
      'https://discord.com/api/webhooks/109876543210987654/short',
    ],
  },
  {
    kind: 'slack_webhook',
    found: [`⟦${SLACK}⟧`, `SLACK_URL="⟦${SLACK}⟧"`, `{"url":"⟦${SLACK}⟧"}`, `curl -X POST ⟦${SLACK}⟧`],
    clean: [
      'https://hooks.slack.com/services/',
      'https://hooks.slack.com/',
      'https://slack.com/services/T02A7B9C1',
      'https://hooks.slack.com/services/T0/B0/x',
    ],
  },
  {
    kind: 'teams_webhook',
    found: [`⟦${TEAMS}⟧`, `TEAMS_URL=⟦${TEAMS}⟧`, `{"url":"⟦${TEAMS}⟧"}`, `post to ⟦${TEAMS}⟧ now`],
    clean: ['https://contoso.webhook.office.com/', 'https://contoso.webhook.office.com/webhookb2/x', 'https://outlook.office.com/mail'],
  },
  {
    kind: 'gcp_service_account_key',
    found: [`{"type":"service_account","private_key_id":"⟦${GCP}⟧"}`, `  "private_key_id": "⟦${GCP}⟧",\n`, `private_key_id = "⟦${GCP}⟧"`],
    clean: ['"private_key_id": ""', '"key_id": "5"', '"private_key_id": "key-1"', `"commit": "${GCP}"`],
  },
  {
    kind: 'jwt',
    found: [`⟦${JWT}⟧`, `?jwt=⟦${JWT}⟧&x=1`, `{"id_token":"⟦${JWT}⟧"}`, `Cookie: s=⟦${JWT}⟧; a=b`],
    clean: [HEADER, 'eyJ', `${HEADER}.`, 'eyJhbGciOi is how they begin'],
  },
  {
    kind: 'session_cookie',
    found: [`cookie: PHPSESSID=⟦${TOKEN}⟧`, `set-cookie: connect.sid=⟦${TOKEN}⟧; HttpOnly`],
    clean: ['Cookie: lang=en', 'Cookie: consent=true; tz=Europe/Lisbon'],
  },
  {
    kind: 'private_key',
    found: [
      '⟦-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0011223344556677\n\nMIIEpAIBAAKCAQEA7bq1⟧',
      '⟦-----BEGIN PGP PRIVATE KEY BLOCK-----\r\nVersion: GnuPG v2\r\nComment: a b: c\r\n\r\nlQdGBFRtYzABEADH⟧',
      '"⟦-----BEGIN RSA PRIVATE KEY-----\\nProc-Type: 4,ENCRYPTED\\n\\nMIIEpAIBAAKCAQEA7bq1⟧"',
    ],
    clean: ['-----BEGIN PUBLIC KEY-----\nComment: x\n\nMIIEpAIBAAKCAQEA7bq1', '-----BEGIN PRIVATE KEY-----\nsee: the documentation'],
  },
  {
    kind: 'email',
    found: [
      // a value over the end of a line of base64: the lines that hold it
      `${LINES[0]}\n⟦${LINES[1]}⟧\n${LINES[2]}`,
      `⟦${OVER[0]}\n${OVER[1]}⟧\n${OVER[2]}`,
      `⟦${OVER[0]}\r\n${OVER[1]}⟧\r\n${OVER[2]}`,
      `data: |\n  ⟦${OVER[0]}\n  ${OVER[1]}⟧\n  ${OVER[2]}\nnext: 1`,
      `⟦${PEM[0]}\n${PEM[1]}⟧\n${PEM[2]}`,
    ],
    clean: [`${PLAIN[0]}\n${PLAIN[1]}`],
  },
  {
    kind: 'credit_card',
    found: [
      'card ⟦4111 11111111 1111⟧',
      'card: ⟦4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1⟧',
      'visa ⟦41-11-11-11-11-11-11-11⟧ ok',
      '{"card":"⟦411 111 111 111 1111⟧"}',
      'amex: ⟦37 82 82 24 63 10 005⟧',
    ],
    clean: ['pay 4111 11111111 1111', 'card 4111 11111111 1112', 'card 4111 1111-1111 111 1', 'cards: 1 2 3 4 5 6 7 8 9 10 11 12 13'],
  },
];
