import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

/** Postgres builds tags in a buffer of 64 bytes. */
const TAG_CHARS_MAX = 64;

export interface CommandComplete {
  /** latin1, for example `INSERT 0 5` or `SELECT 5` */
  tag: string;
}

export function decodeCommandComplete(buf: Buffer, body: number, end: number): CommandComplete {
  const r = new BodyReader('CommandComplete', buf, body, end);
  const tag = r.name('tag');
  r.done();
  return { tag };
}

export function encodeCommandComplete({ tag }: CommandComplete): Buffer {
  return new MessageWriter(backend.CommandComplete, tag.length + 1).name('tag', tag).finish();
}

/** The number of rows that a command tag ends with; -1 when it has none. */
export function affectedRows(tag: string): number {
  if (tag.length > TAG_CHARS_MAX) return -1;
  const digits = /^[A-Z][A-Z ]* (?:\d+ )?(\d{1,15})$/.exec(tag);
  return digits === null ? -1 : Number(digits[1]);
}
