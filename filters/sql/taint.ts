/** The base columns and whole rows that go into a value. */
import type { OutputColumn } from './facts.js';

export interface Source {
  schema: string;
  table: string;
  column: string;
}

export interface Relation {
  schema: string;
  table: string;
}

export class Taint {
  readonly columns = new Map<string, Source>();
  readonly rows = new Map<string, Relation>();

  column(source: Source): void {
    const key = `${source.schema}\0${source.table}\0${source.column}`;
    if (!this.columns.has(key)) this.columns.set(key, { schema: source.schema, table: source.table, column: source.column });
  }

  row(relation: Relation): void {
    const key = `${relation.schema}\0${relation.table}`;
    if (!this.rows.has(key)) this.rows.set(key, { schema: relation.schema, table: relation.table });
  }

  /** Takes over all that an output column is made of; its stars become whole rows. */
  output(output: OutputColumn): void {
    for (const source of output.sources) this.column(source);
    for (const relation of output.whole_rows) this.row(relation);
    for (const relation of output.star) {
      this.row(relation);
      for (const other of relation.or ?? []) this.row(other);
    }
  }

  merge(other: Taint): void {
    for (const [key, source] of other.columns) this.columns.set(key, source);
    for (const [key, relation] of other.rows) this.rows.set(key, relation);
  }

  get empty(): boolean {
    return this.columns.size === 0 && this.rows.size === 0;
  }

  /** An output column that is computed from (or, when `direct`, is) what was gathered. */
  toOutput(name: string, direct: boolean): OutputColumn {
    return { name, sources: [...this.columns.values()], star: [], direct, whole_rows: [...this.rows.values()] };
  }
}

/** Beyond PostgreSQL's own 1,664 columns of a target list nothing can come back; lineage is folded into one entry. */
const OUTPUTS_MAX = 2000;

/** Folds a list of outputs that grew beyond all bounds into one of unknown width. */
export function boundOutputs(outputs: OutputColumn[]): OutputColumn[] {
  return outputs.length <= OUTPUTS_MAX ? outputs : [foldOutputs(outputs)];
}

/** One output of unknown width that holds everything the given ones hold. */
export function foldOutputs(outputs: OutputColumn[]): OutputColumn {
  const taint = new Taint();
  for (const output of outputs) taint.output(output);
  return { ...taint.toOutput('', false), many: true };
}

/** True when positions can't be counted from the left once this output has been passed, without a catalogue. */
export function isWide(output: OutputColumn): boolean {
  return output.star.length > 0 || output.many === true;
}

/** Joins two arms of a set operation, position by position where positions are known, folded where they are not. */
export function uniteOutputs(left: OutputColumn[], right: OutputColumn[]): OutputColumn[] {
  if (left.length === right.length) {
    const out: OutputColumn[] = [];
    for (let i = 0; i < left.length; i += 1) {
      const joined = uniteOne(left[i]!, right[i]!);
      if (joined === undefined) return widen(left, right);
      out.push(joined);
    }
    return out;
  }
  return widen(left, right);
}

function uniteOne(a: OutputColumn, b: OutputColumn): OutputColumn | undefined {
  if (isWide(a) !== isWide(b)) return undefined;
  const taint = new Taint();
  if (a.star.length === 0 && b.star.length === 0) {
    taint.output(a);
    taint.output(b);
    const out = taint.toOutput(a.name, a.direct && b.direct);
    if (a.many === true || b.many === true) return { ...out, many: true };
    return a.renamed === undefined ? out : { ...out, renamed: a.renamed };
  }
  if (a.star.length !== b.star.length || a.many === true || b.many === true) return undefined;
  for (const output of [a, b]) for (const relation of output.whole_rows) taint.row(relation);
  const star = a.star.map((entry, i) => {
    const other = b.star[i]!;
    const or = new Taint();
    for (const relation of [...(entry.or ?? []), other, ...(other.or ?? [])]) or.row(relation);
    or.rows.delete(`${entry.schema}\0${entry.table}`);
    const joined: OutputColumn['star'][number] = { schema: entry.schema, table: entry.table };
    if (entry.except !== undefined) joined.except = entry.except;
    if (or.rows.size > 0) joined.or = [...or.rows.values()];
    return joined;
  });
  const out: OutputColumn = { name: '', sources: [], star, direct: a.direct && b.direct, whole_rows: [...taint.rows.values()] };
  return a.renamed === undefined ? out : { ...out, renamed: a.renamed };
}

/** Keeps the left arm's names and width, and lets every column hold anything of both arms. */
function widen(left: OutputColumn[], right: OutputColumn[]): OutputColumn[] {
  const taint = new Taint();
  for (const output of left) taint.output(output);
  for (const output of right) taint.output(output);
  const all = taint.toOutput('', false);
  if (left.some(isWide) || right.some(isWide)) return [{ ...all, many: true }];
  return left.map((output) => ({ ...all, name: output.name }));
}
