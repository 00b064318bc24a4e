import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import type { Issuer } from './issuer.js';

/** A token that somebody made to be let in, or to be somebody else. */
export interface Trick {
  what: string;
  token: string;
}

const b64 = (text: string): string => Buffer.from(text).toString('base64url');

/** Tokens of an ES256 issuer (key k1, audience midstream) none of which may let anybody in. `elsewhere` is an address where keys of the attacker's are. */
export async function tricks(issuer: Issuer, elsewhere: string): Promise<Trick[]> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer.issuer, aud: 'midstream', sub: 'agent-7', groups: ['agents'], iat: now, exp: now + 300 };
  const good = { alg: 'ES256', kid: 'k1' };
  const json = JSON.stringify;
  const token = await issuer.token();
  const [head = '', payload = '', signature = ''] = token.split('.');
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ownJwk = own.publicKey.export({ format: 'jwk' });
  /** signed by a key of the attacker's own */
  const forged = (header: object, body: object = claims): string => {
    const text = `${b64(json(header))}.${b64(json(body))}`;
    return `${text}.${sign('sha256', Buffer.from(text), { key: own.privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const { keys } = await issuer.jwks();
  const publicKey = createPublicKey({ key: keys[0] as never, format: 'jwk' });
  const secrets: [string, string | Buffer][] = [
    ['PEM', publicKey.export({ type: 'spki', format: 'pem' }).toString()],
    ['PEM without the last line end', publicKey.export({ type: 'spki', format: 'pem' }).toString().trim()],
    ['DER', publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', json(keys[0])],
    ['nothing', ''],
  ];
  const hmac = (secret: string | Buffer): string => {
    const text = `${b64(json({ ...good, alg: 'HS256' }))}.${payload}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const der = (): string => {
    const raw = Buffer.from(signature, 'base64url');
    const int = (part: Buffer): Buffer => Buffer.concat([Buffer.from([2, 33, 0]), part]);
    const both = Buffer.concat([int(raw.subarray(0, 32)), int(raw.subarray(32))]);
    return Buffer.concat([Buffer.from([0x30, both.length]), both]).toString('base64url');
  };
  const signed = async (header: object, body: object): Promise<string> => await issuer.sign(json(header), json(body));
  const all: [string, string | Promise<string>][] = [
    ...['none', 'None', 'NONE', 'nOnE', '', 'es256', 'HS256', 'ES256K', 'dir'].flatMap((alg): [string, string][] => [
      [`alg ${alg} and no signature`, `${b64(json({ ...good, alg }))}.${payload}.`],
      [`alg ${alg} and the signature`, `${b64(json({ ...good, alg }))}.${payload}.${signature}`],
    ]),
    ['no alg', `${b64(json({ kid: 'k1' }))}.${payload}.${signature}`],
    ['alg twice, none last', `${b64('{"alg":"ES256","kid":"k1","alg":"none"}')}.${payload}.`],
    ...secrets.map(([what, secret]): [string, string] => [`the public key as secret (${what})`, hmac(secret)]),
    ['a key in the header', forged({ ...good, jwk: ownJwk })],
    ['a key in the header, and no name', forged({ alg: 'ES256', jwk: ownJwk })],
    ['the address of a key set', forged({ ...good, jku: `${elsewhere}/jku` })],
    ['the address of a certificate', forged({ ...good, x5u: `${elsewhere}/x5u` })],
    ['a certificate in the header', forged({ ...good, x5c: [b64('x')] })],
    ['the name of a file as key', forged({ ...good, kid: '../../../../dev/null' })],
    ...[null, 1, ['k1'], { k1: 1 }, '__proto__', 'K1', 'k1 ', ' k1', 'k1\0'].map((kid): [string, string] => [
      `the key ${json(kid)}`,
      forged({ ...good, kid }),
    ]),
    ['a signature of nothing but noughts', `${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`],
    ['a signature in DER', `${head}.${payload}.${der()}`],
    ['half of the signature', `${head}.${payload}.${signature.slice(0, 43)}`],
    ['the signature of another token', `${head}.${b64(json({ ...claims, sub: 'root' }))}.${signature}`],
    ['something that has to be understood', signed({ ...good, crit: ['exp'], exp: 1 }, claims)],
    ['something unknown that has to be understood', signed({ ...good, crit: ['x'], x: 1 }, claims)],
    ['an empty list of what has to be understood', signed({ ...good, crit: [] }, claims)],
    ['a payload that is not encoded', signed({ ...good, b64: false, crit: ['b64'] }, claims)],
    ['a token in a token', issuer.sign(json({ ...good, cty: 'JWT' }), json(token))],
    ['a token as payload', issuer.sign(json({ ...good, cty: 'JWT' }), token)],
    ['an encrypted one', `${b64(json({ alg: 'dir', enc: 'A128GCM' }))}..${b64('iv')}.${b64('x')}.${b64('tag')}`],
    ['an encrypted one of three parts', `${b64(json({ alg: 'dir', enc: 'A128GCM' }))}.${payload}.${signature}`],
    ['four parts', `${token}.${signature}`],
    ['JSON serialization', json({ protected: head, payload, signature })],
    ...['logout+jwt', 'application/secevent+jwt', 'dpop+jwt', 'DPoP+JWT'].map((typ): [string, Promise<string>] => [
      `the type ${typ}`,
      signed({ ...good, typ }, claims),
    ]),
    ...['midstream2', 'midstrea', 'MIDSTREAM', 'midstream/', 'https://midstream', 'https://midstream/', ' midstream', 'x midstream'].map(
      (aud): [string, Promise<string>] => [`the audience ${aud}`, signed(good, { ...claims, aud })],
    ),
    ...[null, 7, true, {}, [], [['midstream']], { midstream: 1 }].map((aud): [string, Promise<string>] => [
      `the audience ${json(aud)}`,
      signed(good, { ...claims, aud }),
    ]),
    ...[`${issuer.issuer}/`, issuer.issuer.toUpperCase(), ` ${issuer.issuer}`, '', [issuer.issuer], null, {}].map(
      (iss): [string, Promise<string>] => [`the issuer ${json(iss)}`, signed(good, { ...claims, iss })],
    ),
    ...[7, null, true, ['agent-7'], { a: 1 }, '', 'a\0b', 'agent-7\n', 'a\r\nX-Admin: 1', '\u0085', '\u2028', 'x'.repeat(3000)].map(
      (sub): [string, Promise<string>] => [`the owner ${json(sub).slice(0, 40)}`, signed(good, { ...claims, sub })],
    ),
    ['half a character as owner', issuer.sign(json(good), json(claims).replace('"agent-7"', '"\\ud800"'))],
    ...[String(now + 300), null, [now + 300], -1, 0, true].map((exp): [string, Promise<string>] => [
      `the end ${json(exp)}`,
      signed(good, { ...claims, exp }),
    ]),
    ...[now + 3600, String(now), [0]].map((nbf): [string, Promise<string>] => [
      `the beginning ${json(nbf)}`,
      signed(good, { ...claims, nbf }),
    ]),
    ...['null', '[]', '"x"', '1', '', '{', `{"a":${'['.repeat(4000)}${']'.repeat(4000)}}`].map((body): [string, Promise<string>] => [
      `the payload ${body.slice(0, 20)}`,
      issuer.sign(json(good), body),
    ]),
    ...['null', '[]', '"x"', '1', '', '{', `${'['.repeat(4000)}`].map((header): [string, Promise<string>] => [
      `the header ${header.slice(0, 20)}`,
      issuer.sign(header, json(claims)),
    ]),
    ['a payload that is longer than a token may be', signed(good, { ...claims, more: 'x'.repeat(20_000) })],
    ['ten thousand audiences', signed(good, { ...claims, aud: [...Array.from({ length: 10_000 }, (_, i) => `a${i}`), 'midstream'] })],
  ];
  return await Promise.all(all.map(async ([what, one]) => ({ what, token: await one })));
}

