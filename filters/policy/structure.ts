import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { SqlPlaceDocument } from '../http/sql-places.js';
import type { DetectionDocument } from './detection.js';
import { type Problem, quoted, suggest } from './problems.js';
import { policySchema } from './schema.js';
import type { PolicySource } from './source.js';
import type { PolicyLimits } from './types.js';

/** The file's content after its structure was found to be right. */
export interface PolicyDocument {
  version: 1;
  rules?: RuleDocument[];
  masks?: MaskDocument[];
  detection?: DetectionDocument;
  sql?: SqlPlaceDocument[];
  defaults?: {
    unparsed?: 'deny' | 'approve' | 'allow';
    opaque?: 'deny' | 'approve' | 'allow';
    grammar?: 'pin' | 'follow';
    allow?: boolean;
  };
  limits?: Partial<Record<keyof PolicyLimits, number | string>>;
  recording?: { sealed?: string[]; response_bytes_max?: number | string };
}

export interface RuleDocument {
  name: string;
  description?: string;
  on: 'postgres' | 'http' | 'websocket' | 'terminal' | 'kubernetes' | 'mcp' | 'any';
  when: string | boolean;
  then: 'deny' | 'approve' | 'allow';
  message?: string;
  hint?: string;
  mode?: 'enforce' | 'observe';
  approve?: {
    by?: string[];
    quorum?: number;
    wait?: string;
    lease?: { same: 'shape' | 'text'; for: string; uses?: number };
    respond?: 'wait' | 'accepted';
    keep?: string;
  };
  enabled?: boolean;
}

export interface MaskDocument {
  name: string;
  detect?: string[];
  columns?: string[];
  kubernetes?: ('secrets' | 'configmaps')[];
  as: 'redact' | 'partial' | 'hash' | 'token' | 'fixed' | 'null' | null;
  value?: string;
  check?: 'valid' | 'invalid';
  key_id?: boolean;
  unless?: string | boolean;
  regions?: string[];
  decode?: 'base64'[];
}

const validators = new Map<object, ValidateFunction>();

function validatorOf(schema: object): ValidateFunction {
  let validator = validators.get(schema);
  if (validator === undefined) {
    const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true, ownProperties: true });
    ajv.addVocabulary(['x-say', 'x-secret']);
    validator = ajv.compile(schema);
    validators.set(schema, validator);
  }
  return validator;
}

type Shape = {
  properties?: Record<string, unknown>;
  required?: string[];
  enum?: unknown[];
  'x-say'?: string;
  /** what stands there may be a secret that was written by mistake: it is not said back */
  'x-secret'?: boolean;
  type?: string | string[];
  maximum?: number;
  minimum?: number;
};

const typeWords: Record<string, string> = {
  string: 'a text',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

/** What a place of the file is called: rules[0].when; the file itself is `whole` */
function spoken(pointer: string, whole: string): string {
  const path = pointer
    .split('/')
    .slice(1)
    .reduce((all, part) => (/^\d+$/.test(part) ? `${all}[${part}]` : all === '' ? part : `${all}.${part}`), '');
  return path === '' ? whole : path;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  if (typeof value === 'string') return `the text ${quoted(value)}`;
  return String(value);
}

function describe(error: ErrorObject, source: PolicySource, whole: string): Problem {
  const place = error.instancePath;
  const shape = (error.parentSchema ?? {}) as Shape;
  const at = source.valueAt(place);
  const say = shape['x-say'] ?? '';
  const here = spoken(place, whole);
  const kind = (value: unknown): string => (shape['x-secret'] === true ? 'what is written there' : kindOf(value));
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = (error.params as { additionalProperty: string }).additionalProperty;
      const pointer = `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      const known = Object.keys(shape.properties ?? {}).filter((name) => name !== '$schema');
      // Inside { } a comma ends a value, so the rest of an unquoted condition looks like a field.
      const fix = /[()=]/.test(key) ? 'a comma inside { } ends a value: put the condition in quotes' : suggest(key, known);
      return { offset: source.keyAt(pointer), what: `${here} has no field ${quoted(key)}`, fix };
    }
    case 'required': {
      const key = (error.params as { missingProperty: string }).missingProperty;
      return { offset: at, what: `${here} has no ${key}`, fix: `add ${key}:` };
    }
    case 'enum': {
      const words = (shape.enum ?? []).filter((word): word is string => typeof word === 'string');
      return {
        offset: at,
        what: `${here} can't be ${kind(error.data)}`,
        fix: typeof error.data === 'string' ? suggest(error.data, words) : `use one of: ${words.join(', ')}`,
      };
    }
    case 'type': {
      const types = [shape.type ?? []].flat();
      return {
        offset: at,
        what: `${here} must be ${types.map((type) => typeWords[type] ?? type).join(' or ')}, not ${kind(error.data)}`,
        fix: say,
      };
    }
    case 'uniqueItems': {
      const { i, j } = error.params as { i: number; j: number };
      const twice = Math.max(i, j);
      return {
        offset: source.valueAt(`${place}/${twice}`),
        what: `${here} has ${kind((error.data as unknown[])[twice])} twice`,
        fix: 'keep one of them',
      };
    }
    case 'minItems':
      return { offset: at, what: `${here} is empty`, fix: say };
    default:
      return { offset: at, what: `${here} can't be ${kind(error.data)}`, fix: say };
  }
}

/** Mistakes of structure: unknown and missing fields, wrong types and values. */
export function checkStructure(source: PolicySource, schema: object = policySchema): Problem[] {
  if (source.value === null || source.value === undefined)
    return [{ offset: 0, what: 'the file is empty', fix: schema === policySchema ? 'begin with version: 1' : '' }];
  const check = validatorOf(schema);
  if (check(source.value)) return [];
  return (check.errors ?? []).map((error) => describe(error, source, schema === policySchema ? 'the policy' : 'the file'));
}
