import assert from 'node:assert/strict';
import { type PolicyCase, runCase } from '../../../filters/policy/cases.js';
import { compilePolicy } from '../../../filters/policy/index.js';

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const parts = (...fields: [string, string][]) => ({
  headers: { 'content-type': 'multipart/form-data; boundary=b' },
  body: `${fields.map(([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--b--\r\n`,
});

/** Whether a rule that refuses matches, and with what error. */
function judged(when: string, http: NonNullable<PolicyCase['http']>, then = 'deny', more = ''): string {
  const policy = compilePolicy(
    `version: 1\nrules:\n  - name: r\n    on: http\n    when: ${JSON.stringify(when)}\n    then: ${then}\n${more}`,
    'p',
  );
  const { got } = runCase(policy, { name: '', http, expect: { verdict: 'allow' }, line: 1 }, undefined);
  return `${got.verdict} ${[...got.rules].sort().join()}`;
}
const refused = (when: string, http: NonNullable<PolicyCase['http']>) => judged(when, http) === 'deny r';
const form = (body: string) => ({ method: 'POST', url: '/x', headers: FORM, body });

describe('a field of a form is judged as the one value that servers take of it', () => {
  it('compared with a text', () => {
    const rule = 'http.body.user == "root"';
    assert.ok(refused(rule, form('user=root')));
    assert.ok(refused(rule, form('a=1&user=%72oot')));
    assert.ok(refused(rule, { method: 'POST', url: '/x', ...parts(['user', 'root']) }));
    assert.ok(!refused(rule, form('user=bob')));
    assert.ok(!refused(rule, { method: 'POST', url: '/x', ...parts(['user', 'bob']) }));
    assert.ok(refused('"root" == http.body["user"]', form('user=root')));
    assert.ok(refused('has(http.body.user) && http.body.user in ["root", "admin"]', form('user=admin')));
    assert.ok(!refused('has(http.body.user) && http.body.user in ["root", "admin"]', form('user=bob')));
    assert.ok(refused('"user" in http.body && ["a", "root"].exists(one, http.body.user == one)', form('user=root')));
    assert.ok(refused('http.body.exists(k, http.body[k] == "root")', form('x=root')));
    assert.ok(refused('[http.body].exists(b, b.user == "root")', form('user=root')));
    assert.ok(refused('(has(http.body.user) ? http.body.user : "") == "root"', form('user=root')));
    assert.ok(refused('"root" in [http.body.user]', form('user=root')));
    assert.ok(refused('http.body.user == http.headers["x-owner"]', { ...form('user=a'), headers: { ...FORM, 'x-owner': 'a' } }));
  });

  it('and the first and the last of several', () => {
    const rule = 'http.body.user == "root"';
    assert.ok(refused(rule, form('user=root&user=bob')));
    assert.ok(refused(rule, form('user=bob&user=root')));
    assert.ok(!refused(rule, form('user=bob&user=ann')));
    assert.ok(refused(rule, form('User=root&user=bob')), 'with keys that servers take for it');
  });

  it('compared with a number or a truth, as a server reads it', () => {
    assert.ok(refused('http.body.id == 7', form('id=7')));
    assert.ok(refused('http.body.id in [6, 7]', form('id=+7')));
    assert.ok(refused('http.body.id == -7', form('id=-7')));
    assert.ok(refused('http.body.id == 7', form('id=７')));
    assert.ok(!refused('http.body.id == 7', form('id=8&name=x')));
    assert.ok(!refused('http.body.id == 7', form('id=seven')));
    assert.ok(refused('http.body.id == 0', form('id=')));
    for (const odd of ['0x7', '07', '7e0', '7 apples', '٧']) assert.ok(refused('http.body.id == 7', form(`id=${odd}`)), odd);
    for (const yes of ['true', 'TRUE', 'on', '1', 'yes']) assert.ok(refused('http.body.admin == true', form(`admin=${yes}`)), yes);
    for (const no of ['false', 'off', '0', '']) assert.ok(!refused('http.body.admin == true', form(`admin=${no}`)), no);
    assert.ok(refused('http.body.admin == true', form('admin=maybe')), 'readers differ');
    assert.ok(refused('http.body.id == http.body.other && http.body.n == size("abcdefg")', form('id=a&other=a&n=7')));
    assert.ok(refused('http.body.code == "7" && http.body.id == 7', form('code=7&id=7')), 'each as it is asked for');
  });

  it('given to functions of text', () => {
    assert.ok(refused('"n" in http.body && http.body.user == "root" && int(http.body.n) > 5', form('user=root&n=6')));
    assert.ok(!refused('http.body.user == "root" && int(http.body.n) > 5', form('user=root&n=5')));
    assert.ok(refused('http.body.user == "root" && int(http.body.n) > 5', form('user=root&n=6x')), 'as JSON would be');
    assert.ok(refused('http.body.kind == "x" && http.body.name.matches("^a+$")', form('kind=x&name=aaa')));
    assert.ok(!refused('http.body.kind == "x" && http.body.name.matches("^a+$")', form('kind=x&name=b')));
    assert.ok(refused('http.body.kind == "x" && lower(http.body.name).startsWith("ad")', form('kind=x&name=ADMIN')));
  });

  it('while a rule that takes it for a list has the list', () => {
    assert.ok(!refused('"tags" in http.body && "x" in http.body.tags', form('tags=a')));
    assert.ok(refused('"tags" in http.body && "x" in http.body.tags', form('tags=x')));
    assert.ok(!refused('http.body.tags[0] == "x"', form('tags=a')));
    assert.ok(refused('http.body.tags[0] == "x"', form('tags=x')));
    assert.ok(!refused('http.body.tags.size() > 1', form('tags=abc')));
    assert.ok(!refused('http.body.tags.exists(t, t == "x")', form('tags=abc')));
    assert.ok(!refused('http.body.tags == ["x"]', form('tags=y')));
    assert.ok(refused('http.body.tags == ["x"]', form('tags=x')));
    assert.ok(refused('"x" in http.body.tags && http.body.user == "root"', form('tags=x&user=root')), 'both in one rule');
    assert.ok(!refused('"x" in http.body.tags && http.body.user == "root"', form('tags=y&user=root')));
  });

  it('and so is a parameter of the query', () => {
    assert.ok(refused('"role" in http.query && http.query.role == "admin"', { url: '/x?role=admin' }));
    assert.ok(refused('"role" in http.query && http.query["role"] in ["admin"]', { url: '/x?role=a&role=admin' }));
    assert.ok(refused('"n" in http.query && http.query.n == 7', { url: '/x?n=7' }));
    assert.ok(!refused('"role" in http.query && http.query.role == "admin"', { url: '/x?role=user' }));
    assert.ok(!refused('"limit" in http.query && int(http.query["limit"][0]) > 1000', { url: '/x?limit=10' }));
    assert.ok(refused('"role" in http.query && http.query.role == "admin"', { ...form('a=1'), url: '/x?role=admin' }));
  });

  it('that of a request which opened a WebSocket or a terminal too', () => {
    const policy = compilePolicy(
      `version: 1
rules:
  - { name: ws, on: websocket, when: '"role" in http.query && http.query.role == "admin"', then: deny }
  - { name: tty, on: terminal, when: '"container" in http.query && http.query.container == "db"', then: deny }
`,
      'p',
    );
    const rules = (one: Partial<PolicyCase>) =>
      runCase(policy, { name: '', expect: { verdict: 'allow' }, line: 1, ...one }, undefined).got.rules.join();
    const exec = '/api/v1/namespaces/default/pods/p/exec?command=sh&stdin=true';
    assert.equal(rules({ websocket: { url: '/x?role=admin', message: { a: 1 } } }), 'ws');
    assert.equal(rules({ websocket: { url: '/x?role=user', message: { a: 1 } } }), '');
    assert.equal(rules({ terminal: { url: `${exec}&container=db`, line: 'ls' } }), 'tty');
    assert.equal(rules({ terminal: { url: `${exec}&container=web`, line: 'ls' } }), '');
  });

  it('only conditions that may ask for one value are judged so', () => {
    const asks = (when: string) =>
      compilePolicy(`version: 1\nrules: [{ name: r, on: http, when: ${JSON.stringify(when)}, then: deny }]\n`, 'p').rules[0]!.condition
        .formValues;
    assert.ok(asks('http.body.user == "root"'));
    assert.ok(asks('[http.body.a][0] == "root"'));
    assert.ok(asks('[[http.body.a]].exists(l, l[0] == "root")'));
    assert.ok(!asks('"limit" in http.query && int(http.query["limit"][0]) > 1000 && identity.claims.team == "x"'));
    assert.ok(!asks('http.method == "DELETE" && http.path.startsWith("/x")'));
    assert.ok(refused('[[http.body.a]].exists(l, l[0] == "root")', form('a=root')));
    assert.ok(refused('[http.body.a][0] == "root"', form('a=root')));
  });

  it('a list of JSON is a list to everybody', () => {
    assert.ok(!refused('http.body.user == "root"', { method: 'POST', url: '/x', body: { user: ['root'] } }));
    assert.ok(refused('http.body.user == "root"', { method: 'POST', url: '/x', body: { user: 'root' } }));
    assert.ok(!refused('http.body.id == 7', { method: 'POST', url: '/x', body: { id: '7' } }));
  });

  it('what only one reading allows is not allowed', () => {
    const closed = 'defaults: { allow: false }\n';
    const rule = 'http.body.user != "root"';
    assert.equal(judged(rule, form('user=root'), 'allow', closed), 'deny default:allow,r');
    assert.equal(judged(rule, form('user=bob'), 'allow', closed), 'allow r');
    assert.equal(judged('http.body.user == "bob"', form('user=bob'), 'allow', closed), 'deny default:allow,r');
    assert.equal(judged('"bob" in http.body.user', form('user=bob'), 'allow', closed), 'allow r');
  });
});
