import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument } from 'yaml';
import { type Problem, quoted } from './problems.js';

/** Longest policy file. */
export const POLICY_BYTES_MAX = 4 * 1024 * 1024;
/** Nodes of the file after aliases are followed: an anchor that doubles itself ends here. */
const NODES_MAX = 250_000;
/** Levels of the file. A policy has six. */
const DEPTH_MAX = 24;

interface Place {
  /** where the key stands, for entries of a mapping */
  key: number;
  /** where the value stands, and where it ends */
  start: number;
  end: number;
}

/** A policy file as plain values, and where each stood. */
export interface PolicySource {
  value: unknown;
  problems: Problem[];
  /** offset of the value at a JSON pointer (`/rules/0/when`), or of its nearest parent */
  valueAt(pointer: string): number;
  /** offset of the key of an entry, or of its nearest parent */
  keyAt(pointer: string): number;
  /** offset in the file of the n-th character of a text value: through quotes, folding and indentation */
  within(pointer: string, index: number, value: string): number;
}

const what: Record<string, string> = {
  DUPLICATE_KEY: 'the key stands here twice',
  TAB_AS_INDENT: 'a tab is used for indentation',
  MULTIPLE_DOCS: 'there is more than one document in the file',
};
const fix: Record<string, string> = {
  DUPLICATE_KEY: 'keep one of them',
  TAB_AS_INDENT: 'indent with spaces',
  MULTIPLE_DOCS: 'remove the `---` and what follows',
};

/**
 * The YAML library takes quadratic time, and then its stack, for values nested very deep, so they are refused before it sees them.
 * Brackets in texts count too; nobody opens a hundred there without closing them.
 */
const NESTING_MAX = 100;

function nestedTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth++;
    else if ((character === ']' || character === '}') && depth > 0) depth--;
    if (depth > NESTING_MAX) return true;
  }
  return text.split('\n').some((line) => {
    const indicators = /^[ \t]*((?:[-?:][ \t]+)*)/.exec(line)?.[1] ?? '';
    return indicators.replace(/[ \t]/g, '').length > NESTING_MAX || /^ {1000}/.test(line);
  });
}

class Builder {
  readonly places = new Map<string, Place>();
  readonly problems: Problem[] = [];
  private nodes = 0;
  private readonly anchors = new Map<string, Node>();
  private readonly open = new Set<Node>();

  /** @returns the plain value; undefined after a problem */
  build(node: unknown, pointer: string, depth: number, key: number): unknown {
    const given = node as Node | null;
    const [start, end] = given?.range ?? [key, key];
    if (++this.nodes > NODES_MAX) {
      if (this.nodes === NODES_MAX + 1)
        this.problem(start, `the file has more than ${NODES_MAX} values once aliases are followed`, 'split it, or remove aliases');
      return undefined;
    }
    if (depth > DEPTH_MAX) {
      this.problem(start, `values are nested more than ${DEPTH_MAX} deep`, 'a policy needs no such depth');
      return undefined;
    }
    this.places.set(pointer, { key, start, end });
    if (isAlias(given)) return this.alias(given.source, start, pointer, depth, key);
    if (given?.tag !== undefined && !given.tag.startsWith('tag:yaml.org,2002:'))
      this.problem(start, `the tag ${quoted(given.tag)} is not known`, 'remove it');
    if (given !== null && 'anchor' in given && typeof given.anchor === 'string') this.anchors.set(given.anchor, given);
    if (isMap(given)) return this.inside(given, () => this.map(given.items as Pair[], pointer, depth));
    if (isSeq(given)) return this.inside(given, () => given.items.map((item, i) => this.build(item, `${pointer}/${i}`, depth + 1, start)));
    if (isScalar(given)) return this.scalar(given.value, start);
    return null;
  }

  private alias(name: string, start: number, pointer: string, depth: number, key: number): unknown {
    const target = this.anchors.get(name);
    if (target === undefined || this.open.has(target)) {
      this.problem(start, `the alias *${name} has nothing before it that it could mean`, 'define the anchor above, outside of itself');
      return undefined;
    }
    return this.build(target, pointer, depth + 1, key);
  }

