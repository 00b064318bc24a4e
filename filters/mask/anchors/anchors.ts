import { ALNUM, CLASS, IDENT, TOKEN } from '../bytes.js';
import { CARD_GROUPINGS } from '../detectors/cards.js';
import { ASSIGNED_KINDS } from '../detectors/judge.js';
import { KEYED_KINDS, LABELLED_KINDS } from '../detectors/labelled.js';
import { NAMING } from '../detectors/names.js';
import { BARE, FORMS, WORDED } from '../detectors/national-forms.js';
import { CARD_KINDS } from '../detectors/numbers.js';
import { COMMON_SETS } from '../detectors/token-anchors.js';
import { tokenPairs, tokenPrefixes, tokenTriples } from '../detectors/tokens.js';
import { LINK_BYTES } from '../detectors/world-links.js';
import {
  BIRTH,
  CARD,
  EVIDENCE_WORDS,
  ID,
  IDENTIFIER,
  ITIN,
  LABEL,
  NATIONAL,
  NATIONAL_NAME,
  NATIONAL_SHORT,
  PHONE,
  SECURITY,
  SOCIAL,
  SSN,
  TAX,
} from '../evidence.js';
import { FOREIGN_BYTES } from '../foreign.js';
import { kindId } from '../kinds.js';
import { KEY_ENDINGS } from '../labels.js';
import { T_BRACKET, T_CODED, T_COMMA, T_FOREIGN, T_J, T_TILDE, T_TOKEN, T_W } from '../triggers.js';
import * as at from './layout.js';
import { M_JSON } from './layout.js';
import { MODULE } from './module.js';

/** what is used of it; no type of the language's own library is asked for that */
declare const WebAssembly:
  | { Module: new (bytes: Uint8Array) => object; Instance: new (module: object, imports: object) => { exports: unknown } }
  | undefined;

const ALL = Array.from({ length: 256 }, (_, b) => b);

interface Exports {
  memory: { buffer: ArrayBuffer };
  anchors(from: number, stop: number, lo: number, hi: number, mode: number): number;
  rows(from: number, end: number, kind: number): void;
  signs(words: number): void;
}

/** The module in its memory; there is one, and every detector that uses it puts its own tables in before. */
export interface Machine {
  bytes: Uint8Array;
  places: Uint16Array;
  contexts: Uint32Array;
  signed: Int32Array;
  /** where the next block begins; how many contexts there are */
  numbers: Uint32Array;
  run: Exports['anchors'];
  rows: Exports['rows'];
  signs: Exports['signs'];
  /** how often something was put into the input */
  inputs: number;
  /** whose tables stand in the memory */
  owner: Anchors | undefined;
}

let machine: Machine | undefined;

/** The module, made when it is asked for first; undefined where there is no WebAssembly. */
export function theMachine(): Machine | undefined {
  if (typeof WebAssembly === 'undefined') return undefined;
  machine ??= load(WebAssembly);
  return machine;
}

