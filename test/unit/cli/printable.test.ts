import assert from 'node:assert/strict';
import { printable } from '../../../extproc/cli/io.js';

describe('text of others on a terminal', () => {
  for (const [what, text, shown] of [
    ['escapes', '\u001b[2Jx\u009b1m\u0007', '\\u001b[2Jx\\u009b1m\\u0007'],
    ['what turns the order', 'a\u202eb\u2067c\u200fd\u061ce\u200ef', 'a\\u202eb\\u2067c\\u200fd\\u061ce\\u200ef'],
    ['what has no width', 'a\u200bb\u2060c\ufeffd\u00ade\u3164f\u180eg', 'a\\u200bb\\u2060c\\ufeffd\\u00ade\\u3164f\\u180eg'],
    ['tags', `a${String.fromCodePoint(0xe0041)}b`, 'a\\u{e0041}b'],
    ['ends of lines that are none', 'a\u2028b\u2029c', 'a\\u2028b\\u2029c'],
    ['halves of a pair', 'a\ud800b', 'a\\ud800b'],
  ] as const)
    it(`shows ${what}`, () => assert.equal(printable(text), shown));

  it('leaves letters of any script, marks and lines', () => {
    const text = 'Zoë\u0301 שלום العربية 日本語 😀\n\tx';
    assert.equal(printable(text), text);
  });
});
