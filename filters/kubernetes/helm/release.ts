import { type JsonNode, readTree, stringOf } from '../../http/json-tree.js';
import { textInBase64 } from '../answers/base64.js';
import { applied, type Edit } from '../answers/edits.js';
import { coverManifest } from './manifest.js';
import { SecretValues } from './values.js';

/** Names of a chart's values that are covered whether or not a Secret holds them. */
const SENSITIVE =
  /(^|[^a-z])(pass|pin)$|(passwd|pwd)$|pass(word|phrase)$|(secret|token|credentials?|(private|api|access|encryption|signing)[_-]?key)$/i;

/** How a value is covered, and of how many it was said so. */
interface Covering {
  mark: (value: Buffer) => string;
  raw: Buffer;
  edits: Edit[];
  manifests: Map<JsonNode, string>;
  values: SecretValues;
}

type Where = 'values' | 'text' | 'kept';

/**
 * A release of Helm's (release.Release of helm.sh/helm/v3/pkg/release, as JSON) with what its Secrets hold covered: in the manifests of the release and of its
 * hooks, and wherever the same stands in values, notes, templates and files. Values whose names say that they are secret are covered too. What tells
 * Helm which release it is stays. undefined: it is none, or can't be read for certain.
 */
export function coverRelease(raw: Buffer, mark: (value: Buffer) => string): { bytes: Buffer; covered: number } | undefined {
  try {
    const root = readTree(raw);
    if (root.type !== 'object' || !isRelease(root)) return undefined;
    const manifests = new Map<JsonNode, string>();
    const values: Buffer[] = [];
    for (const node of manifestsOf(root)) {
      const covered = coverManifest(stringOf(raw, node), mark);
      manifests.set(node, covered.text);
      values.push(...covered.values);
    }
    const covering: Covering = { mark, raw, edits: [], manifests, values: new SecretValues(values) };
    for (const { name, value } of root.entries)
      cover(covering, value, name, name === 'config' ? 'values' : PLACES.has(name) ? 'text' : 'kept');
    return { bytes: applied(raw, covering.edits), covered: covering.edits.length };
  } catch {
    return undefined;
  }
}

const isRelease = ({ entries }: JsonNode & { type: 'object' }): boolean =>
  ['info', 'chart', 'manifest'].every((name) => entries.some((entry) => entry.name === name));

const PLACES = new Set(['manifest', 'hooks']);

/** Of the chart and of what is known about the release, what may hold values; the rest is names and versions. */
const INNER: Record<string, Where> = {
  values: 'values',
  templates: 'text',
  files: 'text',
  schema: 'text',
  notes: 'text',
  description: 'text',
};

function manifestsOf({ entries }: JsonNode & { type: 'object' }): (JsonNode & { type: 'string' })[] {
  const found: JsonNode[] = [];
  for (const { name, value } of entries) {
    if (name === 'manifest') found.push(value);
    if (name !== 'hooks' || value.type !== 'array') continue;
    for (const hook of value.items)
      if (hook.type === 'object') found.push(...hook.entries.filter((entry) => entry.name === 'manifest').map((entry) => entry.value));
  }
  return found.filter((node) => node.type === 'string');
}

function cover(covering: Covering, node: JsonNode, name: string, where: Where): void {
  switch (node.type) {
    case 'object':
      for (const entry of node.entries) cover(covering, entry.value, entry.name, where === 'kept' ? (INNER[entry.name] ?? 'kept') : where);
      return;
    case 'array':
      for (const item of node.items) cover(covering, item, name, where);
      return;
    case 'string':
    case 'number':
      return coverLeaf(covering, node, name, where);
    case 'word':
      return;
  }
}

function coverLeaf({ mark, raw, edits, manifests, values }: Covering, node: JsonNode, name: string, where: Where): void {
  if (where === 'kept') return;
  const { start, end } = node;
  const said = node.type === 'string' ? (manifests.get(node) ?? stringOf(raw, node)) : raw.toString('latin1', start, end);
  let next = said;
  if (where === 'values' && said !== '' && (SENSITIVE.test(name) || values.holds(said))) next = mark(Buffer.from(said));
  else if (node.type === 'string') next = hidden(said, values, mark);
  if (next !== said || manifests.get(node) !== undefined) {
    const text = JSON.stringify(next);
    if (text !== raw.toString('utf8', start, end)) edits.push({ start, end, text });
  }
}

/** Templates and files stand there in base64. */
function hidden(said: string, values: SecretValues, mark: (value: Buffer) => string): string {
  const inner = textInBase64(said)?.toString('utf8');
  if (inner === undefined) return values.hide(said, mark);
  const next = values.hide(inner, mark);
  return next === inner ? values.hide(said, mark) : Buffer.from(next).toString('base64');
}
