/** Below this a loop beats making a view and calling a native search, bytes. */
const LOOP_BYTES_MAX = 128;

/**
 * Where `byte` first stands in buf[start, end); -1 when it does not. Buffer.indexOf alone has no end: in a chunk of many
 * messages it would search all the rest of the chunk for each field.
 */
export function indexOfByte(buf: Buffer, byte: number, start: number, end: number): number {
  if (end - start <= LOOP_BYTES_MAX) {
    for (let at = start; at < end; at++) if (buf[at] === byte) return at;
    return -1;
  }
  const at = buf.subarray(start, end).indexOf(byte);
  return at < 0 ? -1 : start + at;
}
