import assert from 'node:assert/strict';
import { Password } from '../../../filters/postgres/auth/password.js';
import {
  deriveKeys,
  formatVerifier,
  ITERATIONS_MAX,
  makeVerifier,
  parseVerifier,
  ScramClient,
  ScramServer,
} from '../../../filters/postgres/auth/scram.js';

const salt = Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64');
const buffer = (text: string): Buffer => Buffer.from(text);

describe('SCRAM-SHA-256', () => {
  it('gives the messages of RFC 7677, section 3', () => {
    const server = new ScramServer(makeVerifier('pencil', salt), '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0');
    const first = server.first(buffer('n,,n=user,r=rOprNGfwEbeRWgbNEkqO'));
    assert.equal(first.toString(), 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096');
    const final = server.final(
      buffer('c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='),
    );
    assert.equal(final?.toString(), 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=');
  });

  for (const password of ['pencil', '', 'pass,word=1', 'Ünïcödé ™', '\u00adsoft', 'I\u2168', '\u0627\u0031', 'x'.repeat(5000)])
    it(`both ends agree: ${JSON.stringify(password.slice(0, 20))}`, () => {
      const { client, server } = exchange(password, password);
      client.finish(server!);
      assert.equal(client.verified, true);
    });

  it('says no to a wrong password', () => {
    assert.equal(exchange('pencil', 'pencils').server, undefined);
  });

  it('does not believe a server that does not know the password', () => {
    const { client } = exchange('pencil', 'pencil');
    assert.throws(() => client.finish(buffer(`v=${Buffer.alloc(32, 1).toString('base64')}`)), /did not prove/);
    assert.throws(() => client.finish(buffer('e=other-error')), /did not prove/);
    assert.throws(() => client.finish(buffer('')), /did not prove/);
    assert.equal(client.verified, false);
  });

  it('takes no nonce that is not its own', () => {
    const client = new ScramClient(new Password('pencil').keys, 'mine');
    for (const text of ['r=other,s=YQ==,i=4096', 'r=mine,s=YQ==,i=4096', 'r=min,s=YQ==,i=1'])
      assert.throws(() => client.final(buffer(text)), /nonce/);
  });

  it('works no more rounds than it may', () => {
    const client = new ScramClient(new Password('pencil').keys, 'mine');
    assert.throws(() => client.final(buffer(`r=mine1,s=YQ==,i=${ITERATIONS_MAX + 1}`)), /rounds/);
    for (const i of ['0', '-1', '1.5', 'x', '']) assert.throws(() => client.final(buffer(`r=mine1,s=YQ==,i=${i}`)), /is none/);
  });

  it('asks for no channel binding, and lets nobody change what was said of it', () => {
    const verifier = makeVerifier('pencil', salt);
    assert.throws(() => new ScramServer(verifier, 'n').first(buffer('p=tls-server-end-point,,n=,r=abc')), /channel binding/);
    const server = new ScramServer(verifier, 'n');
    server.first(buffer('y,,n=,r=abc'));
    assert.throws(() => server.final(buffer(`c=biws,r=abcn,p=${Buffer.alloc(32).toString('base64')}`)), /binding changed/);
  });

  for (const text of [
    '',
    'n',
    'n,,',
    'x,,n=,r=a',
    'n,,r=a',
    'n,,n=',
    'n,,n=,r=',
    'n,,m=x,n=,r=a',
    '\0'.repeat(20),
    `n,,n=,r=${'a'.repeat(5000)}`,
  ])
    it(`refuses a first message ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.throws(() => new ScramServer(makeVerifier('a', salt), 'n').first(buffer(text)), { code: 'unauthenticated' });
    });

  it('reads and writes what pg_authid holds', () => {
    const text =
      'SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=';
    const verifier = parseVerifier(text)!;
    assert.equal(formatVerifier(verifier), text);
    assert.equal(formatVerifier(makeVerifier('pencil', salt)), text);
    for (const wrong of ['', 'md5abc', text.slice(1), `${text}x`, text.replace('4096', '0'), text.replace('4096', '9999999')])
      assert.equal(parseVerifier(wrong), undefined);
  });

  it('derives the keys of a password and a salt once', () => {
    const password = new Password('pencil');
    assert.equal(password.keys(salt, 4096), password.keys(Buffer.from(salt), 4096));
    assert.deepEqual(password.keys(salt, 4096), deriveKeys('pencil', salt, 4096));
    assert.equal(JSON.stringify({ password }), '{"password":"[password]"}');
  });
});

function exchange(known: string, given: string): { client: ScramClient; server: Buffer | undefined } {
  const server = new ScramServer(makeVerifier(known, salt), 'servernonce');
  const client = new ScramClient(new Password(given).keys, 'clientnonce');
  return { client, server: server.final(client.final(server.first(client.first()))) };
}
