/** A text that is quoted as Go does (strconv.Quote), from its first quote to behind its last. */
export interface Quoted {
  start: number;
  end: number;
  /** what it says; undefined where it has no end, or an escape that is none */
  said: string | undefined;
}

/**
 * JSON that stands quoted in a text. The API server answers a patch that it can't apply with all that the object would be:
 * `patch: Invalid value: "{\"apiVersion\":…` (field.Invalid of k8s.io/apimachinery).
 */
export function quotedJson(text: string): Quoted[] {
  const found: Quoted[] = [];
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at)) {
    if (text[at + 1] !== '{' && text[at + 1] !== '[') {
      at++;
      continue;
    }
    const last = closing(text, at);
    const end = last < 0 ? text.length : last + 1;
    found.push({ start: at, end, said: last < 0 ? undefined : unquoted(text.slice(at + 1, last)) });
    at = end;
  }
  return found;
}

function closing(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at;
  }
  return -1;
}

const NAMED: Record<string, string> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\', '"': '"', "'": "'" };

function unquoted(text: string): string | undefined {
  let whole = true;
  const said = text.replace(/\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|([\s\S]))/gi, (all, byte, short, long, name: string) => {
    const code = byte ?? short ?? long;
    if (code !== undefined) return Number.parseInt(code, 16) > 0x10ffff ? '\ufffd' : String.fromCodePoint(Number.parseInt(code, 16));
    const named = NAMED[name];
    if (named === undefined) whole = false;
    return named ?? all;
  });
  return whole ? said : undefined;
}
