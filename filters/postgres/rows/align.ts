import type { OutputColumn } from '../../sql/facts.js';
import type { CatalogueView, Lineage, Relation } from './origin.js';
import type { ColumnLayout } from './plan.js';
import type { ColumnRef } from './rule-match.js';

/**
 * Puts the outputs of the statement beside the columns of the layout. Stars are counted through the catalogue; one that can't
 * be counted gets what the others leave; where that does not settle it, every column may hold anything of the statement.
 * The result has one entry for each column of the layout.
 */
export function alignOutputs(layout: ColumnLayout[], outputs: readonly OutputColumn[], catalogue: CatalogueView | undefined): Lineage[] {
  const parts = outputs.flatMap((output) => partsOf(output, catalogue));
  const unknown = parts.filter((part) => part.columns === undefined);
  const known = parts.reduce((sum, part) => sum + (part.columns?.length ?? 0), 0);
  const rest = layout.length - known;
  if (unknown.length > 1 || rest < 0 || (unknown.length === 0 && rest !== 0)) return anything(layout.length, parts);
  return parts.flatMap((part) => part.columns ?? new Array<Lineage>(rest).fill(part.each));
}

/** Some neighbouring columns of the result. */
interface Part {
  /** undefined: their number is not known */
  columns: Lineage[] | undefined;
  /** what each of them may hold */
  each: Lineage;
}

function anything(count: number, parts: readonly Part[]): Lineage[] {
  const sources = parts.flatMap((part) => [...part.each.sources, ...(part.columns ?? []).flatMap((column) => column.sources)]);
  return new Array<Lineage>(count).fill({ sources });
}

function partsOf(output: OutputColumn, catalogue: CatalogueView | undefined): Part[] {
  const whole = output.whole_rows.map((row) => ({ ...row, column: '*' }));
  const sources = [...output.sources, ...whole];
  if (output.star.length === 0) {
    const each = { sources, direct: output.direct && whole.length === 0 };
    return [{ columns: output.many ? undefined : [each], each }];
  }
  return output.star.map((star) => starPart(star, sources, output, catalogue));
}

function starPart(
  star: OutputColumn['star'][number],
  sources: ColumnRef[],
  output: OutputColumn,
  catalogue: CatalogueView | undefined,
): Part {
  const many = output.many === true;
  // Other arms and alias lists give columns other names.
  const own = star.or === undefined && output.renamed === undefined ? { star: true as const } : {};
  const rows: ColumnRef[] = [{ schema: star.schema, table: star.table }, ...(star.or ?? [])].map((row) => ({
    schema: row.schema,
    table: row.table,
    column: '*',
    ...own,
  }));
  const each = { sources: [...sources, ...rows] };
  const widths = new Set<number>();
  const names: string[][] = [];
  for (const row of rows) {
    for (const relation of relationsOf(row, catalogue) ?? []) {
      const columns = relation.columns.map((column) => column.name).filter((name) => !star.except?.includes(name));
      widths.add(columns.length);
      names.push(columns);
    }
  }
  if (many || widths.size !== 1 || rows.some((row) => relationsOf(row, catalogue) === undefined)) return { columns: undefined, each };
  // With several arms, or a name in several schemas, each position may be any table's column there.
  const [width] = widths;
  const direct = sources.length === 0;
  const columns = Array.from({ length: width! }, (_, i) => ({
    direct,
    sources: [
      ...sources,
      ...rows.flatMap((row) =>
        [...new Set(names.map((list) => list[i]!))].map((column) => ({ schema: row.schema, table: row.table, column })),
      ),
    ],
  }));
  return { columns, each };
}

function relationsOf(row: { schema: string; table: string }, catalogue: CatalogueView | undefined): readonly Relation[] | undefined {
  const found = catalogue?.byName(row.schema, row.table);
  return found === undefined || found === 'unknown' || found.length === 0 ? undefined : found;
}
