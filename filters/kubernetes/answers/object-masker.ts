import type { BodyMask } from '../../http/masking.js';
import { maskedNumber } from '../../mask/codecs/number.js';
import { maskText } from '../../mask/text.js';
import type { KubernetesFacts } from '../facts.js';
import { isPacked, textInBase64 } from './base64.js';
import { entryOf, type JsonEntry, type JsonNode, readTree, stringOf, textOf } from './json-tree.js';
import { type CoveredObject, coverOf, markOf, type ObjectMask } from './marks.js';

/** What is masked in objects: by where it stands, and by what detectors find; both strongest first. */
export interface ObjectMasks {
  objects: readonly ObjectMask[];
  detectors: readonly BodyMask[];
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Where a value stands. */
interface Place {
  /** key that it stands under */
  name: string;
  /** the mask that covers all of it */
  cover: ObjectMask | undefined;
  /** it is the metadata of an object of the API itself: what the server sets in it stays */
  metadata: boolean;
}

/** Set by the API server alone, and read by clients to the letter (ObjectMeta, ListMeta of meta/v1). */
const SET_BY_SERVER = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'generation', 'selfLink', 'continue']);

/** Levels of JSON inside of strings of JSON. */
const NESTED_MAX = 4;

/** Masks JSON of the Kubernetes API. What is not masked stays the same bytes. */
export class ObjectMasker {
  hits = 0;
  readonly fired = new Map<string, number>();
  private readonly secrets: ObjectMask | undefined;
  private readonly configMaps: ObjectMask | undefined;

  constructor(
    private readonly masks: ObjectMasks,
    /** what was asked for: objects in lists do not say their kind */
    private readonly asked: Pick<KubernetesFacts, 'resource' | 'group' | 'subresource'>,
  ) {
    this.secrets = coverOf(masks.objects, 'secrets');
    this.configMaps = coverOf(masks.objects, 'configmaps');
  }

  /** A document, or an element of a list of `listKind`. Throws MidstreamError where it can't be read. */
  mask(json: Buffer, listKind = ''): Buffer {
    const edits: Edit[] = [];
    new Walk(this, json, edits, 0).root(readTree(json), listKind);
    return applied(json, edits);
  }

  /** undefined where nothing covers that object. What was asked for tells about the document's `own` objects alone, not about what is inside. */
  coverFor(
    buf: Buffer,
    object: JsonNode,
    listKind: string,
    own: boolean,
  ): { cover: ObjectMask; kind: CoveredObject | 'token' } | undefined {
    const kind = textOf(buf, object, 'kind');
    const { group, resource, subresource } = this.asked;
    const plain = own && group === '' && subresource === '';
    if (this.secrets !== undefined) {
      if (kind === 'Secret' || listKind === 'SecretList' || (plain && resource === 'secrets'))
        return { cover: this.secrets, kind: 'secrets' };
      if (kind === 'TokenRequest' || listKind === TOKEN_STATUS || subresource === 'token') return { cover: this.secrets, kind: 'token' };
    }
    if (this.configMaps !== undefined && (kind === 'ConfigMap' || listKind === 'ConfigMapList' || (plain && resource === 'configmaps')))
      return { cover: this.configMaps, kind: 'configmaps' };
    return undefined;
  }

  get packed(): ObjectMask | undefined {
    return this.secrets;
  }

  get detectors(): readonly BodyMask[] {
    return this.masks.detectors;
  }

  found(rule: string): void {
    this.hits++;
    this.fired.set(rule, (this.fired.get(rule) ?? 0) + 1);
  }
}

/** The status of a TokenRequest, in place of the kind of a list. */
const TOKEN_STATUS = 'TokenRequest.status';

/** Values of these keys are covered. */
const COVERED: Record<CoveredObject | 'token', readonly string[]> = {
  secrets: ['data', 'stringData'],
  configmaps: ['data', 'binaryData'],
  token: ['token'],
};

