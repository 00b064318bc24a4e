import { isAlias, isMap, isPair, isScalar, isSeq, type Node, parseDocument, type Scalar, visit, type YAMLMap } from 'yaml';
import type { Edit } from '../answers/edits.js';
import { MARK } from '../answers/marks.js';
import { nestedDeep } from '../yaml.js';

/** The longest document in which Secrets are looked for, and all of them, UTF-16 units: the YAML library takes its time. */
const DOCUMENT_UNITS_MAX = 128 * 1024;
const DOCUMENTS_UNITS_MAX = 256 * 1024;

const MARK_BYTES = Buffer.from(MARK);

/** A manifest with what its Secrets hold covered, and what that was: base64 undone. */
export interface CoveredManifest {
  text: string;
  values: Buffer[];
}

/**
 * Covers `data` and `stringData` of each Secret in a manifest of several YAML documents; all other bytes stay. `mark` gives what stands in place of
 * a value. Throws Error, with a reason that holds nothing of it, where a document that speaks of Secrets can't be read for certain.
 */
export function coverManifest(manifest: string, mark: (value: Buffer) => string): CoveredManifest {
  const values: Buffer[] = [];
  let units = 0;
  const documents = manifest.split(/^(?=---)/m).map((text) => {
    if (!mayHoldSecrets(text)) return text;
    units += text.length;
    if (text.length > DOCUMENT_UNITS_MAX || units > DOCUMENTS_UNITS_MAX) throw new Error('the manifest is too long');
    return coverDocument(text, mark, values);
  });
  return { text: documents.join(''), values };
}

/** The longest text of an object that is read as a manifest, UTF-16 units. */
export const TEXT_UNITS_MAX = 64 * 1024;

/** A text that is a manifest with Secrets in it, as ConfigMaps and custom resources hold them, with these covered; undefined for any other. */
export function coverText(text: string, mark: (value: Buffer) => string): string | undefined {
  if (text.length > TEXT_UNITS_MAX || !mayHoldSecrets(text)) return undefined;
  try {
    const covered = coverManifest(text, mark);
    return covered.values.length === 0 ? undefined : covered.text;
  } catch {
    return undefined;
  }
}

/** What stands before a value that is all of its scalar: nothing, a key, a sign of a collection, a tag or an anchor. */
const BEFORE = /(?:^|[:?,{[-]|(?:^|[\s:])[!&]\S*)\s*$/;
const BEHIND = /^(?:List)?["']?[ \t]*(?:[,}\]#\r\n]|$)/;
/** Escapes of a double-quoted scalar that make letters of it, or nothing (YAML 1.2, section 5.7). */
const ESCAPES = /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|\r?\n[ \t]*)/gi;

/** Some value in it is `Secret`, however that is written. Texts that only speak of one, as descriptions do, are not read. */
function mayHoldSecrets(text: string): boolean {
  const plain = /\\[xuU\r\n]/.test(text)
    ? text.replace(ESCAPES, (_all, x, u, U) => String.fromCharCode(Number.parseInt(x ?? u ?? U ?? '', 16) || 0).replace('\0', ''))
    : text;
  for (let at = plain.indexOf('Secret'); at >= 0; at = plain.indexOf('Secret', at + 1)) {
    const line = plain.slice(Math.max(plain.lastIndexOf('\n', at) + 1, at - LINE_UNITS_MAX), at);
    if (BEHIND.test(plain.slice(at + 'Secret'.length, at + LINE_UNITS_MAX)) && BEFORE.test(line.replace(/["']$/, ''))) return true;
  }
  return false;
}

/** More blanks than that around a kind make it no kind that anybody writes, UTF-16 units. */
const LINE_UNITS_MAX = 256;

function coverDocument(text: string, mark: (value: Buffer) => string, values: Buffer[]): string {
  if (nestedDeep(text)) throw new Error('a document is nested too deep');
  const document = parseDocument(text, { uniqueKeys: false, strict: true });
  const secrets: YAMLMap[] = [];
  visit(document, {
    Map: (_key, map) => {
      const kind = map.get('kind');
      if (kind === 'Secret') secrets.push(map);
      const items = kind === 'SecretList' ? map.get('items') : undefined;
      if (isSeq(items)) secrets.push(...items.items.filter(isMap));
    },
  });
  // What has no Secret in it may be written as it likes.
  if (secrets.length === 0 && document.errors.length === 0 && !refers(document.contents)) return text;
  if (document.errors.length > 0 || refers(document.contents)) throw new Error('a document that speaks of Secrets can not be read');
  const edits = [...new Set(secrets)].flatMap((secret) =>
    ['data', 'stringData'].flatMap((name) => editsOf(secret, name, text, mark, values)),
  );
  return applied(text, edits);
}

/** Something in it stands for what is elsewhere, is of a type of its own, or stands twice. */
function refers(root: Node | null): boolean {
  let found = false;
  visit(root, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
    Map: (_key, { items }) => {
      const keys = items.map(({ key }) => (isScalar(key) && typeof key.value === 'string' ? key.value : '<<'));
      if (keys.includes('<<') || new Set(keys).size < keys.length) found = true;
    },
    Scalar: (_key, { tag }) => {
      if (tag !== undefined) found = true;
    },
  });
  return found;
}

function editsOf(secret: YAMLMap, name: string, text: string, mark: (value: Buffer) => string, values: Buffer[]): Edit[] {
  const held = secret.get(name, true) as unknown;
  if (held === undefined || (isScalar(held) && (held.value === null || held.value === ''))) return [];
  if (!isMap(held)) throw new Error('a Secret holds no map');
  const edits: Edit[] = [];
  for (const pair of held.items) {
    const value: unknown = isPair(pair) ? pair.value : undefined;
    if (value === null || isAlias(value) || !isScalar(value)) {
      if (value === null) continue;
      throw new Error('a Secret holds what is no text');
    }
    const said = saidBy(value, text);
    if (said === '') continue;
    const raw = name === 'data' ? Buffer.from(said, 'base64') : Buffer.from(said);
    // What is covered already stays as it was covered.
    if (raw.subarray(0, MARK.length).equals(MARK_BYTES)) continue;
    values.push(raw);
    const covered = name === 'data' ? Buffer.from(mark(raw)).toString('base64') : mark(raw);
    const [start, end] = value.range!;
    edits.push({ start, end, text: `${JSON.stringify(covered)}${text[end - 1] === '\n' ? '\n' : ''}` });
  }
  return edits;
}

/** Numbers and words are what was written. */
function saidBy(value: Scalar, text: string): string {
  if (value.value === null) return '';
  return typeof value.value === 'string' ? value.value : text.slice(value.range![0], value.range![1]);
}

function applied(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    parts.push(text.slice(at, edit.start), edit.text);
    at = edit.end;
  }
  return parts.join('') + text.slice(at);
}
