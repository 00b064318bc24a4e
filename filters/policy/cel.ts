import { type ASTNode, Environment, type ParseResult } from '@marcbachmann/cel-js';
import { Memo } from '../memo.js';
import { beforeBody, OF_BODY } from './before-body.js';
import type { Context } from './context/types.js';
import { type Loop, loopsOf, worstCost } from './cost.js';
import { type ExpressionProblem, walk } from './expression.js';
import { factClass } from './fact-class.js';
import { type FactTypeName, factFunctions, factTypes, factVariables, type Scope, scopeVariables } from './fact-table.js';
import { askForSingles, registerFormFunctions } from './form-reading.js';
import type { FormTaste } from './form-values.js';
import { lintComparisons } from './lint.js';
import { type Budget, glob, Pattern } from './pattern.js';
import { nearest, quoted, suggest } from './problems.js';

/** Longest condition. */
const EXPRESSION_LENGTH_MAX = 8192;
/** Steps of patterns and globs that one evaluation may take: about 50 ms. */
const PATTERN_STEPS_MAX = 2_000_000;
/** Evaluations of nodes that one condition may need at most: about 200 ms. */
const COST_MAX = 2_000_000;

const limits = { maxAstNodes: 4000, maxDepth: 48, maxListElements: 1000, maxMapEntries: 16, maxCallArguments: 4 };

/** `matched: undefined` means that values are not bound yet: the condition will be asked again with them. */
export type Outcome = { matched: boolean | undefined; error?: string };

export interface Condition {
  readonly text: string;
  readonly ast: ASTNode;
  readonly usesParams: boolean;
  readonly usesBody: boolean;
  /** a part of it that is known before the body, where it asks for that: false there, it is false whatever the body says */
  readonly before: Condition | undefined;
  readonly usesQuery: boolean;
  readonly usesMethod: boolean;
  /** it takes what may be a value of a form for a text, a number or a truth */
  readonly formValues: boolean;
  /** it asks how old the proof of the identity is */
  readonly usesAge: boolean;
  /** it asks for proof or kind of the identity: then it has what is only claimed, too */
  readonly asksProof: boolean;
  /** names of fields and constant texts in it: what it may ask a body for */
  readonly names: ReadonlySet<string>;
  evaluate(context: Context): Outcome;
  /** the value of the expression itself, for explaining; throws what the evaluation throws */
  value(context: Context): unknown;
}

// One evaluation runs at a time and never awaits, so the budget of patterns and the taste of forms may be shared; they are set before each.
const budget: Budget = { left: 0 };
let taste: FormTaste = 'first';
const patterns = new Memo<Pattern>(1000);

const compiledPattern = (source: string): Pattern => patterns.get(source, (text) => new Pattern(text));

function baseEnvironment(): Environment {
  const environment = new Environment({ limits, unlistedVariablesAreDyn: false, enableOptionalTypes: false });
  for (const name of Object.keys(factTypes) as FactTypeName[]) {
    const fields = Object.fromEntries(Object.entries(factTypes[name]).map(([field, doc]) => [field, doc.type]));
    environment.registerType(name, { ctor: factClass(name), fields });
  }
  const sync = { async: false };
  environment.registerFunction('lower(string): string', (text: string) => text.toLowerCase(), sync);
  environment.registerFunction('glob(string, string): bool', (text: string, pattern: string) => glob(text, pattern, budget), sync);
  environment.registerFunction(
    `string.${LINEAR_MATCHES}(string): bool`,
    (text: string, source: string) => compiledPattern(source).test(text, budget),
    sync,
  );
  registerFormFunctions(environment, () => taste);
  return environment;
}

/** Our matches(), to which calls of matches() are turned before the type check: the library lets no overload be replaced. */
const LINEAR_MATCHES = 'matches_linear';

let base: Environment | undefined;
const environments = new Map<Scope, Environment>();

function environmentOf(scope: Scope): Environment {
  let found = environments.get(scope);
  if (found === undefined) {
    base ??= baseEnvironment();
    found = base.clone();
    for (const name of scopeVariables[scope]) found.registerVariable(name, factVariables[name]?.type ?? 'dyn');
    environments.set(scope, found);
  }
  return found;
}

const callOf = (node: ASTNode): string | undefined => (node.op === 'call' || node.op === 'rcall' ? node.args[0] : undefined);

