import { AS_IT_IS, charsetOf } from './transcode.js';

/** Bytes of a document in which readers look for its charset: browsers 1,024 and then the head, others further. */
const WATCHED_BYTES = 64 * 1024;
/** Longest beginning of a tag or a declaration that names one, bytes. */
const TAG_BYTES_MAX = 1024;

/**
 * Finds the charset that HTML, XML or CSS names in itself (WHATWG HTML, 13.2.3.2; XML 1.0, 4.3.3; CSS Syntax, 3.2), where it is one whose bytes say
 * something else than they do as ASCII: a reader that goes by it sees another text. The header's charset wins for browsers, not for every reader.
 */
export class DeclaredCharset {
  private text = '';
  private left = WATCHED_BYTES;

  /** Name of such a charset, once; empty where none is seen yet. Chunks may be cut anywhere. */
  see(chunk: Uint8Array): string {
    if (this.left <= 0) return '';
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, Math.min(chunk.length, this.left));
    this.left -= chunk.length;
    this.text += bytes.toString('latin1').toLowerCase();
    for (const word of ['charset', 'encoding']) {
      for (let at = this.text.indexOf(word); at >= 0; at = this.text.indexOf(word, at + word.length)) {
        if (!this.names(word, at)) continue;
        const name = nameBehind(this.text, at + word.length);
        if (name !== '' && !isAscii(name)) {
          this.left = 0;
          return /^[\w.:-]{1,40}$/.test(name) ? name : 'unknown';
        }
      }
    }
    this.text = this.text.slice(-TAG_BYTES_MAX);
    return '';
  }

  private names(word: string, at: number): boolean {
    const start = this.text.lastIndexOf('<', at);
    if (start < 0 || at - start > TAG_BYTES_MAX) return word === 'charset' && this.text.startsWith('@charset ') && at === 1;
    return this.text.startsWith(word === 'charset' ? '<meta' : '<?xml', start);
  }
}

/** `= "utf-8"` (in CSS without the sign); empty where no name ends here. */
function nameBehind(text: string, from: number): string {
  let at = from;
  while (at < text.length && ' \t\r\n\f="\''.includes(text[at]!)) at++;
  const start = at;
  const signed = text.slice(from, start).includes('=') || text.startsWith('@charset "');
  if (!signed) return '';
  while (at < text.length && !' \t\r\n\f"\'<>;/?'.includes(text[at]!)) at++;
  return at === text.length ? '' : text.slice(start, at);
}

/** Its letters and digits are ASCII. What says so is no UTF-16, so readers pass over that name (WHATWG HTML, 13.2.3.2). */
function isAscii(name: string): boolean {
  if (/^(utf-?16(le|be)?|unicode|ucs-2)$/.test(name)) return true;
  try {
    return charsetOf(name) === AS_IT_IS;
  } catch {
    return false;
  }
}
