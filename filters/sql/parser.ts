/**
 * The PostgreSQL parser (libpg-query, WASM) behind four synchronous functions.
 *
 * The instances are made here and not through the package's own wrapper, because an instance whose stack overflowed
 * in the middle of C code must never be used again: its shadow stack pointer and its memory contexts are not unwound,
 * so each overflow leaves it nearer to silent corruption. A spare instance stands by, takes over within the same call,
 * and another spare is made in the background (decision 0020).
 */
import createModule from 'libpg-query/wasm/libpg-query.js';

interface PgQueryModule {
  _malloc(bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(pointer: number): number;
  _wasm_free_parse_result(pointer: number): void;
  _wasm_fingerprint(pointer: number): number;
  _wasm_normalize_query(pointer: number): number;
  _wasm_parse_plpgsql(pointer: number): number;
  _wasm_free_string(pointer: number): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, bytes_max: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: 'i32'): number;
  HEAPU8: Uint8Array;
}

/** Why a text could not be parsed. `lost` means the instance was thrown away. The message never holds the text. */
export class ParseFailure extends Error {
  readonly lost: boolean;
  constructor(message: string, lost = false) {
    super(message);
    this.name = 'ParseFailure';
    this.lost = lost;
  }
}

/** Instances that stand by, beside the one in use. An untouched instance costs address space, hardly any memory. */
const SPARES = 2;
/** An instance starts with 128 MB of address space; one that grew is replaced, since WASM memory never shrinks. */
const HEAP_BYTES_MAX = 128 * 1024 * 1024;
/** A tree this large (as JSON) has touched much of the heap for good; the instance is replaced after it. */
const TREE_CHARS_MAX = 16 * 1024 * 1024;

let current: PgQueryModule | undefined;
const spares: PgQueryModule[] = [];
let making = 0;

/** Loads the parser once; later calls return at once. Throws when the WASM file can't be loaded. */
export async function loadParser(): Promise<void> {
  if (current !== undefined) return;
  const made = await Promise.all(Array.from({ length: 1 + SPARES }, () => instantiate()));
  current ??= made.shift();
  spares.push(...made);
}

async function instantiate(): Promise<PgQueryModule> {
  return (await (createModule as unknown as () => Promise<unknown>)()) as PgQueryModule;
}

/** Drops the instance in use; a spare takes its place and new spares are made. */
function replaceInstance(): void {
  current = spares.shift();
  const missing = SPARES - spares.length - making + (current === undefined ? 1 : 0);
  for (let i = 0; i < missing; i += 1) makeSpare();
}

function makeSpare(): void {
  making += 1;
  instantiate().then(
    (made) => {
      making -= 1;
      if (current === undefined) current = made;
      else spares.push(made);
    },
    () => {
      making -= 1;
    },
  );
}

function withText<T>(text: string, work: (module: PgQueryModule, pointer: number) => T): T {
  const module = current;
  if (module === undefined) throw new ParseFailure('the parser is not ready');
  try {
    const bytes = module.lengthBytesUTF8(text) + 1;
    const pointer = module._malloc(bytes);
    if (pointer === 0) throw new ParseFailure('the parser is out of memory', true);
    try {
      module.stringToUTF8(text, pointer, bytes);
      return work(module, pointer);
    } finally {
      module._free(pointer);
    }
  } catch (error) {
    if (error instanceof ParseFailure && !error.lost) throw error;
    // Anything else came out of the middle of C code: stack overflow, abort, trap.
    replaceInstance();
    if (error instanceof ParseFailure) throw error;
    if (error instanceof RangeError) throw new ParseFailure('too deeply nested for the parser', true);
    throw new ParseFailure('the parser failed', true);
  } finally {
    if (current === module && module.HEAPU8.length > HEAP_BYTES_MAX) replaceInstance();
  }
}

/** PostgreSQL's messages quote the text (`syntax error at or near "4111…"`); the quoted part is dropped. */
function safeMessage(message: string): string {
  const quote = message.indexOf('"');
  const head = (quote < 0 ? message : message.slice(0, quote)).replace(/ at or near\s*$/, '').trim();
  return head.slice(0, 120) || 'syntax error';
}

/** The raw parse tree: `{ version, stmts: [{ stmt, stmt_location?, stmt_len? }] }`. Throws ParseFailure. */
export function parseTree(text: string): { stmts?: RawStatement[] } {
  const json = withText(text, (module, pointer) => {
    const result = module._wasm_parse_query_raw(pointer);
    if (result === 0) throw new ParseFailure('the parser is out of memory', true);
    const tree = module.getValue(result, 'i32');
    const error = module.getValue(result + 8, 'i32');
    let failure: ParseFailure | undefined;
    let out = '';
    if (error !== 0) {
      const message = module.getValue(error, 'i32');
      failure = new ParseFailure(safeMessage(message === 0 ? '' : module.UTF8ToString(message)));
    } else if (tree === 0) failure = new ParseFailure('the parser is out of memory', true);
    else out = module.UTF8ToString(tree);
    module._wasm_free_parse_result(result);
    if (failure !== undefined) throw failure;
    return out;
  });
  if (json.length > TREE_CHARS_MAX && current !== undefined) replaceInstance();
  return JSON.parse(json) as { stmts?: RawStatement[] };
}

export interface RawStatement {
  stmt: Record<string, unknown>;
  /** in bytes of UTF-8 */
  stmt_location?: number;
  stmt_len?: number;
}

function callForString(text: string, name: '_wasm_fingerprint' | '_wasm_normalize_query' | '_wasm_parse_plpgsql'): string {
  return withText(text, (module, pointer) => {
    const result = module[name](pointer);
    if (result === 0) throw new ParseFailure('the parser is out of memory', true);
    const out = module.UTF8ToString(result);
    module._wasm_free_string(result);
    return out;
  });
}

/** libpg-query's fingerprint: 16 hex digits. Throws ParseFailure. */
export function fingerprint(text: string): string {
  const out = callForString(text, '_wasm_fingerprint');
  if (!/^[0-9a-f]{8,40}$/.test(out)) throw new ParseFailure(safeMessage(out));
  return out;
}

/** The text with its constants replaced by $n. The text must have parsed before. Throws ParseFailure. */
export function normalize(text: string): string {
  const out = callForString(text, '_wasm_normalize_query');
  if (/^(syntax error|deparse error|ERROR)/.test(out)) throw new ParseFailure(safeMessage(out));
  return out;
}

/** PL/pgSQL tree of a CREATE FUNCTION text. Throws ParseFailure. */
export function parsePlpgsql(text: string): { plpgsql_funcs?: unknown[] } {
  const out = callForString(text, '_wasm_parse_plpgsql');
  if (!out.startsWith('{')) throw new ParseFailure(safeMessage(out));
  return JSON.parse(out) as { plpgsql_funcs?: unknown[] };
}
