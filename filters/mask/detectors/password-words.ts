import { CLASS, IDENT } from '../bytes.js';

/** Words for passwords and keys with letters beyond ASCII, as they end a name; small letters. Those in ASCII are in evidence.ts. */
const PASSWORDS =
  'contraseña|lösenord|lösenordet|şifre|şifresi|şifreniz|hasło|hasła|jelszó|jelszava|parolă|passord|пароль|пароля|парола|лозинка|κωδικός|κωδικος|συνθηματικό|סיסמה|סיסמא|כלמת מעבר|كلمة المرور|كلمة السر|كلمه المرور|رمز عبور|گذرواژه|पासवर्ड|कूटशब्द|mật khẩu|รหัสผ่าน|密码|密碼|口令|パスワード|비밀번호|암호|құпия сөз|құпиясөз|գաղտնաբառ|პაროლი|পাসওয়ার্ড|கடவுச்சொல்|slaptažodis|salasõna|fjalëkalimi|lykilorð|heslo|mã pin'
    .normalize('NFC')
    .split('|');
const KEYS =
  'токен|секретный ключ|секрет|api-ключ|ключ api|密钥|密鑰|秘钥|令牌|トークン|シークレット|シークレットキー|토큰|비밀키|clé api|clé secrète|clé d’api|api-schlüssel|schlüssel|jeton d’accès'
    .normalize('NFC')
    .split('|');

/** longest of them, bytes */
const REACH = 48;

export const NO_WORD = 0;
export const PASSWORD_WORD = 1;
export const KEY_WORD = 2;

/** where the word begins that worldName saw last */
export let wordFrom = 0;

interface Word {
  text: string;
  codes: Uint16Array;
  what: number;
}

/** the words by their last character: those for passwords first */
const BY_LAST = new Map<number, Word[]>();
for (const [words, what] of [
  [PASSWORDS, PASSWORD_WORD],
  [KEYS, KEY_WORD],
] as const)
  for (const text of words) {
    const codes = Uint16Array.from(text, (c) => c.charCodeAt(0));
    const last = codes[codes.length - 1]!;
    const others = BY_LAST.get(last);
    if (others === undefined) BY_LAST.set(last, [{ text, codes, what }]);
    else others.push({ text, codes, what });
  }

/** What the text that ends at `end` calls the value behind it. Asked where a letter beyond ASCII is near (isWorldName). */
export function worldName(buf: Uint8Array, end: number, lo: number): number {
  let p = end;
  const floor = Math.max(lo, end - REACH);
  while (p > floor && (buf[p - 1]! >= 0x80 || buf[p - 1] === 0x20 || (CLASS[buf[p - 1]!]! & IDENT) !== 0)) p--;
  wordFrom = p;
  const last = smallBefore(buf, end, p);
  if (last === HARD) return worldNameOfText(buf, p, end);
  for (const { codes, what } of BY_LAST.get(last) ?? []) {
    const same = endsWith(buf, end, p, codes);
    if (same === HARD) return worldNameOfText(buf, p, end);
    if (same === 1) return what;
  }
  return NO_WORD;
}

/** As worldName, by strings: what the bytes are held to. */
export function worldNameOfText(buf: Uint8Array, start: number, end: number): number {
  const text = Buffer.from(buf.buffer, buf.byteOffset + start, end - start)
    .toString('utf8')
    .normalize('NFC')
    .toLowerCase();
  if (PASSWORDS.some((word) => text.endsWith(word))) return PASSWORD_WORD;
  return KEYS.some((word) => text.endsWith(word)) ? KEY_WORD : NO_WORD;
}

/** 1: buf[lo, end) ends with the word, 0: it does not, HARD: that can't be told character by character. */
function endsWith(buf: Uint8Array, end: number, lo: number, codes: Uint16Array): number {
  let p = end;
  for (let k = codes.length - 1; k >= 0; k--) {
    const code = smallBefore(buf, p, lo);
    if (code !== codes[k]) return code === HARD ? HARD : 0;
    p -= size;
  }
  return 1;
}

const HARD = -1;
const NONE = -2;
/** bytes of the character that smallBefore read */
let size = 0;

/** The small letter of the character of buf[lo, end) that ends at `end`, in normal form; HARD where its neighbours have a say, NONE where there is none. */
function smallBefore(buf: Uint8Array, end: number, lo: number): number {
  if (end <= lo) return NONE;
  const b = buf[end - 1]!;
  size = 1;
  if (b < 0x80) return b >= 0x41 && b <= 0x5a ? b | 0x20 : b;
  if (end - 2 < lo || b >= 0xc0) return NONE;
  const a = buf[end - 2]!;
  size = 2;
  if (a >= 0xc2 && a < 0xe0) return small(((a & 0x1f) << 6) | (b & 0x3f));
  if ((a & 0xc0) !== 0x80 || end - 3 < lo) return NONE;
  const first = buf[end - 3]!;
  size = 3;
  // beyond the basic plane, or no UTF-8
  return ((first === 0xe0 && a >= 0xa0) || first > 0xe0) && first < 0xf0 && first !== 0xed
    ? small(((first & 0x0f) << 12) | ((a & 0x3f) << 6) | (b & 0x3f))
    : HARD;
}

/** small letters by character, as they are met */
const SMALL = new Map<number, number>();

function small(code: number): number {
  let known = SMALL.get(code);
  if (known === undefined) {
    const letter = String.fromCharCode(code);
    const text = letter.normalize('NFC').toLowerCase();
    // a capital sigma is another small letter at a word's end; syllables of Korean are put together of their parts
    known = text.length !== 1 || code === 0x3a3 || (code >= 0x1100 && code < 0x1200) || /\p{M}/u.test(letter) ? HARD : text.charCodeAt(0);
    SMALL.set(code, known);
  }
  return known;
}

/** A letter beyond ASCII ends at `end`, or stands before the letters [start, end). */
export function isWorldName(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  return (end > lo && buf[end - 1]! >= 0x80) || (start > lo && buf[start - 1]! >= 0x80);
}
