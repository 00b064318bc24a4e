import { connect, type Socket } from 'node:net';
import { decodeBackend, errorField, FrameReader } from '../../../filters/postgres/wire/index.js';

/** What a stranger was told, in the order in which it came. */
export interface Told {
  /** one line for each message: its name, and for errors `severity code: message` */
  messages: string[];
  raw: Buffer;
  /** how the connection ended */
  end: 'closed' | 'reset';
}

/** How long an answer may take before a broken run is given up, in milliseconds. */
const WAIT_MS_MAX = 20_000;

/** Sends bytes as they are, piece by piece, and gives everything that came back once the other side has ended the connection. */
export async function tell(to: number | string, pieces: Buffer[], options: { half?: boolean } = {}): Promise<Told> {
  const socket = connect({ ...(typeof to === 'number' ? { port: to, host: '127.0.0.1' } : { path: to }), allowHalfOpen: true });
  const answered = untilEnd(socket);
  for (const [i, piece] of pieces.entries()) {
    if (socket.destroyed) break;
    if (i > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(piece);
  }
  if (options.half) socket.end();
  return answered;
}

/** Everything that comes until the end. */
export function untilEnd(socket: Socket): Promise<Told> {
  const chunks: Buffer[] = [];
  return new Promise((resolve, reject) => {
    let reset = false;
    const late = setTimeout(() => {
      socket.destroy();
      reject(
        new Error(`the connection did not end; so far came ${JSON.stringify(Buffer.concat(chunks).toString('latin1').slice(0, 400))}`),
      );
    }, WAIT_MS_MAX);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    socket.on('error', () => {
      reset = true;
    });
    socket.on('close', () => {
      clearTimeout(late);
      const raw = Buffer.concat(chunks);
      resolve({ raw, messages: messagesOf(raw), end: reset ? 'reset' : 'closed' });
    });
  });
}

/** Names of whole messages; an `N` to an encryption request comes before all. */
export function messagesOf(raw: Buffer): string[] {
  const names: string[] = [];
  let bytes = raw;
  if (bytes.length > 0 && bytes[0] === 0x4e && (bytes.length < 5 || bytes[1] !== 0)) {
    names.push('N');
    bytes = bytes.subarray(1);
  }
  const reader = new FrameReader('backend', { message_bytes_max: 1 << 30, stream_bytes_max: 1 << 30 });
  reader.push(bytes);
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
    const message = decodeBackend(frame);
    if (message.name !== 'ErrorResponse') names.push(message.name);
    else
      names.push(`${errorField(message.value, 'severity')} ${errorField(message.value, 'code')}: ${errorField(message.value, 'message')}`);
  }
  return names;
}

/** A message with its length as it should be, or as it is claimed to be. */
export function message(type: string, body: Buffer | string, claimed?: number): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(5);
  head.write(type, 0, 'latin1');
  head.writeUInt32BE((claimed ?? content.length + 4) >>> 0, 1);
  return Buffer.concat([head, content]);
}

/** A startup packet: its length, a code, and what follows. */
export function packet(code: number, body: Buffer | string, claimed?: number): Buffer {
  const content = Buffer.from(body);
  const head = Buffer.alloc(8);
  head.writeUInt32BE((claimed ?? content.length + 8) >>> 0, 0);
  head.writeUInt32BE(code >>> 0, 4);
  return Buffer.concat([head, content]);
}

export const startup = (parameters: Record<string, string>): Buffer =>
  packet(
    0x30000,
    `${Object.entries(parameters)
      .map(([name, value]) => `${name}\0${value}\0`)
      .join('')}\0`,
  );

export const sslRequest = packet(80877103, '');
