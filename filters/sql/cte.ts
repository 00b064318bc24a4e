/** WITH clauses: scope, shadowing, recursion. */
import { noteUses } from './columns.js';
import { returningStatement } from './dml.js';
import type { OutputColumn } from './facts.js';
import { type Body, bodyOf, listOf, stringsOf, textOf, unwrap } from './node.js';
import { selectOutputs } from './query.js';
import { type Cte, type CteFrame, type Env, withFacts } from './run.js';
import { applyColumnAliases } from './scope.js';
import { foldOutputs, isWide, Taint } from './taint.js';
import { walk } from './walk.js';

/** How often a recursive query is followed until its columns' sources no longer grow; then they are folded. */
const RECURSION_PASSES_MAX = 4;

/** Opens a WITH clause: follows its queries, each as a statement of its own, and returns where they are visible. */
export function openWith(clause: unknown, env: Env): Env {
  const body = (clause ?? undefined) as Body | undefined;
  if (body === undefined) return env;
  const recursive = body.recursive === true;
  let frame: CteFrame = { ctes: new Map(), parent: env.ctes };
  let inner: Env = { ...env, ctes: frame };
  const pending: Cte[] = [];
  for (const node of listOf(body.ctes)) {
    const expr = bodyOf(node, 'CommonTableExpr');
    if (expr === undefined) continue;
    const name = textOf(expr.ctename);
    const cte: Cte = { name, outputs: undefined, open: false, referenced: false, resolve: undefined };
    if (recursive) {
      // With RECURSIVE all names are visible to all queries, later ones too.
      frame.ctes.set(name, cte);
      const visible = inner;
      cte.resolve = () => followCte(cte, expr, visible, true);
      pending.push(cte);
      continue;
    }
    // Without it a query sees the ones before it, and its own name still means the table.
    followCte(cte, expr, inner, false);
    frame = { ctes: new Map([[name, cte]]), parent: frame };
    inner = { ...inner, ctes: frame };
  }
  for (const cte of pending) cte.resolve?.();
  return inner;
}

/** Finds a common table expression by its name, and makes sure that it has been followed. */
export function findCte(name: string, env: Env): Cte | undefined {
  for (let frame = env.ctes; frame !== undefined; frame = frame.parent) {
    const cte = frame.ctes.get(name);
    if (cte === undefined) continue;
    if (cte.open) cte.referenced = true;
    else cte.resolve?.();
    return cte;
  }
  return undefined;
}

function followCte(cte: Cte, expr: Body, env: Env, recursive: boolean): void {
  cte.resolve = undefined;
  const select = bodyOf(expr.ctequery, 'SelectStmt');
  if (env.run.muted > 0 && recursive && select !== undefined && select.op !== 'SETOP_NONE') {
    followOnce(cte, expr, select, env);
    return;
  }
  if (recursive && select !== undefined && select.op !== 'SETOP_NONE') followRecursive(cte, expr, select, env);
  const node = unwrap(expr.ctequery);
  const kind = node === undefined ? 'select' : kindOfCte(node[0]);
  const facts = env.run.begin(kind, 'cte');
  const own = withFacts(env, facts);
  let outputs: OutputColumn[];
  if (select !== undefined) {
    cte.open = recursive;
    outputs = selectOutputs(select, own, 'output');
    cte.open = false;
  } else if (node !== undefined) outputs = returningStatement(node[0], node[1], own);
  else outputs = [];
  cte.outputs = withClauseColumns(expr, outputs, own);
  if (facts.facts.writes) env.facts.facts.writes = true;
}

/**
 * Within the trial passes of an outer recursive query: one pass, after which any column may come from any source. That
 * is what the passes of followRecursive would end with at most, and it keeps nested recursion from multiplying.
 */
function followOnce(cte: Cte, expr: Body, select: Body, env: Env): void {
  const trial = withFacts(env, env.run.begin('select', 'cte'));
  cte.open = true;
  cte.outputs = [{ ...new Taint().toOutput('', false), many: true }];
  const outputs = named(expr, selectOutputs(select, trial, 'output'));
  cte.open = false;
  const all = foldOutputs(outputs);
  cte.outputs = withClauseColumns(
    expr,
    outputs.map((output) => ({ ...all, name: output.name, many: isWide(output) })),
    trial,
  );
}

function kindOfCte(type: string): string {
  return type.replace(/Stmt$/, '').toLowerCase();
}

/** Follows a recursive query on trial until its outputs are stable. */
function followRecursive(cte: Cte, expr: Body, select: Body, env: Env): void {
  env.run.muted += 1;
  try {
    const trial = withFacts(env, env.run.begin('select', 'cte'));
    cte.open = true;
    cte.outputs = named(expr, selectOutputs(select.larg as Body, trial, 'output'));
    for (let pass = 0; pass < RECURSION_PASSES_MAX; pass += 1) {
      const next = named(expr, selectOutputs(select, trial, 'output'));
      if (!cte.referenced) return;
      const stable = weight(next) === weight(cte.outputs);
      cte.outputs = next;
      if (stable) return;
    }
    const all = foldOutputs(cte.outputs);
    cte.outputs = cte.outputs.map((output) => ({ ...all, name: output.name, many: isWide(output) }));
  } finally {
    cte.open = false;
    env.run.muted -= 1;
  }
}

function weight(outputs: OutputColumn[]): number {
  let sum = outputs.length * 1_000_000;
  for (const output of outputs) sum += output.sources.length + output.whole_rows.length + output.star.length;
  return sum;
}

function named(expr: Body, outputs: OutputColumn[]): OutputColumn[] {
  return applyColumnAliases(outputs, stringsOf(expr.aliascolnames));
}

/** Alias names, and the columns that SEARCH and CYCLE add. */
function withClauseColumns(expr: Body, outputs: OutputColumn[], env: Env): OutputColumn[] {
  let out = named(expr, outputs);
  const search = expr.search_clause as Body | undefined;
  const cycle = expr.cycle_clause as Body | undefined;
  const added = (columns: unknown, name: unknown): void => {
    const taint = new Taint();
    for (const column of stringsOf(columns))
      for (const output of out) if (output.name === column || output.name === '') taint.output(output);
    noteUses(taint, env, 'predicate');
    out = [...out, taint.toOutput(textOf(name), false)];
  };
  if (search !== undefined) added(search.search_col_list, search.search_seq_column);
  if (cycle !== undefined) {
    walk(cycle.cycle_mark_value, env, 'expression', undefined);
    walk(cycle.cycle_mark_default, env, 'expression', undefined);
    added(cycle.cycle_col_list, cycle.cycle_mark_column);
    added(cycle.cycle_col_list, cycle.cycle_path_column);
  }
  return out;
}
