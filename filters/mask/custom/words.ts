/** How far before a value its words are looked for, bytes. */
const BEFORE_MAX = 64;

/** The words before `at`, not before `lo`, and those of a key, in small letters. */
export function evidenceWords(buf: Uint8Array, at: number, lo: number, name: string): string[] {
  const from = Math.max(lo, at - BEFORE_MAX);
  const before = Buffer.from(buf.buffer, buf.byteOffset + from, at - from).toString('utf8');
  return `${before} ${name.replace(/([a-z0-9])([A-Z])/g, '$1 $2')}`.toLowerCase().split(/[^\p{L}\p{N}]+/u);
}
