import { MidstreamError } from '../errors.js';
import { maskLine } from './header-masking.js';
import type { BodyMask } from './masking.js';

/** A header of a part, its continued lines too (RFC 5322 section 2.2.3). Without a colon it is none, and text like any other. */
interface PartHeader {
  raw: string;
  /** in small letters; empty where there is none */
  name: string;
  before: string;
  value: string;
  end: string;
}

function* headersOf(block: string): Generator<PartHeader> {
  for (const [raw] of block.matchAll(/[^\n]+\n(?:[ \t][^\n]*\n)*|\n/g)) {
    const end = raw.endsWith('\r\n') ? '\r\n' : '\n';
    const line = raw.slice(0, -end.length).replace(/\r?\n[ \t]+/g, ' ');
    const [, before = '', value = ''] = /^([^:]*:[ \t]*|)(.*)$/s.exec(line)!;
    yield {
      raw,
      name: before
        .replace(/:[ \t]*$/, '')
        .trim()
        .toLowerCase(),
      before,
      value,
      end,
    };
  }
}

/**
 * The headers of a part with the line that ends them, masked as those of an answer are; `fired` is told of each. Throws MidstreamError for a
 * part whose text can't be seen.
 * @param block one character a byte
 */
export function maskPartHeaders(
  masks: readonly BodyMask[],
  block: string,
  fired: (rule: string) => void,
): { type: string; masked: string } {
  let type = '';
  let masked = '';
  for (const { raw, name, before, value, end } of headersOf(block)) {
    if (name === 'content-type') type = value.trim();
    if (name === 'content-transfer-encoding' && !/^(7bit|8bit|binary)$/i.test(value.trim()))
      throw new MidstreamError('bad_input', 'a part of the answer is encoded');
    if (name === 'content-encoding' && !/^identity$/i.test(value.trim()))
      throw new MidstreamError('bad_input', 'a part of the answer is packed');
    const line = maskLine(masks, name, value);
    for (const rule of line.fired) fired(rule);
    if (!line.named) masked += line.value === value ? raw : before + line.value + end;
  }
  return { type, masked };
}
