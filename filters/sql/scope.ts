/** Which relation a column name may mean, at each level of a query. */
import type { OutputColumn } from './facts.js';
import type { Relation, Taint } from './taint.js';

/** One FROM item under its alias. A base table has a single star output; derived ones list what is known. */
export interface Item {
  alias: string;
  schema: string;
  outputs: OutputColumn[];
  /** a join's own alias hides its arms from unqualified names only once: items that are reachable by qualifier but not by bare name */
  qualified_only?: boolean;
}

export interface Scope {
  items: Item[];
  /** what `*` stands for, in order */
  expansion: OutputColumn[];
  parent: Scope | undefined;
}

/** A star output of one relation. */
export function starOf(relation: Relation): OutputColumn {
  return {
    name: '',
    sources: [],
    star: [{ schema: relation.schema, table: relation.table }],
    direct: true,
    whole_rows: [],
  };
}

/** definite: the item has that column; possible: it may; none: it can't */
export type Found = 'definite' | 'possible' | 'none';

/** Adds what `item.name` may mean to the taint. `direct` tells whether it is a column itself. */
export function lookup(item: Item, name: string, taint: Taint): { found: Found; direct: boolean } {
  let definite = false;
  let direct = true;
  for (const output of item.outputs) {
    const renamed = output.renamed?.includes(name) === true;
    if (!renamed && (output.name !== name || output.star.length > 0 || output.many === true)) continue;
    taint.output(output);
    direct = direct && output.direct;
    definite = true;
  }
  if (definite) return { found: 'definite', direct };
  let possible = false;
  for (const output of item.outputs) {
    if (output.name !== '' && output.star.length === 0 && output.many !== true) continue;
    if (output.star.length === 0) {
      taint.output(output);
      direct = false;
      possible = true;
      continue;
    }
    for (const relation of output.star) {
      if (relation.except?.includes(name) === true) continue;
      taint.column({ schema: relation.schema, table: relation.table, column: name });
      for (const other of relation.or ?? []) taint.row(other);
      if (relation.or !== undefined) direct = false;
      possible = true;
    }
    for (const relation of output.whole_rows) taint.row(relation);
    for (const source of output.sources) taint.column(source);
  }
  return { found: possible ? 'possible' : 'none', direct };
}

/** Adds the whole row of an item to the taint. */
export function taintRow(item: Item, taint: Taint): void {
  for (const output of item.outputs) taint.output(output);
}

/** Applies an alias list to outputs: known positions get the name; from a star on, each column may be any of the names that are left. */
export function applyColumnAliases(outputs: OutputColumn[], names: string[]): OutputColumn[] {
  if (names.length === 0) return outputs;
  const wide = outputs.findIndex((output) => output.star.length > 0 || output.many === true);
  const known = wide < 0 ? outputs.length : wide;
  const rest = names.slice(known);
  return outputs.map((output, i) => {
    if (i >= known) return rest.length === 0 ? output : { ...output, renamed: [...new Set([...(output.renamed ?? []), ...rest])] };
    const name = names[i];
    return name === undefined ? output : { ...output, name };
  });
}
