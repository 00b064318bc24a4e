import { createHmac } from 'node:crypto';
import { MidstreamError } from '../errors.js';
import { normalise } from './normalise.js';
import { partial, partialInto } from './partial.js';
import type { ByteTarget, Kind, MaskAs, Masker, MaskerOptions } from './types.js';

/** Weakest first. */
const ORDER: readonly MaskAs[] = ['partial', 'hash', 'token', 'redact', 'null'];
const KEY_BYTES = 32;
/** characters of the hex digest that are shown: 64 bits, enough to tell values apart and too few to be a name for anything else */
const HASH_LENGTH = 16;

/** The stronger of two maskers: for one value the strongest wins. */
export function strongest(a: MaskAs, b: MaskAs): MaskAs {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

/**
 * A masker. `hash` needs a key of 32 bytes, else MidstreamError config_invalid. `token` gives what `hash` gives, under its own name:
 * a stable stand-in that can't be turned back and does not keep the value's form.
 */
export function createMasker(as: MaskAs, options: MaskerOptions = {}): Masker {
  switch (as) {
    case 'redact':
      return new Redactor();
    case 'partial':
      return {
        as,
        mask: partial,
        into: (kind, buf, start, end, out) => {
          partialInto(kind, buf, start, end, out);
          return true;
        },
      };
    case 'null':
      return { as, mask: () => undefined, into: () => false };
    case 'hash':
    case 'token': {
      const { key } = options;
      if (key === undefined || key.length !== KEY_BYTES) {
        throw new MidstreamError('config_invalid', `masks of the form ${as} need a key of ${KEY_BYTES} bytes`, {
          hint: 'Give a key, or use redact.',
        });
      }
      return {
        as,
        mask: (kind, buf, start, end) => keyed(key, kind, buf, start, end),
        into: (kind, buf, start, end, out) => appendTo(out, keyed(key, kind, buf, start, end)),
      };
    }
  }
}

class Redactor implements Masker {
  readonly as = 'redact';
  private readonly made = new Map<Kind, Buffer>();

  /** `[credit_card]`. The buffer is shared: callers copy and never write into it. */
  mask(kind: Kind): Buffer {
    let text = this.made.get(kind);
    if (text === undefined) {
      text = Buffer.from(`[${kind}]`, 'latin1');
      this.made.set(kind, text);
    }
    return text;
  }

  into(kind: Kind, _buf: Uint8Array, _start: number, _end: number, out: ByteTarget): boolean {
    return appendTo(out, this.mask(kind));
  }
}

function appendTo(out: ByteTarget, bytes: Buffer): boolean {
  out.reserve(bytes.length);
  bytes.copy(out.buf, out.length);
  out.length += bytes.length;
  return true;
}

/** `credit_card:9f2c51…`: the same for the same value however it is written, so joins and counts still work. */
function keyed(key: Uint8Array, kind: Kind, buf: Uint8Array, start: number, end: number): Buffer {
  const digest = createHmac('sha256', key)
    .update(kind)
    .update('\0')
    .update(normalise(kind, buf, start, end))
    .digest('hex');
  return Buffer.from(`${kind}:${digest.slice(0, HASH_LENGTH)}`, 'latin1');
}
