/** The shop's data: invented people, card numbers that networks publish for tests, keys that nobody ever issued. Always the same. */

export interface Customer {
  name: string;
  email: string;
  phone: string;
  card_number: string;
  ssn: string;
}

const names = [
  'Ada Okafor',
  'Ben Lindqvist',
  'Chiara Moretti',
  'Dmitri Sokolov',
  'Elif Yilmaz',
  'Farid Haddad',
  'Grace Kim',
  'Hugo Marchand',
  'Ines Duarte',
  'Jonas Weber',
  'Kavya Nair',
  'Liam Brennan',
];
/** Published by the card networks and payment processors for tests. */
const cards = [
  '4111 1111 1111 1111',
  '5555 5555 5555 4444',
  '3782 822463 10005',
  '6011 1111 1111 1117',
  '4242 4242 4242 4242',
  '5105 1051 0510 5100',
];

export const customers: readonly Customer[] = names.map((name, i) => ({
  name,
  email: `${name.toLowerCase().replace(' ', '.')}@example.com`,
  // 555-0100 to 555-0199 are kept for fiction.
  phone: `+1 ${[206, 312, 415, 512][i % 4]} 555 01${String(10 + i * 7).slice(-2)}`,
  card_number: cards[i % cards.length]!,
  ssn: `${412 + i * 11}-${String(11 + i * 6).padStart(2, '0')}-${7301 + i * 137}`,
}));

export const orders = Array.from({ length: 40 }, (_, i) => ({
  customer: (i * 5) % customers.length,
  item: ['kettle', 'desk lamp', 'notebook', 'headphones', 'backpack'][i % 5]!,
  amount: (19 + ((i * 37) % 180)).toFixed(2),
}));

/** Made to look like keys, from parts, so that no scanner takes this file for a leak. */
export const apiKeys = [
  { owner: 'checkout', secret: ['sk', 'live', scramble(24, 3)].join('_') },
  { owner: 'reports', secret: `AKIA${scramble(16, 5).toUpperCase()}` },
  { owner: 'deploy', secret: ['ghp', scramble(36, 7)].join('_') },
];

export const employees = [
  { name: 'Mara Vance', role: 'warehouse', salary: 41_200 },
  { name: 'Theo Brandt', role: 'support', salary: 44_800 },
  { name: 'Yuki Tanaka', role: 'engineering', salary: 88_500 },
];

/** Letters and digits that follow from the seed alone. */
function scramble(length: number, seed: number): string {
  const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (state * 48_271) % 2_147_483_647;
    text += alphabet[state % alphabet.length];
  }
  return text;
}
