/** What each kind finds and what it must leave alone. `found` texts mark the value with ⟦ ⟧; `clean` texts hold nothing of any kind. */
export interface KindCases {
  kind: string;
  found: string[];
  clean: string[];
}

export const cases: KindCases[] = [
  {
    kind: 'credit_card',
    found: [
      '⟦4111111111111111⟧', 'paid with ⟦4111 1111 1111 1111⟧ today', '⟦4111-1111-1111-1111⟧,⟦5555555555554444⟧', '⟦4111.1111.1111.1111⟧', 'amex ⟦378282246310005⟧.', '⟦3782 822463 10005⟧', '⟦30569309025904⟧',
      '⟦2223003122003222⟧', '⟦6011000990139424⟧', '⟦3530111333300000⟧', '⟦6200000000000005⟧', '⟦4222222222222⟧', 'maestro card ⟦676770957444⟧', '{"card":"⟦4012888888881881⟧"}', '{"card_number":⟦5105105105105100⟧}', '%B⟦4111111111111111⟧^DOE/JANE^2512',
      ';⟦4111111111111111⟧=25121010000', '卡号⟦4111111111111111⟧', '7 ⟦4111 1111 1111 1111⟧ 3',
    ],
    clean: ['4111111111111112', '4111 1111 1111 1112', '0.4111111111111111', '4111111111111111.25', '411111111111111111111', 'a4111111111111111', '4111111111111111f', '123e4567-e89b-12d3-a456-426614174000', '0000000000000000', '1700000000000', '1700000000000000', '{"order_id": 1000000000000008}', '2024-01-02 03:04:05.678901'],
  },
  {
    kind: 'email',
    found: ['⟦jane.doe@example.com⟧', 'mail <⟦j+tag@mail.example.co.uk⟧>.', 'mailto:⟦a@b.io⟧?subject=x', '⟦jürgen@müller.de⟧', '⟦"jane doe"@example.com⟧', '⟦o\'neil@example.com⟧'.replace("o'neil", 'oneil'), 'a=⟦x_y@z.org⟧&b=1', '⟦A@EXAMPLE.COM⟧; ⟦b@example.com⟧'],
    clean: ['icon@2x.png', 'lodash@4.17.21', 'git@github.com:org/repo.git', '@scope/package', 'a@b', 'user@localhost', '@example.com', 'a@@example', 'x @ y.com', 'import "@org/lib/index.js"'],
  },
  {
    kind: 'phone',
    found: ['⟦+14155552671⟧', '⟦+44 20 7946 0958⟧', 'tel:⟦+49-30-901820⟧', '⟦+33 6 12 34 56 78⟧!', '⟦0049 30 901820⟧', '⟦(415) 555-2671⟧', '⟦415-555-2671⟧', '1-⟦415-555-2671⟧'.replace('1-⟦', '⟦1-'), '⟦415.555.2671⟧', 'phone: ⟦4155552671⟧', 'Call ⟦020 7946 0958⟧', '⟦+44 (0) 20 7946 0958⟧', '⟦+1 415 555 2671⟧ 2 items'],
    clean: ['2024-01-02', '2024-01-02 03:04:05', '4155552671', 'order 4155552671', '1+14155552671', '192 168 001', '+999 123 456', '+1', '52.5200066, 13.4049540', '123-456-789'],
  },
  {
    kind: 'us_ssn',
    found: ['⟦536-90-4399⟧', 'SSN ⟦536904399⟧', 'ssn: ⟦536 90 4399⟧', '⟦536 90 4399⟧', 'Social Security Number is ⟦001-01-0001⟧', '{"ssn":"⟦536904399⟧"}'],
    clean: ['000-12-3456', '666-12-3456', '536-00-4399', '536-90-0000', '078-05-1120', '536904399', '536-90-43991', '1536-90-4399', '536-90-4399-1', '12-536-90-4399'],
  },
  { kind: 'us_itin', found: ['⟦912-70-1234⟧', 'ITIN ⟦912701234⟧'], clean: ['912-10-1234', '912-66-1234'] },
  {
    kind: 'iban',
    found: ['⟦DE89370400440532013000⟧', '⟦DE89 3704 0044 0532 0130 00⟧', '⟦GB29NWBK60161331926819⟧', 'an ⟦gb29 nwbk 6016 1331 9268 19⟧ zahlen', '⟦NO9386011117947⟧', '⟦MT84MALT011000012345MTLCAST001S⟧', '(⟦FR14 2004 1010 0505 0001 3M02 606⟧)'],
    clean: ['DE88370400440532013000', 'DE8937040044053201300', 'ZZ89370400440532013000', 'XDE89370400440532013000', 'de12ab34'],
  },
  {
    kind: 'ip_address',
    found: ['⟦203.0.113.9⟧', 'from ⟦10.0.0.1⟧:8080', '⟦255.255.255.255⟧/24', '⟦2001:db8::8a2e:370:7334⟧', '[⟦2001:db8:0:0:0:0:0:1⟧]:443', '⟦fe80::1⟧', '⟦::ffff:203.0.113.9⟧', '⟦::1⟧'],
    clean: ['256.1.1.1', '1.2.3', '1.2.3.4.5', 'v1.2.3.4', 'version 1.2.3.4', '03:04:05', 'std::vector', 'a::b', '12:34:56:78', '1.3.6.1.4.1.311', '01.02.03.04'],
  },
  { kind: 'mac_address', found: ['⟦3c:22:fb:12:9a:7e⟧', '⟦3C-22-FB-12-9A-7E⟧', '⟦00-11-22-33-44-55⟧', '⟦3c22.fb12.9a7e⟧', '⟦0011.22ab.4455⟧'], clean: ['3c:22:fb:12:9a', '3c:22:fb:12:9a:7e:11', '03:04:05', 'g0:22:fb:12:9a:7e', 'x3c:22:fb:12:9a:7e'] },
  { kind: 'date_of_birth', found: ['DOB: ⟦1984-03-17⟧', 'born on ⟦12 March 1984⟧', 'Date of birth ⟦03/17/1984⟧', '{"birthDate":"⟦1984-03-17⟧"}', 'Birthday: ⟦March 17, 1984⟧', 'D.O.B. ⟦17.03.1984⟧', 'dob=⟦19840317⟧'], clean: ['created 1984-03-17', 'born in Paris', 'due 12 March 1984', 'birth certificate', 'reborn'] },
  {
    kind: 'national_id',
    found: ['⟦529.982.247-25⟧', 'CPF ⟦52998224725⟧', '⟦11.222.333/0001-81⟧', 'NINO ⟦AB123456C⟧', '⟦12345678Z⟧', '⟦X1234567L⟧', '⟦756.9217.0769.85⟧', 'BSN: ⟦111222333⟧', 'PESEL ⟦44051401359⟧', '⟦11010519491231002X⟧', '⟦RSSMRA85T10A562S⟧', 'personnummer ⟦811228-9874⟧'],
    clean: ['529.982.247-26', '12345678A', '111222333', '44051401359', '756.9217.0769.86', 'abcdef12'],
  },
  { kind: 'aws_access_key', found: ['⟦AKIAQ3EGRZ5TWUKX7B2M⟧', 'key=⟦ASIAQ3EGRZ5TWUKX7B2M⟧;'], clean: ['AKIAQ3EGRZ5TWUKX7B2', 'XAKIAQ3EGRZ5TWUKX7B2M', 'AKIAQ3EGRZ5TWUKX7B2MM'] },
  { kind: 'aws_secret_key', found: ['aws_secret_access_key = ⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧', '"SecretAccessKey": "⟦wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY⟧"'], clean: ['wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'] },
  { kind: 'github_token', found: ['⟦ghp_Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2⟧', '⟦github_pat_11ABCDEFG0aB3dE5gH7jaB3dE5gH7jaB3dE5gH7j⟧'], clean: ['ghp_short', 'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx', 'xghp_Ab1Cd2Ef3Gh4Ij5Kl6Mn7Op8Qr9St0Uv1Wx2'] },
  { kind: 'slack_token', found: ['⟦xoxb-210987654321-2109876543210-AbCdEfGhIjKlMnOpQrStUvWx⟧'], clean: ['xoxb-my-bot-token', 'xoxb-'] },
  { kind: 'slack_webhook', found: ['⟦https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/aBcDeFgHiJkLmNoPqRsTuVwX⟧'], clean: ['https://hooks.slack.com/services/'] },
  { kind: 'stripe_key', found: ['⟦sk_live_51HxQw7Zk9Lm2Nv4Pb6Tr8Yc⟧'], clean: ['task_live_51HxQw', 'sk_live_'] },
  { kind: 'anthropic_key', found: [`⟦sk-ant-api03-${'Zx9_kLm2-Q'.repeat(9)}abcAA⟧`], clean: ['sk-ant-', 'disk-ant-eater'] },
  { kind: 'jwt', found: ['⟦eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U⟧', '⟦eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0NTY3ODkwIn0.⟧'], clean: ['eyJ', 'eyJhbGciOiJIUzI1NiJ9', 'heyJude.isasong'] },
  {
    kind: 'private_key',
    found: ['⟦-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----⟧\nafter', '"k":"⟦-----BEGIN RSA PRIVATE KEY-----\\nMIGH\\n-----END RSA PRIVATE KEY-----⟧\\n"', '⟦-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA⟧', '⟦-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQdGBF\n-----END PGP PRIVATE KEY BLOCK-----⟧'],
    clean: ['-----BEGIN PUBLIC KEY-----\nMIGf\n-----END PUBLIC KEY-----', '-----BEGIN CERTIFICATE-----', '-----'],
  },
  { kind: 'connection_string', found: ['postgres://app:⟦s3cr3t-Pw⟧@db.internal:5432/app', 'redis://:⟦hunter2⟧@cache:6379', 'https://u:⟦p%40ss⟧@host/x', 'amqp://a:⟦b@c⟧@h/'], clean: ['postgres://app@db:5432/app', 'http://host:8080/path', 'postgres://app:${PASSWORD}@db/app', 'https://example.com/a:b'] },
  {
    kind: 'password',
    found: [
      'password=⟦hunter2⟧', 'PASSWORD: ⟦correct-horse⟧', '{"password": "⟦p a s s⟧", "a": 1}', "pwd='⟦x1y2z3⟧'", 'DB_PASSWORD=⟦abc,def⟧ next', 'user=a;Password=⟦Xy7!⟧;x=1', '<password>⟦hunter22⟧</password>', '"client_secret": "⟦a8f5f167f44f4964e6c998dee827110c⟧"',
      'api_key: ⟦9a8b7c6d5e4f3a2b⟧', 'mysql --password ⟦hunter2⟧ -h db', 'setProperty("API_TOKEN", "⟦9a8b7c6d5e4f3a2b⟧")', 'var apiToken string = "⟦9a8b7c6d5e4f3a2b⟧"', '?access_token=⟦9a8b7c6d5e4f3a2b⟧&x=1',
    ],
    clean: [
      'password=', 'password: null', 'password: ${SECRET}', 'password = $1', 'password=<password>', 'password: string', 'password=********', 'password = getPassword()', 'the password policy', 'token_count: 1234567890', 'public_key: 9a8b7c6d5e4f3a2b', 'token: true', 'primary key: id',
      'password=process.env.DB', '"password": "[password]"', 'compass: north-by-northwest',
    ],
  },
  { kind: 'bearer_token', found: ['Authorization: Bearer ⟦8f14e45fceea167a5a36dedd4bea2543⟧', 'sent Bearer ⟦8f14e45fceea167a5a36dedd4bea2543⟧ to'], clean: ['Bearer of good news', 'Authorization: Bearer <token>'] },
  { kind: 'basic_auth', found: ['Authorization: Basic ⟦YWxhZGRpbjpvcGVuc2VzYW1l⟧', 'curl -u admin:⟦S3cret!x⟧ https://h/', 'x "Basic ⟦YWxhZGRpbjpvcGVuc2VzYW1l⟧"'], clean: ['Basic functionality', 'basic auth', 'curl -u $USER:$PASS https://h/'] },
  { kind: 'high_entropy', found: ['signature = "⟦k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3Bf5Hj0Gc⟧"'], clean: ['k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3Bf5Hj0Gc', 'sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4', 'cache_key: 123e4567-e89b-12d3-a456-426614174000', 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ'] },
];
