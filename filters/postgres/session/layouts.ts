import { MidstreamError } from '../../errors.js';
import type { OutputColumn } from '../../sql/facts.js';
import { RowMasker } from '../rows/data-row.js';
import { maskRowDescriptionNames } from '../rows/fields.js';
import { missing, originsOf } from '../rows/origin.js';
import { buildRowPlan, type ColumnLayout, type MaskSet, type RowPlan } from '../rows/plan.js';
import { withStatistics } from '../rows/statistics.js';
import type { Frame } from '../wire/frame-reader.js';
import { decodeRowDescription } from '../wire/row-description.js';
import type { Judgement } from './judge.js';
import type { Entry, Portal, Statement } from './pending.js';
import { nameKey, portalNow, statementNow, type When } from './prepared.js';
import type { Session } from './session.js';

/** A layout, with the bytes that it was read from: equal bytes are equal layouts. */
export interface Layout {
  columns: ColumnLayout[];
  names: string[];
  key: string;
  /** the masks that find nothing in its names */
  plain: MaskSet | undefined;
}

function decodeColumns(buf: Buffer, body: number, end: number): ColumnLayout[] {
  return decodeRowDescription(buf, body, end).columns.map((c) => ({
    name: c.name.toString('utf8'),
    table_oid: c.table_oid,
    attribute: c.attribute,
    type_oid: c.type_oid,
    type_modifier: c.type_modifier,
    format: c.format,
  }));
}

/**
 * Row maskers of one session by layout and lineage. The rows of two statements never mix on the wire, so one masker serves all
 * portals of a layout. Entries end with the masks, with definitions that changed here, and after a while, since others change definitions too.
 */
export class RowPlans {
  private masks: MaskSet | undefined;
  private readonly layouts = new Map<string, Layout>();
  private readonly byOutputs = new Map<OutputColumn[] | undefined, Map<string, { rows: RowMasker | 'clean'; until_ms: number }>>();
  private size = 0;
  /** of the catalogue's definitions by which they were made */
  private generation: number | undefined;
  /** the layout that was asked for last, and the bytes that it was read from: most sessions run one statement again and again */
  private last: { bytes: Buffer; layout: Layout } | undefined;

  /** The layout of a RowDescription: its body stands in buf[body, end). */
  layoutOf(buf: Buffer, body: number, end: number): Layout {
    const { last } = this;
    if (last !== undefined && last.bytes.compare(buf, body, end) === 0) return last.layout;
    const layout = this.layoutByKey(buf, body, end);
    if (end - body <= LAYOUT_KEY_BYTES_MAX) this.last = { bytes: Buffer.from(buf.subarray(body, end)), layout };
    return layout;
  }

  private layoutByKey(buf: Buffer, body: number, end: number): Layout {
    const key = buf.toString('latin1', body, end);
    const known = this.layouts.get(key);
    if (known !== undefined) return known;
    const columns = decodeColumns(buf, body, end);
    const layout: Layout = { columns, names: columns.map(({ name }) => name), key, plain: undefined };
    if (key.length <= LAYOUT_KEY_BYTES_MAX) {
      if (this.layouts.size >= PLANS_MAX) this.layouts.clear();
      this.layouts.set(key, layout);
    }
    return layout;
  }

  /** Plans made by other definitions than these are forgotten. */
  of(generation: number | undefined): this {
    if (generation !== this.generation) this.clear();
    this.generation = generation;
    return this;
  }

  find(masks: MaskSet, outputs: OutputColumn[] | undefined, key: string, now_ms: number): RowMasker | 'clean' | undefined {
    if (masks !== this.masks) return undefined;
    const found = this.byOutputs.get(outputs)?.get(key);
    return found !== undefined && found.until_ms > now_ms ? found.rows : undefined;
  }

