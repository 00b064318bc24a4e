import { MidstreamError } from '../errors.js';
import { formatIp4, formatIp6 } from './address.js';
import { crc32c } from './crc32c.js';
import { FIXED_BYTES, type ProxyHeader, SIGNATURE, type Tlv, tlvType, UNIQUE_ID_BYTES_MAX, type UnixEndpoint } from './header.js';
import { decodeTlvs, findTlv } from './tlv.js';
import { violation } from './violation.js';

const V1 = Buffer.from('PROXY', 'latin1');
const UNIX_PATH_BYTES = 108;

/** Address block in bytes by the family byte. Datagram families are refused: only streams come here. */
const families: Record<number, { family: 'unspec' | 'tcp4' | 'tcp6' | 'unix'; bytes: number }> = {
  0: { family: 'unspec', bytes: 0 },
  17: { family: 'tcp4', bytes: 12 },
  33: { family: 'tcp6', bytes: 36 },
  49: { family: 'unix', bytes: 2 * UNIX_PATH_BYTES },
};

/**
 * Looks at the first bytes of a connection, as many as there are. Throws as soon as they can't be a v2 header:
 * protocol_violation, with a sentence of its own for version 1.
 */
export function checkSignature(bytes: Buffer): void {
  const length = Math.min(bytes.length, SIGNATURE.length);
  if (bytes.compare(SIGNATURE, 0, length, 0, length) === 0) return;
  if (bytes.length < V1.length && bytes.equals(V1.subarray(0, bytes.length))) return;
  if (bytes.subarray(0, V1.length).equals(V1))
    throw new MidstreamError('protocol_violation', 'PROXY header: version 1 is not accepted', {
      hint: 'Set the proxy to send PROXY protocol version 2.',
    });
  throw new MidstreamError('protocol_violation', 'PROXY header: the connection does not begin with one', {
    hint: 'This listener takes connections from its Envoy only, with PROXY protocol version 2 set on the cluster.',
  });
}

/** Total length in bytes that the first 16 bytes declare. Throws limit_exceeded before anything of it is kept. */
export function declaredLength(fixed: Buffer, bytes_max: number): number {
  const total = FIXED_BYTES + fixed.readUInt16BE(14);
  if (total > bytes_max) throw new MidstreamError('limit_exceeded', `PROXY header: at most ${bytes_max} bytes, it claims ${total}`);
  return total;
}

/** Decodes one whole header: exactly its bytes, nothing behind it. Throws protocol_violation. */
export function decodeProxyHeader(buf: Buffer): ProxyHeader {
  checkSignature(buf);
  if (buf.length < FIXED_BYTES) throw violation('length', `at least ${FIXED_BYTES}`, buf.length);
  const total = FIXED_BYTES + buf.readUInt16BE(14);
  if (total !== buf.length) throw violation('length', buf.length, total);
  const version = (buf[12] as number) >> 4;
  if (version !== 2) throw violation('version', 2, version);
  const command = (buf[12] as number) & 0xf;
  // The receiver must use the real endpoints of a LOCAL connection, and skip whatever the header holds.
  if (command === 0) return { command: 'local' };
  if (command !== 1) throw violation('command', '0 or 1', command);
  return relayed(buf);
}

function relayed(buf: Buffer): ProxyHeader {
  const code = buf[13] as number;
  const known = families[code];
  if (known === undefined) throw violation('family', 'unspecified, TCP over IPv4 or IPv6, or a Unix stream', code);
  const { family, bytes } = known;
  // Nobody can tell where the addresses of an unspecified family end, so nothing behind them can be read.
  if (family === 'unspec') return { command: 'proxy', family };
  const tlvsAt = FIXED_BYTES + bytes;
  if (buf.length < tlvsAt) throw violation('address', `${bytes} bytes`, `${buf.length - FIXED_BYTES} left`);
  const tlvs = decodeTlvs(buf, tlvsAt, buf.length);
  checkChecksum(buf, tlvsAt, tlvs);
  const id = findTlv(tlvs, tlvType.UNIQUE_ID);
  if (id !== undefined && id.length > UNIQUE_ID_BYTES_MAX) throw violation('UNIQUE_ID', `at most ${UNIQUE_ID_BYTES_MAX} bytes`, id.length);
  const at = FIXED_BYTES;
  if (family === 'unix') {
    const source = unixEndpoint(buf, at);
    return { command: 'proxy', family, source, destination: unixEndpoint(buf, at + UNIX_PATH_BYTES), tlvs };
  }
  const size = family === 'tcp4' ? 4 : 16;
  const format = family === 'tcp4' ? formatIp4 : formatIp6;
  const ports = at + 2 * size;
  return {
    command: 'proxy',
    family,
    source: { address: format(buf.subarray(at, at + size)), port: buf.readUInt16BE(ports) },
    destination: { address: format(buf.subarray(at + size, ports)), port: buf.readUInt16BE(ports + 2) },
    tlvs,
  };
}

/** The path without its padding. */
function unixEndpoint(buf: Buffer, at: number): UnixEndpoint {
  let end = at + UNIX_PATH_BYTES;
  while (end > at && buf[end - 1] === 0) end -= 1;
  return { path: Buffer.from(buf.subarray(at, end)) };
}

/** A checksum, where there is one, covers the whole header with its own four bytes as zeros; a wrong one ends the connection. */
function checkChecksum(buf: Buffer, tlvsAt: number, tlvs: Tlv[]): void {
  const sum = findTlv(tlvs, tlvType.CRC32C);
  if (sum === undefined) return;
  if (sum.length !== 4) throw violation('CRC32C', '4 bytes', sum.length);
  let at = tlvsAt;
  while (buf[at] !== tlvType.CRC32C) at += 3 + buf.readUInt16BE(at + 1);
  const value = at + 3;
  const head = crc32c(buf, 0, value);
  const zeros = crc32c(Buffer.alloc(4), 0, 4, head);
  if (crc32c(buf, value + 4, buf.length, zeros) !== sum.readUInt32BE(0)) throw violation('CRC32C', 'the sum of the header', 'another');
}
