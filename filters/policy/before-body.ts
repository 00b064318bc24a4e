import type { ASTNode } from '@marcbachmann/cel-js';
import { walk } from './expression.js';

/** Facts of a request that are there when its body is. */
export const OF_BODY = new Set(['body', 'unreadable', 'files', 'graphql']);

/** Facts of a request that no body changes. Its method is none: a form or an object may name another one. */
const OF_HEAD = new Set(['host', 'path', 'target', 'query', 'headers']);

/**
 * The operands of the condition's own `&&` that ask for nothing of a body, as one condition: where it is false, so is the whole, whatever the rest gives
 * (in CEL even an error). undefined: there are none.
 */
export function beforeBody(text: string, ast: ASTNode): string | undefined {
  const early = operands(ast).filter(asksHeadAlone);
  return early.length === 0 ? undefined : early.map(({ start, end }) => `(${text.slice(start, end)})`).join(' && ');
}

const operands = (node: ASTNode): ASTNode[] => (node.op === '&&' ? node.args.flatMap(operands) : [node]);

/** Variables that loops bind (`exists(x, …)`) have names of their own. */
function asksHeadAlone(node: ASTNode): boolean {
  let whole = 0;
  let fields = 0;
  for (const { op, args } of walk(node)) {
    if (op === 'id' && (args === 'sql' || args === 'params')) return false;
    if ((op === '.' || op === '.?') && OF_BODY.has(args[1])) return false;
    if (op === 'id' && args === 'http') whole++;
    if (op === '.' && args[0].op === 'id' && args[0].args === 'http') {
      if (!OF_HEAD.has(args[1])) return false;
      fields++;
    }
  }
  return whole === fields;
}
