import { type JsonNode, stringOf } from '../../http/json-tree.js';

/** What an object says of itself. */
export interface Words {
  kind: string;
  /** of a JSON patch's operation */
  path: string;
  /** beside a value, as of a variable of the environment */
  named: string;
  type: string;
}

export function wordsOf(buf: Buffer, { entries }: JsonNode & { type: 'object' }): Words {
  const words = { kind: '', path: '', named: '', type: '' };
  let valued = false;
  for (const { name, value } of entries) {
    if (name === 'value') valued = true;
    if (value.type !== 'string') continue;
    if (name === 'kind') words.kind = stringOf(buf, value);
    else if (name === 'path') words.path = stringOf(buf, value);
    else if (name === 'type') words.type = stringOf(buf, value);
    else if (name === 'name') words.named = stringOf(buf, value);
  }
  return valued ? words : { ...words, named: '' };
}
