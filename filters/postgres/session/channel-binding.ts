import { MidstreamError } from '../../errors.js';
import { decodeAuthentication, encodeAuthentication } from '../wire/authentication.js';
import type { Frame } from '../wire/frame-reader.js';
import { authentication } from '../wire/types.js';
import type { Session } from './session.js';

/**
 * A server that Envoy reaches over TLS offers SCRAM-SHA-256-PLUS, which is bound to that very TLS connection ("SCRAM-SHA-256 Authentication" in the
 * protocol chapter). A client's own, where it has one, is another: it must not choose PLUS, and where it could have, it says so (`y`, RFC 5802, 6), and the
 * server takes that for somebody who took the offer away. Both are right, so such a login can't pass through.
 */
const PLUS = 'SCRAM-SHA-256-PLUS';

/** The server's offer without PLUS; undefined for every other message. */
export function withoutChannelBinding(s: Session, f: Frame): Buffer | undefined {
  if (f.buf.readInt32BE(f.body) !== authentication.SASL) return undefined;
  const asked = decodeAuthentication(f.buf, f.body, f.end);
  if (asked.kind !== 'SASL' || !asked.mechanisms.includes(PLUS)) return undefined;
  s.bindingHidden = true;
  return encodeAuthentication({ kind: 'SASL', mechanisms: asked.mechanisms.filter((one) => one !== PLUS) });
}

/** Throws unauthenticated where the server would refuse the client's first message for that reason, with words that do not help. */
export function checkChannelBinding(s: Session, f: Frame): void {
  if (!s.bindingHidden) return;
  // The first message is the name of the mechanism, a length, and gs2's flag.
  const name = f.buf.indexOf(0, f.body);
  if (name < 0 || name + 5 >= f.end || f.buf[name + 5] !== 0x79) return;
  throw new MidstreamError('unauthenticated', 'this log-in is bound to TLS, which ends before the server', {
    hint: 'connect with channel_binding=disable, or let the gateway log in itself (authentication)',
  });
}
