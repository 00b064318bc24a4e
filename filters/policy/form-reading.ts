import type { ASTNode, Environment, ParseResult } from '@marcbachmann/cel-js';
import { children } from './expression.js';
import { asBool, asLike, asNumber, type FormTaste, single } from './form-values.js';

/** What a condition takes an operand for. `like`: what stands at the other side says it when the condition is asked. */
type Wanted = 'text' | 'number' | 'bool' | 'like';

const FUNCTION: Record<Wanted, string> = {
  text: 'form_text',
  number: 'form_number',
  bool: 'form_bool',
  like: 'form_like',
};

/** Functions that only rewritten conditions have: a policy can't name them, since they are not in the table of functions. */
export function registerFormFunctions(environment: Environment, taste: () => FormTaste): void {
  const sync = { async: false };
  const taken = (value: unknown, as: (one: unknown) => unknown): unknown => {
    const one = single(value, taste());
    // What was no list of a form is judged as it is: JSON says itself what is a number.
    return one === value ? value : as(one);
  };
  environment.registerFunction(`${FUNCTION.text}(dyn): dyn`, (value: unknown) => single(value, taste()), sync);
  environment.registerFunction(`${FUNCTION.number}(dyn): dyn`, (value: unknown) => taken(value, asNumber), sync);
  environment.registerFunction(`${FUNCTION.bool}(dyn): dyn`, (value: unknown) => taken(value, asBool), sync);
  environment.registerFunction(
    `${FUNCTION.like}(dyn, dyn): dyn`,
    (value: unknown, other: unknown) => taken(value, (one) => asLike(one, other)),
    sync,
  );
}

const COMPARISONS = new Set(['==', '!=', '<', '<=', '>', '>=']);
const ARITHMETIC = new Set(['+', '-', '*', '/', '%']);
const OF_TEXT = new Set(['startsWith', 'endsWith', 'contains', 'matches', 'matches_linear', 'lowerAscii', 'upperAscii', 'trim']);
const TAKE_TEXT = new Set(['lower', 'glob', 'int', 'double', 'string']);
const PREDICATES = new Set(['exists', 'all', 'exists_one', 'filter']);

const typeOf = (node: ASTNode): string => (node as unknown as { checkedType?: { name: string } }).checkedType?.name ?? '';

/** A row of fields: it may be evaluated twice. */
const isPath = (node: ASTNode): boolean =>
  node.op === 'id' || node.op === 'value' || ((node.op === '.' || node.op === '[]') && children(node).every(isPath));

/** What its path says cannot be a form's list: claims, texts in such a list (`http.query["limit"][0]`). A fact's name is no variable of a loop. */
function isNoList(node: ASTNode): boolean {
  if (node.op !== '.' && node.op !== '[]') return false;
  const [base, key] = node.args;
  if (base.op === 'id') return base.args === 'identity';
  const indexed = node.op === '[]' && typeof key !== 'string' && key.op === 'value' && typeof key.args === 'bigint';
  return isNoList(base) || (indexed && isPath(base) && rootOf(base) === 'http');
}

function rootOf(node: ASTNode): unknown {
  const [base] = children(node);
  return base === undefined ? node.args : rootOf(base);
}

/** For an operand beside `other`; undefined: `other` is a list, a map or null, so the operand stays what it is. */
function beside(other: ASTNode, type = typeOf(other)): Wanted | undefined {
  if (ARITHMETIC.has(other.op) || other.op === '-_' || /^(int|uint|double)$/.test(type)) return 'number';
  if (type === 'string' || type === 'bool') return type === 'string' ? 'text' : 'bool';
  if (type === 'dyn') return isPath(other) ? 'like' : 'text';
  return undefined;
}

/** For the left operand of `in`, from the list at the right. */
function within(list: ASTNode): Wanted | undefined {
  if (list.op === 'list') return list.args[0] === undefined ? undefined : beside(list.args[0]);
  const element = /^list<(.+)>$/.exec(typeOf(list))?.[1];
  return element === undefined ? (beside(list) ?? 'text') : beside(list, element);
}

