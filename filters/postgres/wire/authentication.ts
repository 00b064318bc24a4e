import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { authentication, backend } from './types.js';

/** All messages of type 'R'. GSSContinue also carries SSPI's data. */
export type Authentication =
  | { kind: 'Ok' | 'KerberosV5' | 'CleartextPassword' | 'GSS' | 'SSPI' }
  /** 4 bytes */
  | { kind: 'MD5Password'; salt: Buffer }
  /** latin1 names in the server's order of preference */
  | { kind: 'SASL'; mechanisms: string[] }
  | { kind: 'GSSContinue' | 'SASLContinue' | 'SASLFinal'; data: Buffer };

export type AuthenticationKind = Authentication['kind'];

const kinds = new Map<number, AuthenticationKind>(
  Object.entries(authentication).map(([kind, code]) => [code as number, kind as AuthenticationKind]),
);

export function decodeAuthentication(buf: Buffer, body: number, end: number): Authentication {
  const code = new BodyReader('Authentication', buf, body, end).int32('kind');
  const kind = kinds.get(code);
  const r = new BodyReader(`Authentication${kind ?? ''}`, buf, body + 4, end);
  switch (kind) {
    case undefined:
      return r.refuse('kind', 'a known authentication request', code);
    case 'MD5Password': {
      const salt = r.take('salt', 4);
      r.done();
      return { kind, salt };
    }
    case 'SASL':
      return { kind, mechanisms: mechanisms(r) };
    case 'GSSContinue':
    case 'SASLContinue':
    case 'SASLFinal':
      return { kind, data: r.rest() };
    default:
      r.done();
      return { kind };
  }
}

function mechanisms(r: BodyReader): string[] {
  const names: string[] = [];
  while (r.peek() > 0) names.push(r.name('mechanism'));
  r.name('terminator');
  r.done();
  return names;
}

export function encodeAuthentication(value: Authentication): Buffer {
  const w = new MessageWriter(backend.Authentication).int32(authentication[value.kind]);
  switch (value.kind) {
    case 'MD5Password':
      return w.bytes(value.salt).finish();
    case 'SASL':
      for (const name of value.mechanisms) w.name('mechanism', name);
      return w.byte(0).finish();
    case 'GSSContinue':
    case 'SASLContinue':
    case 'SASLFinal':
      return w.bytes(value.data).finish();
    default:
      return w.finish();
  }
}
