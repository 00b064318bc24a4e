import { type JsonEntry, type JsonNode, type Key, readTree, stringOf, textOf } from '../../http/json-tree.js';
import { maskedNumber } from '../../mask/codecs/number.js';
import { coverText } from '../helm/manifest.js';
import { openedRelease } from '../helm/opened.js';
import { isPacked } from '../helm/packed.js';
import { admissionWords, ownWord } from './admission.js';
import { isBase64, textInBase64 } from './base64.js';
import { applied, type Edit } from './edits.js';
import { MARK, markOf, type ObjectMask } from './marks.js';
import type { Covered, ObjectMasker } from './object-masker.js';
import { quotedJson } from './quoted.js';
import { wordsOf } from './words.js';

/** Where a value stands. */
interface Place {
  /** key that it stands under */
  name: string;
  /** what was found out about that key */
  known: Key | undefined;
  /** the mask that covers all of it */
  cover: ObjectMask | undefined;
  /** in that a release of Helm's is looked into */
  release: boolean;
  /** it is the metadata of an object of the API itself: what the server sets in it stays */
  metadata: boolean;
}

/** Set by the API server alone, and read by clients to the letter (ObjectMeta, ListMeta of meta/v1). */
const SET_BY_SERVER = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'generation', 'selfLink', 'continue']);

/** The type of Secrets in which Helm keeps its releases (helm.sh/helm/v3/pkg/storage/driver). */
const RELEASE_TYPE = 'helm.sh/release.v1';

/** Levels of JSON inside of strings of JSON. */
const NESTED_MAX = 4;

/** The status of a TokenRequest, in place of the kind of a list. */
export const TOKEN_STATUS = 'TokenRequest.status';

/** Values of these keys are covered. */
const COVERED: Record<Covered['kind'], readonly string[]> = {
  secrets: ['data', 'stringData'],
  configmaps: ['data', 'binaryData'],
  token: ['token'],
};

/** Goes through one document, and notes what of it is to be masked. */
export class Walk {
  constructor(
    private readonly masker: ObjectMasker,
    private readonly buf: Buffer,
    private readonly edits: Edit[],
    private readonly nested: number,
  ) {}

  /** what is read is a Status: it may tell of the very object that was asked for */
  private status = false;
  /** admission speaks in it, and may say more than in its message: the message up to there */
  private said: string | undefined;

  root(node: JsonNode, listKind: string): void {
    // A list is a JSON patch: its operations.
    if (node.type === 'array') for (const item of node.items) this.element(item, plainPlace(''), listKind);
    else this.element(node, plainPlace(''), listKind);
  }

  private value(node: JsonNode, place: Place, listKind: string): void {
    switch (node.type) {
      case 'object':
        return this.object(node, place, listKind, false);
      case 'array':
        for (const item of node.items) this.value(item, place, listKind);
        return;
      case 'string':
        return this.string(node, place);
      case 'number':
        return this.number(node, place);
      case 'word':
        return;
    }
  }