class Walk {
  constructor(
    private readonly masker: ObjectMasker,
    private readonly buf: Buffer,
    private readonly edits: Edit[],
    private readonly nested: number,
  ) {}

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
    const covered = place.cover === undefined ? this.masker.coverFor(this.buf, node, listKind, own) : undefined;
    const keys = covered === undefined ? [] : COVERED[covered.kind];
    const kind = textOf(this.buf, node, 'kind');
    // A JSON patch names what it writes by its path.
    const path = covered === undefined ? '' : textOf(this.buf, node, 'path');
    const patches = path !== '' && /^\/(data|stringData|binaryData)(\/|$)/.test(path);
    const named = nameBeside(this.buf, node);
    for (const entry of node.entries) {
      const { name, value } = entry;
      this.key(entry, place);
      if (place.metadata && SET_BY_SERVER.has(name)) continue;
      if (own && (name === 'kind' || name === 'apiVersion')) continue;
      const covers = covered !== undefined && (keys.includes(name) || (patches && name === 'value'));
      const inner: Place = {
        name: name === 'value' && named !== '' ? named : name,
        cover: place.cover ?? (covers ? covered.cover : undefined),
        metadata: own && name === 'metadata',
      };
      const isList = own && (name === 'items' || name === 'rows') && value.type === 'array';
      if (isList) for (const item of value.items) this.element(item, inner, kind);
      else if (own && (name === 'object' || (name === 'value' && path === '')) && value.type === 'object')
        this.object(value, inner, '', true);
      else this.value(value, inner, covered?.kind === 'token' && name === 'status' ? TOKEN_STATUS : '');
    }
  }

  private element(item: JsonNode, place: Place, kind: string): void {
    if (item.type === 'object') this.object(item, place, kind, true);
    else this.value(item, place, kind);
  }

  /** Names are values too: of labels, of data. */
  private key({ key, name }: JsonEntry, place: Place): void {
    if (place.cover !== undefined || name.length < 6) return;
    const masked = this.detected(Buffer.from(name), '');
    if (masked !== undefined) this.edits.push({ ...key, text: JSON.stringify(masked.toString('utf8')) });
  }

  private string(node: JsonNode, { name, cover }: Place): void {
    if (cover !== undefined) return this.cover(node, cover);
    const { buf } = this;
    const plain = buf.subarray(node.start + 1, node.end - 1);
    const raw = plain.includes(0x5c) ? Buffer.from(stringOf(buf, node)) : plain;
    if (raw.length === 0) return;
    const masked = this.json(raw) ?? this.encoded(raw) ?? this.detected(raw, name);
    if (masked !== undefined) this.edits.push({ start: node.start, end: node.end, text: JSON.stringify(masked.toString('utf8')) });
  }

  /** JSON that stands in text: kubectl keeps what was applied so, in an annotation. */
  private json(raw: Buffer): Buffer | undefined {
    if ((raw[0] !== 0x7b && raw[0] !== 0x5b) || this.nested === NESTED_MAX) return undefined;
    const edits: Edit[] = [];
    try {
      new Walk(this.masker, raw, edits, this.nested + 1).value(readTree(raw), plainPlace(''), '');
    } catch {
      return undefined;
    }
    return edits.length === 0 ? undefined : applied(raw, edits);
  }

  private encoded(raw: Buffer): Buffer | undefined {
    const text = raw.length < 16 || raw.length % 4 !== 0 ? '' : raw.toString('latin1');
    if (text === '') return undefined;
    const { packed } = this.masker;
    if (packed !== undefined && isPacked(text)) {
      this.masker.found(packed.name);
      return Buffer.from(Buffer.from(markOf(packed, raw)).toString('base64'));
    }
    const inner = textInBase64(text);
    const masked = inner === undefined ? undefined : (this.json(inner) ?? this.detected(inner, ''));
    return masked === undefined ? undefined : Buffer.from(masked.toString('base64'));
  }

  private detected(raw: Buffer, name: string): Buffer | undefined {
    let bytes = raw;
    for (const { name: rule, detector, masker } of this.masker.detectors) {
      if (!detector.mayHold(bytes, 0, bytes.length) && !detector.sensitiveName(name)) continue;
      const next = maskText(detector, masker, bytes, 0, bytes.length, { name });
      if (next === undefined) continue;
      this.masker.found(rule);
      bytes = next;
    }
    return bytes === raw ? undefined : bytes;
  }

  private number(node: JsonNode, { name, cover }: Place): void {
    if (cover !== undefined) return this.cover(node, cover);
    const { buf } = this;
    if (node.end - node.start < DIGITS_MIN) return;
    for (const { name: rule, detector, masker } of this.masker.detectors) {
      const [hit] = detector.find(buf, node.start, node.end, { name });
      if (hit === undefined) continue;
      this.masker.found(rule);
      this.edits.push({ start: node.start, end: node.end, text: maskedNumber(masker, hit.kind, buf, hit.start, hit.end) });
      return;
    }
  }

  /** What stood there in base64 is base64 again: clients decode it. */
  private cover(node: JsonNode, mask: ObjectMask): void {
    const said = node.type === 'string' ? stringOf(this.buf, node) : this.buf.toString('latin1', node.start, node.end);
    if (said === '') return;
    const encoded = said.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(said);
    const mark = markOf(mask, encoded ? Buffer.from(said, 'base64') : Buffer.from(said));
    this.masker.found(mask.name);
    this.edits.push({ start: node.start, end: node.end, text: JSON.stringify(encoded ? Buffer.from(mark).toString('base64') : mark) });
  }
}

/** A shorter number is no value of any kind, characters. */
const DIGITS_MIN = 7;

const plainPlace = (name: string): Place => ({ name, cover: undefined, metadata: false });

/** `{name: PASSWORD, value: …}`: a variable of the environment is evidence for its value. */
function nameBeside(buf: Buffer, node: JsonNode): string {
  const value = entryOf(node, 'value');
  return value === undefined ? '' : textOf(buf, node, 'name');
}

function applied(buf: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return buf;
  const parts: Buffer[] = [];
  let at = 0;
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    parts.push(buf.subarray(at, start), Buffer.from(text));
    at = end;
  }
  parts.push(buf.subarray(at));
  return Buffer.concat(parts);
}
