/** What stands in place of buf[start, end). */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

export function applied(buf: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return buf;
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    parts.push(buf.subarray(at, start), Buffer.from(text));
    at = end;
  }
  parts.push(buf.subarray(at));
  return Buffer.concat(parts);
}
