/** PROXY protocol version 2: reading it from the Envoy in front, writing it to the Envoy behind. */
export * from './crc32c.js';
export { decodeProxyHeader } from './decode.js';
export * from './encode.js';
export * from './header.js';
export * from './reader.js';
export * from './tlv.js';
