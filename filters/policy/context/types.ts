import type { FormTaste } from '../form-values.js';

/** Sizes of the lists of one operation, for bounding what a condition may cost. */
export interface Sizes {
  statements: number;
  /** mean, over the statements, of the longest list in each: so a loop over what is in each statement is counted exactly */
  statement: number;
  /** longest list in any statement, for a loop in such a loop */
  longest: number;
  groups: number;
  params: number;
}

export interface Context {
  variables: Record<string, unknown>;
  /** how a form's field is taken where a condition asks for one value; absent: as the list that it is */
  form?: FormTaste | undefined;
  /** in place of the identity, for conditions that do not ask how it was proven; undefined: it is proven */
  unproven: object | undefined;
  sizes: Sizes;
}

/** The context of an operation, before it is known whether its identity is proven. */
export type OwnContext = Omit<Context, 'unproven'>;
