import { toldName } from '../told-name.js';

/** What the header Upgrade asks for, in small letters; empty where the header Connection does not name it (RFC 9110 section 7.8). */
export function upgradeOf(headers: Readonly<Record<string, string>>): string {
  if (headers['upgrade'] === undefined) return '';
  const upgrade = headers['upgrade'].trim().toLowerCase();
  const named = (headers['connection'] ?? '')
    .toLowerCase()
    .split(',')
    .some((option) => option.trim() === 'upgrade');
  return named ? upgrade : '';
}

/** Subprotocols whose messages are the bytes of something else. */
const TUNNELS = /(^|[.+])portforward\.k8s\.io$/;

/** Why nothing of `kubectl port-forward` is read. */
export const FORWARDED_PORT = 'a forwarded port carries any protocol';

/** Why nothing of an upgraded stream will be read; empty when it will. */
export function opaqueUpgrade(upgrade: string, paths: readonly string[], headers: Readonly<Record<string, string>>): string {
  if (upgrade === '') return '';
  if (upgrade !== 'websocket' && !isSpdy(upgrade)) return `the protocol ${toldName(upgrade)} is not known`;
  const offered = (headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (paths.some((path) => /\/portforward\/?$/.test(path)) || offered.some((name) => TUNNELS.test(name))) return FORWARDED_PORT;
  return '';
}

/** SPDY's streams are not read; Kubernetes' clients have WebSocket in its place. */
export const isSpdy = (upgrade: string): boolean => upgrade.startsWith('spdy/');
