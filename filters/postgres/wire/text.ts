/** For eyes and logs only: bytes that are not UTF-8 become U+FFFD, so the result must never be sent on. */
export function displayText(raw: Uint8Array): string {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength).toString('utf8');
}

/** A name as decoders give it (latin1, one char a byte) as it would be shown. */
export function displayName(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}

/** A name as people and policies write it (any Unicode) in the form that decoders give and encoders take. */
export function wireName(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** The format code of column or parameter `index`: none means all text, one means all the same ("Bind"). */
export function formatOf(formats: readonly number[], index: number): number {
  return formats.length === 1 ? (formats[0] as number) : (formats[index] ?? 0);
}
