import assert from 'node:assert/strict';
import { note, unread, type Vain } from '../../../filters/mask/detectors/vain.js';
import { Random } from '../../support/random.js';

const REACH = 15;

/** The first `x` in [from, at + REACH), else where that ends; `read` counts bytes. */
function look(text: string, from: number, at: number, read: { bytes: number }): number {
  const limit = Math.min(text.length, at + REACH);
  let p = from;
  for (; p < limit && text[p] !== 'x'; p++) read.bytes++;
  return Math.max(from, p);
}

describe('bytes that were read in vain', () => {
  it('are passed over, and what is looked for is found where reading them again finds it', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const r = new Random(seed);
      const text = r.chars('aaaaaaaax', 90);
      const vain: Vain = { from: 0, until: 0 };
      let at = 0;
      for (let n = 0; n < 40; n++) {
        at = r.int(6) === 0 ? r.int(text.length) : Math.min(text.length, at + r.int(6));
        const first = unread(vain, at);
        const end = look(text, first, at, { bytes: 0 });
        note(vain, at, first, end);
        const plain = look(text, at, at, { bytes: 0 });
        const found = (p: number): number => (p < Math.min(text.length, at + REACH) ? p : -1);
        assert.equal(found(end), found(plain), `seed ${seed}, place ${at}`);
      }
    }
  });

  it('are read once', () => {
    const text = 'a'.repeat(3000);
    const vain: Vain = { from: 0, until: 0 };
    const read = { bytes: 0 };
    for (let at = 0; at < text.length; at += 3) {
      const first = unread(vain, at);
      note(vain, at, first, look(text, first, at, read));
    }
    assert.ok(read.bytes <= text.length, `${read.bytes} bytes`);
  });
});