  keep(masks: MaskSet, outputs: OutputColumn[] | undefined, key: string, rows: RowMasker | 'clean', now_ms: number): void {
    if (masks !== this.masks || this.size >= PLANS_MAX) this.clear();
    this.masks = masks;
    const plans = this.byOutputs.get(outputs) ?? new Map<string, { rows: RowMasker | 'clean'; until_ms: number }>();
    this.byOutputs.set(outputs, plans);
    plans.set(key, { rows, until_ms: now_ms + PLAN_MS_MAX });
    this.size++;
  }

  clear(): void {
    this.byOutputs.clear();
    this.size = 0;
  }
}

/** A RowDescription whose names may be values, masked; undefined where it may pass as it is. */
export function maskNames(f: Frame, layout: Layout, masks: MaskSet): Buffer | undefined {
  if (layout.plain === masks) return undefined;
  const masked = maskRowDescriptionNames(f.buf, f.start, f.body, f.end, masks);
  if (masked === undefined) layout.plain = masks;
  return masked;
}

const PLANS_MAX = 200;
/** Longer descriptions are read each time that they come. */
const LAYOUT_KEY_BYTES_MAX = 8192;
const PLAN_MS_MAX = 10_000;

/**
 * The catalogue does not see what this transaction redefined: until it is over, any column may be any other. That matters where
 * the database has a column that some rule covers. undefined while the catalogue is asked.
 */
export function originsInDoubt(s: Session, masks: MaskSet, outdated = false): boolean | undefined {
  if (!(s.originsInDoubt || outdated) || masks.columnRules.length === 0) return false;
  if (s.catalogue === undefined) return true;
  const patterns = masks.columnRules.flatMap((rule) => rule.patterns);
  const open = patterns.filter((pattern) => s.catalogue!.covers(pattern) === undefined);
  if (open.length > 0) {
    s.lookup({ patterns: open });
    return undefined;
  }
  return patterns.some((pattern) => s.catalogue!.covers(pattern) !== false);
}

/** How the rows of this layout are masked; undefined while the catalogue is asked. */
export function planRows(
  s: Session,
  { columns, key }: Pick<Layout, 'columns' | 'key'>,
  outputs: OutputColumn[] | undefined,
  outdated = false,
): RowMasker | 'clean' | undefined {
  const masks = s.rules!.masks;
  if (masks === undefined) return 'clean';
  const doubt = originsInDoubt(s, masks, outdated);
  if (doubt === undefined) return undefined;
  if (doubt) return new RowMasker(buildRowPlan(columns, [], masks, s.catalogue));
  const now = s.options.now();
  const plans = s.plans.of(s.catalogue?.generation);
  const known = plans.find(masks, outputs, key, now);
  if (known !== undefined) return known;
  if (s.catalogue !== undefined) {
    const wanted = missing(columns, outputs, masks, s.catalogue);
    if (wanted.relations.length + wanted.names.length + wanted.types.length > 0) {
      s.lookup(wanted);
      return undefined;
    }
  }
  const found = withStatistics(originsOf(columns, outputs, s.catalogue), masks, s.catalogue);
  if ('patterns' in found) {
    s.lookup({ patterns: found.patterns });
    return undefined;
  }
  const plan = buildRowPlan(columns, found.origins, masks, s.catalogue);
  const rows = plan.clean ? 'clean' : new RowMasker(plan);
  plans.keep(masks, outputs, key, rows, now);
  return rows;
}

/** A COPY whose columns may come from anywhere: all of them are covered. */
export function planCovered(response: { column_formats: number[] }, masks: MaskSet): RowPlan {
  const columns = response.column_formats.map((format) => ({
    name: '',
    table_oid: 0,
    attribute: 0,
    type_oid: format === 0 ? TEXT_OID : 0,
    type_modifier: -1,
    format: format === 0 ? (0 as const) : (1 as const),
  }));
  return buildRowPlan(columns, [], masks, undefined);
}

const TEXT_OID = 25;

