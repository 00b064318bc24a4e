const HEADER_BYTES = 5;

/**
 * Where the message of this type ends that begins at `at`, or -1: another type, not whole in buf[at, end), or a length word that
 * is below 4 or not below `message_bytes_max`, which is for the frame reader to judge.
 */
export function endOfMessage(buf: Buffer, type: number, at: number, end: number, message_bytes_max: number): number {
  if (at + HEADER_BYTES > end || buf[at] !== type) return -1;
  const length = buf.readInt32BE(at + 1);
  const stop = at + 1 + length;
  return length < 4 || length >= message_bytes_max || stop > end ? -1 : stop;
}

/** One past the last of the consecutive messages of this type that stand whole in buf[at, end). */
export function endOfRun(buf: Buffer, type: number, at: number, end: number, message_bytes_max: number): number {
  for (;;) {
    const stop = endOfMessage(buf, type, at, end, message_bytes_max);
    if (stop < 0) return at;
    at = stop;
  }
}