/** Unusual tokens that are good; all of agent-7. */
export async function oddities(issuer: Issuer): Promise<Trick[]> {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer.issuer, aud: 'midstream', sub: 'agent-7', groups: ['agents'], iat: now, exp: now + 300 };
  const good = { alg: 'ES256', kid: 'k1' };
  const json = JSON.stringify;
  const all: [string, Promise<string>][] = [
    ['without the name of its key', issuer.sign(json({ alg: 'ES256' }), json(claims))],
    ['of type at+jwt', issuer.sign(json({ ...good, typ: 'at+jwt' }), json(claims))],
    ['with the address of a key set, which nobody asks', issuer.sign(json({ ...good, jku: 'http://127.0.0.1:1/keys' }), json(claims))],
    [
      'for a thousand audiences',
      issuer.sign(json(good), json({ ...claims, aud: [...Array.from({ length: 999 }, (_, i) => `${i}`), 'midstream'] })),
    ],
    // RFC 7519, 4: a parser refuses them, or takes the last.
    ['with its owner twice', issuer.sign(json(good), json(claims).replace('"sub":', '"sub":"root","sub":'))],
    [
      'with groups in its prototype',
      issuer.sign(json(good), json({ ...claims }).replace('"sub":', '"__proto__":{"groups":["admins"]},"sub":')),
    ],
  ];
  return await Promise.all(all.map(async ([what, one]) => ({ what, token: await one })));
}
