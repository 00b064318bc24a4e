import { isObject } from '../foreign-json.js';
import { readJsonText } from './json.js';
import { type JsonNode, readTree, stringOf } from './json-tree.js';

/** Numbers that JavaScript may write otherwise than they stood; what looks like one in a text does no harm. */
const MAY_DIFFER = /\d{16}|\d[.eE]|-0/;

/** Keys of an object, and of objects in it. */
export interface LeftOut {
  readonly [key: string]: true | LeftOut;
}

/**
 * JSON that was read, may be changed, and is written again. What was not changed is written as it stood: as a number of JavaScript, 12345678901234567890
 * would be another, and 1.0 an integer.
 */
export class JsonSource {
  /** the value, whose objects and lists may be changed, left out, or put elsewhere */
  readonly value: unknown;
  private readonly bytes: Buffer;
  private readonly nodes = new WeakMap<object, JsonNode>();

  /** Throws like readJson. */
  constructor(text: string) {
    this.value = readJsonText(text);
    this.bytes = Buffer.from(text, 'utf8');
    if (MAY_DIFFER.test(text)) this.link(this.value, readTree(this.bytes));
  }

  private link(value: unknown, node: JsonNode): void {
    if (typeof value !== 'object' || value === null) return;
    this.nodes.set(value, node);
    if (node.type === 'array') for (const [i, item] of node.items.entries()) this.link((value as unknown[])[i], item);
    else if (node.type === 'object')
      for (const { name, value: inner } of node.entries) this.link((value as Record<string, unknown>)[name], inner);
  }

  /** On one line. */
  write(value: unknown, stood?: JsonNode): string {
    if (typeof value !== 'object' || value === null)
      return stood !== undefined && this.same(value, stood) ? this.raw(stood) : JSON.stringify(value);
    const node = this.nodes.get(value);
    if (Array.isArray(value)) {
      const items = node?.type === 'array' ? node.items : [];
      return `[${value.map((item, i) => this.write(item, items[i])).join()}]`;
    }
    const entries = new Map(node?.type === 'object' ? node.entries.map(({ name, value: inner }) => [name, inner]) : []);
    const written = Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
      inner === undefined ? [] : [`${JSON.stringify(name)}:${this.write(inner, entries.get(name))}`],
    );
    return `{${written.join()}}`;
  }

  /** What stands under a key of an object of the value. */
  writeEntry(object: Record<string, unknown>, key: string): string {
    const node = this.nodes.get(object);
    const stood = node?.type === 'object' ? node.entries.findLast(({ name }) => name === key)?.value : undefined;
    return this.write(object[key], stood);
  }

  /** An object of the value as it stood, on one line, without some of its keys. */
  writeWithout(object: Record<string, unknown>, leftOut: LeftOut): string {
    const written = Object.entries(object).flatMap(([key, inner]) => {
      const out = Object.hasOwn(leftOut, key) ? leftOut[key]! : undefined;
      if (out === true) return [];
      const text = out !== undefined && isObject(inner) ? this.writeWithout(inner, out) : this.writeEntry(object, key);
      return [`${JSON.stringify(key)}:${text}`];
    });
    return `{${written.join()}}`;
  }

  private same(value: unknown, node: JsonNode): boolean {
    if (node.type === 'string') return value === stringOf(this.bytes, node);
    return (node.type === 'number' || node.type === 'word') && value === JSON.parse(this.raw(node));
  }

  private raw({ start, end }: JsonNode): string {
    return this.bytes.toString('utf8', start, end);
  }
}