function load({ Module, Instance }: NonNullable<typeof WebAssembly>): Machine {
  const module = new Module(Buffer.from(MODULE, 'base64'));
  const { memory, anchors, rows, signs } = new Instance(module, {}).exports as Exports;
  const { buffer } = memory;
  const bytes = new Uint8Array(buffer);
  bytes.set(CLASS, at.CLASSES_AT);
  const { hashes, bits } = EVIDENCE_WORDS.slots();
  if (hashes.length !== at.WORD_SLOTS) throw new RangeError(`the module takes ${at.WORD_SLOTS} slots of words, there are ${hashes.length}`);
  new Int32Array(buffer, at.HASHES_AT, at.WORD_SLOTS).set(hashes);
  new Int32Array(buffer, at.BITS_AT, at.WORD_SLOTS).set(bits);
  bytes.set(EVIDENCE_WORDS.ends, at.ENDS_AT);
  bytes.set(KEY_ENDINGS, at.ENDINGS_AT);
  for (const sizes of CARD_GROUPINGS) bytes[at.CARDS_AT + sizes[0]! * 16 + sizes[1]!] = 1;
  for (const { sizes, gaps } of FORMS) bytes[at.PRINTED_AT + (sizes[0]! * 16 + sizes[1]!) * 8 + ' -./()'.indexOf(gaps[0]!)] = 1;
  putShapes(new Int32Array(buffer, at.SHAPES_AT, 3 * (at.SHAPES_MAX + 1)));
  for (let b = 0; b < 128; b++) if ((CLASS[b]! & IDENT) !== 0) bytes[at.IDENT_NIBBLES_AT + (b & 15)]! |= 1 << (b >> 4);
  bytes.fill(0xff, at.LAST_AT + 16, at.LAST_AT + 32);
  putPrefixes(bytes);
  const numbers = new Uint32Array(buffer, at.NUMBERS_AT, at.CONTEXTS_COUNT + 1);
  numbers.set(
    [
      NAMING,
      PHONE,
      SSN | ITIN,
      NATIONAL_NAME,
      LABEL,
      Math.min(...BARE.map(([length]) => length)),
      SOCIAL | SECURITY,
      SSN,
      TAX | NATIONAL,
      IDENTIFIER,
      NATIONAL_NAME,
      ID | BIRTH,
      ID,
      CARD,
      NATIONAL_SHORT,
    ],
    1,
  );
  const places = new Uint16Array(buffer, at.OUT_AT, at.BLOCK_BYTES + at.BEHIND_BYTES);
  const contexts = new Uint32Array(buffer, at.CONTEXTS_AT, 2 * at.CONTEXTS_MAX);
  const signed = new Int32Array(buffer, at.SIGNS_AT, at.BLOCK_BYTES / 32);
  return { bytes, places, contexts, signed, numbers, run: anchors, rows, signs, inputs: 0, owner: undefined };
}

/** Words that are identifiers, by where their letters and digits stand. */
function putShapes(table: Int32Array): void {
  if (WORDED.length > at.SHAPES_MAX) throw new RangeError(`the module takes ${at.SHAPES_MAX} shapes of words, there are ${WORDED.length}`);
  WORDED.forEach(({ shape }, n) => {
    const bits = (c: string): number => Array.from(shape).reduce((sum, s, k) => (s === c ? sum | (1 << k) : sum), 0);
    table.set([shape.length, bits('A'), bits('9')], 3 * n);
  });
}

/** Sets the bit of three bytes by their hash, as the module asks for it (hashOfThree). */
function putThree(memory: Uint8Array, map: number, a: number, b: number, c: number): void {
  const bit = Math.imul(a | (b << 8) | (c << 16), 0x9e3779b1) >>> 16;
  memory[map + (bit >> 3)]! |= 1 << (bit & 7);
}

/** All prefixes of tokens; which are wanted a detector's own pairs say. */
function putPrefixes(memory: Uint8Array): void {
  const view = new DataView(memory.buffer);
  let n = 0;
  for (const { bytes, anchor, named, literal, precedes, accepts, min, glued_to } of tokenPrefixes()) {
    if (++n === at.PREFIXES_MAX || bytes.length > at.PREFIX_LENGTH_MAX) throw new RangeError('the module takes no such prefix of a token');
    const pair = (bytes[anchor - 1]! << 8) | bytes[anchor]!;
    for (const b of anchor > 1 ? [bytes[anchor - 2]!] : ALL) putThree(memory, at.ENDING_THREES_AT, b, bytes[anchor - 1]!, bytes[anchor]!);
    const behind = bytes[anchor + 1];
    for (const b of behind === undefined ? ALL : [behind]) putThree(memory, at.MIDDLE_THREES_AT, bytes[anchor - 1]!, bytes[anchor]!, b);
    const head = at.HEADS_AT + 2 * ((Math.imul(pair, 40503) >>> 6) & (at.HEADS - 1));
    const rule = at.PREFIXES_AT + at.PREFIX_BYTES * n;
    view.setUint16(rule, pair, true);
    view.setUint16(rule + 2, view.getUint16(head, true), true);
    const bound = !literal && precedes === undefined && glued_to === undefined && (CLASS[bytes[0]!]! & ALNUM) !== 0 ? at.PREFIX_BOUND : 0;
    const holds = (bits: number): boolean => accepts.every((takes, b) => takes === 0 || (CLASS[b]! & bits) !== 0);
    const body = named ? at.PREFIX_NAMED : literal ? 0 : holds(ALNUM) ? at.PREFIX_ALNUM : holds(TOKEN) ? at.PREFIX_TOKEN : 0;
    view.setUint8(rule + 4, anchor | (Math.min(min, at.PREFIX_BODY_MAX) << at.PREFIX_BODY_SHIFT));
    view.setUint8(rule + 5, bytes.length | bound | body);
    memory.set(bytes, rule + 6);
    view.setUint16(head, n, true);
  }
}

