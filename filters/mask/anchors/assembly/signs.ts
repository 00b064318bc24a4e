import { IN_AT, SIGNS_AT } from '../layout';

/** Writes a bit for each of the first 32 times `words` bytes of the input: a quote, a backslash, an ampersand, a `<`. */
export function signs(words: i32): void {
  let p: usize = IN_AT;
  let to: usize = SIGNS_AT;
  for (let n = 0; n < words; n++) {
    store<u32>(to, bitsOf(v128.load(p)) | (bitsOf(v128.load(p, 16)) << 16));
    p += 32;
    to += 4;
  }
}

function bitsOf(bytes: v128): u32 {
  const ends = v128.or(i8x16.eq(bytes, i8x16.splat(0x22)), i8x16.eq(bytes, i8x16.splat(0x5c)));
  const begins = v128.or(i8x16.eq(bytes, i8x16.splat(0x26)), i8x16.eq(bytes, i8x16.splat(0x3c)));
  return (i8x16.bitmask(v128.or(ends, begins)) as u32) & 0xffff;
}
