import { MidstreamError } from '../filters/errors.js';
import type { SessionOptions } from '../filters/postgres/session/session.js';
import type { SessionRecorder } from '../filters/record/events.js';
import { spiffeIdentity } from './convert/identity.js';
import type { PeerFacts } from './convert/network-ext-proc.js';
import type { GatewayOptions } from './gateway-options.js';

/**
 * Where nothing can be recorded now (the disk is full), nothing passes; but the client shall read why. So it may come as far as
 * its startup packet, whose event is refused, and the refusal is told like any other.
 */
export function recorderFor(session: string, begin: GatewayOptions['record']): SessionRecorder {
  try {
    return begin(session);
  } catch (error) {
    const refuse = (): never => {
      throw error;
    };
    return {
      session,
      keeps_originals: false,
      append: refuse,
      appendLine: refuse,
      durable: () => false,
      whenDurable: (_ticket, done) => setImmediate(done, error as Error),
    };
  }
}

/** Bytes of an answer kept in the recording where the policy does not say. */
export const WIRE_BYTES_MAX = 64 * 1024;

/** Milliseconds that a peer may take to say who it is by the PROXY protocol. */
export const HEADER_MS_MAX = 5000;

/** Asked about a listener that there is not. */
export const unknownListener = (): MidstreamError => new MidstreamError('forbidden', 'nothing is known of this listener');

/** Who is at the other end, by what Envoy tells of a connection. */
export function extProcPeer(facts: PeerFacts): SessionOptions['peer'] & { connectionId: string } {
  return { connectionId: facts.connectionId, identity: spiffeIdentity(facts.spiffe, facts.source), source: facts.source, tls: facts.tls };
}
