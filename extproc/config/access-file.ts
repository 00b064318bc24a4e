import { resolve } from 'node:path';
import { MidstreamError } from '../../filters/errors.js';
import { invalidPolicy, type Problem } from '../../filters/policy/problems.js';
import { readSource } from '../../filters/policy/source.js';
import { checkStructure } from '../../filters/policy/structure.js';
import type { AccessDocument } from './document.js';
import { readConfigText } from './load.js';
import { resolveAccess } from './resolve-access.js';
import { accessSchema } from './schema.js';
import type { AccessRule } from './types.js';

/** The resources that rules may name: databases and HTTP servers. */
export interface Resources {
  listeners: readonly { resource: string }[];
  http: readonly { resource: string }[];
}

/**
 * A file that holds the list `access` of midstream.yaml alone, for `midstream up`.
 * @throws MidstreamError not_found, unavailable, or config_invalid with every mistake on a line of its own
 */
export async function loadAccess(path: string, resources: Resources): Promise<AccessRule[]> {
  const text = await readConfigText(path);
  const source = readSource(text);
  const problems: Problem[] = [...source.problems];
  const check = () => {
    if (problems.length > 0) throw new MidstreamError('config_invalid', invalidPolicy(problems, text, path).message);
  };
  check();
  problems.push(...checkStructure(source, accessSchema));
  check();
  const rules = resolveAccess(source.value as AccessDocument[], '', resources, {
    file: resolve(path),
    env: {},
    readFile: readConfigText,
    problem: (pointer, what, fix) => problems.push({ offset: source.valueAt(pointer), what, fix }),
  });
  check();
  return rules;
}
