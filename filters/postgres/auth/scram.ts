import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { MidstreamError } from '../../errors.js';

/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), both ends, as PostgreSQL speaks it ("SASL Authentication"): the user name of the messages is not
 * read, the one of the startup packet counts. Channel binding can't be had: TLS ends at Envoy, on both sides, so PLUS is never chosen.
 */
export const MECHANISM = 'SCRAM-SHA-256';

/** Highest iteration count that is worked for a peer: beyond it a server could keep the gateway busy (RFC 7677 asks for 4,096). */
export const ITERATIONS_MAX = 600_000;

/** Longest message of the mechanism that is read, bytes. */
const MESSAGE_BYTES_MAX = 4096;

/** What is derived from a password for one salt; all that a login needs, and worth keeping (4,096 rounds of HMAC). */
export interface ScramKeys {
  clientKey: Buffer;
  serverKey: Buffer;
}

/** What a server keeps of a password (the form of `pg_authid.rolpassword`). */
export interface ScramVerifier {
  iterations: number;
  salt: Buffer;
  storedKey: Buffer;
  serverKey: Buffer;
}

const hmac = (key: Uint8Array, text: string | Uint8Array): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const xor = (a: Buffer, b: Buffer): Buffer => Buffer.from(a.map((byte, i) => byte ^ b[i]!));

let saslprep: ((text: string) => string) | undefined;

/** Loads the tables of SASLprep, 2 MB: whoever logs in or checks logins awaits it first. */
export async function loadPasswordTables(): Promise<void> {
  ({ saslprep } = await import('@mongodb-js/saslprep'));
}

/** SASLprep (RFC 4013), and the password as it is where that refuses it: PostgreSQL does the same on both ends. ASCII is left as it is. */
function prepared(password: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: refused as they are, they stay too
  if (/^[\x00-\x7f]*$/.test(password)) return password;
  if (saslprep === undefined) throw new Error('loadPasswordTables() was not awaited');
  try {
    return saslprep(password);
  } catch {
    return password;
  }
}

/** Throws MidstreamError limit_exceeded above ITERATIONS_MAX. */
export function deriveKeys(password: string, salt: Buffer, iterations: number): ScramKeys {
  if (iterations > ITERATIONS_MAX)
    throw new MidstreamError('limit_exceeded', `the server asks for ${iterations} rounds of its password, above ${ITERATIONS_MAX}`);
  const salted = pbkdf2Sync(prepared(password), salt, iterations, 32, 'sha256');
  return { clientKey: hmac(salted, 'Client Key'), serverKey: hmac(salted, 'Server Key') };
}

export function makeVerifier(password: string, salt: Buffer, iterations = 4096): ScramVerifier {
  const { clientKey, serverKey } = deriveKeys(password, salt, iterations);
  return { iterations, salt, storedKey: sha256(clientKey), serverKey };
}

/** `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`, all in base64; undefined for anything else. */
export function parseVerifier(text: string): ScramVerifier | undefined {
  const found = /^SCRAM-SHA-256\$(\d{1,7}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})$/.exec(text.trim());
  if (found === null) return undefined;
  const [, iterations = '', salt = '', storedKey = '', serverKey = ''] = found;
  if (Number(iterations) < 1 || Number(iterations) > ITERATIONS_MAX) return undefined;
  const bytes = (base64: string): Buffer => Buffer.from(base64, 'base64');
  return { iterations: Number(iterations), salt: bytes(salt), storedKey: bytes(storedKey), serverKey: bytes(serverKey) };
}

export function formatVerifier({ iterations, salt, storedKey, serverKey }: ScramVerifier): string {
  return `${MECHANISM}$${iterations}:${salt.toString('base64')}$${storedKey.toString('base64')}:${serverKey.toString('base64')}`;
}

/** Why a login by SCRAM can't go on; the text never holds what a peer sent. */
export class ScramError extends MidstreamError {
  constructor(message: string) {
    super('unauthenticated', message);
  }
}

/** The attributes of a message in their order, `name=value,…` (RFC 5802, 7). */
function attributes(message: Buffer): [name: string, value: string][] {
  if (message.length > MESSAGE_BYTES_MAX) throw new ScramError('a message of the password exchange is too long');
  return message
    .toString('utf8')
    .split(',')
    .map((part) => [part.slice(0, 1), part[1] === '=' ? part.slice(2) : '']);
}