  private inside<T>(node: Node, run: () => T): T {
    this.open.add(node);
    try {
      return run();
    } finally {
      this.open.delete(node);
    }
  }

  private map(items: Pair[], pointer: string, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = Object.create(null);
    for (const { key, value } of items) {
      const at = (key as Node | null)?.range?.[0] ?? 0;
      if (!isScalar(key) || typeof key.value !== 'string') {
        this.problem(at, 'a key here is not a plain word', 'write the key as text');
        continue;
      }
      const name = key.value;
      result[name] = this.build(value, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, depth + 1, at);
    }
    return result;
  }

  private scalar(value: unknown, start: number): unknown {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    if (typeof value === 'string' && /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/.test(value)) {
      this.problem(start, 'the text holds a control character', 'remove it');
    }
    if (value !== null && !['string', 'number', 'boolean'].includes(typeof value)) {
      this.problem(start, 'the value is of a kind that a policy has no use for', 'write text, a number, true or false');
      return undefined;
    }
    return value;
  }

  private problem(offset: number, said: string, help: string): void {
    this.problems.push({ offset, what: said, fix: help });
  }
}

/** Offset of character `index` of `value` in the source text of its scalar: both are walked side by side. */
function align(text: string, place: Place, value: string, index: number): number {
  let at = place.start;
  for (let i = 0; i <= index && i < value.length; i++) {
    const wanted = value[i];
    let found = at;
    if (wanted === ' ' || wanted === '\n') {
      while (found < place.end && !/\s/.test(text[found] ?? '')) found++;
    } else {
      while (found < place.end && text[found] !== wanted) found++;
    }
    if (found >= place.end) return place.start;
    if (i === index) return found;
    at = found + 1;
  }
  return Math.min(at, place.end);
}

/** Reads the YAML text of a policy. Never throws: mistakes are in `problems`. */
export function readSource(text: string): PolicySource {
  const builder = new Builder();
  let value: unknown;
  const none = (said: string, help: string) => builder.problems.push({ offset: 0, what: said, fix: help });
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX) none(`the file is larger than ${POLICY_BYTES_MAX} bytes`, 'split it');
  else if (nestedTooDeep(text)) none('the file is nested too deep to be read', 'a policy needs no such depth');
  else {
    try {
      const document = parseDocument(text, {
        lineCounter: new LineCounter(),
        prettyErrors: false,
        version: '1.2',
        schema: 'core',
        merge: false,
        stringKeys: false,
        keepSourceTokens: false,
      });
      for (const error of [...document.errors, ...document.warnings]) {
        builder.problems.push({
          offset: error.pos[0],
          what: what[error.code] ?? `not valid YAML: ${error.message.replace(/\s+/g, ' ')}`,
          fix: fix[error.code] ?? '',
        });
      }
      if (document.errors.length === 0) value = builder.build(document.contents, '', 0, 0);
    } catch {
      // The YAML library recurses; a file that overflows its stack is refused like any other that can't be read.
      none('the file is nested too deep to be read', 'a policy needs no such depth');
    }
  }
  const find = (pointer: string): Place => {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
      const place = builder.places.get(at);
      if (place !== undefined) return place;
      if (at === '') return { key: 0, start: 0, end: 0 };
    }
  };
  return {
    value,
    problems: builder.problems,
    valueAt: (pointer) => find(pointer).start,
    keyAt: (pointer) => find(pointer).key,
    within: (pointer, index, scalar) => align(text, skipIndicator(text, find(pointer)), scalar, index),
  };
}

/** A block scalar's range begins with its indicator line (`|`, `>-`), which is no part of the value. */
function skipIndicator(text: string, place: Place): Place {
  const first = text[place.start];
  if (first === '"' || first === "'") return { ...place, start: place.start + 1 };
  if (first !== '|' && first !== '>') return place;
  const end = text.indexOf('\n', place.start);
  return end < 0 || end >= place.end ? place : { ...place, start: end + 1 };
}

/** Bytes of a policy file as text. Throws RangeError when they are not UTF-8. A byte order mark is dropped. */
export function decodePolicy(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new RangeError('the file is not UTF-8');
  }
}
