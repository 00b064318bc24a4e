/**
 * PROXY protocol version 2, the binary header (HAProxy's proxy-protocol.txt, section 2.2).
 * It says who connected to the proxy in front of us, so it must be read from that proxy alone.
 */

/** The 12 bytes that every header begins with; chosen so that no common protocol takes them for its own. */
export const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

/** Signature, version and command, family, length. */
export const FIXED_BYTES = 16;

/** Default bound of a header in bytes, the fixed 16 included. The format would allow 65,551. */
export const HEADER_BYTES_MAX = 4096;

/** Longest unique id the specification allows, in bytes. */
export const UNIQUE_ID_BYTES_MAX = 128;

/** Registered TLV types; 0xe0 to 0xef are free for applications. */
export const tlvType = {
  ALPN: 0x01,
  AUTHORITY: 0x02,
  CRC32C: 0x03,
  NOOP: 0x04,
  UNIQUE_ID: 0x05,
  SSL: 0x20,
  SSL_VERSION: 0x21,
  SSL_CN: 0x22,
  SSL_CIPHER: 0x23,
  SSL_SIG_ALG: 0x24,
  SSL_KEY_ALG: 0x25,
  NETNS: 0x30,
  CUSTOM_MIN: 0xe0,
  CUSTOM_MAX: 0xef,
} as const;

export interface Tlv {
  type: number;
  value: Buffer;
}

export interface IpEndpoint {
  /** dotted quad, or RFC 5952 text */
  address: string;
  port: number;
}

export interface UnixEndpoint {
  /** raw bytes without padding; an abstract name begins with a zero byte */
  path: Buffer;
}

export type ProxyHeader =
  /** The proxy speaks for itself (health checks). Address and TLVs, if any, were skipped as the specification demands. */
  | { command: 'local' }
  /** A relayed connection of which the proxy does not tell the addresses; what followed was skipped. */
  | { command: 'proxy'; family: 'unspec' }
  | { command: 'proxy'; family: 'tcp4' | 'tcp6'; source: IpEndpoint; destination: IpEndpoint; tlvs: Tlv[] }
  | { command: 'proxy'; family: 'unix'; source: UnixEndpoint; destination: UnixEndpoint; tlvs: Tlv[] };
