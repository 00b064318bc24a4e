import { join } from 'node:path';
import type { HopAddresses } from '../../envoy/options.js';
import type { Resource } from '../gateway-options.js';
import type { UpOptions } from './options.js';

/** A Unix socket in a directory that only this user can enter; it costs half of what a port does. */
const socket = (directory: string, name: string): { path: string } => ({ path: join(directory, `${name}.sock`) });

/** Where the gateway listens for what Envoy hands over by hop, and where it hands it back. */
export const hopSockets = (directory: string, name: string) => ({
  gateway: socket(directory, `${name}-hop`),
  back: socket(directory, `${name}-back`),
});

export const unixAddress = ({ path }: { path: string }): string => `unix:${path}`;

/** The same for handshakes of TLS, as the gateway takes them. */
export function handshakePlaces(directory: string, { tls, upstreamTls }: UpOptions): NonNullable<Resource['starttls']> {
  return {
    ...(tls && { agents: { at: socket(directory, 'agents'), next: socket(directory, 'tls'), required: tls.required === true } }),
    ...(upstreamTls && { server: { at: socket(directory, 'server'), next: socket(directory, 'plain') } }),
  };
}

/** The same for handshakes of TLS, as Envoy's configuration names them. */
export function handshakeAddresses(directory: string): NonNullable<HopAddresses['starttls']> {
  const at = (name: string): string => unixAddress(socket(directory, name));
  return { agents: [at('agents')], tls: at('tls'), server: [at('server')], plain: at('plain') };
}
