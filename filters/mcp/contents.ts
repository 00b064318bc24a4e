import { isObject, type JsonObject, text } from '../foreign-json.js';
import { LOOK_BYTES, packedAs, utf16Of } from '../http/look.js';

/** Masks bytes of a media type; undefined where nothing of them is masked. */
export type MaskBytes = (type: string, bytes: Buffer) => Buffer | undefined;

/** Levels that contents are looked for in: as many as a message may have. */
const LEVELS = 100;

/**
 * Masks what stands in base64 in the contents of a message (MCP, "Resource Contents", "Tool Result"): `blob` and `data` whose media type is one of text.
 * What is no text is counted by `opaque`, in bytes. Changes the message; whether it did.
 */
export function maskContents(message: JsonObject, mask: MaskBytes, opaque: (reason: string, bytes: number) => void): boolean {
  let changed = false;
  const visit = (value: unknown, level: number): void => {
    if (level > LEVELS) return;
    if (Array.isArray(value)) {
      for (const one of value) visit(one, level + 1);
      return;
    }
    if (!isObject(value)) return;
    for (const key of ['blob', 'data']) {
      const packed = value[key];
      if (typeof packed !== 'string' || (key === 'data' && typeof value['mimeType'] !== 'string')) continue;
      const bytes = Buffer.from(packed, 'base64');
      const type = text(value['mimeType']).split(';')[0]!.trim().toLowerCase();
      if (!isText(type, bytes) || packedAs(bytes) !== '') {
        opaque(OPAQUE[type.split('/')[0]!] ?? 'binary content', bytes.length);
        continue;
      }
      const masked = mask(type === '' || BINARY.test(type) ? 'text/plain' : type, bytes);
      if (masked === undefined) continue;
      value[key] = masked.toString('base64');
      changed = true;
    }
    for (const one of Object.values(value)) if (typeof one === 'object') visit(one, level + 1);
  };
  visit(message['result'], 0);
  visit(message['params'], 0);
  visit(message['error'], 0);
  return changed;
}

const OPAQUE: Record<string, string> = { image: 'image content', audio: 'audio content', video: 'video content' };
const BINARY = /^(image\/(?!svg)|audio\/|video\/|font\/)/;
const TEXT = /^text\/|[/+](json|xml|yaml|x-yaml|toml|csv|javascript|x-ndjson|x-sh|sql|x-www-form-urlencoded)$|^image\/svg/;

/**
 * What a type says it is, or else what its bytes look like: UTF-8 without NUL, or UTF-16. An image that is a text in UTF-8 is none: what looks into base64
 * anywhere would find its values, and leave no base64.
 */
function isText(type: string, bytes: Buffer): boolean {
  if (TEXT.test(type)) return true;
  if (!BINARY.test(type) && utf16Of(bytes.subarray(0, LOOK_BYTES)) !== undefined) return true;
  return !bytes.includes(0) && Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}
