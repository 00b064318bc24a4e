import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { frontend } from './types.js';

/** Describe and Close have one shape: what is meant, and its name. */
export interface Target {
  target: 'statement' | 'portal';
  /** latin1; empty is the unnamed one */
  name: string;
}

const STATEMENT = 0x53; // S
const PORTAL = 0x50; // P

function decode(message: string, buf: Buffer, body: number, end: number): Target {
  const r = new BodyReader(message, buf, body, end);
  const code = r.byte('target');
  if (code !== STATEMENT && code !== PORTAL) r.refuse('target', `${STATEMENT} or ${PORTAL}`, code);
  const name = r.name('name');
  r.done();
  return { target: code === STATEMENT ? 'statement' : 'portal', name };
}

function encode(type: number, { target, name }: Target): Buffer {
  return new MessageWriter(type, name.length + 2)
    .byte(target === 'statement' ? STATEMENT : PORTAL)
    .name('name', name)
    .finish();
}

export const decodeDescribe = (buf: Buffer, body: number, end: number): Target => decode('Describe', buf, body, end);
export const decodeClose = (buf: Buffer, body: number, end: number): Target => decode('Close', buf, body, end);
export const encodeDescribe = (value: Target): Buffer => encode(frontend.Describe, value);
export const encodeClose = (value: Target): Buffer => encode(frontend.Close, value);