/** The server's nonce begins with the client's, and adds to it. */
const isContinued = (nonce: string, mine: string): boolean => nonce.startsWith(mine) && nonce.length > mine.length;

/** The gateway towards the server. `keys` derives, or remembers, the keys of the credential. */
export class ScramClient {
  private readonly firstBare: string;
  private serverSignature: Buffer | undefined;
  /** the server has proven that it knows the password too */
  verified = false;

  constructor(
    private readonly keys: (salt: Buffer, iterations: number) => ScramKeys,
    private readonly nonce: string,
  ) {
    this.firstBare = `n=,r=${nonce}`;
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.firstBare}`);
  }

  /** Answers the server's first message with the proof. */
  final(serverFirst: Buffer): Buffer {
    const [r, s, i] = attributes(serverFirst);
    const iterations = Number(i?.[1]);
    if (r?.[0] !== 'r' || s?.[0] !== 's' || i?.[0] !== 'i' || !Number.isInteger(iterations) || iterations < 1)
      throw new ScramError('the server’s first message of the password exchange is none');
    if (!isContinued(r[1], this.nonce)) throw new ScramError('the server’s nonce does not continue ours');
    const withoutProof = `c=biws,r=${r[1]}`;
    const message = `${this.firstBare},${serverFirst.toString('utf8')},${withoutProof}`;
    const { clientKey, serverKey } = this.keys(Buffer.from(s[1], 'base64'), iterations);
    this.serverSignature = hmac(serverKey, message);
    const proof = xor(clientKey, hmac(sha256(clientKey), message));
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** Throws when the server does not know the password. */
  finish(serverFinal: Buffer): void {
    const [first] = attributes(serverFinal);
    const given = first?.[0] === 'v' ? Buffer.from(first[1], 'base64') : Buffer.alloc(0);
    if (this.serverSignature === undefined || given.length !== 32 || !timingSafeEqual(given, this.serverSignature))
      throw new ScramError('the server did not prove that it knows the password');
    this.verified = true;
  }
}

/** The gateway towards an agent that logs in by SCRAM. */
export class ScramServer {
  private nonce = '';
  private firstBare = '';
  private header = '';
  private serverFirst = '';

  constructor(
    private readonly verifier: ScramVerifier,
    private readonly ownNonce: string,
  ) {}

  first(clientFirst: Buffer): Buffer {
    const text = clientFirst.toString('utf8');
    const bare = /^(n|y|p=[^,]*),([^,]*),(.*)$/s.exec(text);
    if (bare === null || clientFirst.length > MESSAGE_BYTES_MAX) throw new ScramError('the first message of the password exchange is none');
    const [, binding = '', authzid = '', rest = ''] = bare;
    if (binding.startsWith('p')) throw new ScramError('channel binding was asked for, and TLS ends before the gateway');
    const [name, nonce] = attributes(Buffer.from(rest));
    if (name?.[0] !== 'n' || nonce?.[0] !== 'r' || nonce[1] === '')
      throw new ScramError('the first message of the password exchange has no name and nonce');
    this.header = `${binding},${authzid},`;
    this.firstBare = rest;
    this.nonce = nonce[1] + this.ownNonce;
    this.serverFirst = `r=${this.nonce},s=${this.verifier.salt.toString('base64')},i=${this.verifier.iterations}`;
    return Buffer.from(this.serverFirst);
  }

  /** The server's last message; undefined when the proof is wrong. */
  final(clientFinal: Buffer): Buffer | undefined {
    const text = clientFinal.toString('utf8');
    const at = text.lastIndexOf(',p=');
    const [binding, nonce] = attributes(clientFinal);
    if (at < 0 || binding?.[0] !== 'c' || nonce?.[0] !== 'r') throw new ScramError('the last message of the password exchange is none');
    if (binding[1] !== Buffer.from(this.header).toString('base64'))
      throw new ScramError('the channel binding changed in the password exchange');
    if (nonce[1] !== this.nonce) throw new ScramError('the nonce changed in the password exchange');
    const proof = Buffer.from(text.slice(at + 3), 'base64');
    const message = `${this.firstBare},${this.serverFirst},${text.slice(0, at)}`;
    const { storedKey, serverKey } = this.verifier;
    if (proof.length !== 32) return undefined;
    const clientKey = xor(proof, hmac(storedKey, message));
    if (!timingSafeEqual(sha256(clientKey), storedKey)) return undefined;
    return Buffer.from(`v=${hmac(serverKey, message).toString('base64')}`);
  }
}
