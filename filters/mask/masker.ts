import { createHmac } from 'node:crypto';
import { MidstreamError } from '../errors.js';
import { inAscii, SPELLED_KINDS } from './foreign.js';
import { FormatTokens } from './format-token.js';
import { normalise } from './normalise.js';
import { partial, partialInto } from './partial.js';
import type { ByteTarget, Kind, MaskAs, Masker, MaskerOptions } from './types.js';

/** Weakest first. */
const ORDER: readonly MaskAs[] = ['partial', 'hash', 'token', 'fixed', 'redact', 'null'];
const KEY_BYTES = 32;
/** what needs no escape anywhere */
const FIXED = /^[ !#-&(-+\--[\]-_a-~]{1,64}$/;
/** characters of the hex digest that are shown: 64 bits, enough to tell values apart and too few to be a name for anything else */
const HASH_LENGTH = 16;

/** The stronger of two maskers: for one value the strongest wins. */
export function strongest(a: MaskAs, b: MaskAs): MaskAs {
  return ORDER.indexOf(a) >= ORDER.indexOf(b) ? a : b;
}

/**
 * A masker. `hash` and `token` need a key of 32 bytes, `fixed` a value, else MidstreamError config_invalid. `token` gives a stand-in of
 * the same form (format-token.ts), and what `hash` gives where a value has no form, or where the key's id is to be shown.
 */
export function createMasker(as: MaskAs, options: MaskerOptions = {}): Masker {
  switch (as) {
    case 'redact':
      return new Redactor();
    case 'partial':
      return {
        as,
        mask: (kind, buf, start, end) => {
          const written = SPELLED_KINDS.has(kind) ? inAscii(buf, start, end) : undefined;
          return written === undefined ? partial(kind, buf, start, end) : partial(kind, written, 0, written.length);
        },
        into: (kind, buf, start, end, out) => {
          const written = SPELLED_KINDS.has(kind) ? inAscii(buf, start, end) : undefined;
          if (written === undefined) partialInto(kind, buf, start, end, out);
          else partialInto(kind, written, 0, written.length, out);
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
      const { key_id = '' } = options;
      const tokens = as === 'token' && key_id === '' ? new FormatTokens(key, options.check ?? 'invalid') : undefined;
      const mask = (kind: Kind, buf: Uint8Array, start: number, end: number): Buffer => {
        const written = tokens !== undefined && SPELLED_KINDS.has(kind) ? inAscii(buf, start, end) : undefined;
        const token = written === undefined ? tokens?.token(kind, buf, start, end) : tokens?.token(kind, written, 0, written.length);
        return token === undefined ? keyed(key, key_id, kind, buf, start, end) : Buffer.from(token, 'latin1');
      };
      return { as, mask, into: (kind, buf, start, end, out) => appendTo(out, mask(kind, buf, start, end)) };
    }
    case 'fixed': {
      const { value } = options;
      if (value === undefined || !FIXED.test(value))
        throw new MidstreamError(
          'config_invalid',
          'a mask of the form fixed needs a value of printable ASCII without quotes, backslash and comma',
        );
      const bytes = Buffer.from(value, 'latin1');
      return { as, mask: () => bytes, into: (_kind, _buf, _start, _end, out) => appendTo(out, bytes) };
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

/** `credit_card:9f2c51…`, or `credit_card:k2:9f2c51…` with the key's id: the same for the same value however it is written, so joins and counts still work. */
function keyed(key: Uint8Array, id: string, kind: Kind, buf: Uint8Array, start: number, end: number): Buffer {
  const digest = createHmac('sha256', key)
    .update(kind)
    .update('\0')
    .update(normalise(kind, buf, start, end))
    .digest('hex');
  return Buffer.from(`${kind}:${id === '' ? '' : `${id}:`}${digest.slice(0, HASH_LENGTH)}`, 'latin1');
}
