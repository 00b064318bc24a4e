import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
/** Ids whose randomness is drawn at once: the call costs more than the bytes. */
const DRAWN = 64;

const pool = Buffer.alloc(ID_BYTES * DRAWN);
let at = pool.length;

/** 128 random bits in hex. */
export function newId(): string {
  if (at === pool.length) {
    randomFillSync(pool);
    at = 0;
  }
  const id = pool.toString('hex', at, at + ID_BYTES);
  at += ID_BYTES;
  return id;
}