/** Below so many bytes a loop over them costs less than the way into the module. */
export const ANCHORED_MIN = 48;
/** bytes copied in a loop: for more a call into native code is faster */
const LOOP_BYTES_MAX = 40;
/** exact checks read a few bytes on both sides of their range */
const AROUND = 16;

/**
 * The first stage of a search in WebAssembly: 16 bytes at a time it passes over what nothing begins at, and gives the places where
 * exact checks are due (assembly/anchors.ts). A place too many costs time, a place too few would be a value that is not found; a property
 * test compares with the search that looks at every byte, which stands in where there is no WebAssembly.
 */
export class Anchors {
  /** offset in the buffer that was read of the first byte in the module's memory */
  base = 0;
  /** where the next block begins, an offset in the buffer */
  next = 0;
  readonly places: Uint16Array;
  /** what the words before a place say, where that is known: its number and, 16 bits higher, where the words end; then the bits (evidence.ts) */
  readonly contexts: Uint32Array;
  contextCount = 0;
  private readonly slot: Uint8Array;

  private constructor(
    private readonly machine: Machine,
    wanted: Uint8Array,
    triggers: Uint16Array,
    hasRegions: boolean,
  ) {
    this.places = machine.places;
    this.contexts = machine.contexts;
    this.slot = slotOf(wanted, triggers, hasRegions);
  }

  /** Undefined where there is no WebAssembly, or a trigger is no ASCII. */
  static of(wanted: Uint8Array, triggers: Uint16Array, hasRegions: boolean): Anchors | undefined {
    if (triggers.subarray(128).some((t) => (t & ~T_FOREIGN) !== 0)) return undefined;
    const found = theMachine();
    return found && new Anchors(found, wanted, triggers, hasRegions);
  }

  /**
   * Reads a block of buf[lo, hi) from `from` on. Gives how many places there are: `places[k] + base`, ascending. `mode` holds M_CELLS where
   * cells of a protocol stand in the range with their length words, M_NAMED where its name is evidence.
   */
  block(buf: Uint8Array, from: number, lo: number, hi: number, mode: number): number {
    const { machine } = this;
    this.own();
    const base = Math.max(0, from === lo ? lo - AROUND : Math.max(lo - AROUND, from - at.BEFORE_BYTES));
    const cut = hi - from > at.BLOCK_BYTES + at.BEHIND_BYTES;
    const stop = cut ? from + at.BLOCK_BYTES : hi;
    const high = cut ? stop + at.BEHIND_BYTES : hi;
    this.copy(buf, base, Math.min(buf.length, high + AROUND));
    this.base = base;
    const count = machine.run(from - base, stop - base, Math.max(0, lo - base), high - base, cut ? mode | at.M_CUT : mode);
    this.next = base + machine.numbers[0]!;
    this.contextCount = machine.numbers[at.CONTEXTS_COUNT]!;
    return count;
  }

