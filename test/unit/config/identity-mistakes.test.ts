import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../../extproc/config/load.js';
import { secretOf } from '../../../extproc/identity/credentials.js';
import { MidstreamError } from '../../../filters/errors.js';

const HASH = `sha256:${'ab'.repeat(32)}`;
const VERIFIER = `SCRAM-SHA-256$4096:c2FsdA==$${'A'.repeat(43)}=:${'A'.repeat(43)}=`;
const good = `version: 1
policy: policy.yaml
record: { directory: recordings }
identity:
  issuers:
    - issuer: https://login.shop.example
      audiences: [midstream]
      jwks_url: https://login.shop.example/keys
  tokens:
    - { id: robot, groups: [agents], hash: "${HASH}", expires: 2030-01-31 }
  scram:
    - { user: old-tool, verifier: "${VERIFIER}" }
  token_review: { api: "https://10.0.0.1:6443", token_file: t, audiences: [midstream] }
  revoked_file: revoked
listeners:
  - name: shop
    listen: 127.0.0.1:6432
    upstream: db:5432
    tls: { certificate_file: s.pem, key_file: s.key, client_ca_file: ca.pem, client_certificate: optional }
    authentication:
      methods: [certificate, token, scram]
      logins:
        - { identities: ["a*"], proofs: [jwt], role: agent_ro, password_file: secret }
http:
  - name: api
    listen: 127.0.0.1:8443
    upstream: https://api.shop.example
    authentication: { methods: [token] }
    credential: { as: header, header: x-api-key, file: secret }
approvals:
  api:
    listen: 127.0.0.1:8070
    login:
      url: https://approvals.shop.example
      oidc: { issuer: "https://login.shop.example", client_id: midstream, scopes: [openid, email] }
      saml: { entry_point: "https://idp.shop.example/sso", certificate_file: idp.pem, issuer: "https://approvals.shop.example" }
`;