  /** `own`: the document itself, an element of a list, the object of an event or of a row. */
  private object(node: JsonNode & { type: 'object' }, place: Place, listKind: string, own: boolean): void {
    const { kind, path, named, type } = wordsOf(this.buf, node);
    if (own) {
      this.status = kind === 'Status';
      this.said = this.status ? saidBefore(textOf(this.buf, node, 'message')) : undefined;
      const spoken = this.said === undefined ? undefined : this.masker.coverFor('', '', true)?.cover;
      if (spoken !== undefined) return this.admission(node, place, spoken, this.said!);
    }
    const covered = place.cover === undefined ? this.masker.coverFor(kind, listKind, own, type === RELEASE_TYPE) : undefined;
    const keys = covered === undefined ? [] : COVERED[covered.kind];
    const patches = path !== '' && /^\/(data|stringData|binaryData)(\/|$)/.test(path);
    for (const entry of node.entries) {
      const { name, known, value } = entry;
      if (place.cover === undefined && known.clean !== true && name.length >= KEY_UNITS_MIN) this.key(entry);
      if (place.metadata && SET_BY_SERVER.has(name)) continue;
      if (own && (name === 'kind' || name === 'apiVersion')) continue;
      const covers = covered !== undefined && (keys.includes(name) || (patches && name === 'value'));
      const inner: Place = {
        name: name === 'value' && named !== '' ? named : name,
        known: name === 'value' && named !== '' ? undefined : known,
        cover: place.cover ?? (covers ? covered.cover : undefined),
        release: place.release || (covers && name === 'data' && type === RELEASE_TYPE),
        metadata: own && name === 'metadata',
      };
      const isList = own && (name === 'items' || name === 'rows') && value.type === 'array';
      if (own && name === 'columnDefinitions' && value.type === 'array')
        this.masker.table.columns = value.items.map((column) => textOf(this.buf, column, 'name'));
      if (own && name === 'cells' && value.type === 'array') this.cells(value.items, inner);
      else if (isList) for (const item of value.items) this.element(item, inner, kind);
      else if (own && (name === 'object' || (name === 'value' && path === '')) && value.type === 'object')
        this.object(value, inner, '', true);
      else this.value(value, inner, covered?.kind === 'token' && name === 'status' ? TOKEN_STATUS : '');
    }
  }

  /** A cell is named by its column. */
  private cells(cells: readonly JsonNode[], place: Place): void {
    for (const [i, cell] of cells.entries()) this.value(cell, { ...place, name: this.masker.table.columns[i] ?? '', known: undefined }, '');
  }

  private element(item: JsonNode, place: Place, kind: string): void {
    if (item.type === 'object') this.object(item, place, kind, true);
    else this.value(item, place, kind);
  }

  /** Names are values too: of labels, of data. */
  private key({ key, name, known }: JsonEntry): void {
    const raw = Buffer.from(name);
    const masked = this.detected(raw, 0, raw.length, plainPlace(''));
    known.clean = masked === undefined;
    if (masked !== undefined) this.edits.push({ ...key, text: JSON.stringify(masked.toString('utf8')) });
  }

  private string(node: JsonNode & { type: 'string' }, place: Place): void {
    if (place.cover !== undefined) return this.cover(node, place.cover, place.release);
    let { buf } = this;
    let [start, end] = [node.start + 1, node.end - 1];
    if (node.escaped) {
      buf = Buffer.from(stringOf(buf, node));
      start = 0;
      end = buf.length;
    }
    if (start === end) return;
    const masked =
      this.json(buf, start, end) ??
      this.manifest(buf, start, end, place) ??
      this.quoted(buf, start, end, place) ??
      this.encoded(buf, start, end) ??
      this.detected(buf, start, end, place);
    if (masked !== undefined) this.edits.push({ start: node.start, end: node.end, text: JSON.stringify(masked.toString('utf8')) });
  }

  /** JSON that stands in text: kubectl keeps what was applied so, in an annotation. */
  private json(buf: Buffer, start: number, end: number): Buffer | undefined {
    if ((buf[start] !== 0x7b && buf[start] !== 0x5b) || this.nested === NESTED_MAX) return undefined;
    const raw = buf.subarray(start, end);
    const edits: Edit[] = [];
    try {
      new Walk(this.masker, raw, edits, this.nested + 1).value(readTree(raw, this.masker.keys), plainPlace(''), '');
    } catch {
      return undefined;
    }
    return edits.length === 0 ? undefined : applied(raw, edits);
  }

  /** Secrets that stand in text as YAML: in ConfigMaps that are applied by others, in custom resources. */
  private manifest(buf: Buffer, start: number, end: number, place: Place): Buffer | undefined {
    const cover = this.masker.secretsIn(buf, start, end);
    const covered = cover && coverText(buf.toString('utf8', start, end), (value) => markOf(cover, value));
    if (cover === undefined || covered === undefined) return undefined;
    this.masker.found(cover.name);
    const next = Buffer.from(covered);
    return this.detected(next, 0, next.length, place, false) ?? next;
  }

