import { deriveKeys, type ScramKeys } from './scram.js';

/** Keys that one password may have at once: a server has one salt for each role, and a new one when the password is set again. */
const KEYS_MAX = 8;

/** A password of the gateway's own at a server, with the keys that were derived from it: each costs thousands of rounds of HMAC. */
export class Password {
  private readonly derived = new Map<string, ScramKeys>();

  constructor(readonly text: string) {}

  /** For ScramClient. Throws MidstreamError limit_exceeded for more rounds than are worked. */
  readonly keys = (salt: Buffer, iterations: number): ScramKeys => {
    const name = `${iterations}:${salt.toString('base64')}`;
    let keys = this.derived.get(name);
    if (keys === undefined) {
      keys = deriveKeys(this.text, salt, iterations);
      if (this.derived.size >= KEYS_MAX) this.derived.delete(this.derived.keys().next().value!);
      this.derived.set(name, keys);
    }
    return keys;
  };

  /** Never the password itself, whatever prints this. */
  toJSON(): string {
    return '[password]';
  }
}
