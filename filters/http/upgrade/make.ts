import { eventMasking } from '../../kubernetes/answers/events.js';
import type { TableColumns } from '../../kubernetes/answers/object-masker.js';
import { headFacts } from '../../kubernetes/request.js';
import { channelProtocol, isTerminal } from '../../kubernetes/terminal/protocol.js';
import { Terminal } from '../../kubernetes/terminal/terminal.js';
import type { HttpFacts } from '../facts.js';
import { Messages } from '../websocket/messages.js';
import { WebSocketTunnel } from '../websocket/tunnel.js';
import { OpaqueTunnel, type Tunnel, type TunnelContext } from './tunnel.js';

/** The machine for what a connection has become. */
export function makeTunnel(context: TunnelContext): Tunnel {
  if (context.http.opaque !== '') return new OpaqueTunnel(context, context.http.opaque);
  const k8s = headFacts(context.http);
  const protocol = channelProtocol(context.subprotocol);
  if (protocol !== undefined && isTerminal(k8s)) return new WebSocketTunnel(context, (port) => new Terminal(port, k8s, protocol));
  // Of what stands behind the API, messages are what they are there.
  if (context.kubernetes && !k8s.connects) {
    const table: TableColumns = { columns: [] };
    return new WebSocketTunnel(context, (port) => new Messages(port, (rules) => eventMasking(rules, k8s, table)));
  }
  return new WebSocketTunnel(context, (port) => new Messages(port));
}

/** Why the protocol that a Kubernetes API chose can't be read; undefined where it can: rules on terminals would see nothing of a newer one. */
export function protocolProblem(http: HttpFacts, subprotocol: string): string | undefined {
  if (http.upgrade !== 'websocket' || !isTerminal(headFacts(http)) || channelProtocol(subprotocol) !== undefined) return undefined;
  return 'The API server chose a protocol of channels that is not known here.';
}
