import { Memo } from '../memo.js';
import type { CompiledRule } from './decide.js';
import type { OperationFacts } from './types.js';

/** A value of JSON with its keys as rules write them, in the ways that readers take several keys for one. */
type Respelled = readonly unknown[];

const NONE: Respelled = [];
/** Folded keys that are remembered; bodies name more of them than rules do. */
const FOLDED_MAX = 5000;

/**
 * One form of all keys that some readers take for one: in capitals or not (Go's encoding/json, .NET, Jackson where it is told so), in snake case
 * or not (protobuf's JSON), with a blank before it, dots for underscores or brackets behind it (PHP's forms), cut at a NUL.
 */
const folded = (key: string): string =>
  key
    .replace(/\0.*$/s, '')
    .replace(/\[\d*\]$/, '')
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .replace(/[\s._]/gu, '');

/**
 * The keys that rules ask for. A server that does not tell `Amount` and `amount` apart reads the one where a rule asked for the other, and of both
 * it takes the last, or the first: so an operation is judged as well with such keys spelled as in the rules.
 */
export class RuleKeys {
  /** as rules spell it, by its folded form */
  private readonly spellings = new Map<string, string[]>();
  private readonly forms = new Memo<string>(FOLDED_MAX);
  private readonly known = new WeakMap<object, Respelled>();

  constructor(rules: readonly Pick<CompiledRule, 'condition'>[]) {
    for (const name of new Set(rules.flatMap(({ condition }) => [...condition.names]))) {
      const form = folded(name);
      if (form !== '') this.spellings.set(form, [...(this.spellings.get(form) ?? []), name]);
    }
  }

  /** The operation with keys spelled as the rules do; none where all of them are. */
  readings(facts: OperationFacts): OperationFacts[] {
    if (this.spellings.size === 0) return [];
    switch (facts.on) {
      case 'http':
        return this.variants(facts.http, ['body', 'query']).map((http) => ({ ...facts, http }));
      case 'mcp':
        return this.variants(facts.mcp, ['arguments', 'params', 'result']).map((mcp) => ({ ...facts, mcp }));
      case 'websocket':
        return this.variants(facts.message, ['body']).map((message) => ({ ...facts, message }));
      default:
        return [];
    }
  }

  /** A reader takes the last of several everywhere, or the first. */
  private variants<T extends object>(facts: T, names: readonly (keyof T)[]): T[] {
    if (names.every((name) => this.of(facts[name]) === NONE)) return [];
    const found = names.map((name) => [name, this.of(facts[name])] as const).filter(([, ways]) => ways.length > 0);
    const count = Math.max(0, ...found.map(([, ways]) => ways.length));
    return Array.from({ length: count }, (_none, i) => ({
      ...facts,
      ...Object.fromEntries(found.map(([name, ways]) => [name, ways[Math.min(i, ways.length - 1)]])),
    }));
  }

  private of(value: unknown): Respelled {
    if (typeof value !== 'object' || value === null || Object.keys(value).length === 0) return NONE;
    let found = this.known.get(value);
    if (found === undefined) {
      const walk = new Walk((key) => this.spelled(key));
      const last = walk.visit(value, true);
      found = last === value ? NONE : walk.several ? [last, walk.visit(value, false)] : [last];
      this.known.set(value, found);
    }
    return found;
  }

  private spelled(key: string): { form: string; names: string[] } | undefined {
    const form = this.forms.get(key, folded);
    const names = this.spellings.get(form);
    return names === undefined ? undefined : { form, names };
  }
}

/** Goes through one value; what has no key to spell otherwise is given back as it is. */
class Walk {
  /** an object has several keys of which readers take one */
  several = false;

  constructor(private readonly spelled: (key: string) => { form: string; names: string[] } | undefined) {}

  visit(value: unknown, last: boolean): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      const items = value.map((item) => this.visit(item, last));
      return items.every((item, i) => item === value[i]) ? value : items;
    }
    return this.object(value as Record<string, unknown>, last);
  }

  private object(value: Record<string, unknown>, last: boolean): unknown {
    const entries = Object.entries(value).map(([key, inner]) => [key, this.visit(inner, last)] as const);
    const groups = new Map<string, { names: string[]; keys: string[] }>();
    for (const [key] of entries) {
      const found = this.spelled(key);
      if (found === undefined) continue;
      const group = groups.get(found.form);
      if (group === undefined) groups.set(found.form, { names: found.names, keys: [key] });
      else group.keys.push(key);
    }
    const other = [...groups.values()].filter(
      ({ names, keys }) => keys.length !== names.length || !keys.every((key) => names.includes(key)),
    );
    if (other.length === 0 && entries.every(([key, inner]) => inner === value[key])) return value;
    const out = new Map(entries);
    // Of a form or a query, which are lists of values, readers have all.
    const lists = Object.getPrototypeOf(value) === null;
    for (const { names, keys } of other) {
      const values = keys.map((key) => out.get(key));
      if (keys.length > 1 && !lists) this.several = true;
      for (const key of keys) out.delete(key);
      const chosen = lists ? values.flat() : values[last ? values.length - 1 : 0];
      for (const name of names) out.set(name, chosen);
    }
    const made = Object.create(lists ? null : Object.prototype) as Record<string, unknown>;
    for (const [key, inner] of out)
      Object.defineProperty(made, key, { value: inner, enumerable: true, configurable: true, writable: true });
    return made;
  }
}
