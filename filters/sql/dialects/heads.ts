import type { Token } from './tokens.js';

/** What a statement begins with, which even a statement says that no grammar reads. */
export interface Head {
  kind: string;
  /** what create, alter, drop and their like work on */
  object: string;
  writes: boolean;
  opaque: string[];
}

const MODIFIERS = new Set(
  'or replace temp temporary transient volatile local global external secure recursive materialized if not exists unique clustered nonclustered aggregate public private secured hybrid dynamic iceberg foreign force streaming live'.split(
    ' ',
  ),
);
const DEFINING = new Set(['create', 'alter', 'drop', 'undrop', 'comment', 'rename']);
/** Statements that read, or change nothing but the session. */
const READING = new Set(
  'select with values table from explain describe desc show use set unset reset list ls begin start commit rollback end help pivot unpivot profile system_show'.split(
    ' ',
  ),
);
/** Blocks of a procedural language: what they do depends on what they compute. */
const BLOCKS = new Set('declare if for while loop repeat case let execute exec call do async await raise signal go'.split(' '));

const SYNONYMS: Record<string, string> = {
  desc: 'describe',
  ls: 'list',
  exec: 'execute',
  rm: 'remove',
  del: 'delete',
  upsert: 'merge',
  replace: 'insert',
};

/** Read from the first words alone. */
export function headOf(tokens: readonly Token[]): Head {
  const words = tokens.slice(0, 12).map((token) => (token.kind === 'word' ? token.value.toLowerCase() : token.value === '(' ? '(' : ''));
  const first = words.find((word) => word !== '(') ?? '';
  const kind = SYNONYMS[first] ?? first;
  const opaque: string[] = [];
  if (first === 'begin' && tokens.length > 1 && !/^(transaction|work|tran)?$/.test(words[1] ?? ''))
    return { kind: 'do', object: '', writes: true, opaque: ['a block of statements'] };
  if (BLOCKS.has(first)) {
    opaque.push(first === 'execute' || first === 'exec' || first === 'call' ? 'what it runs is not known here' : 'a block of statements');
    return { kind: ['execute', 'exec', 'call'].includes(first) ? kind : 'do', object: '', writes: true, opaque };
  }
  const object = DEFINING.has(first)
    ? (words.slice(words.indexOf(first) + 1).find((word) => word !== '' && word !== 'on' && !MODIFIERS.has(word)) ?? '')
    : '';
  return { kind: kind === '' ? 'unknown' : kind, object, writes: !READING.has(first), opaque };
}
