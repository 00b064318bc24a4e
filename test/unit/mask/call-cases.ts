import type { KindCases } from './cases.js';

// put together here, so that no scanner of repositories takes them for real
const KEY = ['9f86d081884c7d65', '9a2feaa0c55ad015'].join('');
const BOT = ['1234567890', 'AAEk3qV9sLm7Rt2XwZ0pYb5Nc8Gh4Jd6Fa1'].join(':');

/** Secrets that calls of libraries take by their place, names and labels as programs, documents and routers have them, and what only looks so. */
export const callCases: KindCases[] = [
  {
    kind: 'password',
    found: [
      'req.SetBasicAuth("bob", "⟦Herbst77x⟧")',
      'req.SetBasicAuth(os.Getenv("NAME"), "⟦Herbst77x⟧")',
      "requests.get(url, auth=HTTPBasicAuth('bob', '⟦Herbst77x⟧'))",
      'smtp.login("bob", "⟦Herbst77x⟧")',
      'var c = new NetworkCredential("bob", "⟦Herbst77x⟧");',
      'new PasswordAuthentication("bob", "⟦Herbst77x⟧".toCharArray());',
      'DriverManager.getConnection("jdbc:h2:mem", "bob", "⟦Herbst77x⟧");',
      "$db = mysqli_connect('localhost', 'bob', '⟦Herbst77x⟧', 'shop');",
      "$pdo = new PDO('mysql:host=db;dbname=app', 'bob', '⟦Herbst77x⟧');",
      'source.setPassword("⟦Herbst77x⟧");',
      "jwt.sign({ id: user.id, roles: ['a', 'b'] }, '⟦Herbst77x⟧', { expiresIn: '1h' })",
      "crypto.createHmac('sha256', '⟦Herbst77x⟧').update(body)",
      "ENV['DB_PASSWORD'] ||= '⟦Herbst77x⟧'",
      '- **Password:** `⟦Herbst77x⟧`\n- **Host:** db',
      'const dbPw = "⟦Herbst77x⟧";',
      'LDAP_BIND_PW=⟦Herbst77x⟧',
      '[10:22] bob: pw: ⟦Herbst77x⟧',
      'snmp-server community ⟦Herbst77x⟧ RO',
      `pwd=⟦/${'Herbst77x'}⟧`,
    ],
    clean: [
      'req.SetBasicAuth(user, pass)',
      'req.SetBasicAuth("bob", os.Getenv("PASS"))',
      'func (r *Request) SetBasicAuth(username, password string) {',
      'smtp.login(user, password)',
      'new NetworkCredential(userName, password)',
      'DriverManager.getConnection(url, user, env.get("db"));',
      'DriverManager.getConnection("jdbc:h2:mem")',
      'source.setPassword(env.getProperty("db.password"));',
      'field.setPassword("New password")',
      'source.setPassword("{{ db.password }}");',
      "jwt.sign(payload, secret, { expiresIn: '1h' })",
      "jwt.sign({ a: 1, b: 2 }, process.env.JWT_SECRET, { algorithm: 'HS256' })",
      "crypto.createHmac('sha256', secret).update(body)",
      '@password ||= options[:password]',
      'at com.acme.PasswordEncoder.encode(PasswordEncoder.java:592)',
      'src/auth/token.service.ts:118',
      'password.py:12: warning',
      '{"login.password":"Contraseña","login.token":"Token"}',
      '{"password": "<PASSWORD>"}',
      'pwd=/home/bob/src',
      'POSTGRES_PASSWORD=REPLACE_ME',
      '- **Password:** required',
      'LDAP_BIND_PW=$LDAP_BIND_PW',
      '{"data":"aGVsbG8gd29ybGQ3Pw==","next":"more of it"}',
      'x+Pw: abcdefg1',
      '3}^a,#~*oPw:+pg~Frv)>_YN5Fx#9',
      'snmp-server community <string> RO',
    ],
  },
  {
    kind: 'telegram_token',
    found: [`see ⟦${BOT}⟧ there`, `https://api.telegram.org/bot1234567890⟦${BOT.slice(10)}⟧/getMe`],
    clean: ['1234567890:AAEk', 'A:AA', '12:30:AA'],
  },
  {
    kind: 'databricks_token',
    found: [`⟦dapi${KEY}⟧`, `host ⟦dapi${KEY}⟧-2`, `⟦dapic3${KEY.slice(2)}⟧`],
    clean: ['dapi_version=2', `dapi${KEY.slice(1)}`, `dapi${KEY}0`, 'dapi12'],
  },
];
