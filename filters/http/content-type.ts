import { toldName } from './told-name.js';

/** A Content-Type as everybody reads it (RFC 9110 section 8.3). */
export interface ContentType {
  /** `application/json`, in small letters; empty where there is none, or none that can be read */
  type: string;
  /** values by name in small letters, quotes undone */
  parameters: Map<string, string>;
  /** why readers may differ about it; empty when they can't */
  broken: string;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^[ \\t]*(${TOKEN}/${TOKEN})[ \\t]*(?=;|$)`);
const PARAMETER = new RegExp(`;[ \\t]*(?:(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\\\r\\n]|\\\\.)*)"))?[ \\t]*(?=;|$)`, 'y');

export function readContentType(value: string): ContentType {
  const parameters = new Map<string, string>();
  const broken = (why: string): ContentType => ({ type: '', parameters, broken: why });
  if (value.trim() === '') return { type: '', parameters, broken: '' };
  const head = TYPE.exec(value);
  if (head === null) return broken('its content type can be read in several ways');
  const type = head[1]!.toLowerCase();
  const rest = parametersOf(value.slice(head[0].length), parameters);
  return rest === '' ? { type, parameters, broken: '' } : { type, parameters, broken: rest };
}

/**
 * Reads `; name=value` up to the end into `into`; gives why that can be read in several ways, else nothing. Also for Content-Disposition
 * (RFC 6266), whose parameters have the same form.
 */
export function parametersOf(text: string, into: Map<string, string>): string {
  PARAMETER.lastIndex = 0;
  while (PARAMETER.lastIndex < text.length) {
    const found = PARAMETER.exec(text);
    if (found === null) return 'a header’s parameters can be read in several ways';
    const [, name, token, quoted] = found;
    if (name === undefined) continue;
    const key = name.toLowerCase();
    if (into.has(key)) return `the parameter ${toldName(key)} stands twice in a header`;
    // Some readers undo the backslash, browsers do not write it.
    if (quoted?.includes('\\') === true) return 'a header’s parameter has a backslash';
    into.set(key, token ?? quoted ?? '');
  }
  return '';
}