/** What is written instead of what, the line that is blamed, what is wrong, and what to do. */
type Mistake = [name: string, from: string, to: string, line: number, what: RegExp, fix: RegExp];
const mistakes: Mistake[] = [
  ['an issuer without an audience', '      audiences: [midstream]\n', '', 6, /audiences/, /add|audiences/],
  ['no audience in the list', '      audiences: [midstream]', '      audiences: []', 7, /audiences/, /write a list/],
  ['a field that there is not', '      jwks_url:', '      jwks_uri:', 8, /jwks_uri/, /jwks_url/],
  ['keys over http', 'jwks_url: https://login.shop.example', 'jwks_url: http://login.shop.example', 8, /without TLS/, /https/],
  ['keys from no address', 'jwks_url: https://login.shop.example/keys', 'jwks_url: keys', 8, /without TLS/, /https/],
  ['two sources of keys', '/keys\n', '/keys\n      jwks_file: keys.json\n', 6, /exactly one of jwks_url and jwks_file/, /keep one/],
  ['no source of keys', '      jwks_url: https://login.shop.example/keys\n', '', 6, /exactly one of jwks_url and jwks_file/, /keep one/],
  ['an algorithm that is no signature', '/keys\n', '/keys\n      algorithms: [none]\n', 9, /algorithms/, /RS256/],
  ['a symmetric algorithm', '/keys\n', '/keys\n      algorithms: [RS256, HS256]\n', 9, /algorithms/, /RS256/],
  ['no algorithm', '/keys\n', '/keys\n      algorithms: []\n', 9, /algorithms/, /RS256/],
  ['a kind that there is not', '/keys\n', '/keys\n      kind: opaque\n', 9, /kind/, /service-account/],
  ['a tolerance that is no time', '/keys\n', '/keys\n      clock_tolerance: 30\n', 9, /clock_tolerance/, /duration/],
  ['a tolerance of a day', '/keys\n', '/keys\n      clock_tolerance: 1d\n', 9, /count for 1d after their end/, /10m or less/],
  ['keys that are old at once', '/keys\n', '/keys\n      keys_age_max: 0s\n', 9, /too old at once/, /a second or more/],
  [
    'two issuers of one name',
    '  tokens:\n',
    '    - { issuer: "https://login.shop.example", audiences: [x], jwks_file: k }\n  tokens:\n',
    9,
    /two issuers are called/,
    /keep one/,
  ],
  ['a token in place of its hash', HASH, 'the-token-itself', 10, /hash/, /midstream identity token/],
  ['a date that is none', '2030-01-31', '2030-02-31', 10, /2030-02-31 is no date/, /write a date/],
  ['a date in words', '2030-01-31', 'tomorrow', 10, /expires/, /write a date/],
  ['an agent with a line’s end in its name', 'id: robot', 'id: "ro\\nbot"', 10, /is no name/, /control characters/],
  ['a token without an agent', 'id: robot, ', '', 10, /id/, /add/],
  [
    'two agents with one token',
    '  scram:\n',
    `    - { id: other, hash: "${HASH}" }\n  scram:\n`,
    11,
    /the same hash/,
    /a token of its own/,
  ],
  ['a password in place of its verifier', `verifier: "${VERIFIER}"`, 'verifier: secret', 12, /verifier/, /midstream identity scram/],
  [
    'two users of one name',
    '  token_review',
    `    - { user: old-tool, verifier: "${VERIFIER}" }\n  token_review`,
    13,
    /two users/,
    /keep one/,
  ],
  ['a cluster’s API over http', '"https://10.0.0.1:6443"', '"http://10.0.0.1:6443"', 13, /own token would be sent without TLS/, /https/],
  ['a review for anybody', 'token_file: t, audiences: [midstream]', 'token_file: t, audiences: []', 13, /audiences/, /write a list/],
  ['a review without a token', ', token_file: t', '', 13, /token_file/, /add/],
  ['a method that there is not', '[certificate, token, scram]', '[certificate, kerberos]', 21, /methods/, /certificate, token, scram/],
  ['no method', 'methods: [certificate, token, scram]', 'methods: []', 21, /methods/, /certificate, token, scram/],
  [
    'nobody who may log in',
    '      logins:\n        - { identities: ["a*"], proofs: [jwt], role: agent_ro, password_file: secret }\n',
    '      logins: []\n',
    22,
    /logins/,
    /list of rules/,
  ],
  ['a log-in as nobody', 'role: agent_ro, ', '', 23, /role/, /add/],
  [
    'two passwords of one role',
    'password_file: secret }',
    'password_file: secret, password_env: SECRET }',
    23,
    /several passwords/,
    /keep one/,
  ],
  ['a password itself', 'password_file: secret }', 'password: secret }', 23, /password/, /password_file/],
  ['a command as text', 'password_file: secret }', 'password_command: vault read }', 23, /password_command/, /write a list/],
  ['a proof that there is not', 'proofs: [jwt]', 'proofs: [claimed]', 23, /proofs/, /mtls, jwt, token, scram/],
  [
    'a proof that nothing gives',
    'methods: [certificate, token, scram]',
    'methods: [certificate]',
    23,
    /nobody becomes agent_ro.*by jwt/,
    /use some of mtls/,
  ],
  [
    'SCRAM without anybody’s verifier',
    `  scram:\n    - { user: old-tool, verifier: "${VERIFIER}" }\n`,
    '',
    19,
    /nobody has a verifier/,
    /midstream identity scram/,
  ],
  [
    'tokens in clear',
    '    tls: { certificate_file: s.pem, key_file: s.key, client_ca_file: ca.pem, client_certificate: optional }\n',
    '',
    20,
    /over TLS alone/,
    /add tls/,
  ],
  ['a header that is none for credentials', 'header: x-api-key', 'header: Host', 29, /no header for a credential/, /x-api-key/],
  ['a header with a line’s end', 'header: x-api-key', 'header: "x\\r\\ny"', 29, /no header for a credential/, /x-api-key/],
  ['a credential without its header', 'header: x-api-key, ', '', 29, /has no header/, /add header/],
  [
    'a credential from nowhere',
    'header: x-api-key, file: secret',
    'header: x-api-key',
    29,
    /exactly one of file, env and command/,
    /keep one/,
  ],
  [
    'a credential in clear',
    'upstream: https://api.shop.example',
    'upstream: http://api.shop.example',
    27,
    /to another machine in the clear/,
    /https/,
  ],
  [
    'a token asked for in clear',
    'as: header, header: x-api-key',
    'as: oauth, token_url: "http://l.example/t", client_id: a',
    29,
    /without TLS/,
    /https/,
  ],
  [
    'certificates that nobody believes',
    '    authentication: { methods: [token] }',
    '    authentication: { methods: [certificate] }',
    28,
    /the listener believes none/,
    /client_ca_file/,
  ],
  ['people who come over http', 'url: https://approvals', 'url: http://approvals', 34, /no https address/, /https/],
  [
    'people who come to a folder',
    'url: https://approvals.shop.example',
    'url: https://shop.example/approvals/',
    34,
    /has a path/,
    /https:\/\/host alone/,
  ],
  [
    'an OpenID provider over http',
    'issuer: "https://login.shop.example", client_id',
    'issuer: "http://login.shop.example", client_id',
    35,
    /no https address/,
    /https/,
  ],
  ['an OpenID provider that is not asked who', '[openid, email]', '[email]', 35, /without the scope openid/, /add openid/],
  ['a SAML provider without a certificate', 'certificate_file: idp.pem, ', '', 36, /certificate_file/, /add/],
  ['a SAML provider over http', '"https://idp', '"http://idp', 36, /no https address/, /https/],
];