  /**
   * All places of buf[from, to), JSON: where a string or a number stands whole in it and holds none, nothing is found in that string or
   * number alone, save under a sensitive name. Puts them into `into`; gives how many there are.
   */
  json(buf: Uint8Array, from: number, to: number, into: number[]): number {
    let n = 0;
    for (let at = from; at < to; at = this.next) {
      const count = this.block(buf, at, from, to, M_JSON);
      for (let k = 0; k < count; k++) into[n++] = this.places[k]! + this.base;
    }
    return n;
  }

  /** Puts buf[start, end) into the input, with nothing behind it. */
  copy(buf: Uint8Array, start: number, end: number): void {
    putInput(this.machine, buf, start, end);
  }

  /** Puts this detector's tables into the module. */
  own(): void {
    if (this.machine.owner === this) return;
    this.machine.bytes.set(this.slot, at.SLOT_AT);
    this.machine.owner = this;
  }
}

type Put = (own: readonly number[], before?: readonly number[], behind?: readonly number[]) => void;

/** Puts eight sets, one after the other. */
function setsAt(slot: Uint8Array, from: number): Put {
  let bit = 1;
  return (own, before = ALL, behind = ALL) => {
    if (bit > 128) throw new RangeError('the module takes eight sets of bytes');
    [own, before, behind].forEach((bytes, n) => {
      for (const b of bytes) {
        slot[from + 32 * n + (b & 15)]! |= bit;
        slot[from + 32 * n + 16 + (b >> 4)]! |= bit;
      }
    });
    bit <<= 1;
  };
}

const M = 0x4d;
const codes = (text: string): number[] => Array.from(text, (c) => c.charCodeAt(0));

/** Takes these bits of the byte's triggers away; false where it has none of them. */
function drop(left: Map<number, number>, b: number, bits: number): boolean {
  const t = left.get(b) ?? 0;
  if ((t & bits) === 0) return false;
  if ((t & ~bits) === 0) left.delete(b);
  else left.set(b, t & ~bits);
  return true;
}

/** Anchors that are common letters, few in a set, with what stands before and behind them in some prefix. */
function putTriples(slot: Uint8Array, wanted: Uint8Array, left: Map<number, number>): void {
  const put = setsAt(slot, at.SLOT_SETS + at.SETS_BYTES);
  const triples: (readonly [before: readonly number[], own: number, behind: readonly number[]])[] = tokenTriples(wanted).map(
    ([before, own, behind]) => [[before], own, behind === undefined ? ALL : [behind]],
  );
  // M before a digit in base64: with the capitals that are left it would have any byte stand before those
  if (drop(left, M, T_CODED)) triples.push([ALL, M, codes('DTjz')]);
  for (const letters of COMMON_SETS) {
    const own = codes(letters);
    const some = triples.filter((triple) => own.includes(triple[1]));
    if (some.length === 0) continue;
    put(
      some.map((triple) => triple[1]),
      some.flatMap(([before]) => before),
      some.flatMap(([, , behind]) => behind),
    );
    for (const b of own) if (left.get(b) === T_TOKEN && b !== M) left.delete(b);
  }
}

function putInput(machine: Machine, buf: Uint8Array, start: number, end: number): void {
  const { bytes } = machine;
  const length = end - start;
  machine.inputs++;
  if (length <= LOOP_BYTES_MAX) for (let k = 0; k < length; k++) bytes[at.IN_AT + k] = buf[start + k]!;
  else bytes.set(buf.subarray(start, end), at.IN_AT);
  // behind the buffer nothing of an earlier block may be read
  for (let k = at.IN_AT + length; k < at.IN_AT + length + 2 * AROUND; k++) bytes[k] = 0;
}

/**
 * Puts into `into` a bit for each byte of buf[from, to) that is a quote, a backslash, an ampersand or a `<`; behind the last byte none is
 * set. False where there is no WebAssembly.
 */
