/** Levels of objects and lists; deeper ones are read by nobody in the same way. */
const DEPTH_MAX = 100;

/**
 * Reads JSON (RFC 8259) as every reader would: throws Error where readers differ (a key that stands twice in an object, bytes that are no
 * UTF-8) or give up (deep nesting), and where it is none. The message holds nothing of the text.
 */
export function readJson(bytes: Buffer): unknown {
  const text = bytes.toString('utf8');
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes)) throw new Error('it is not UTF-8');
  refuseAmbiguous(text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Error('it is not JSON');
  }
}

interface Open {
  /** keys of an object; undefined in a list */
  keys: Set<string> | undefined;
  /** the next string is a key */
  key: boolean;
}

/** Looks at keys and nesting alone: what is no JSON is left to the parser. */
function refuseAmbiguous(text: string): void {
  const open: Open[] = [];
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    const inner = open[open.length - 1];
    if (c === '"') {
      const end = stringEnd(text, at);
      if (inner?.key === true && inner.keys !== undefined) {
        const key = keyOf(text.slice(at, end + 1));
        if (inner.keys.has(key)) throw new Error('a key stands twice in an object');
        inner.keys.add(key);
        inner.key = false;
      }
      at = end;
    } else if (c === '{' || c === '[') {
      if (open.length === DEPTH_MAX) throw new Error(`it is nested deeper than ${DEPTH_MAX} levels`);
      open.push({ keys: c === '{' ? new Set() : undefined, key: c === '{' });
    } else if (c === '}' || c === ']') open.pop();
    else if (c === ',' && inner !== undefined) inner.key = true;
  }
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
