import { isUtf8 } from 'node:buffer';
import { MidstreamError } from '../../errors.js';
import type { Judgement } from './judge.js';
import type { Session } from './session.js';

/**
 * The end of the C string at `from`, or an error: Postgres reads up to the first NUL, so a judge that read on would see other words.
 */
export function cStringEnd(buf: Buffer, from: number, end: number, what: string): number {
  const at = buf.indexOf(0, from);
  if (at < 0 || at >= end) throw new MidstreamError('protocol_violation', `${what} is not terminated`);
  return at;
}

/** Judges the statement in buf[start, end), which has no NUL. */
export function judgeText(s: Session, buf: Buffer, start: number, end: number): Judgement {
  const { judge, policy } = s.rules!;
  if (end - start > policy.limits.statement_bytes_max) {
    return judge.unparsed(
      `longer than ${policy.limits.statement_bytes_max} bytes`,
      s.rules!.maskText(buf.toString('latin1', start, Math.min(end, start + 4096))),
    );
  }
  if (s.encoding === 'UTF8') {
    const bytes = buf.subarray(start, end);
    if (!isUtf8(bytes)) return judge.unparsed('not valid UTF-8', buf.toString('latin1', start, Math.min(end, start + 4096)));
    return judge.judge(bytes.toString('utf8'));
  }
  // Other encodings that pass the grammar check are ASCII-safe: keywords, quotes and separators mean what they look like.
  return judge.judge(buf.toString('latin1', start, end));
}
