import assert from 'node:assert/strict';
import { lineFrom } from '../../../filters/mask/detectors/lines.js';
import { Search } from '../../../filters/mask/search.js';
import { Random } from '../../support/random.js';

const REACH = 12;

function plain(buf: Buffer, at: number, lo: number, zero: boolean): number {
  let p = at;
  while (p > Math.max(lo, at - REACH) && buf[p - 1] !== 0x0a && !(zero && buf[p - 1] === 0)) p--;
  return p;
}

describe('lines of a search', () => {
  it('begin where reading back from each place finds it, in whatever order places are asked about', () => {
    for (let seed = 1; seed <= 400; seed++) {
      const r = new Random(seed);
      const buf = Buffer.from(Array.from({ length: 80 }, () => r.pick([0x61, 0x61, 0x61, 0x61, 0x61, 0x61, 0x0a, 0])));
      const s = new Search(new Uint8Array(1000), [], { keyed: [], cards: [], labelled: [] });
      const lo = r.int(20);
      s.begin(buf, lo, buf.length, 0);
      let at = lo;
      for (let n = 0; n < 40; n++) {
        at = r.int(5) === 0 ? lo + r.int(buf.length - lo) : Math.min(buf.length, at + r.int(6));
        assert.equal(lineFrom(s, s.line, at, REACH, true), plain(buf, at, lo, true), `seed ${seed}, place ${at}`);
        assert.equal(lineFrom(s, s.headerLine, at, REACH, false), plain(buf, at, lo, false), `seed ${seed}, place ${at}`);
      }
    }
  });

  it('are read once, however many places ask', () => {
    const s = new Search(new Uint8Array(1000), [], { keyed: [], cards: [], labelled: [] });
    const buf = Buffer.alloc(4000, 'a');
    s.begin(buf, 0, buf.length, 0);
    const before = s.steps;
    for (let at = 0; at <= buf.length; at += 4) lineFrom(s, s.line, at, 512, true);
    assert.ok(s.steps - before <= buf.length, `${s.steps - before} steps`);
  });
});
