import { MidstreamError } from '../errors.js';
import { checkSignature, declaredLength, decodeProxyHeader } from './decode.js';
import { FIXED_BYTES, HEADER_BYTES_MAX, type ProxyHeader } from './header.js';

/** A header and what followed it in the same chunk: the first bytes of the connection itself. */
export interface ProxyPreface {
  header: ProxyHeader;
  rest: Buffer;
}

/**
 * Reads the header at the beginning of a connection, in whatever chunks it comes.
 * Throws MidstreamError protocol_violation or limit_exceeded as soon as the bytes can't become a header that is accepted;
 * the connection must then be closed without an answer. The caller bounds the time that a header may take.
 */
export class ProxyHeaderReader {
  readonly #bytes_max: number;
  #buf = Buffer.alloc(FIXED_BYTES);
  #used = 0;
  #state: 'fixed' | 'rest' | 'over' = 'fixed';

  constructor(options: { bytes_max?: number } = {}) {
    this.#bytes_max = options.bytes_max ?? HEADER_BYTES_MAX;
  }

  /** The header once it is whole, undefined while more bytes are needed. */
  push(chunk: Buffer): ProxyPreface | undefined {
    if (this.#state === 'over') throw new MidstreamError('internal', 'the PROXY header was read already, or was refused');
    try {
      return this.#push(chunk);
    } catch (error) {
      this.#state = 'over';
      throw error;
    }
  }

  #push(chunk: Buffer): ProxyPreface | undefined {
    let at = this.#take(chunk, 0);
    if (this.#state === 'fixed') {
      checkSignature(this.#buf.subarray(0, this.#used));
      if (this.#used < FIXED_BYTES) return undefined;
      const whole = Buffer.alloc(declaredLength(this.#buf, this.#bytes_max));
      this.#buf.copy(whole);
      this.#buf = whole;
      this.#state = 'rest';
      at = this.#take(chunk, at);
    }
    if (this.#used < this.#buf.length) return undefined;
    this.#state = 'over';
    return { header: decodeProxyHeader(this.#buf), rest: chunk.subarray(at) };
  }

  /** Copies as much of chunk[at, …) as the buffer takes; gives the place behind it. */
  #take(chunk: Buffer, at: number): number {
    const bytes = chunk.copy(this.#buf, this.#used, at);
    this.#used += bytes;
    return at + bytes;
  }
}
