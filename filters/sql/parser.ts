/**
 * The PostgreSQL parser (libpg-query, WASM) behind two synchronous functions. Its fingerprint
 * and normalisation are not used: optimised by V8 their frames are so large that fifteen nested calls overflow the
 * stack; shape.ts does both from the tree and the tokens (decision 0022).
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

/** Instances that stand by, beside the two in use. An untouched instance costs address space, hardly any memory. */
const SPARES = 2;
/** An instance starts with 128 MB of address space; one that grew is replaced, since WASM memory never shrinks. */
const HEAP_BYTES_MAX = 128 * 1024 * 1024;
/** A tree this large (as JSON) has touched much of the heap for good; the instance is replaced after it. */
const TREE_CHARS_MAX = 16 * 1024 * 1024;
/**
 * Texts up to this length can't nest deep enough to overflow the stack (a level costs two characters at least), so they
 * have an instance of their own: whoever overflows the other one again and again does not stop their parsing.
 */
const SHORT_CHARS_MAX = 2048;

type Lane = 'short' | 'long';

const lanes: Record<Lane, PgQueryModule | undefined> = { short: undefined, long: undefined };
const spares: PgQueryModule[] = [];
let loading: Promise<void> | undefined;
let making = 0;

function laneOf(text: string): Lane {
  return text.length <= SHORT_CHARS_MAX ? 'short' : 'long';
}

/** Loads the parser once; later calls return at once. Rejects when the WASM file can't be loaded. */
export async function loadParser(): Promise<void> {
  loading ??= Promise.all(Array.from({ length: 2 + SPARES }, () => instantiate())).then((made) => {
    for (const module of made) give(module);
  });
  await loading;
}

/** Puts a new instance where one is missing; short texts come first. */
function give(module: PgQueryModule): void {
  if (lanes.short === undefined) lanes.short = module;
  else if (lanes.long === undefined) lanes.long = module;
  else spares.push(module);
}

async function instantiate(): Promise<PgQueryModule> {
  return (await (createModule as unknown as () => Promise<unknown>)()) as PgQueryModule;
}

/** Drops an instance; a spare takes its place (the last one is kept for short texts) and new ones are made. */
function replaceInstance(lane: Lane): void {
  lanes[lane] = spares.length > (lane === 'short' ? 0 : 1) ? spares.shift() : undefined;
  const missing = SPARES - spares.length - making + (lanes.short === undefined ? 1 : 0) + (lanes.long === undefined ? 1 : 0);
  for (let i = 0; i < missing; i += 1) makeInstance();
}

function makeInstance(): void {
  making += 1;
  instantiate().then(
    (made) => {
      making -= 1;
      give(made);
    },
    () => {
      making -= 1;
    },
  );
}

function withText<T>(text: string, work: (module: PgQueryModule, pointer: number) => T): T {
  const lane = laneOf(text);
  const module = lanes[lane];
  if (module === undefined) throw new ParseFailure('the parser is not ready', true);
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
    replaceInstance(lane);
    if (error instanceof ParseFailure) throw error;
    if (error instanceof RangeError) throw new ParseFailure('too deeply nested for the parser', true);
    throw new ParseFailure('the parser failed', true);
  } finally {
    if (lanes[lane] === module && module.HEAPU8.length > HEAP_BYTES_MAX) replaceInstance(lane);
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
  if (json.length > TREE_CHARS_MAX) replaceInstance(laneOf(text));
  return JSON.parse(json) as { stmts?: RawStatement[] };
}

export interface RawStatement {
  stmt: Record<string, unknown>;
  /** in bytes of UTF-8 */
  stmt_location?: number;
  stmt_len?: number;
}

/** PL/pgSQL tree of a CREATE FUNCTION text. Throws ParseFailure. */
export function parsePlpgsql(text: string): { plpgsql_funcs?: unknown[] } {
  const out = withText(text, (module, pointer) => {
    const result = module._wasm_parse_plpgsql(pointer);
    if (result === 0) throw new ParseFailure('the parser is out of memory', true);
    const json = module.UTF8ToString(result);
    module._wasm_free_string(result);
    return json;
  });
  if (!out.startsWith('{')) throw new ParseFailure(safeMessage(out));
  return JSON.parse(out) as { plpgsql_funcs?: unknown[] };
}
