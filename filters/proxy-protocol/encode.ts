import { MidstreamError } from '../errors.js';
import { parseIp4, parseIp6 } from './address.js';
import { crc32c } from './crc32c.js';
import { FIXED_BYTES, type IpEndpoint, type ProxyHeader, SIGNATURE, type Tlv, tlvType, type UnixEndpoint } from './header.js';
import { encodeTlvs } from './tlv.js';

const UNIX_PATH_BYTES = 108;
const familyCode = { unspec: 0x00, tcp4: 0x11, tcp6: 0x21, unix: 0x31 } as const;

/**
 * One whole header. With `checksum`, a CRC32C TLV is added behind the others (one that is there already is replaced).
 * Throws bad_input for what no header can say: a wrong address, a path above 108 bytes, more than 65,535 bytes in all.
 */
export function encodeProxyHeader(header: ProxyHeader, options: { checksum?: boolean } = {}): Buffer {
  if (header.command === 'local') return assemble(0x20, familyCode.unspec, Buffer.alloc(0));
  if (header.family === 'unspec') return assemble(0x21, familyCode.unspec, Buffer.alloc(0));
  const addresses = header.family === 'unix' ? unixBlock(header.source, header.destination) : ipBlock(header);
  if (options.checksum !== true) return assemble(0x21, familyCode[header.family], Buffer.concat([addresses, encodeTlvs(header.tlvs)]));
  const empty: Tlv = { type: tlvType.CRC32C, value: Buffer.alloc(4) };
  const tlvs = [...header.tlvs.filter((tlv) => tlv.type !== tlvType.CRC32C), empty];
  const whole = assemble(0x21, familyCode[header.family], Buffer.concat([addresses, encodeTlvs(tlvs)]));
  whole.writeUInt32BE(crc32c(whole), whole.length - 4);
  return whole;
}

function assemble(versionAndCommand: number, family: number, rest: Buffer): Buffer {
  if (rest.length > 0xffff) throw new MidstreamError('bad_input', `a PROXY header holds at most 65535 bytes, not ${rest.length}`);
  const fixed = Buffer.alloc(FIXED_BYTES);
  SIGNATURE.copy(fixed);
  fixed[12] = versionAndCommand;
  fixed[13] = family;
  fixed.writeUInt16BE(rest.length, 14);
  return Buffer.concat([fixed, rest]);
}

function ipBlock(header: { family: 'tcp4' | 'tcp6'; source: IpEndpoint; destination: IpEndpoint }): Buffer {
  const parse = header.family === 'tcp4' ? parseIp4 : parseIp6;
  const ports = Buffer.alloc(4);
  for (const [i, { port }] of [header.source, header.destination].entries()) {
    if (!Number.isInteger(port) || port < 0 || port > 0xffff) throw new MidstreamError('bad_input', `${port} is not a port`);
    ports.writeUInt16BE(port, 2 * i);
  }
  return Buffer.concat([parse(header.source.address), parse(header.destination.address), ports]);
}

function unixBlock(...endpoints: UnixEndpoint[]): Buffer {
  const block = Buffer.alloc(UNIX_PATH_BYTES * endpoints.length);
  for (const [i, { path }] of endpoints.entries()) {
    if (path.length > UNIX_PATH_BYTES)
      throw new MidstreamError('bad_input', `a socket path has at most ${UNIX_PATH_BYTES} bytes, not ${path.length}`);
    path.copy(block, i * UNIX_PATH_BYTES);
  }
  return block;
}
