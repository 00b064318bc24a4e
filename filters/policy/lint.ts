import type { ASTNode } from '@marcbachmann/cel-js';
import { type ExpressionProblem, walk } from './expression.js';
import { type FactTypeName, factTypes, factVariables } from './fact-table.js';
import type { FactDoc } from './facts/doc.js';
import { quoted, suggest } from './problems.js';

/**
 * Comparisons that can never hold. A rule that silently never matches is worse than one that does not load:
 * `s.kind == "DROP"` would look like protection.
 */
export function lintComparisons(ast: ASTNode): ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  for (const node of walk(ast)) {
    if (node.op === '==' || node.op === '!=') {
      check(node.args[0], node.args[1], problems);
      check(node.args[1], node.args[0], problems);
    } else if (node.op === 'in') {
      const [left, right] = node.args;
      if (right.op === 'list') for (const item of right.args) check(left, item, problems);
      else check(right, left, problems);
    }
  }
  return problems;
}

function check(fact: ASTNode, literal: ASTNode, problems: ExpressionProblem[]): void {
  if (literal.op !== 'value' || typeof literal.args !== 'string') return;
  const doc = docOf(fact);
  if (doc === undefined) return;
  const value = literal.args;
  if (doc.values !== undefined && !doc.values.includes(value)) {
    problems.push({
      index: literal.start,
      what: `this is never ${quoted(value)}`,
      fix: suggest(
        value,
        doc.values.filter((known) => known !== ''),
      ),
    });
  } else if (doc.lower === true && value !== value.toLowerCase()) {
    problems.push({
      index: literal.start,
      what: `this is always in lower case, so never ${quoted(value)}`,
      fix: `write ${quoted(value.toLowerCase())}`,
    });
  }
}

/** The table's entry for a field access or a variable, after the type check. */
function docOf(node: ASTNode): FactDoc | undefined {
  if (node.op === 'id') return factVariables[node.args];
  if (node.op !== '.') return undefined;
  const type = (node.args[0] as unknown as { checkedType?: { name: string } }).checkedType?.name;
  return factTypes[type as FactTypeName]?.[node.args[1]];
}
