import { isIP } from 'node:net';
import { MidstreamError } from '../filters/errors.js';

export type Address = { host: string; port: number } | { path: string };

/** The longest path of a Unix socket that every platform takes, in bytes. */
const SOCKET_PATH_BYTES_MAX = 103;

/** `host:port`, `[v6]:port` or `unix:/path`; throws `config_invalid` that says what is wrong with it. */
export function parseAddress(text: string): Address {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length);
    if (!path.startsWith('/')) throw invalid(text, 'the path of a Unix socket is absolute');
    if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX)
      throw invalid(text, `the path of a Unix socket has at most ${SOCKET_PATH_BYTES_MAX} bytes`);
    return { path };
  }
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) throw invalid(text, 'it looks like host:port, [::1]:port or unix:/path');
  const port = Number(match[3]);
  if (port < 1 || port > 65_535) throw invalid(text, 'a port is between 1 and 65535');
  return { host: match[1] ?? match[2] ?? '', port };
}

/** `host:port`, with brackets where the host is an IPv6 address. */
export const formatAddress = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** True for addresses that only this machine reaches. */
export function isLocal(address: Address): boolean {
  if ('path' in address) return true;
  return address.host === '::1' || address.host === 'localhost' || (isIP(address.host) === 4 && address.host.startsWith('127.'));
}

export const isName = (address: Address): boolean => 'host' in address && isIP(address.host) === 0;

/** Envoy's core.v3.Address. Sockets that Envoy makes are its own account's alone. */
export function envoyAddress(address: Address, options: { listening?: boolean } = {}): object {
  if ('path' in address) return { pipe: { path: address.path, ...(options.listening ? { mode: 0o600 } : {}) } };
  return { socket_address: { address: address.host, port_value: address.port } };
}

/**
 * An address or URL that somebody wrote, for error messages: without what may be a secret in it, which is all before its last `@` and all behind its
 * host. It need be neither an address nor a URL: who writes a connection string in the wrong place must not find its password in a log.
 */
export function shownAddress(text: string): string {
  if (text.startsWith('unix:') && !text.includes('@')) return text;
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/?/i.exec(text)?.[0] ?? '';
  const rest = text.slice(scheme.length);
  const at = rest.lastIndexOf('@');
  const place = rest.slice(at + 1);
  const end = place.search(/[/?#\s]/);
  const behind = end < 0 || end === place.length - 1 ? '' : '…';
  return `${scheme}${at < 0 ? '' : '…@'}${end < 0 ? place : place.slice(0, end + 1)}${behind}`;
}

function invalid(text: string, why: string): MidstreamError {
  return new MidstreamError('config_invalid', `"${shownAddress(text)}" is no address: ${why}`);
}
