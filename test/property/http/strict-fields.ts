import { createDetector } from '../../../filters/mask/index.js';
import type { Random } from '../../support/random.js';

const detector = createDetector({ detect: ['all'] });

// no backslash alone: at the end of a line it joins two for some readers, and what stands there is part of a value to them
const CLEAN = [
  'red',
  'ß😀',
  'a, b',
  '"q"',
  "it's",
  'x|y; z',
  '<b>',
  ' & ',
  '&amp;',
  '%41',
  '\\u0041',
  'a=b',
  '\t',
  '{',
  ']',
  ':',
  '--x',
  '名前',
];
const VALUES: [value: string, kind: string][] = [
  ['jane.doe@example.com', 'email'],
  ['4111 1111 1111 1111', 'credit_card'],
];

export interface Field {
  text: string;
  /** what is to be read of it behind the masks */
  masked: string;
}

function clean(random: Random, more: readonly string[] = []): string {
  for (;;) {
    const text = Array.from({ length: random.int(5) }, () => random.pick([...CLEAN, ...more])).join('');
    const bytes = Buffer.from(`${text} x`);
    if (detector.find(bytes, 0, bytes.length).length === 0) return text;
  }
}

export function field(random: Random, more: readonly string[] = []): Field {
  if (random.chance(0.6)) return same(clean(random, more));
  const [value, kind] = random.pick(VALUES);
  const [before, after] = [clean(random, more), clean(random, more)];
  return { text: `${before} ${value} ${after}`, masked: `${before} [${kind}] ${after}` };
}

export const same = (text: string): Field => ({ text, masked: text });
export const list = <T>(random: Random, most: number, of: () => T): T[] => Array.from({ length: 1 + random.int(most) }, of);