export function putSigns(buf: Uint8Array, from: number, to: number, into: Int32Array): boolean {
  const machine = theMachine();
  if (machine === undefined) return false;
  let n = 0;
  for (let start = from; start < to; start += at.BLOCK_BYTES) {
    const end = Math.min(to, start + at.BLOCK_BYTES);
    const words = (end - start + 31) >> 5;
    putInput(machine, buf, start, end);
    machine.signs(words);
    for (let k = 0; k < words; k++) into[n++] = machine.signed[k]!;
  }
  return true;
}

/**
 * Eight sets of bytes, each with what may stand before and behind one of its bytes. A set is told by nibbles: it may hold bytes that it
 * should not, which the triggers then drop.
 */
function putSets(slot: Uint8Array, triggers: Uint16Array, wanted: Uint8Array): void {
  const put = setsAt(slot, at.SLOT_SETS);
  const left = new Map<number, number>();
  triggers.forEach((t, b) => {
    if (t !== 0) left.set(b, t);
  });
  /** the bytes of the text whose triggers are some of these; what other triggers they have stays left */
  const take = (text: string, bits: number): number[] => codes(text).filter((b) => drop(left, b, bits));
  const ANY = 0xffff;
  // by nibbles these two hold no other bytes
  put(take('0123456789:=>', ANY));
  put(take('-.$%', ANY));
  put(take('bB@Z', ANY));
  put(take(',', T_COMMA), codes('"\'`'), codes('"\'` '));
  put(take('[(', T_BRACKET), ALL, codes('aA@ '));
  const before = (of: readonly number[]): number[] => tokenPairs(wanted).flatMap((pair) => (of.includes(pair & 255) ? [pair >> 8] : []));
  // among the capitals below these would have most small letters pass with them, whose high nibble they share
  const rare = take('|~q', T_TOKEN);
  put([...take('w', T_W), ...take('J', T_J), ...take('~', T_TILDE), ...rare], [...codes('sypQ'), ...before(rare)]);
  put([...FOREIGN_BYTES, ...LINK_BYTES].filter((b) => b >= 0x80 && left.delete(b)));
  putTriples(slot, wanted, left);
  // tokens whose anchor stands behind a letter or a digit, which most capitals do not; and what is left, whatever it is
  const alone = [...left].some(([, t]) => (t & ~T_TOKEN) !== 0);
  put([...left.keys()], alone ? ALL : before([...left.keys()]));
}

function slotOf(wanted: Uint8Array, triggers: Uint16Array, hasRegions: boolean): Uint8Array {
  const slot = new Uint8Array(at.SLOT_BYTES);
  slot.set(new Uint8Array(triggers.buffer, triggers.byteOffset, 512));
  putSets(slot, triggers, wanted);
  for (const pair of tokenPairs(wanted)) slot[at.SLOT_PAIRS + (pair >> 3)]! |= 1 << (pair & 7);
  const some = (kinds: readonly number[]): boolean => kinds.some((kind) => wanted[kind] === 1);
  const has = (...kinds: string[]): boolean => some(kinds.map(kindId));
  const flags: [number, boolean][] = [
    [at.K_CARDS, some(CARD_KINDS)],
    [at.K_SSN, has('us_ssn', 'us_itin')],
    [at.K_IP, has('ip_address')],
    [at.K_MAC, has('mac_address')],
    [at.K_PHONE, has('phone')],
    [at.K_NATIONAL, has('national_id')],
    [at.K_LABELLED, some(LABELLED_KINDS)],
    [at.K_IBAN, has('iban')],
    [at.K_REGIONS, hasRegions],
    [at.K_KEYED, some(KEYED_KINDS)],
    [at.K_ASSIGNED, some(ASSIGNED_KINDS)],
    [at.K_WALLET, has('crypto_wallet')],
    [at.K_BIRTH, has('date_of_birth')],
  ];
  const kinds = flags.reduce((sum, [flag, on]) => (on ? sum | flag : sum), 0);
  new DataView(slot.buffer).setUint32(at.SLOT_KINDS, kinds, true);
  return slot;
}
