import type { OperationFacts } from './types.js';

/**
 * How a reader takes the values of a form's field, or of a query's parameter, that wants one of them: some the first, some the last.
 * Absent: the list that it is.
 */
export type FormTaste = 'first' | 'last';

type Values = Record<string, string[]>;

/** Forms are the only bodies that are objects without a prototype; those of JSON have one. */
export const isForm = (body: unknown): body is Values =>
  typeof body === 'object' && body !== null && !Array.isArray(body) && Object.getPrototypeOf(body) === null;

/** Lists of values as conditions have them. A list of JSON is a list to every reader, so it is none of these. */
const lists = new WeakSet<object>();

/** Remembers the values of a form or query, after it was made a map for conditions. */
export function markForm(form: unknown): void {
  if (form instanceof Map) for (const list of form.values()) if (Array.isArray(list)) lists.add(list);
}

/** What a policy asks of forms: which of them must be judged by their single values too. */
export interface FormUse {
  /** a condition compares what may be a value of a form, or gives it to a function of text */
  readonly formValues: boolean;
  readonly usesBody: boolean;
  readonly usesQuery: boolean;
}

/** What the rules ask of forms, known once for all operations. */
export class RuleForms {
  private readonly ofBody: boolean;
  private readonly ofQuery: boolean;

  constructor(rules: readonly { condition: FormUse }[]) {
    const asking = rules.map(({ condition }) => condition).filter(({ formValues }) => formValues);
    this.ofBody = asking.some(({ usesBody }) => usesBody);
    this.ofQuery = asking.some(({ usesQuery }) => usesQuery);
  }

  /** The operation with single values in the place of lists; none where it has no such list, or no condition asks for one. */
  readings(facts: OperationFacts): OperationFacts[] {
    if (!('http' in facts)) return [];
    const { body, query } = facts.http;
    const found = [...(this.ofBody && isForm(body) ? Object.values(body) : []), ...(this.ofQuery ? Object.values(query) : [])];
    if (found.length === 0) return [];
    const tastes: FormTaste[] = found.some((values) => values.length > 1) ? ['first', 'last'] : ['first'];
    return tastes.map((form) => ({ ...facts, form }));
  }
}

/** The one value that a reader takes of a form's list; anything else as it is. */
export function single(value: unknown, taste: FormTaste): unknown {
  if (!Array.isArray(value) || !lists.has(value)) return value;
  return value[taste === 'first' ? 0 : value.length - 1];
}

/**
 * A text of a form where a rule has a number, as the servers that read numbers there take it. What begins like a number and is written so that
 * they differ (`0x1f`, `010`, `7 apples`, `1e3`) is an error, so the rule matches; what does not is no number to any of them, and stays text.
 */
export function asNumber(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim().normalize('NFKC');
  if (text === '') return 0;
  if (/^[+-]?(0|[1-9][0-9]*)([.][0-9]+)?$/.test(text)) return Number(text);
  if (/^[+-]?[.]?\p{Nd}/u.test(text)) throw new Error('a value of the form is a number to some readers only');
  return text;
}

/** A text of a form where a rule has true or false; what readers do not agree on is an error, so the rule matches. */
export function asBool(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const text = value.trim().toLowerCase();
  if (/^(true|t|yes|y|on|1)$/.test(text)) return true;
  if (/^(false|f|no|n|off|0|)$/.test(text)) return false;
  throw new Error('a value of the form is true to some readers only');
}

/** As what it is compared with. */
export function asLike(value: unknown, other: unknown): unknown {
  const sample = Array.isArray(other) && !lists.has(other) ? other[0] : other;
  if (typeof sample === 'boolean') return asBool(value);
  return typeof sample === 'number' || typeof sample === 'bigint' ? asNumber(value) : value;
}
