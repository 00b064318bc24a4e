import assert from 'node:assert/strict';
import { shownHeader } from '../../../filters/http/shown-headers.js';

const card = '4111 1111 1111 1111';

describe('headers in recordings, remembered', () => {
  it('are what they are again, by each policy’s own masks, and no credential is kept for that', () => {
    let asked: string[] = [];
    const counting = (mark: string) => ({
      maskText: (text: string): string => {
        asked.push(text);
        return text.replace(card, mark);
      },
    });
    const [one, other] = [counting('[one]'), counting('[other]')];
    for (let n = 0; n < 3; n++) {
      assert.deepEqual(shownHeader('x-paid-by', card, one), ['x-paid-by', '[one]']);
      assert.deepEqual(shownHeader('x-paid-by', card, other), ['x-paid-by', '[other]']);
      assert.deepEqual(shownHeader('x-paid', `-by\n${card}`, one), ['x-paid', '-by\n[one]']);
      assert.deepEqual(shownHeader('authorization', `Bearer ${card}`, one), ['authorization', '[credential]']);
    }
    assert.equal(asked.filter((text) => text === card).length, 2);
    asked = [];
    for (let n = 0; n < 1200; n++) assert.deepEqual(shownHeader('x-request-id', `${n}`, one), ['x-request-id', `${n}`]);
    assert.deepEqual(shownHeader('x-paid-by', card, one), ['x-paid-by', '[one]']);
  });
});
