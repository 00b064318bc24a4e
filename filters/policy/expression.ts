import type { ASTNode } from '@marcbachmann/cel-js';

/** A mistake in an expression; `index` counts UTF-16 units from its beginning. */
export interface ExpressionProblem {
  index: number;
  what: string;
  fix: string;
}

/** The nodes below a node. */
export function children(node: ASTNode): ASTNode[] {
  switch (node.op) {
    case 'value':
    case 'id':
      return [];
    case '.':
    case '.?':
      return [node.args[0]];
    case 'call':
      return node.args[1];
    case 'rcall':
      return [node.args[1], ...node.args[2]];
    case 'list':
      return node.args;
    case 'map':
      return node.args.flat();
    case '!_':
    case '-_':
      return [node.args];
    default:
      return [...node.args] as ASTNode[];
  }
}

export function* walk(node: ASTNode): Generator<ASTNode> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}
