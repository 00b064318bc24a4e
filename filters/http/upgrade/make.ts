import { Messages } from '../websocket/messages.js';
import { WebSocketTunnel } from '../websocket/tunnel.js';
import { OpaqueTunnel, type Tunnel, type TunnelContext } from './tunnel.js';

/** The machine for what a connection has become. */
export function makeTunnel(context: TunnelContext): Tunnel {
  if (context.http.opaque !== '') return new OpaqueTunnel(context, context.http.opaque);
  return new WebSocketTunnel(context, (port) => new Messages(port));
}
