/** Shortest part of a secret that is told by itself, in bytes of its encoded form: a shorter one stands in texts that hold nothing of it. */
const PART_MIN = 12;
/** Longest secret that is looked for with every byte of it escaped, in bytes: what is looked for is up to six times as long. */
const BYTEWISE_MAX = 4096;

/**
 * A secret in the ways in which a program may write it: as it is, in base64 wherever it stands in what was encoded (RFC 4648, both alphabets), in
 * hexadecimal, percent-encoded, in strings of JSON, in HTML and as a quoted string of another. Each once, at least as long as the secret.
 */
export function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret, 'utf8');
  const hex = bytes.toString('hex');
  const each = (write: (byte: number) => string): string => [...bytes].map(write).join('');
  const two = (byte: number): string => byte.toString(16).padStart(2, '0');
  const some = encodeURIComponent(secret);
  const special = some.replace(/[!'()*~_.-]/g, (sign) => `%${two(sign.charCodeAt(0))}`);
  const bytewise = bytes.length > BYTEWISE_MAX ? [] : [two, (byte: number) => two(byte).toUpperCase()];
  const found = new Set([
    secret,
    ...base64s(bytes),
    hex,
    hex.toUpperCase(),
    ...[some, special, some.replaceAll('%20', '+')].flatMap((one) => [one, lowerEscapes(one), upperEscapes(one)]),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(secret).slice(1, -1).replaceAll('/', '\\/'),
    ...bytewise.flatMap((write) => [
      each((byte) => `%${write(byte)}`),
      each((byte) => `\\u00${write(byte)}`),
      each((byte) => `\\x${write(byte)}`),
      each((byte) => `&#x${write(byte)};`),
    ]),
    ...bytewise.slice(1).map(() => each((byte) => `&#${byte};`)),
    html(secret, '&#39;'),
    html(secret, '&#x27;'),
    html(secret, '&apos;'),
  ]);
  return [...found].filter((one) => one === secret || one.length >= Math.min(PART_MIN, secret.length));
}

const lowerEscapes = (text: string): string => text.replace(/%[0-9A-F]{2}/gi, (one) => one.toLowerCase());
const upperEscapes = (text: string): string => text.replace(/%[0-9A-F]{2}/gi, (one) => one.toUpperCase());

function html(text: string, apostrophe: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", apostrophe);
}

/** Base64 of the bytes at each of the three places that they may have in a longer text: what depends on them alone. */
function base64s(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const all = Buffer.concat([Buffer.alloc(before), bytes]);
    const from = Math.ceil((before * 8) / 6);
    const whole = all.toString('base64').slice(from, Math.floor((all.length * 8) / 6));
    return whole.length < PART_MIN ? [] : [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
