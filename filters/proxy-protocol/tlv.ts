import { MidstreamError } from '../errors.js';
import { type ProxyHeader, type Tlv, tlvType } from './header.js';
import { violation } from './violation.js';

const TLV_HEAD_BYTES = 3;

/** Cuts buf[start, end) into TLVs, copied so that they outlive the buffer; together they must fill it exactly. */
export function decodeTlvs(buf: Buffer, start: number, end: number, where = 'TLV'): Tlv[] {
  const tlvs: Tlv[] = [];
  let at = start;
  while (at < end) {
    if (end - at < TLV_HEAD_BYTES) throw violation(`${where} head`, `${TLV_HEAD_BYTES} bytes`, `${end - at} left`);
    const type = buf[at] as number;
    const length = buf.readUInt16BE(at + 1);
    at += TLV_HEAD_BYTES;
    if (length > end - at) throw violation(`${where} 0x${type.toString(16).padStart(2, '0')} length`, `0 to ${end - at}`, length);
    tlvs.push({ type, value: Buffer.from(buf.subarray(at, at + length)) });
    at += length;
  }
  return tlvs;
}

/** Throws bad_input for a value that its 16-bit length can't say. */
export function encodeTlvs(tlvs: readonly Tlv[]): Buffer {
  return Buffer.concat(
    tlvs.flatMap(({ type, value }) => {
      if (value.length > 0xffff) throw new MidstreamError('bad_input', `a TLV holds at most 65535 bytes, not ${value.length}`);
      return [Buffer.from([type, value.length >> 8, value.length & 0xff]), value];
    }),
  );
}

/**
 * The value of a TLV; undefined when the header has none.
 * Throws protocol_violation when it stands there twice: whoever could add a second one would choose who is believed.
 */
export function findTlv(tlvs: readonly Tlv[], type: number): Buffer | undefined {
  const found = tlvs.filter((tlv) => tlv.type === type);
  if (found.length > 1) throw violation(`TLV 0x${type.toString(16).padStart(2, '0')}`, 'at most one', found.length);
  return found[0]?.value;
}

/** The same, as text; bytes that are not UTF-8 are a protocol_violation, because a name must mean one thing. */
export function findTextTlv(tlvs: readonly Tlv[], type: number): string | undefined {
  const value = findTlv(tlvs, type);
  if (value === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    throw violation(`TLV 0x${type.toString(16).padStart(2, '0')}`, 'UTF-8', `${value.length} other bytes`);
  }
}

/** TLVs of any header; none for one that tells nothing. */
export function tlvsOf(header: ProxyHeader): Tlv[] {
  return 'tlvs' in header ? header.tlvs : [];
}

/** PP2_TYPE_SSL: what the proxy saw of the client's TLS. */
export interface SslTlv {
  /** the client connected over TLS */
  ssl: boolean;
  /** it gave a certificate on this connection */
  cert_connection: boolean;
  /** it gave one at least once in this TLS session */
  cert_session: boolean;
  /** 0 when the certificate was given and verified */
  verify: number;
  /** SSL_VERSION, SSL_CN, SSL_CIPHER, SSL_SIG_ALG, SSL_KEY_ALG: use findTextTlv */
  tlvs: Tlv[];
}

const SSL_HEAD_BYTES = 5;

export function decodeSslTlv(value: Buffer): SslTlv {
  if (value.length < SSL_HEAD_BYTES) throw violation('SSL TLV', `at least ${SSL_HEAD_BYTES} bytes`, value.length);
  const client = value[0] as number;
  return {
    ssl: (client & 1) !== 0,
    cert_connection: (client & 2) !== 0,
    cert_session: (client & 4) !== 0,
    verify: value.readUInt32BE(1),
    tlvs: decodeTlvs(value, SSL_HEAD_BYTES, value.length, 'SSL sub-TLV'),
  };
}

export function encodeSslTlv(ssl: SslTlv): Tlv {
  const head = Buffer.alloc(SSL_HEAD_BYTES);
  head[0] = (ssl.ssl ? 1 : 0) | (ssl.cert_connection ? 2 : 0) | (ssl.cert_session ? 4 : 0);
  head.writeUInt32BE(ssl.verify, 1);
  return { type: tlvType.SSL, value: Buffer.concat([head, encodeTlvs(ssl.tlvs)]) };
}
