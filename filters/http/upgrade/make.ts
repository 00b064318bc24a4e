import { eventMasking } from '../../kubernetes/answers/events.js';
import { headFacts } from '../../kubernetes/request.js';
import { channelProtocol } from '../../kubernetes/terminal/protocol.js';
import { Terminal } from '../../kubernetes/terminal/terminal.js';
import { Messages } from '../websocket/messages.js';
import { WebSocketTunnel } from '../websocket/tunnel.js';
import { OpaqueTunnel, type Tunnel, type TunnelContext } from './tunnel.js';

/** The machine for what a connection has become. */
export function makeTunnel(context: TunnelContext): Tunnel {
  if (context.http.opaque !== '') return new OpaqueTunnel(context, context.http.opaque);
  const k8s = headFacts(context.http);
  const protocol = channelProtocol(context.subprotocol);
  if (protocol !== undefined && k8s.resource === 'pods' && (k8s.subresource === 'exec' || k8s.subresource === 'attach'))
    return new WebSocketTunnel(context, (port) => new Terminal(port, k8s, protocol));
  // Of what stands behind the API, messages are what they are there.
  if (context.kubernetes && !k8s.connects)
    return new WebSocketTunnel(context, (port) => new Messages(port, (rules) => eventMasking(rules, k8s)));
  return new WebSocketTunnel(context, (port) => new Messages(port));
}
