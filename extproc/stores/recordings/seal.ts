import { createCipheriv, hkdfSync, randomBytes } from 'node:crypto';
import type { Encrypter } from 'age-encryption';
import { MidstreamError } from '../../../filters/errors.js';

/**
 * Sealed originals in the age format (https://c2sp.org/age). Wrapping a file key for a recipient is the slow part, so it happens once a session,
 * ahead of time; each event is then a payload of its own, with its own random nonce, under that header. Header and payload put together are a
 * whole age file that `age -d` opens. In a line: `"sealed":{"header":"…","body":"…"}`, base64; the header stands in the session's first one only.
 */

const CHUNK_BYTES = 64 * 1024;
const NONCE_BYTES = 16;
/** Wrapped keys that wait for new sessions. */
const READY_MAX = 16;

interface WrappedKey {
  fileKey: Buffer;
  header: Buffer;
}

const LAST_CHUNK = 1;

/** Payload of an age file: nonce, then STREAM of ChaCha20-Poly1305 chunks. */
function payload(fileKey: Buffer, plain: Uint8Array): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const key = Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
  const parts: Buffer[] = [nonce];
  const counter = Buffer.alloc(12);
  let at = 0;
  let n = 0;
  do {
    const chunk = plain.subarray(at, at + CHUNK_BYTES);
    at += chunk.length;
    counter.writeUInt32BE(n, 7);
    counter[11] = at >= plain.length ? LAST_CHUNK : 0;
    const cipher = createCipheriv('chacha20-poly1305', key, counter, { authTagLength: 16 });
    parts.push(cipher.update(chunk), cipher.final(), cipher.getAuthTag());
    n += 1;
  } while (at < plain.length);
  return Buffer.concat(parts);
}

/** Seals the originals of one session. */
export class SessionSeal {
  private first = true;

  constructor(private readonly key: WrappedKey) {}

  /** The event's `sealed` field as JSON. */
  seal(original: Uint8Array): string {
    const body = payload(this.key.fileKey, original).toString('base64');
    if (!this.first) return `{"body":"${body}"}`;
    this.first = false;
    return `{"header":"${this.key.header.toString('base64')}","body":"${body}"}`;
  }
}

/** Wrapped keys for one set of recipients, made before they are needed: begin() can't wait. */
export class SealKeys {
  private ready: WrappedKey[] = [];
  private filling = false;

  private constructor(
    private readonly newEncrypter: () => Encrypter,
    private readonly recipients: readonly string[],
    private readonly onError: (error: Error) => void,
  ) {}

  /** config_invalid when a recipient is none. */
  static async create(recipients: readonly string[], onError: (error: Error) => void): Promise<SealKeys> {
    // Loaded where originals are sealed only: its curves take 5 MB.
    const age = await import('age-encryption');
    const newEncrypter = () => new age.Encrypter();
    for (const recipient of recipients) {
      try {
        newEncrypter().addRecipient(recipient);
      } catch (error) {
        throw new MidstreamError('config_invalid', `not an age recipient: ${recipient.slice(0, 80)}`, {
          cause: error,
          hint: 'Recipients begin with age1; `age-keygen` makes one.',
        });
      }
    }
    const keys = new SealKeys(newEncrypter, recipients, onError);
    keys.ready.push(await keys.wrap());
    keys.fill();
    return keys;
  }

  /**
   * A key for a session. In a burst that is faster than keys are wrapped, sessions share one: payload nonces keep their ciphertexts apart, and the
   * same recipients open them.
   */
  take(): SessionSeal {
    const key = this.ready.length > 1 ? this.ready.pop()! : this.ready[0]!;
    this.fill();
    return new SessionSeal(key);
  }

  private fill(): void {
    if (this.filling || this.ready.length >= READY_MAX) return;
    this.filling = true;
    void (async () => {
      // The key that stays as the last one is replaced first: it may have been used.
      this.ready[0] = await this.wrap();
      while (this.ready.length < READY_MAX) this.ready.push(await this.wrap());
    })()
      .catch((error) => this.onError(error as Error))
      .finally(() => {
        this.filling = false;
      });
  }

  private async wrap(): Promise<WrappedKey> {
    // The library makes the file key and the header; a recipient of ours that adds nothing to it sees the key pass.
    let fileKey = Buffer.alloc(0);
    const encrypter = this.newEncrypter();
    for (const recipient of this.recipients) encrypter.addRecipient(recipient);
    encrypter.addRecipient({
      wrapFileKey: (key) => {
        fileKey = Buffer.from(key);
        return [];
      },
    });
    const file = Buffer.from(await encrypter.encrypt(new Uint8Array(0)));
    // An empty payload is a nonce and one tag.
    return { fileKey, header: file.subarray(0, file.length - NONCE_BYTES - 16) };
  }
}