/** Lineage of the rows that a statement gives; FETCH has that of its cursor. */
export function outputsOf(s: Session, judgement: Judgement | undefined, at: number, when: When): OutputColumn[] | undefined {
  const top = judgement?.analysis.top[at];
  if (top === undefined) return undefined;
  if (top.fetches) {
    const found = portalNow(s, nameKey(top.fetches.name), when);
    return found.certain ? found.value?.statement.judgement.analysis.top[0]?.outputs : undefined;
  }
  if (top.executes) {
    const found = statementNow(s, nameKey(top.executes.name), when);
    return found.certain ? found.value?.judgement.analysis.top[0]?.outputs : undefined;
  }
  return top.outputs;
}

/**
 * Rows of a cursor WITH HOLD were taken when its transaction ended. Where definitions have changed since, nobody knows any more where they come
 * from.
 */
export function isOutdated(s: Session, judgement: Judgement | undefined, at: number, when: When): boolean {
  const top = judgement?.analysis.top[at];
  if (top?.fetches === undefined) return false;
  const found = portalNow(s, nameKey(top.fetches.name), when);
  const heldAt = found.certain ? found.value?.heldAt : undefined;
  return heldAt !== undefined && heldAt !== s.catalogue?.generation;
}

/** What the first statement runs by its name, as far as the server has answered. */
function runByName(s: Session, judgement: Judgement | undefined): Statement | Portal | undefined {
  const top = judgement?.analysis.top[0];
  if (top?.fetches) return s.portals.answered(nameKey(top.fetches.name));
  return top?.executes && s.statements.answered(nameKey(top.executes.name));
}

/**
 * A portal that was described and runs another thing by the same name since gives rows of a layout that nobody told: Postgres looks the
 * name up when it runs, with the columns of before. No driver does so; the connection ends before a row passes with the wrong masks.
 */
export function checkNamed(s: Session, portal: Portal, judgement: Judgement | undefined): void {
  const { named } = portal;
  if (named === undefined) return;
  portal.named = undefined;
  if (named.was !== runByName(s, judgement))
    throw new MidstreamError('protocol_violation', 'a portal runs something else by the name that it had when its columns were told', {
      hint: 'Bind the statement again after what it names was prepared or declared anew.',
    });
}

/** Uses a layout that Describe of the statement gave, with the formats of this Bind. */
export function rowsFromStatement(s: Session, portal: Portal, judgement: Judgement): boolean {
  const known = portal.statement.layout;
  if (known === undefined) return false;
  if (known.length === 0) {
    portal.rows = 'none';
    return true;
  }
  const columns = known.map((column, i) => ({ ...column, format: formatOf(portal.formats, i) }));
  const layout = { columns, key: `bound ${JSON.stringify(columns)}` };
  const rows = planRows(s, layout, outputsOf(s, judgement, 0, 'sent'), isOutdated(s, judgement, 0, 'sent'));
  if (rows === undefined) return false;
  portal.rows = rows;
  portal.columns = columns.map((c) => c.name);
  return true;
}

function formatOf(formats: readonly number[], i: number): number {
  if (formats.length === 0) return 0;
  return (formats.length === 1 ? formats[0] : formats[i]) ?? 0;
}

/** Keeps what a Describe told; false while the catalogue is asked. */
export function learnDescribed(s: Session, item: Entry, layout: Layout): boolean {
  if (item.target === 0x53) {
    if (item.statement) item.statement.layout = layout.columns;
    return true;
  }
  const { portal } = item;
  if (portal === undefined) return true;
  if (layout.columns.length === 0) portal.rows = 'none';
  else {
    const rows = planRows(s, layout, outputsOf(s, item.judgement, 0, 'answered'), isOutdated(s, item.judgement, 0, 'answered'));
    if (rows === undefined) return false;
    portal.rows = rows;
    portal.columns = layout.names;
    if (item.judgement?.usesNames) portal.named = { was: runByName(s, item.judgement) };
  }
  return true;
}
