import { readJson } from '../json.js';
import { validUtf8 } from './utf8.js';

/** One message of a WebSocket as a policy sees it. */
export interface MessageFacts {
  /** who sends it: client or server */
  from: string;
  /** text or binary */
  opcode: string;
  /** JSON as it is, else text; null when empty. undefined: can't be had, `unreadable` says why */
  body: unknown;
  bytes: number;
  /** why the body can't be had */
  unreadable: string;
  /** why it could be read in several ways; empty when it can't */
  unparsed: string;
}

/** Text, and binary messages that hold text all the same: the server may well read them so. */
export function messageFacts(from: 'client' | 'server', opcode: 'text' | 'binary', bytes: Buffer): MessageFacts {
  const facts = { from, opcode, bytes: bytes.length, unreadable: '', unparsed: '' };
  if (bytes.length === 0) return { ...facts, body: null };
  if (opcode === 'binary' && !validUtf8(bytes))
    return { ...facts, body: undefined, unreadable: 'a binary message that is no text is not read' };
  // Decoders of browsers, Deno, Bun and .NET pass over a mark of UTF-8, and then it is the JSON behind it.
  const plain = bytes.length > 3 && bytes.readUIntBE(0, 3) === 0xefbbbf ? bytes.subarray(3) : bytes;
  const text = plain.toString('utf8');
  if (!/^[\s\ufeff]*[[{"]/.test(text)) return { ...facts, body: text };
  try {
    return { ...facts, body: readJson(plain) };
  } catch (error) {
    // What is no JSON to anybody is text. What some read in another way than others is not understood.
    if (!parses(text)) return { ...facts, body: text };
    const why = `the message is JSON, but ${(error as Error).message}`;
    return { ...facts, body: undefined, unreadable: why, unparsed: why };
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