  /** Objects that a text quotes, as errors of the API server do. What a Status quotes is the object that was asked for, whatever it says of its kind. */
  private quoted(buf: Buffer, start: number, end: number, place: Place): Buffer | undefined {
    const cover = this.status ? this.masker.coverFor('', '', true)?.cover : undefined;
    if (cover === undefined && buf.indexOf('"{', start) < 0 && buf.indexOf('"[', start) < 0) return undefined;
    const whole = buf.toString('utf8', start, end);
    const spoken = cover === undefined ? undefined : admissionWords(whole);
    const words = spoken !== undefined && spoken.start < spoken.end ? spoken : undefined;
    const text = words === undefined ? whole : whole.slice(0, words.start);
    // What was quoted was read as the object that it is, and is not looked at again as text.
    const parts: string[] = [];
    const objects: string[] = [];
    let at = 0;
    for (const { start: from, end: to, said } of quotedJson(text)) {
      const masked = said === undefined ? 'unread' : this.quotedObject(Buffer.from(said), cover !== undefined);
      if (masked === 'clean' || (masked === 'unread' && cover === undefined)) continue;
      if (masked === 'unread') this.masker.found(cover!.name);
      parts.push(text.slice(at, from));
      objects.push(JSON.stringify(masked === 'unread' ? MARK : masked.toString('utf8')));
      at = to;
    }
    let rest = text.slice(at);
    const printed = cover === undefined ? -1 : rest.search(PRINTED);
    if (printed >= 0) {
      this.masker.found(cover!.name);
      rest = rest.slice(0, printed) + MARK;
    } else if (words !== undefined) {
      this.masker.found(cover!.name);
      rest += MARK + whole.slice(words.end);
    } else if (at === 0) return undefined;
    const next = Buffer.from([...parts, rest].join(QUOTED));
    // what was covered in it stays as it was covered
    const shown = (this.detected(next, 0, next.length, place, false) ?? next).toString('utf8');
    return Buffer.from(shown.replaceAll(QUOTED, () => objects.shift() ?? MARK));
  }

  /** A Status of an object that is covered, in which admission speaks: all of it is theirs but the API server's own words. */
  private admission({ entries }: JsonNode & { type: 'object' }, place: Place, cover: ObjectMask, said: string): void {
    for (const { name, value } of entries) {
      if (name === 'causes' && value.type === 'array') for (const item of value.items) this.cause(item, place, cover);
      else if (value.type === 'object') this.admission(value, place, cover, said);
      else if (name === 'message' || value.type === 'number') this.value(value, place, '');
      else if (value.type !== 'string' || !ownWord(name, stringOf(this.buf, value), said)) this.value(value, { ...place, cover }, '');
    }
  }

  /** A text that begins with who speaks (StatusCause): that much stays. */
  private cause(item: JsonNode, place: Place, cover: ObjectMask): void {
    const saysWho = (node: JsonNode) => node.type === 'string' && admissionWords(stringOf(this.buf, node)) !== undefined;
    if (item.type !== 'object') this.value(item, { ...place, cover }, '');
    else for (const { value } of item.entries) this.value(value, saysWho(value) ? place : { ...place, cover }, '');
  }

  private quotedObject(raw: Buffer, asked: boolean): Buffer | 'clean' | 'unread' {
    if (this.nested === NESTED_MAX) return 'unread';
    const edits: Edit[] = [];
    try {
      const walk = new Walk(this.masker, raw, edits, this.nested + 1);
      const tree = readTree(raw, this.masker.keys);
      if (asked) walk.root(tree, '');
      else walk.value(tree, plainPlace(''), '');
    } catch {
      return 'unread';
    }
    return edits.length === 0 ? 'clean' : applied(raw, edits);
  }

