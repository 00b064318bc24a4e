import { decodeUtf8 } from './charset.js';

/** Levels of objects and lists; deeper ones are read by nobody in the same way. */
const DEPTH_MAX = 100;

/**
 * Reads JSON (RFC 8259) as every reader would: throws Error where readers differ (a key that stands twice in an object, bytes that are no
 * UTF-8) or give up (deep nesting), and where it is none. The message holds nothing of the text.
 */
export function readJson(bytes: Buffer): unknown {
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Error('it is not UTF-8');
  return readJsonText(text);
}

export function readJsonText(text: string): unknown {
  scan(text);
  return parsed(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('it is not JSON');
  }
}

/** The text begins like an object or a list of JSON. */
export const beginsLikeJson = (text: string): boolean => /^[ \t\r\n]*[{[]/.test(text);

/**
 * The object or list that a text begins with, as a reader takes it that looks at no more than the first value; undefined where it begins with
 * none. Throws like readJson where that value can be read in several ways.
 */
export function readFirstJson(text: string): { value: unknown; whole: boolean } | undefined {
  if (!beginsLikeJson(text)) return undefined;
  let end: number;
  let ambiguous: unknown;
  try {
    end = scan(text);
  } catch (error) {
    // Is it JSON at all? Only then it matters that readers differ on it.
    ambiguous = error;
    end = scan(text, false);
  }
  if (end < 0) return undefined;
  let value: unknown;
  try {
    value = parsed(text.slice(0, end));
  } catch {
    return undefined;
  }
  if (ambiguous !== undefined) throw ambiguous;
  return { value, whole: text.slice(end).trim() === '' };
}

interface Open {
  /** keys of an object; undefined in a list */
  keys: Set<string> | undefined;
  /** the next string is a key */
  key: boolean;
}

/**
 * Looks at keys and nesting alone: what is no JSON is left to the parser. Gives where the first object or list ends; -1 where it does not.
 * Throws Error for what readers differ on, if `strict`.
 */
function scan(text: string, strict = true): number {
  const open: Open[] = [];
  let end = -1;
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    const inner = open[open.length - 1];
    if (c === '"') {
      const last = stringEnd(text, at);
      if (strict && inner?.key === true && inner.keys !== undefined) {
        const key = keyOf(text.slice(at, last + 1));
        if (inner.keys.has(key)) throw new Error('a key stands twice in an object');
        inner.keys.add(key);
        inner.key = false;
      }
      at = last;
    } else if (c === '{' || c === '[') {
      if (strict && open.length === DEPTH_MAX) throw new Error(`it is nested deeper than ${DEPTH_MAX} levels`);
      open.push({ keys: c === '{' ? new Set() : undefined, key: c === '{' });
    } else if (c === '}' || c === ']') {
      open.pop();
      if (open.length === 0 && end < 0) end = at + 1;
    } else if (c === ',' && inner !== undefined) inner.key = true;
  }
  return end;
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** `"pa\u0074h"` and `"path"` are one key. */
function keyOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
