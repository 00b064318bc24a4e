/** Every node type that PostgreSQL's tree has is known to the walker, or makes a statement opaque: nothing is passed in silence. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { nodeTreatment } from '../../../filters/sql/nodes.js';
import { Run } from '../../../filters/sql/run.js';
import { walk } from '../../../filters/sql/walk.js';

/** Types that only appear after parse analysis, in plans, or in other answers of the library; the raw grammar makes none of them. */
const NOT_RAW = new Set(
  (
    'ParseResult ScanResult ScanToken SummaryResult Table Function FilterColumn Query Var Param Aggref WindowFunc WindowFuncRunCondition ' +
    'SubscriptingRef FuncExpr OpExpr DistinctExpr NullIfExpr ScalarArrayOpExpr SubPlan AlternativeSubPlan FieldSelect FieldStore RelabelType ' +
    'CoerceViaIO ArrayCoerceExpr ConvertRowtypeExpr CollateExpr CaseTestExpr ArrayExpr RowCompareExpr JsonConstructorExpr JsonExpr ' +
    'JsonTablePathScan JsonTableSiblingJoin MergeAction CoerceToDomain CoerceToDomainValue NextValueExpr InferenceElem ReturningExpr ' +
    'TargetEntry RangeTblRef FromExpr OnConflictExpr TableFunc RangeTblEntry RTEPermissionInfo RangeTblFunction TableSampleClause ' +
    'WithCheckOption SortGroupClause WindowClause RowMarkClause SetOperationStmt InlineCodeBlock CallContext'
  ).split(' '),
);

function nodeNames(): string[] {
  const require = createRequire(import.meta.url);
  const types = readFileSync(join(dirname(require.resolve('@pgsql/types')), 'types.d.ts'), 'utf8');
  const union = types.slice(types.indexOf('export type Node ='), types.indexOf('export interface'));
  return [...union.matchAll(/^\s{4}(\w+): \1;/gm)].map((match) => match[1]!);
}

describe('SQL node types', () => {
  const names = nodeNames();
  it('the library lists its node types', () => {
    assert.ok(names.length > 250, String(names.length));
  });
  for (const name of names) {
    it(NOT_RAW.has(name) ? `${name} makes a statement opaque` : `${name} is known`, () => {
      if (!NOT_RAW.has(name)) {
        assert.notEqual(nodeTreatment(name), 'unknown');
        return;
      }
      const run = new Run();
      const facts = run.begin('select', 'top');
      walk({ [name]: {} }, { run, facts, scope: undefined, ctes: undefined, source: () => '' }, 'expression', undefined);
      assert.deepEqual(facts.facts.opaque, [`unknown node ${name}`]);
    });
  }
});
