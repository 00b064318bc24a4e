import type { Kind } from '../../types.js';

/** What a token's body may be made of. */
export type Body =
  | 'alnum'
  | 'alnum_'
  | 'lower'
  | 'token'
  | 'hex'
  | 'digit'
  | 'upper'
  | 'upper_'
  | 'dotted'
  | 'base64'
  | 'base64+'
  | 'percent'
  | 'slashed'
  | 'colons'
  | 'dollars'
  | 'crypt'
  | 'phc'
  | 'scram'
  | 'uuid';

export interface Form {
  prefix: string;
  body: Body;
  /** length of the body without the prefix */
  min: number;
  max: number;
  /** what stands before the literal, when the literal is no prefix but in the middle of the token */
  before?: { body: Body; min: number; max: number };
  /** what the last characters are: a CRC32 in base 62 (GitHub, npm), in hex (Grafana), in base 36 (GitLab) */
  checksum?: 'github' | 'grafana' | 'gitlab';
  /** a text that must stand in the body */
  contains?: string;
  /** parts behind the body, each behind a text of its own */
  rest?: readonly { sign: string; body: Body; min: number; max: number }[];
  /** letters that may stand right before the token and are no part of it */
  glued?: string;
  /** what may not stand right behind it */
  unless?: string;
  /** a digit stands in the body: words in camel case are none */
  digits?: true;
  /** the body needs no variety: its alphabet or the literal already says enough */
  plain?: true;
}

export interface VendorKind {
  kind: Kind;
  description: string;
  /** the vendor's page on these keys, or its documentation's first page where the page moves */
  source: string;
  forms: readonly Form[];
}

type FormRow = readonly [prefix: string, body: Body, min: number, max?: number, more?: Partial<Form>];

/** One kind with its forms: `[prefix, body, min, max, more]`, lengths in characters without the prefix. */
export function vendor(kind: Kind, description: string, source: string, ...rows: readonly FormRow[]): VendorKind {
  return {
    kind,
    description,
    source: `https://${source}`,
    forms: rows.map(([prefix, body, min, max = min, more = {}]) => ({ prefix, body, min, max, ...more })),
  };
}

/** The parts of a token behind its body. */
export function rest(...parts: readonly (readonly [sign: string, body: Body, min: number, max?: number])[]): Partial<Form> {
  return { rest: parts.map(([sign, body, min, max = min]) => ({ sign, body, min, max })) };
}
