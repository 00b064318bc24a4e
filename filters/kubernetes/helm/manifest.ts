import { isAlias, isMap, isPair, isScalar, isSeq, type Node, parseDocument, type Scalar, visit, type YAMLMap } from 'yaml';
import { nestedDeep } from '../yaml.js';

/** The longest document in which Secrets are looked for, and all of them, UTF-16 units: the YAML library takes its time. */
const DOCUMENT_UNITS_MAX = 256 * 1024;
const DOCUMENTS_UNITS_MAX = 1024 * 1024;

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
    // A kind may be spelled with escapes.
    if (!text.includes('Secret') && !text.includes('\\')) return text;
    units += text.length;
    if (text.length > DOCUMENT_UNITS_MAX || units > DOCUMENTS_UNITS_MAX) throw new Error('the manifest is too long');
    return coverDocument(text, mark, values);
  });
  return { text: documents.join(''), values };
}

function coverDocument(text: string, mark: (value: Buffer) => string, values: Buffer[]): string {
  if (nestedDeep(text)) throw new Error('a document is nested too deep');
  const document = parseDocument(text, { uniqueKeys: true, strict: true });
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

/** Something in it stands for what is elsewhere, or is of a type of its own. */
function refers(root: Node | null): boolean {
  let found = false;
  visit(root, {
    Alias: () => {
      found = true;
      return visit.BREAK;
    },
    Pair: (_key, { key }) => {
      if (!isScalar(key) || key.value === '<<') found = true;
    },
    Scalar: (_key, { tag }) => {
      if (tag !== undefined) found = true;
    },
  });
  return found;
}

interface Edit {
  start: number;
  end: number;
  text: string;
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
