import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { startupCode } from './types.js';

/** Bounds of a cancel key in bytes: always 4 in protocol 3.0, up to 256 in 3.2 (BackendKeyData, CancelRequest). */
export const CANCEL_KEY_BYTES = { min: 4, max: 256 } as const;

/** One startup parameter; the name is latin1 (one char a byte), the value raw. Order and repetitions are kept. */
export interface StartupParameter {
  name: string;
  value: Buffer;
}

export interface StartupMessage {
  kind: 'startup';
  /** 3 << 16 | minor */
  version: number;
  parameters: StartupParameter[];
}

export interface CancelRequest {
  kind: 'cancel';
  process_id: number;
  /** 4 to 256 bytes */
  key: Buffer;
}

/** The four packets that come before typed messages, and a fifth kind for a code that is none of them. */
export type StartupPacket =
  | StartupMessage
  | CancelRequest
  | { kind: 'ssl' }
  | { kind: 'gssenc' }
  /** A major version other than 3, or an unknown 1234.x request: Postgres answers FATAL 0A000 and closes. */
  | { kind: 'unsupported'; code: number; rest: Buffer };

/** Decodes the body of a startup-phase frame (type 0), which begins with the int32 code. */
export function decodeStartupPacket(buf: Buffer, body: number, end: number): StartupPacket {
  const probe = new BodyReader('startup packet', buf, body, end);
  const code = probe.int32('code');
  if (code === startupCode.CancelRequest) return cancelRequest(buf, body + 4, end);
  if (code === startupCode.SSLRequest) {
    new BodyReader('SSLRequest', buf, body + 4, end).done();
    return { kind: 'ssl' };
  }
  if (code === startupCode.GSSENCRequest) {
    new BodyReader('GSSENCRequest', buf, body + 4, end).done();
    return { kind: 'gssenc' };
  }
  if (code >> 16 !== 3) return { kind: 'unsupported', code, rest: probe.rest() };
  return startupMessage(buf, body + 4, end, code);
}

function cancelRequest(buf: Buffer, at: number, end: number): CancelRequest {
  const r = new BodyReader('CancelRequest', buf, at, end);
  const process_id = r.int32('process_id');
  if (r.left < CANCEL_KEY_BYTES.min || r.left > CANCEL_KEY_BYTES.max)
    r.refuse('key', `${CANCEL_KEY_BYTES.min} to ${CANCEL_KEY_BYTES.max} bytes`, r.left);
  return { kind: 'cancel', process_id, key: r.rest() };
}

function startupMessage(buf: Buffer, at: number, end: number, version: number): StartupMessage {
  const r = new BodyReader('StartupMessage', buf, at, end);
  const parameters: StartupParameter[] = [];
  while (r.peek() > 0) {
    const name = r.name('parameter name');
    parameters.push({ name, value: r.string('parameter value') });
  }
  // Either the terminator, or the message ended without one.
  r.byte('terminator');
  r.done();
  return { kind: 'startup', version, parameters };
}

/** Encodes any startup-phase packet, length word included. */
export function encodeStartupPacket(packet: StartupPacket): Buffer {
  switch (packet.kind) {
    case 'ssl':
      return new MessageWriter(0).int32(startupCode.SSLRequest).finish();
    case 'gssenc':
      return new MessageWriter(0).int32(startupCode.GSSENCRequest).finish();
    case 'cancel':
      return new MessageWriter(0).int32(startupCode.CancelRequest).int32(packet.process_id).bytes(packet.key).finish();
    case 'unsupported':
      return new MessageWriter(0).int32(packet.code).bytes(packet.rest).finish();
    case 'startup': {
      const w = new MessageWriter(0, 256).int32(packet.version);
      for (const { name, value } of packet.parameters) w.name('parameter name', name).string('parameter value', value);
      return w.byte(0).finish();
    }
  }
}

/** The value that counts for a parameter: the server takes the last one. Undefined when absent. */
export function startupParameter(message: StartupMessage, name: string): Buffer | undefined {
  return message.parameters.findLast((p) => p.name === name)?.value;
}
