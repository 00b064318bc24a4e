import { MidstreamError } from '../../errors.js';

/** Undoes one content coding, piece by piece. What it gives holds only until `write` returns. */
export interface Unpacker {
  /** Throws MidstreamError bad_input where the bytes are not of the coding. */
  push(chunk: Uint8Array): void;
  /** Throws MidstreamError bad_input where the end is missing. */
  end(): void;
  /** Gives back what it holds outside of the garbage collector's reach. It may be called twice, and nothing else afterwards. */
  free(): void;
}

/** Takes unpacked bytes; an error that it throws stops the unpacking. */
export type Write = (bytes: Uint8Array) => void;

/** Bytes that are unpacked at once: limits are looked at after each piece. */
export const PIECE_BYTES = 64 * 1024;

export const corrupt = (coding: string, cause?: unknown): MidstreamError =>
  new MidstreamError('bad_input', `the body says that it is packed with ${coding}, and is not`, { cause });

export const truncated = (coding: string): MidstreamError =>
  new MidstreamError('bad_input', `the body, packed with ${coding}, ends before its end`);

export const trailing = (coding: string): MidstreamError =>
  new MidstreamError('bad_input', `the body, packed with ${coding}, goes on behind its end`);
