import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { MidstreamError } from '../errors.js';

/** Notes signed with Ed25519 in the C2SP signed-note form, https://c2sp.org/signed-note: readable by tools that are not ours. */

/** Signature type identifier of Ed25519 in key ids and verifier keys. */
const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const MARK = '\u2014 ';

// DER around the 32 bytes of an Ed25519 key (RFC 8410): node:crypto takes no bare keys.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

/** A private key from its 32-byte seed. */
export function privateKeyOf(seed: Uint8Array): KeyObject {
  return createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' });
}

/** The 32 bytes of the public half. */
export function publicBytesOf(key: KeyObject): Buffer {
  const spki = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'der', type: 'spki' });
  return Buffer.from(spki.subarray(SPKI.length));
}

function publicKeyOf(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: 'der', type: 'spki' });
}

/** SHA-256(name, line feed, type, key), the first four bytes. */
function keyId(name: string, publicKey: Uint8Array): Buffer {
  const hash = createHash('sha256')
    .update(`${name}\n`)
    .update(Buffer.from([ED25519]))
    .update(publicKey)
    .digest();
  return hash.subarray(0, KEY_ID_BYTES);
}

/** `name+keyid+base64`, the text form of a key that verifies. */
export function verifierKey(name: string, publicKey: Uint8Array): string {
  return `${name}+${keyId(name, publicKey).toString('hex')}+${Buffer.concat([Buffer.from([ED25519]), publicKey]).toString('base64')}`;
}

/** Reads `name+keyid+base64`; bad_input when it is none of ours or its parts don't fit together. */
export function parseVerifierKey(text: string): { name: string; publicKey: Buffer } {
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const bytes = Buffer.from(found?.[3] ?? '', 'base64');
  // Canonical base64 only: Buffer.from() passes over what does not fit, and an added character would go unseen.
  if (found === null || bytes.length !== PUBLIC_KEY_BYTES + 1 || bytes[0] !== ED25519 || bytes.toString('base64') !== found[3])
    throw new MidstreamError('bad_input', 'not an Ed25519 verifier key (name+id+base64)');
  const name = found[1]!;
  const publicKey = bytes.subarray(1);
  if (keyId(name, publicKey).toString('hex') !== found[2])
    throw new MidstreamError('bad_input', `the verifier key of ${name} does not fit its own id`);
  return { name, publicKey };
}

/** `text` ends with a line feed. The note with one signature under this name. */
export function signNote(text: string, name: string, key: KeyObject): string {
  if (!text.endsWith('\n')) throw new MidstreamError('internal', 'a note ends with a line feed');
  const signature = sign(null, Buffer.from(text), key);
  return `${text}\n${MARK}${name} ${Buffer.concat([keyId(name, publicBytesOf(key)), signature]).toString('base64')}\n`;
}

export interface NoteSignature {
  name: string;
  keyId: string;
  signature: Buffer;
}

/** Splits a note at its last empty line; `tampered` when it has not the form. */
export function parseNote(note: string): { text: string; signatures: NoteSignature[] } {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new MidstreamError('tampered', 'not a signed note');
  const lines = note.slice(end + 2, -1).split('\n');
  const signatures = lines.map((line): NoteSignature => {
    const found = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    const bytes = Buffer.from(found?.[2] ?? '', 'base64');
    // Canonical base64 only: else several texts would stand for one signature.
    if (found === null || bytes.length <= KEY_ID_BYTES || bytes.toString('base64') !== found[2])
      throw new MidstreamError('tampered', 'not a signature line');
    return { name: found[1]!, keyId: bytes.subarray(0, KEY_ID_BYTES).toString('hex'), signature: bytes.subarray(KEY_ID_BYTES) };
  });
  return { text: note.slice(0, end + 1), signatures };
}

/** The note's text when a signature of this name and key is on it; throws `tampered` otherwise. Signatures of others are passed over, as the spec asks. */
export function openNote(note: string, name: string, publicKey: Uint8Array): string {
  const { text, signatures } = parseNote(note);
  const id = keyId(name, publicKey).toString('hex');
  const ours = signatures.find((s) => s.name === name && s.keyId === id);
  if (ours === undefined) throw new MidstreamError('tampered', `not signed by ${name} with the given key`);
  if (ours.signature.length !== SIGNATURE_BYTES || !verify(null, Buffer.from(text), publicKeyOf(publicKey), ours.signature)) {
    throw new MidstreamError('tampered', `the signature of ${name} is wrong`);
  }
  return text;
}