/** Functions that do not exist or may not be used, and patterns that are none. */
function checkCalls(ast: ASTNode): ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  for (const node of walk(ast)) {
    const name = callOf(node);
    if (name === undefined) continue;
    if (!Object.hasOwn(factFunctions, name)) {
      problems.push({
        index: node.start,
        what: `there is no function ${quoted(name)} in conditions`,
        fix: suggest(name, Object.keys(factFunctions)),
      });
    } else if (name === 'matches' && node.op === 'rcall') {
      const argument = node.args[2][0];
      if (argument === undefined) continue;
      if (argument.op !== 'value' || typeof argument.args !== 'string') {
        problems.push({
          index: argument.start,
          what: 'the pattern of matches() is not a constant text',
          fix: 'write the pattern in quotes',
        });
        continue;
      }
      try {
        compiledPattern(argument.args);
      } catch (error) {
        problems.push({
          index: argument.start,
          what: `the pattern ${quoted(argument.args)} can't be used: ${(error as Error).message}`,
          fix: 'patterns are in RE2’s syntax, without look-around and references',
        });
      }
    }
  }
  return problems;
}

/** Turns `x.matches("…")` into a call of ours. Done on the parsed tree, before anything was checked or evaluated. */
function replaceMatches(ast: ASTNode): void {
  for (const node of walk(ast)) {
    if (node.op === 'rcall' && node.args[0] === 'matches') (node.args as unknown[])[0] = LINEAR_MATCHES;
  }
}

/** `+` may only add numbers: joining texts or lists can double them at each step. */
function checkAdditions(ast: ASTNode): ExpressionProblem[] {
  const problems: ExpressionProblem[] = [];
  for (const node of walk(ast)) {
    if (node.op !== '+') continue;
    const type = (node as unknown as { checkedType?: { name: string } }).checkedType?.name;
    if (type !== 'int' && type !== 'double' && type !== 'uint') {
      problems.push({ index: node.start, what: 'the + joins texts or lists', fix: 'only numbers can be added; compare the parts instead' });
    }
  }
  return problems;
}

interface CelFailure {
  code?: string;
  summary?: string;
  message: string;
  range?: { start: number };
  node?: ASTNode;
}