describe('mistakes in midstream.yaml about who somebody is', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'midstream-mistakes-'));
  });
  after(() => rmSync(folder, { recursive: true }));
  const said = async (text: string): Promise<string> => {
    const file = join(folder, 'midstream.yaml');
    writeFileSync(file, text);
    try {
      await loadConfig(file, { env: {} });
      return '';
    } catch (error) {
      assert.ok(error instanceof MidstreamError && error.code === 'config_invalid', String(error));
      return error.message;
    }
  };

  it('are not in what is right', async () => assert.equal(await said(good), ''));

  for (const [name, from, to, line, what, fix] of mistakes)
    it(`are told by line, with what to do: ${name}`, async () => {
      assert.ok(good.includes(from), 'the test changes something');
      const message = await said(good.replace(from, to));
      const blamed = message.split('\n').find((one) => new RegExp(`midstream\\.yaml:${line}:\\d+: `).test(one) && what.test(one));
      assert.ok(blamed !== undefined, `line ${line}, ${what}: ${message || 'nothing was said'}`);
      assert.match(blamed, fix);
      assert.ok(!message.includes('the-token-itself') && !/"secret"/.test(message), `what may be a secret is said back: ${message}`);
    });

  it('are told where nobody could show a token, and where Envoy would verify those of nobody', async () => {
    const nobody = good.replace(/identity:\n(.*\n)*?listeners:/, 'listeners:').replace('[certificate, token, scram]', '[token]');
    assert.match(
      await said(nobody),
      /midstream\.yaml:\d+:\d+: agents log in to shop by a token, and no token is known; add issuers, tokens or token_review/,
    );
    const own = good
      .replace(/ {2}issuers:\n(.*\n)*? {2}tokens:/, '  tokens:')
      .replace('methods: [token] }', 'methods: [token], by: envoy }');
    assert.match(await said(own), /midstream\.yaml:\d+:\d+: Envoy verifies tokens of issuers, and none is named for api; add issuers/);
  });

  it('are none where the operator says that the way is encrypted otherwise', async () => {
    const mesh = good
      .replace('https://api.shop.example', 'http://api.shop.example')
      .replace('file: secret }\napprovals', 'file: secret, cleartext: any }\napprovals');
    assert.equal(await said(mesh), '');
  });
});

describe('a variable that a secret is to come from', () => {
  it('is named when it is not set, unless what stands there is no name', async () => {
    await assert.rejects(secretOf({ env: 'SHOP_PASSWORD' }, {})(), /the environment variable SHOP_PASSWORD is not set/);
    await assert.rejects(secretOf({ env: 'hunter2-S3cr3t' }, {})(), /the environment variable that is named there is not set/);
  });
});
