import { buildErrorResponse } from '../wire/error-fields.js';
import { startupCode } from '../wire/types.js';

/** Milliseconds that a handshake may take, from the connection's beginning to TLS: nobody is known yet who could be told. */
export const HANDSHAKE_MS_MAX = 60_000;

/** What a step of a handshake wants: bytes for either side, and whether it is over. */
export interface HandshakeStep {
  toAgent: Buffer;
  toServer: Buffer;
  /** wait: more is to come; leave: the rest passes as it is; close: both sides end once the bytes are out */
  next: 'wait' | 'leave' | 'close';
}

/** First byte of a TLS record that holds a handshake (RFC 8446, 5.1): a client that speaks TLS at once (sslnegotiation=direct). */
export const TLS_HANDSHAKE = 0x16;

/** Bytes of a request for encryption: a length and a code. */
const REQUEST_BYTES = 8;

const none = Buffer.alloc(0);
const yes = Buffer.from('S');
const no = Buffer.from('N');

/**
 * Towards agents: answers a request for TLS, and leaves before the handshake, which Envoy's next listener does ("SSL Session
 * Encryption" in the protocol chapter). A connection that goes on in clear is passed on, or refused where the operator wants TLS;
 * cancel requests always pass, since libpq before 17 sends them in clear whatever the connection was.
 */
export class AgentsStartTls {
  private bytes: Buffer = none;

  constructor(private readonly required: boolean) {}

  /** Bytes of the agent. */
  push(bytes: Buffer): HandshakeStep {
    this.bytes = this.bytes.length === 0 ? bytes : Buffer.concat([this.bytes, bytes]);
    if (this.bytes.length === 0) return { toAgent: none, toServer: none, next: 'wait' };
    if (this.bytes[0] === TLS_HANDSHAKE) return { toAgent: none, toServer: this.bytes, next: 'leave' };
    if (this.bytes.length < REQUEST_BYTES) return { toAgent: none, toServer: none, next: 'wait' };
    const code = this.bytes.readInt32BE(4);
    const request = this.bytes.readInt32BE(0) === REQUEST_BYTES && (code === startupCode.SSLRequest || code === startupCode.GSSENCRequest);
    if (request) return this.answer(code === startupCode.SSLRequest);
    if (this.required && code !== startupCode.CancelRequest)
      return refusal('28000', 'this database is reached over TLS only', 'connect with sslmode=require or better');
    return { toAgent: none, toServer: this.bytes, next: 'leave' };
  }

  /** GSSAPI encryption would hide everything: it is declined, and the agent asks for TLS next, or goes on. */
  private answer(tls: boolean): HandshakeStep {
    // Bytes behind the request were sent before the answer: by somebody else than who speaks TLS then (CVE-2021-23214).
    if (this.bytes.length > REQUEST_BYTES) return refusal('08P01', 'received unencrypted data after a request for encryption', '');
    this.bytes = none;
    return tls ? { toAgent: yes, toServer: none, next: 'leave' } : { toAgent: no, toServer: none, next: 'wait' };
  }
}

function refusal(code: string, message: string, hint: string): HandshakeStep {
  const error = buildErrorResponse({ severity: 'FATAL', code, message: `midstream: ${message}`, ...(hint === '' ? {} : { hint }) });
  return { toAgent: error, toServer: none, next: 'close' };
}
