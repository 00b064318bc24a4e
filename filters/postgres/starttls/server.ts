import { encodeStartupPacket } from '../wire/startup.js';
import { type HandshakeStep, TLS_HANDSHAKE } from './agents.js';

const none = Buffer.alloc(0);
const request = encodeStartupPacket({ kind: 'ssl' });
const YES = 0x53; // S

/** Bytes of a ClientHello that wait for the server's word. */
const HELLO_BYTES_MAX = 64 * 1024;

/**
 * Towards the server: holds Envoy's ClientHello back, asks for TLS, and lets it go when the server has said S. Anything else ends the
 * connection: it was to be encrypted, and nothing is sent in clear in its place.
 */
export class ServerStartTls {
  private hello: Buffer = none;
  private asked = false;

  /** Bytes of Envoy, which speaks TLS. */
  fromAgent(bytes: Buffer): HandshakeStep {
    this.hello = Buffer.concat([this.hello, bytes]);
    if (this.hello.length === 0) return { toAgent: none, toServer: none, next: 'wait' };
    if (this.hello[0] !== TLS_HANDSHAKE || this.hello.length > HELLO_BYTES_MAX) return { toAgent: none, toServer: none, next: 'close' };
    if (this.asked) return { toAgent: none, toServer: none, next: 'wait' };
    this.asked = true;
    return { toAgent: none, toServer: request, next: 'wait' };
  }

  /** Bytes of the server: one S. More would have come before TLS (CVE-2021-23222). */
  fromServer(bytes: Buffer): HandshakeStep {
    if (bytes.length === 0) return { toAgent: none, toServer: none, next: 'wait' };
    const agreed = this.asked && bytes.length === 1 && bytes[0] === YES;
    return { toAgent: none, toServer: agreed ? this.hello : none, next: agreed ? 'leave' : 'close' };
  }
}
