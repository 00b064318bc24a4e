import { isAlias, isNode, isPair, isScalar, parseAllDocuments, visit } from 'yaml';
import { readJson } from '../http/json.js';

/** Levels that brackets and dashes may open: the YAML library takes quadratic time and its stack for more. */
const DEPTH_MAX = 100;
/** The longest body that is read as YAML, bytes. The API server takes 3 MiB. */
const YAML_BYTES_MAX = 3 * 1024 * 1024;
/** Words that YAML 1.1, as Go reads it, takes for true and false, and YAML 1.2 for text. */
const WORDS = /^(y|n|yes|no|on|off)$/i;
/** Numbers of 1.1 that are others in 1.2, or text: octal with a plain 0, binary, sexagesimal, with underscores. */
const NUMBERS = /^[-+]?(0[0-7_]+|0b[01_]+|\d[\d_]*(:[0-5]?\d)+(\.[\d_]*)?|[\d_]*_[\d_.]*)$/;

/** What maps and lists have without being given one. */
const PLAIN_TAGS = new Set(['tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);

/** One YAML document as plain values. Throws Error, without anything of the text, where readers differ. JSON is YAML too. */
export function readYaml(bytes: Buffer): unknown {
  if (bytes.length > YAML_BYTES_MAX) throw new Error(`the body is YAML of more than ${YAML_BYTES_MAX} bytes`);
  const text = bytes.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes)) throw new Error('the body is not UTF-8');
  // kubectl sends JSON under the name of YAML, and the server reads it so.
  if (/^\s*[{[]/.test(text)) {
    try {
      return readJson(bytes);
    } catch (error) {
      if (!(error as Error).message.includes('not JSON')) throw new Error(`the body is YAML, and ${(error as Error).message}`);
    }
  }
  if (nestedDeep(text)) throw new Error(`the body is nested deeper than ${DEPTH_MAX} levels`);
  const documents = parseAllDocuments(text, { version: '1.2', uniqueKeys: true, strict: true });
  const [document] = documents;
  if (!Array.isArray(documents) || documents.length !== 1 || document === undefined || document.errors.length > 0)
    throw new Error('the body says that it is YAML, and is not one document of it');
  visit(document, (_key, node) => {
    if (isAlias(node)) throw new Error('the body is YAML with an alias');
    if (isPair(node)) {
      if (!isScalar(node.key) || typeof node.key.value !== 'string' || node.key.value === '<<')
        throw new Error('the body is YAML with a key that is no text');
      return;
    }
    if (!isNode(node)) return;
    if (node.tag !== undefined && !PLAIN_TAGS.has(node.tag)) throw new Error('the body is YAML with a tag');
    if (isScalar(node) && node.type === 'PLAIN' && differs(node.source ?? ''))
      throw new Error('the body is YAML with a value that versions of YAML read differently');
  });
  return document.toJS({ maxAliasCount: 0 }) as unknown;
}

const differs = (source: string): boolean => WORDS.test(source) || NUMBERS.test(source);

/** Brackets or indentation open more levels than are read. */
export function nestedDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth++;
    else if ((character === ']' || character === '}') && depth > 0) depth--;
    if (depth > DEPTH_MAX) return true;
  }
  return text
    .split('\n')
    .some((line) => (/^[ \t]*((?:[-?:][ \t]+)*)/.exec(line)?.[1] ?? '').replace(/[ \t]/g, '').length > DEPTH_MAX || /^ {1000}/.test(line));
}
