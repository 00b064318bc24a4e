/**
 * Characters that look like those of ASCII in usual fonts, by what they look like (from the confusables of UTS #39 with what the eye adds): Cyrillic, Greek,
 * Armenian, Cherokee, Lisu, Coptic and other letters of Latin; dashes and low lines. Accents are taken off before.
 */
const LOOK_LIKE: Readonly<Record<string, string>> = {
  a: 'аαɑᴀⲁ',
  b: 'ЬьʙƅᏏ',
  c: 'сϲᴄⲥ',
  d: 'ԁᴅᏧꓒ',
  e: 'еεᴇҽ',
  g: 'ɡցɢ',
  h: 'һհʜн',
  i: 'іιıɪɩᎥ',
  j: 'јϳյᴊȷ',
  k: 'кκᴋⲕ',
  l: 'ӏլʟꞁǀ',
  m: 'мᴍ',
  n: 'пηոɴ',
  o: 'оοσօᴏⲟ',
  p: 'рρᴘⲣ',
  q: 'ԛզ',
  r: 'гʀ',
  s: 'ѕꜱ',
  t: 'тτᴛ',
  u: 'υսᴜ',
  v: 'ѵνᴠ',
  w: 'ԝωѡᴡɯ',
  x: 'хχⲭ',
  y: 'уүγʏ',
  z: 'ᴢ',
  A: 'АΑᎪꓮ',
  B: 'ВΒꓐ',
  C: 'СϹᏟꓚ',
  D: 'Ꭰꓓ',
  E: 'ЕΕᎬꓰ',
  F: 'Ϝꓝ',
  G: 'ԌᏀꓖ',
  H: 'НΗᎻꓧ',
  I: 'ІΙӀꓲ',
  J: 'ЈͿᎫꓙ',
  K: 'КΚᏦꓗ',
  L: 'ԼᏞꓡ',
  M: 'МΜᎷ',
  N: 'Νꓠ',
  O: 'ОΟՕꓳ',
  P: 'РΡᏢꓑ',
  Q: 'Ԛ',
  R: 'ᎡᏒꓣ',
  S: 'ЅՏᏚꓢ',
  T: 'ТΤᎢꓔ',
  U: 'Սꓴ',
  V: 'ѴᏙꓦ',
  W: 'ԜᎳᏔꓪ',
  X: 'ХΧꓫ',
  Y: 'УΥҮᎩꓬ',
  Z: 'ΖᏃꓜ',
  '3': 'ЗӠ',
  '4': 'Ꮞ',
  '-': '‐‑‒–—―−˗',
  _: '‗ˍ',
  '.': '․·',
  '/': '∕⁄',
};

const ASCII_OF = new Map(Object.entries(LOOK_LIKE).flatMap(([ascii, others]) => [...others].map((one) => [one, ascii] as const)));

/** The name in ASCII that people and models may take this one for; undefined where it is ASCII itself, or looks like none. */
export function looksLike(name: string): string | undefined {
  if (isAscii(name)) return undefined;
  const plain = name.normalize('NFD').replace(/\p{M}/gu, '');
  const seen = Array.from(plain, (one) => ASCII_OF.get(one) ?? one).join('');
  return isAscii(seen) ? seen : undefined;
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