/** The library's error in the words of a policy. */
function explainFailure(error: CelFailure, scope: Scope): ExpressionProblem {
  const index = error.range?.start ?? 0;
  const summary = (error.summary ?? error.message).split('\n')[0] ?? '';
  const variables: readonly string[] = scopeVariables[scope];
  if (error.code === 'unknown_variable') {
    const name = summary.replace('Unknown variable: ', '');
    const elsewhere = Object.hasOwn(factVariables, name);
    if (elsewhere && scope !== 'mask')
      return {
        index,
        what: `the fact ${quoted(name)} is not known to a rule on ${scope}`,
        fix: `a rule on ${scope} may ask for: ${variables.join(', ')}`,
      };
    if (elsewhere)
      return { index, what: `the fact ${quoted(name)} is not known to a mask`, fix: `unless may ask for: ${variables.join(', ')}` };
    return { index, what: `there is no fact ${quoted(name)}`, fix: suggest(name, variables) };
  }
  if (error.code === 'no_such_key' && error.node?.op === '.') {
    const name = error.node.args[1];
    const left = (error.node.args[0] as unknown as { checkedType?: { name: string } }).checkedType?.name ?? '';
    const fields = Object.keys(factTypes[left as FactTypeName] ?? {});
    return { index, what: `${left === '' ? 'this' : `a ${left}`} has no field ${quoted(name)}`, fix: suggest(name, fields) };
  }
  const near =
    error.code === 'no_matching_overload' ? nearest(/'(?:\w+\.)?(\w+)\(/.exec(summary)?.[1] ?? '', Object.keys(factFunctions)) : undefined;
  const words = summary.replaceAll(LINEAR_MATCHES, 'matches');
  return {
    index,
    what: `the condition is not valid: ${words}`,
    fix: near === undefined ? 'see `midstream facts` for facts, types and functions' : `did you mean ${near}?`,
  };
}

/** Why the evaluation failed, in one line and without values of the operation: a key or number that was computed is left out. */
export function failureReason(error: unknown): string {
  const failure = error as CelFailure;
  if (failure.code === 'no_such_key' && failure.node?.op !== '.') return 'No such key';
  if (failure.code === 'numeric_overflow') return 'number too large';
  return ((failure.summary ?? failure.message).split('\n')[0] ?? 'unknown').replaceAll(LINEAR_MATCHES, 'matches');
}

const isIdentity = (node: ASTNode): boolean => node.op === 'id' && node.args === 'identity';

/** @param singles the same with single values of forms, where it can ask for one */
function makeCondition(
  text: string,
  parsed: ParseResult,
  singles: ParseResult | undefined,
  loops: Loop,
  compilePart: (text: string) => Condition | undefined,
): Condition {
  let usesParams = false;
  let usesBody = false;
  let usesQuery = false;
  let usesMethod = false;
  let usesAge = false;
  let asksProof = false;
  const names = new Set<string>();
  for (const node of walk(parsed.ast)) {
    if (node.op === 'value' && typeof node.args === 'string') names.add(node.args);
    if (node.op === 'id' && node.args === 'params') usesParams = true;
    if (node.op === '.' || node.op === '.?') {
      names.add(node.args[1]);
      if (OF_BODY.has(node.args[1])) usesBody = true;
      if (node.args[1] === 'query') usesQuery = true;
      if (node.args[1] === 'method' || node.args[1] === 'overrides') usesMethod = true;
      if (node.args[1] === 'age_s') usesAge = true;
      if (isIdentity(node.args[0]) && (node.args[1] === 'proof' || node.args[1] === 'kind')) asksProof = true;
    }
    // http["body"], and http as a whole
    if (node.op === '[]' && node.args[0].op === 'id' && node.args[0].args === 'http') {
      usesBody = true;
      usesQuery = true;
      usesMethod = true;
    }
  }
  const value = (context: Context): unknown => {
    if (worstCost(loops, context.sizes) > COST_MAX) throw new Error('the operation is too large for this condition');
    budget.left = PATTERN_STEPS_MAX;
    const asked = context.form === undefined ? parsed : (singles ?? parsed);
    taste = context.form ?? taste;
    if (asksProof || context.unproven === undefined) return asked(context.variables);
    const { identity } = context.variables as { identity: unknown };
    try {
      context.variables['identity'] = context.unproven;
      return asked(context.variables);
    } finally {
      context.variables['identity'] = identity;
    }
  };
  const evaluate = (context: Context): Outcome => {
    try {
      const result = value(context);
      if (typeof result === 'boolean') return { matched: result };
      return { matched: true, error: 'the condition gave something other than true or false' };
    } catch (error) {
      // `params` is the only variable that may be absent: the statement is being prepared, and will be judged again when it is executed.
      if ((error as CelFailure).code === 'unknown_variable') return { matched: undefined };
      return { matched: true, error: failureReason(error) };
    }
  };
  const part = usesBody ? beforeBody(text, parsed.ast) : undefined;
  const known = part === undefined ? undefined : compilePart(part);
  // One that asks for proof sees what is only claimed; its part would not.
  const before = asksProof && known?.asksProof === false ? undefined : known;
  const uses = { usesParams, usesBody, before, usesQuery, usesMethod, usesAge, asksProof, formValues: singles !== undefined };
  return { text, ast: parsed.ast, ...uses, names, evaluate, value };
}

/** The library follows a row of signs by recursion and counts no depth for it; how many overflow the stack depends on the machine. */
const SIGNS_MAX = 50;
const SIGNS = new RegExp(`(?:[!-]\\s{0,8}){${SIGNS_MAX + 1}}`);

/**
 * Compiles one condition: parsed, its functions and patterns checked, its types checked against the facts of the scope, its cost bounded.
 * @param result what the expression must give; `any` serves explanations
 */
export function compileCondition(
  text: string,
  scope: Scope,
  result: 'bool' | 'any' = 'bool',
): { condition: Condition } | { problems: ExpressionProblem[] } {
  if (text.length > EXPRESSION_LENGTH_MAX) {
    return {
      problems: [{ index: 0, what: `the condition is longer than ${EXPRESSION_LENGTH_MAX} characters`, fix: 'make several rules of it' }],
    };
  }
  const signs = SIGNS.exec(text);
  if (signs !== null) {
    return {
      problems: [{ index: signs.index, what: `more than ${SIGNS_MAX} signs stand in a row`, fix: 'two negations cancel each other' }],
    };
  }
  let parsed: ParseResult;
  try {
    parsed = environmentOf(scope).parse(text);
  } catch (error) {
    return { problems: [explainFailure(error as CelFailure, scope)] };
  }
  const problems = checkCalls(parsed.ast);
  if (problems.length > 0) return { problems };
  const loops = loopsOf(parsed.ast);
  replaceMatches(parsed.ast);
  const checked = parsed.check();
  if (!checked.valid) return { problems: [explainFailure(checked.error as CelFailure, scope)] };
  if (result === 'bool' && checked.type !== 'bool' && checked.type !== 'dyn') {
    return { problems: [{ index: 0, what: `the condition gives ${checked.type}, not true or false`, fix: 'compare it with something' }] };
  }
  problems.push(...checkAdditions(parsed.ast), ...loops.problems, ...lintComparisons(parsed.ast));
  if (problems.length > 0) return { problems };
  const forms = (scopeVariables[scope] as readonly string[]).includes('http');
  const singles = forms ? askForSingles(environmentOf(scope), text, parsed.ast, result === 'bool') : undefined;
  if (singles !== undefined) {
    replaceMatches(singles.ast);
    const again = singles.check();
    if (!again.valid) return { problems: [explainFailure(again.error as CelFailure, scope)] };
  }
  const compilePart = (part: string): Condition | undefined => {
    const compiled = compileCondition(part, scope);
    return 'condition' in compiled ? compiled.condition : undefined;
  };
  return { condition: makeCondition(text, parsed, singles, loops.root, compilePart) };
}