/** A place in the tree where an operand stands. */
interface Slot {
  wanted: Wanted | undefined;
  other?: ASTNode;
  at: ASTNode;
  put: (node: ASTNode) => void;
}

/** The operands of a node that are wanted as single values. Lists that are looked through, counted or indexed are none. */
function slotsOf(node: ASTNode): Slot[] {
  const slot = (holder: unknown, key: number | 'args', wanted: Wanted | undefined, other?: ASTNode): Slot => {
    const places = holder as Record<number | 'args', ASTNode>;
    const put = (made: ASTNode): void => {
      places[key] = made;
    };
    return { wanted, at: places[key]!, put, ...(other === undefined ? {} : { other }) };
  };
  if (node.op === '!_' || node.op === '-_') return [slot(node, 'args', node.op === '!_' ? 'bool' : 'number')];
  if (COMPARISONS.has(node.op)) {
    const [left, right] = node.args as [ASTNode, ASTNode];
    return [slot(node.args, 0, beside(right), right), slot(node.args, 1, beside(left), left)];
  }
  if (ARITHMETIC.has(node.op)) return [0, 1].map((i) => slot(node.args, i, 'number'));
  if (node.op === '&&' || node.op === '||') return [0, 1].map((i) => slot(node.args, i, 'bool'));
  if (node.op === '?:') return [slot(node.args, 0, 'bool')];
  if (node.op === '[]') return [slot(node.args, 1, 'text')];
  if (node.op === 'in') {
    const [left, right] = node.args;
    const elements = right.op === 'list' ? right.args.map((_one, i) => slot(right.args, i, beside(left), left)) : [];
    return [slot(node.args, 0, within(right), right), ...elements];
  }
  if (node.op === 'call') return TAKE_TEXT.has(node.args[0]) ? node.args[1].map((_one, i) => slot(node.args[1], i, 'text')) : [];
  if (node.op !== 'rcall') return [];
  const [name, , given] = node.args;
  if (OF_TEXT.has(name)) return [slot(node.args, 1, 'text'), ...given.map((_one, i) => slot(given, i, 'text'))];
  return PREDICATES.has(name) && given[1] !== undefined ? [slot(given, 1, 'bool')] : [];
}

/**
 * The condition that asks for single values of a form where it compares, or asks for text, number or truth: `http.body.user == "root"` asks for
 * the one value of the field. Where it takes the field for a list, it still gets the list.
 * @param checked knows the types of the same text
 * @param whole the condition itself must be true or false
 * @returns undefined where no operand can be a value of a form
 */
export function askForSingles(environment: Environment, text: string, checked: ASTNode, whole: boolean): ParseResult | undefined {
  let found = false;
  // Calls come from the parser: nodes of the library can't be made otherwise.
  const call = (wanted: Wanted, node: ASTNode, other: ASTNode | undefined): ParseResult => {
    found = true;
    const made = environment.parse(wanted === 'like' ? `${FUNCTION.like}(on, on)` : `${FUNCTION[wanted]}(on)`);
    const [, args] = made.ast.args as [string, ASTNode[]];
    args[0] = node;
    if (wanted === 'like') args[1] = other!;
    return made;
  };
  const visit = (node: ASTNode, typed: ASTNode): void => {
    const inner = children(typed);
    for (const [i, child] of children(node).entries()) visit(child, inner[i]!);
    const known = slotsOf(typed);
    for (const [i, { at, put, other }] of slotsOf(node).entries()) {
      const { wanted, at: operand } = known[i]!;
      if (wanted !== undefined && typeOf(operand) === 'dyn' && !isNoList(operand)) put(call(wanted, at, other).ast);
    }
  };
  const parsed = environment.parse(text);
  visit(parsed.ast, checked);
  const singles = whole && typeOf(checked) === 'dyn' ? call('bool', parsed.ast, undefined) : parsed;
  return found ? singles : undefined;
}