  private encoded(buf: Buffer, start: number, end: number): Buffer | undefined {
    if (!isBase64(buf, start, end)) return undefined;
    const text = buf.toString('latin1', start, end);
    const { packed } = this.masker;
    if (packed !== undefined && isPacked(text)) return this.release(text, packed);
    const inner = textInBase64(text);
    const masked =
      inner === undefined ? undefined : (this.json(inner, 0, inner.length) ?? this.detected(inner, 0, inner.length, plainPlace('')));
    return masked === undefined ? undefined : Buffer.from(masked.toString('base64'));
  }

  private detected(buf: Buffer, start: number, end: number, { name, known }: Place, undo = true): Buffer | undefined {
    const { rules, name: own } = this.masker;
    const place = known?.name === name ? known : { name };
    const named = this.status && own !== '' && buf.includes(own, start);
    const text = named ? Buffer.from(buf.toString('utf8', start, end).replaceAll(own, STAND_IN)) : buf.subarray(start, end);
    const masked = rules?.maskWhole(text, 0, text.length, place, undo);
    if (masked !== undefined) this.masker.hits++;
    return masked && named ? Buffer.from(masked.toString('utf8').replaceAll(STAND_IN, () => own)) : masked;
  }

  private number(node: JsonNode, { name, cover }: Place): void {
    if (cover !== undefined) return this.cover(node, cover);
    const { buf } = this;
    if (node.end - node.start < DIGITS_MIN) return;
    const found = this.masker.rules?.first(buf, node.start, node.end, { name });
    if (found === undefined) return;
    const { hit, masker } = found;
    this.masker.hits++;
    this.edits.push({ start: node.start, end: node.end, text: maskedNumber(masker, hit.kind, buf, hit.start, hit.end) });
  }

  /** A release with what its Secrets hold covered, packed again; undefined where it is all as it was. What can't be read is covered whole. */
  private release(text: string, cover: ObjectMask): Buffer | undefined {
    const mark = (value: Buffer) => markOf(cover, value);
    const opened = this.masker.opensReleases ? openedRelease(text, mark) : undefined;
    if (opened === undefined) {
      this.masker.found(cover.name);
      return Buffer.from(Buffer.from(mark(Buffer.from(text))).toString('base64'));
    }
    if (opened.covered > 0) this.masker.found(cover.name);
    const masked = this.json(opened.bytes, 0, opened.bytes.length);
    return masked === undefined && opened.covered === 0 ? undefined : Buffer.from(opened.pack(masked ?? opened.bytes));
  }

  /** What stood there in base64 is base64 again: clients decode it. */
  private cover(node: JsonNode, mask: ObjectMask, release = false): void {
    const said = node.type === 'string' ? stringOf(this.buf, node) : this.buf.toString('latin1', node.start, node.end);
    if (said === '') return;
    if (release && isPacked(said)) {
      const shown = this.release(said, mask);
      if (shown !== undefined) this.edits.push({ start: node.start, end: node.end, text: JSON.stringify(shown.toString('latin1')) });
      return;
    }
    const encoded = said.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(said);
    const mark = markOf(mask, encoded ? Buffer.from(said, 'base64') : Buffer.from(said));
    this.masker.found(mask.name);
    this.edits.push({ start: node.start, end: node.end, text: JSON.stringify(encoded ? Buffer.from(mark).toString('base64') : mark) });
  }
}

/** A value as Go prints it (%v): it can't be read. */
const PRINTED = /\b(map\[|\[\](byte|uint8)\{)/;

/** For the name that a Status quotes, while detectors look: the caller sent it, and must read which object it is. */
const STAND_IN = '"\uE000"';

/** The same for objects that a text quotes. */
const QUOTED = '"\uE001"';

/** A shorter name is no value of any kind, UTF-16 units. */
const KEY_UNITS_MIN = 6;

/** A shorter number is no value of any kind, characters. */
const DIGITS_MIN = 7;

/** What of a message is the API server's own, before admission speaks; undefined where it does not. */
function saidBefore(message: string): string | undefined {
  const words = admissionWords(message);
  return words && message.slice(0, words.start);
}

const plainPlace = (name: string): Place => ({ name, known: undefined, cover: undefined, release: false, metadata: false });
