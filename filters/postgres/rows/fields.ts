import { JoinedRules, joinDetectors } from '../../mask/joined.js';
import { BodyReader } from '../wire/body-reader.js';
import { decodeErrorResponse } from '../wire/error-fields.js';
import { violation } from '../wire/violation.js';
import { ByteSink } from './byte-sink.js';
import { Cell, KEEP, NULLED } from './cell.js';
import { Finder } from './finder.js';
import { type MaskSet, strengthOf } from './mask-set.js';
import { opaqueBinary } from './values/bytes.js';
import { detectText } from './values/value.js';

/**
 * Masking of what the server says beside rows. Each function takes one whole message in buf[start, end), its body at `body`,
 * and gives the masked message, or undefined where it may pass as it is. There is no NULL in these fields: in place of a value that a
 * rule wants to be NULL stands its kind.
 */

/** Fields of ErrorResponse and NoticeResponse that are codes, numbers or places in the server's source: never values. */
const CODES = new Set([...'SVCPpFLR'].map((letter) => letter.charCodeAt(0)));

const known = new WeakMap<MaskSet, JoinedRules | undefined>();

/** What detectors look for in the server's words; undefined for nothing. */
function rulesOf(masks: MaskSet): JoinedRules | undefined {
  if (!known.has(masks)) {
    const rules = [...masks.detectors].sort((a, b) => strengthOf(b.as) - strengthOf(a.as));
    known.set(masks, rules.length === 0 ? undefined : new JoinedRules(joinDetectors(rules), rules));
  }
  return known.get(masks);
}

function textCell(masks: MaskSet): Cell {
  return new Cell(new Finder(masks), '', undefined);
}

/** Writes the masked text, or the text itself; true when it was masked. */
function writeText(rules: JoinedRules | undefined, text: Buffer, out: ByteSink): boolean {
  const masked = rules?.maskWhole(text, 0, text.length, { name: '' });
  const said = masked ?? text;
  out.copy(said, 0, said.length);
  return masked !== undefined;
}

/** Rewrites a message: `body` writes the new body and tells whether anything changed. */
function rewrite(type: number, write: (out: ByteSink) => boolean): Buffer | undefined {
  const out = new ByteSink(512);
  out.byte(type);
  out.int32(0);
  if (!write(out)) return undefined;
  out.setInt32(1, out.length - 1);
  return out.take();
}

/** ErrorResponse and NoticeResponse: message, detail, hint, where, internal query, and the names of objects. */
export function maskFields(buf: Buffer, start: number, body: number, end: number, masks: MaskSet): Buffer | undefined {
  const rules = rulesOf(masks);
  if (rules === undefined) return undefined;
  const { fields } = decodeErrorResponse(buf, body, end);
  return rewrite(buf[start]!, (out) => {
    let changed = false;
    for (const { code, value } of fields) {
      out.byte(code);
      if (CODES.has(code)) out.copy(value, 0, value.length);
      else if (writeText(rules, value, out)) changed = true;
      out.byte(0);
    }
    out.byte(0);
    return changed;
  });
}

/** NotificationResponse: the channel's name and the payload. */
export function maskNotification(buf: Buffer, start: number, body: number, end: number, masks: MaskSet): Buffer | undefined {
  const rules = rulesOf(masks);
  const r = new BodyReader('NotificationResponse', buf, body, end);
  const pid = r.int32('process_id');
  const channel = r.string('channel');
  const payload = r.string('payload');
  r.done();
  return rewrite(buf[start]!, (out) => {
    out.int32(pid);
    let changed = writeText(rules, channel, out);
    out.byte(0);
    if (writeText(rules, payload, out)) changed = true;
    out.byte(0);
    return changed;
  });
}

/** ParameterStatus: the value; names are the server's own. */
export function maskStatusValue(buf: Buffer, start: number, body: number, end: number, masks: MaskSet): Buffer | undefined {
  const r = new BodyReader('ParameterStatus', buf, body, end);
  const name = r.string('name');
  const value = r.string('value');
  r.done();
  return rewrite(buf[start]!, (out) => {
    out.copy(name, 0, name.length);
    out.byte(0);
    const changed = writeText(rulesOf(masks), value, out);
    out.byte(0);
    return changed;
  });
}

/** RowDescription: column names, which a statement can make of values (EXECUTE with quote_ident, crosstab). */
export function maskRowDescriptionNames(buf: Buffer, start: number, body: number, end: number, masks: MaskSet): Buffer | undefined {
  const rules = rulesOf(masks);
  if (rules === undefined) return undefined;
  const r = new BodyReader('RowDescription', buf, body, end);
  const count = r.count16('columns', 19);
  return rewrite(buf[start]!, (out) => {
    let changed = false;
    out.int16(count);
    for (let i = 0; i < count; i++) {
      const name = r.string('name');
      if (writeText(rules, name, out)) changed = true;
      out.byte(0);
      const rest = r.take('column', 18);
      out.copy(rest, 0, rest.length);
    }
    r.done();
    return changed;
  });
}

/**
 * FunctionCallResponse: a value whose type is not known here. Bytes that are text are masked as text; others become NULL when
 * something is found in them.
 */
export function maskFunctionResult(buf: Buffer, start: number, body: number, end: number, masks: MaskSet): Buffer | undefined {
  const cell = textCell(masks);
  if (end - body < 4) throw violation('FunctionCallResponse', 'value length', '4 bytes', end - body);
  const length = buf.readInt32BE(body);
  const left = end - body - 4;
  if (length === -1 ? left !== 0 : length !== left) throw violation('FunctionCallResponse', 'value length', left, length);
  if (length < 0 || cell.finder.empty) return undefined;
  return rewrite(buf[start]!, (out) => {
    const from = body + 4;
    const mark = out.length;
    out.int32(0);
    let outcome = detectText(cell, buf, from, end, out);
    if (outcome !== KEEP && !isText(buf, from, end)) {
      out.truncate(mark + 4);
      outcome = NULLED;
    } else if (outcome === KEEP) outcome = opaqueBinary.detect(cell, buf, from, end, out);
    if (outcome === KEEP) return false;
    out.setInt32(mark, outcome === NULLED ? -1 : out.length - mark - 4);
    return true;
  });
}

function isText(buf: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = buf[i]!;
    if (byte < 0x20 && byte !== 9 && byte !== 10 && byte !== 13) return false;
  }
  return true;
}
