import type { ASTNode } from '@marcbachmann/cel-js';
import type { Sizes } from './context/types.js';
import { children, type ExpressionProblem } from './expression.js';
import { factVariables } from './fact-table.js';

/** A loop of a condition, and the loops inside. `weight` counts the nodes that each turn evaluates, without inner loops. */
export interface Loop {
  over: 'once' | keyof Sizes | 'few' | 'most' | { constant: number };
  weight: number;
  inner: Loop[];
}

/** Loops in loops. Statements, what is in them, and one more. */
const LOOP_DEPTH_MAX = 3;
/** Elements of a list that is short by its nature: the reaches of one function. */
const FEW = 16;

const macros = new Set(['exists', 'all', 'exists_one', 'filter', 'map']);

type Bound = Map<string, Loop['over']>;

/** How long a list can be, from the expression that gives it. */
function lengthOf(node: ASTNode, bound: Bound): Loop['over'] {
  if (node.op === 'list') return { constant: node.args.length };
  if (node.op === 'id' && node.args === 'params') return 'params';
  if (node.op === '.') {
    const [left, field] = node.args;
    if (left.op === 'id' && left.args === 'sql' && field === 'statements') return 'statements';
    if (left.op === 'id' && left.args === 'identity' && field === 'groups') return 'groups';
    const element = left.op === 'id' ? bound.get(left.args) : undefined;
    if (element === 'statements') return [...bound.values()].includes('statement') ? 'longest' : 'statement';
    if (element === 'statement' || element === 'longest') return 'few';
  }
  if (node.op === 'rcall' && (node.args[0] === 'filter' || node.args[0] === 'map')) return lengthOf(node.args[1], bound);
  return 'most';
}

/** All loops of a condition, with what is wrong about them. Works on the tree as parsed, before macros are expanded. */
export function loopsOf(ast: ASTNode): { root: Loop; problems: ExpressionProblem[] } {
  const problems: ExpressionProblem[] = [];
  const root: Loop = { over: 'once', weight: 0, inner: [] };

  const visit = (node: ASTNode, loop: Loop, depth: number, bound: Bound): void => {
    loop.weight++;
    if (depth > 0 && node.op === '.' && node.args[1] === 'normalized') {
      problems.push({ index: node.start, what: 'sql.normalized is read inside a loop', fix: 'move it in front of the loop' });
    }
    if (node.op === 'rcall' && macros.has(node.args[0])) {
      visitMacro(node, loop, depth, bound);
      return;
    }
    if (node.op === 'in' && node.args[1].op !== 'list') loop.inner.push({ over: lengthOf(node.args[1], bound), weight: 1, inner: [] });
    for (const child of children(node)) visit(child, loop, depth, bound);
  };

  const visitMacro = (node: ASTNode & { op: 'rcall' }, loop: Loop, depth: number, bound: Bound): void => {
    const [name, list, [variable, ...bodies]] = node.args;
    visit(list, loop, depth, bound);
    if (depth === LOOP_DEPTH_MAX)
      problems.push({
        index: node.start,
        what: `${name}() is the fourth loop inside another`,
        fix: `nest at most ${LOOP_DEPTH_MAX}, or make several rules of it`,
      });
    if (variable?.op === 'id' && Object.hasOwn(factVariables, variable.args)) {
      problems.push({
        index: variable.start,
        what: `the variable of ${name}() has the name of the fact ${variable.args}`,
        fix: 'give it another name',
      });
    }
    const over = lengthOf(list, bound);
    const inner: Loop = { over, weight: 1, inner: [] };
    loop.inner.push(inner);
    const within = variable?.op === 'id' ? new Map(bound).set(variable.args, over) : bound;
    for (const body of bodies) visit(body, inner, depth + 1, within);
  };

  visit(ast, root, 0, new Map());
  return { root, problems };
}

function turns(over: Loop['over'], sizes: Sizes): number {
  if (typeof over === 'object') return over.constant;
  if (over === 'once') return 1;
  if (over === 'few') return FEW;
  if (over === 'most') return Math.max(sizes.statements, sizes.longest, sizes.groups, sizes.params, FEW);
  return sizes[over];
}

/** Upper bound on the nodes that an evaluation visits, for lists of these sizes. */
export function worstCost(loop: Loop, sizes: Sizes): number {
  let perTurn = loop.weight;
  for (const inner of loop.inner) perTurn += worstCost(inner, sizes);
  return turns(loop.over, sizes) * perTurn;
}
