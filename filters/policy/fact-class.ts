import { type FactTypeName, factTypes } from './fact-table.js';

/**
 * Facts as the CEL library wants them: instances of registered classes, whole numbers as bigint.
 * Only the fields of the table are copied, so nothing else can be reached from a condition.
 */
export type FactClass = new (facts: Record<string, unknown>) => object;

function makeClass(name: FactTypeName): FactClass {
  const fields = Object.entries(factTypes[name]).map(([field, doc]) => ({ field, convert: converter(doc.type) }));
  return class Fact {
    constructor(facts: Record<string, unknown>) {
      const self = this as Record<string, unknown>;
      for (const { field, convert } of fields) {
        const value = facts[field];
        self[field] = convert === undefined || value === undefined ? value : convert(value);
      }
    }
  };
}

/** How a value of this type becomes a CEL value; undefined when it is one already. */
function converter(type: string): ((value: unknown) => unknown) | undefined {
  if (type === 'int') return (value) => BigInt(value as number);
  const element = /^list<(\w+)>$/.exec(type)?.[1];
  if (element !== undefined && element in factTypes) {
    return (list) => (list as Record<string, unknown>[]).map((item) => new (factClass(element as FactTypeName))(item));
  }
  return undefined;
}

const classes = new Map<FactTypeName, FactClass>();

export function factClass(name: FactTypeName): FactClass {
  let found = classes.get(name);
  if (found === undefined) {
    found = makeClass(name);
    classes.set(name, found);
  }
  return found;
}

/** A fact that can't be had must not look like one that is empty. */
export function unavailable(value: object, name: string, why: string): void {
  Object.defineProperty(value, name, {
    enumerable: true,
    get: () => {
      throw new Error(why);
    },
  });
}
