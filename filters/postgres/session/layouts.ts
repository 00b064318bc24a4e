import type { OutputColumn } from '../../sql/facts.js';
import { decodeRowDescription } from '../wire/row-description.js';
import { missing, originsOf } from '../rows/origin.js';
import { buildRowPlan, type ColumnLayout } from '../rows/plan.js';
import { RowMasker } from '../rows/data-row.js';
import type { Judgement } from './judge.js';
import type { Entry, Portal } from './pending.js';
import { nameKey } from './prepared.js';
import type { Session } from './session.js';

export function layoutOf(buf: Buffer, body: number, end: number): ColumnLayout[] {
  return decodeRowDescription(buf, body, end).columns.map((c) => ({
    name: c.name.toString('utf8'),
    table_oid: c.table_oid,
    attribute: c.attribute,
    type_oid: c.type_oid,
    type_modifier: c.type_modifier,
    format: c.format,
  }));
}

/** How the rows of this layout are masked; undefined while the catalogue is asked. */
export function planRows(s: Session, layout: ColumnLayout[], outputs: OutputColumn[] | undefined): RowMasker | 'clean' | undefined {
  const masks = s.rules!.masks;
  if (masks === undefined) return 'clean';
  if (s.catalogue !== undefined) {
    const wanted = missing(layout, outputs, masks, s.catalogue);
    if (wanted.relations.length + wanted.names.length + wanted.types.length > 0) {
      s.lookup(wanted);
      return undefined;
    }
  }
  const plan = buildRowPlan(layout, originsOf(layout, outputs, s.catalogue), masks, s.catalogue);
  return plan.clean ? 'clean' : new RowMasker(plan);
}

/** Lineage of the rows that a statement gives; FETCH has that of its cursor. */
export function outputsOf(s: Session, judgement: Judgement | undefined, at: number): OutputColumn[] | undefined {
  const top = judgement?.analysis.top[at];
  if (top === undefined) return undefined;
  if (top.fetches) {
    const found = s.portals.find(nameKey(top.fetches.name), s.segment);
    return found.certain ? found.value?.statement.judgement.analysis.top[0]?.outputs : undefined;
  }
  if (top.executes) {
    const found = s.statements.find(nameKey(top.executes.name), s.segment);
    return found.certain ? found.value?.judgement.analysis.top[0]?.outputs : undefined;
  }
  return top.outputs;
}

/** Uses a layout that Describe of the statement gave, with the formats of this Bind. */
export function rowsFromStatement(s: Session, portal: Portal, judgement: Judgement): boolean {
  const known = portal.statement.layout;
  if (known === undefined) return false;
  if (known.length === 0) {
    portal.rows = 'none';
    return true;
  }
  const layout = known.map((column, i) => ({ ...column, format: formatOf(portal.formats, i) }));
  const rows = planRows(s, layout, outputsOf(s, judgement, 0));
  if (rows === undefined) return false;
  portal.rows = rows;
  portal.columns = layout.map((c) => c.name);
  return true;
}

function formatOf(formats: readonly number[], i: number): 0 | 1 {
  const format = formats.length === 0 ? 0 : formats.length === 1 ? formats[0] : formats[i];
  return format === 1 ? 1 : 0;
}

/** Keeps what a Describe told; false while the catalogue is asked. */
export function learnDescribed(s: Session, item: Entry, layout: ColumnLayout[]): boolean {
  if (item.target === 0x53) {
    if (item.statement) item.statement.layout = layout;
    return true;
  }
  const { portal } = item;
  if (portal === undefined) return true;
  if (layout.length === 0) portal.rows = 'none';
  else {
    const rows = planRows(s, layout, outputsOf(s, item.judgement, 0));
    if (rows === undefined) return false;
    portal.rows = rows;
    portal.columns = layout.map((c) => c.name);
  }
  return true;
}
