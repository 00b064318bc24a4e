import { createHash } from 'node:crypto';
import type { Header } from '../effects.js';
import type { HttpFacts } from '../facts.js';
import type { Refusal } from '../problem.js';
import { isSpdy } from './facts.js';
import type { FailedUpgrade } from './failed.js';
import { fieldOf, listOf } from './head.js';

/** RFC 6455 section 1.3 */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

const refusal = (status: number, title: string, detail: string, hint: string): Refusal => ({
  status,
  kind: 'upgrade',
  title,
  detail,
  rule: '',
  hint,
});

/** Why a request may not become another protocol, whatever the policy says; undefined when it may. `before`: the same was asked for by WebSocket. */
export function upgradeRefusal({ upgrade, method, headers }: HttpFacts, before?: FailedUpgrade): Refusal | undefined {
  const again = 'Send it as an ordinary request.';
  if (upgrade === '') return refusal(400, 'No upgrade', 'The request came on the way of upgrades, and asks for none.', again);
  if (upgrade === 'h2c' || 'http2-settings' in headers)
    return refusal(400, 'No upgrade to HTTP/2', 'HTTP/2 begins with its own preface or by TLS here, not by an upgrade.', again);
  if (upgrade.includes(',')) return refusal(400, 'One upgrade at a time', 'The request offers several protocols.', 'Name one in Upgrade.');
  if (isSpdy(upgrade) && before !== undefined)
    return refusal(
      403,
      `WebSocket was answered with ${before.status} before`,
      before.said === '' ? 'The answer gave no reason.' : before.said,
      'SPDY, which was asked for then, is not let through.',
    );
  if (isSpdy(upgrade))
    return refusal(
      403,
      'SPDY is not inspected',
      'Streams over SPDY are not read, so they are not let through. WebSocket is.',
      'For kubectl set KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true and KUBECTL_PORT_FORWARD_WEBSOCKETS=true (the default from 1.31 on).',
    );
  if (upgrade === 'websocket' && method !== 'GET')
    return refusal(400, 'No WebSocket', 'A WebSocket begins with GET (RFC 6455 section 4.1).', 'Send GET.');
  return undefined;
}

/** What of the request's head is changed: extensions would hide the messages, and a request from HTTP/2 has no key. */
export function upgradeHeaders({ upgrade, headers }: HttpFacts, newId: () => string): { set: Header[]; remove: string[] } {
  if (upgrade !== 'websocket') return { set: [], remove: [] };
  const set: Header[] =
    'sec-websocket-key' in headers ? [] : [['sec-websocket-key', Buffer.from(newId().slice(0, 32), 'hex').toString('base64')]];
  if (!('sec-websocket-version' in headers)) set.push(['sec-websocket-version', '13']);
  return { set, remove: ['sec-websocket-extensions'] };
}

/** Why the server's 101 is no answer to the request; undefined when it is. `key`: what went to the server. */
export function switchProblem({ upgrade, headers: asked }: HttpFacts, key: string, headers: readonly Header[]): string | undefined {
  if (fieldOf(headers, 'upgrade').toLowerCase() !== upgrade) return 'The server changed to another protocol than was asked for.';
  if (!listOf(headers, 'connection').some((option) => option.toLowerCase() === 'upgrade'))
    return 'The server changed the protocol and does not say so in Connection.';
  if (upgrade !== 'websocket') return undefined;
  if (
    fieldOf(headers, 'sec-websocket-accept') !==
    createHash('sha1')
      .update(key + GUID)
      .digest('base64')
  )
    return 'The server gave another Sec-WebSocket-Accept than the key asks for.';
  if (fieldOf(headers, 'sec-websocket-extensions') !== '') return 'The server uses an extension of WebSocket that nobody offered.';
  const chosen = headers.filter(([name]) => name === 'sec-websocket-protocol').map(([, value]) => value);
  const offered = (asked['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (chosen.length > 1 || (chosen.length === 1 && !offered.includes(chosen[0]!)))
    return 'The server chose a subprotocol that nobody offered.';
  return undefined;
}
