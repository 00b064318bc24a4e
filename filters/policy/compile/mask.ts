import type { Detection } from '../../mask/custom/detector.js';
import type { Condition } from '../cel.js';
import { quoted, suggest } from '../problems.js';
import type { MaskDocument } from '../structure.js';
import type { MaskRule } from '../types.js';
import type { Mistakes } from './mistakes.js';

export interface CompiledMask {
  rule: MaskRule;
  unless: Condition | undefined;
  /** where the mask's name stands in the file, from 1 */
  line: number;
}

/** What masks may name, and what the policy itself says of detection. */
export interface Detectable {
  kinds: readonly string[];
  detection: Detection | undefined;
}

/** The mask at /masks/i. */
export function compileMask(document: MaskDocument, i: number, { kinds, detection }: Detectable, mistakes: Mistakes): CompiledMask {
  const at = `/masks/${i}`;
  const { detect = [], columns = [], kubernetes = [], regions, value, check, key_id } = document;
  checkMask(document, at, mistakes);
  detect.forEach((kind, j) => {
    if (!kinds.includes(kind)) mistakes.inValue(`${at}/detect/${j}`, `there is no kind ${quoted(kind)} to detect`, suggest(kind, kinds));
  });
  const rule: MaskRule = { name: document.name, detect, columns, as: document.as ?? 'null' };
  if (kubernetes.length > 0) rule.kubernetes = kubernetes;
  if (regions !== undefined) rule.regions = regions;
  if (document.decode !== undefined) rule.base64 = true;
  if (detection !== undefined && detect.length > 0) rule.detection = detection;
  if (value !== undefined) rule.value = value;
  if (check !== undefined) rule.check = check;
  if (key_id !== undefined) rule.key_id = key_id;
  const unless = document.unless === undefined ? undefined : mistakes.condition(document.unless, `${at}/unless`, 'mask');
  return { rule, unless, line: mistakes.lineOf(`${at}/name`) };
}

/** A mask covers by one means, and has nothing that its means or its form does not know. */
function checkMask(document: MaskDocument, at: string, mistakes: Mistakes): void {
  const { detect = [], columns = [], kubernetes = [], as = 'null' } = document;
  const given = Object.entries({ detect, columns, kubernetes }).flatMap(([key, list]) => (list.length > 0 ? [key] : []));
  if (given.length !== 1) {
    mistakes.inValue(
      at,
      `the mask ${quoted(document.name)} has ${given.length === 0 ? 'neither detect nor columns nor kubernetes' : given.join(' and ')}`,
      'give it one of them',
    );
  }
  const only = (key: keyof MaskDocument, meant: boolean, where: string, verb = 'has'): void => {
    if (document[key] !== undefined && !meant)
      mistakes.inKey(`${at}/${key}`, `${key} ${verb} a meaning for ${where} only`, `remove ${key}`);
  };
  only('regions', detect.length > 0, 'detect', 'have');
  only('decode', columns.length === 0, 'detect');
  only('value', as === 'fixed', 'as: fixed');
  if (as === 'fixed' && document.value === undefined)
    mistakes.inValue(at, `the mask ${quoted(document.name)} is fixed and has no value`, 'give it a value');
  only('check', as === 'token', 'as: token');
  if (document.key_id === true) only('key_id', as === 'token' || as === 'hash', 'as: hash and as: token');
}
