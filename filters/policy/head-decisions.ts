import type { ASTNode } from '@marcbachmann/cel-js';
import { Memo } from '../memo.js';
import type { CompiledRule } from './decide.js';
import { walk } from './expression.js';
import type { Decision, HttpOperation, OperationFacts } from './types.js';

/** Facts of a request that are one text each, and known with its head. */
const TEXTS = ['method', 'host', 'path', 'target', 'content_type'] as const;
type TextFact = (typeof TEXTS)[number];

const isText = (name: string): name is TextFact => (TEXTS as readonly string[]).includes(name);

/** The texts of a request's head that a condition asks for, and nothing else; undefined: it may ask for more. */
export function textsOfHead(ast: ASTNode): TextFact[] | undefined {
  const texts: TextFact[] = [];
  let names = 0;
  for (const { op, args } of walk(ast)) {
    if (op === 'id') {
      if (args !== 'http') return undefined;
      names++;
    } else if (op === '.' && args[0].op === 'id') {
      if (!isText(args[1])) return undefined;
      texts.push(args[1]);
    } else if (op === '.' || op === '.?' || op === '[]') return undefined;
    // How long it may take depends on what it goes through.
    else if (op === 'in' && args[1].op !== 'list') return undefined;
  }
  return names === texts.length ? texts : undefined;
}

const DECISIONS_MAX = 1000;
const HEAD_UNITS_MAX = 512;

/**
 * Where rules ask for texts of a request's head alone, what was decided is remembered: the same heads come again and again. A request that can be read in
 * several ways, or that is not understood whole, is judged each time.
 */
export function rememberingHeads(
  rules: readonly CompiledRule[],
  decide: (facts: OperationFacts) => Decision,
): (facts: OperationFacts) => Decision {
  const asked = rules.map(({ condition }) => textsOfHead(condition.ast));
  if (asked.includes(undefined)) return decide;
  const texts = TEXTS.filter((name) => asked.some((one) => one!.includes(name)));
  const decisions = new Memo<Decision>(DECISIONS_MAX, HEAD_UNITS_MAX);
  return (facts) => {
    if (facts.on !== 'http' || !isPlain(facts)) return decide(facts);
    let head = '';
    // A length before each text: no two heads are one key.
    for (const name of texts) head += `${facts.http[name].length} ${facts.http[name]}`;
    return decisions.get(head, () => decide(facts));
  };
}

const isPlain = ({ http, sql, also, form }: HttpOperation): boolean =>
  sql === undefined &&
  form === undefined &&
  (also === undefined || also.length === 0) &&
  http.unparsed === '' &&
  http.unreadable === '' &&
  http.opaque === '';
