import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { frontend } from './types.js';

/**
 * Four messages share the byte 'p'; only the Authentication request before them tells which one it is.
 * Their content is a credential: it may be passed on, and never logged or recorded.
 */

export interface PasswordMessage {
  /** clear text, or md5 and hex digits; raw, without the terminator */
  password: Buffer;
}

export function decodePasswordMessage(buf: Buffer, body: number, end: number): PasswordMessage {
  const r = new BodyReader('PasswordMessage', buf, body, end);
  const password = r.string('password');
  r.done();
  return { password };
}

export function encodePasswordMessage({ password }: PasswordMessage): Buffer {
  return new MessageWriter(frontend.PasswordMessage, password.length + 1).string('password', password).finish();
}

export interface SASLInitialResponse {
  /** latin1, for example SCRAM-SHA-256 */
  mechanism: string;
  data: Buffer | null;
}

export function decodeSASLInitialResponse(buf: Buffer, body: number, end: number): SASLInitialResponse {
  const r = new BodyReader('SASLInitialResponse', buf, body, end);
  const mechanism = r.name('mechanism');
  const data = r.value('data');
  r.done();
  return { mechanism, data };
}

export function encodeSASLInitialResponse({ mechanism, data }: SASLInitialResponse): Buffer {
  return new MessageWriter(frontend.PasswordMessage, mechanism.length + 5 + (data?.length ?? 0))
    .name('mechanism', mechanism)
    .value(data)
    .finish();
}

/** SASLResponse and GSSResponse (also SSPI): all of the body is the mechanism's own. */
export interface AuthenticationResponse {
  data: Buffer;
}

export function decodeAuthenticationResponse(buf: Buffer, body: number, end: number): AuthenticationResponse {
  return { data: new BodyReader('authentication response', buf, body, end).rest() };
}

export function encodeAuthenticationResponse({ data }: AuthenticationResponse): Buffer {
  return new MessageWriter(frontend.PasswordMessage, data.length).bytes(data).finish();
}

export const decodeSASLResponse = decodeAuthenticationResponse;
export const encodeSASLResponse = encodeAuthenticationResponse;
export const decodeGSSResponse = decodeAuthenticationResponse;
export const encodeGSSResponse = encodeAuthenticationResponse;
