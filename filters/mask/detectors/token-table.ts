import type { Kind } from '../types.js';
import { BODIES } from './bodies.js';
import { AI } from './vendors/ai.js';
import { CLOUD } from './vendors/cloud.js';
import { CODE } from './vendors/code.js';
import { DATA } from './vendors/data.js';
import type { Form, VendorKind } from './vendors/form.js';
import { HASH } from './vendors/hash.js';
import { PAY } from './vendors/pay.js';
import { TALK } from './vendors/talk.js';

/** One form of a vendor's token, with the kind it belongs to. */
export interface VendorToken extends Form {
  kind: Kind;
  description: string;
  /** made here, valid only in form */
  example: string;
}

const UUID = '3f0c9a4e-7b21-4d58-9e6a-c1d2b3847f50';
/** order in which an alphabet is walked, so that neighbours differ */
const STEP = 23;

/**
 * Tokens that vendors made recognisable by a prefix, from the vendors' documented formats.
 * Adding one is adding a line in vendors/; the prefix must hold a byte that tokens.ts can anchor on.
 */
export const VENDOR_KINDS: readonly VendorKind[] = [...AI, ...CLOUD, ...CODE, ...DATA, ...HASH, ...PAY, ...TALK];

export const VENDOR_TOKENS: readonly VendorToken[] = VENDOR_KINDS.flatMap(({ kind, description, forms }) =>
  forms.map((form) => ({ ...form, kind, description, example: exampleOf(form) })),
);

/** A token of this form: the letters of its alphabet in a fixed order. It belongs to nobody. */
function exampleOf(form: Form): string {
  const before = form.before === undefined ? '' : walk(form.before.body, form.before.min);
  const behind = (form.rest ?? []).map(({ sign, body, min }) => sign + walk(body, min)).join('');
  if (form.body === 'uuid') return before + form.prefix + UUID + behind;
  const body = walk(form.body, form.min);
  const { contains } = form;
  if (contains === undefined) return before + form.prefix + body + behind;
  const middle = Math.floor((form.min - contains.length) / 2);
  return before + form.prefix + body.slice(0, middle) + contains + body.slice(middle + contains.length);
}

function walk(body: Form['body'], length: number): string {
  let letters = '';
  for (let b = 0x30; b < 0x7b; b++)
    if (BODIES[body][b] === 1 && /[0-9A-Za-z]/.test(String.fromCharCode(b))) letters += String.fromCharCode(b);
  let text = '';
  for (let k = 0; k < length; k++) text += letters[(7 + k * STEP) % letters.length];
  return text;
}
