import { BodyReader } from './body-reader.js';
import type { Frame } from './frame-reader.js';
import { MessageWriter } from './message-writer.js';
import { frontend, messageName } from './types.js';
import { violation } from './violation.js';

/** Query: one simple-protocol string, which may hold several statements. */
export interface Query {
  /** raw bytes in the client's encoding, without the terminator */
  text: Buffer;
}

export function decodeQuery(buf: Buffer, body: number, end: number): Query {
  const r = new BodyReader('Query', buf, body, end);
  const text = r.string('text');
  r.done();
  return { text };
}

export function encodeQuery({ text }: Query): Buffer {
  return new MessageWriter(frontend.Query, text.length + 1).string('text', text).finish();
}

/**
 * The SQL of a whole Query or Parse frame as a view, without decoding the rest: the hot path's only need.
 * Throws protocol_violation when the text is not terminated within the message, or a Query goes on behind it.
 */
export function readQueryText(frame: Frame): Buffer {
  const { type, buf, body, end } = frame;
  if (frame.piece !== 'whole' || (type !== frontend.Query && type !== frontend.Parse))
    throw violation(messageName('frontend', type), 'text', 'a whole Query or Parse', frame.piece);
  if (type === frontend.Query) return decodeQuery(buf, body, end).text;
  const r = new BodyReader('Parse', buf, body, end);
  r.name('statement');
  return r.string('text');
}
