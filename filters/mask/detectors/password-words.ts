import { CLASS, IDENT } from '../bytes.js';

/** Words for passwords and keys with letters beyond ASCII, as they end a name; small letters. Those in ASCII are in evidence.ts. */
const PASSWORDS =
  'contraseña|lösenord|şifre|şifresi|hasło|hasła|jelszó|jelszava|parolă|passord|пароль|пароля|парола|лозинка|κωδικός|κωδικος|συνθηματικό|סיסמה|סיסמא|כלמת מעבר|كلمة المرور|كلمة السر|كلمه المرور|رمز عبور|گذرواژه|पासवर्ड|कूटशब्द|mật khẩu|รหัสผ่าน|密码|密碼|口令|パスワード|비밀번호|암호|құпия сөз|құпиясөз|գաղտնաբառ|პაროლი|পাসওয়ার্ড|கடவுச்சொல்|slaptažodis|salasõna|fjalëkalimi|lykilorð|heslo|mã pin'
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

/** What the text that ends at `end` calls the value behind it. Asked where a letter beyond ASCII is near (isWorldName). */
export function worldName(buf: Uint8Array, end: number, lo: number): number {
  let p = end;
  const floor = Math.max(lo, end - REACH);
  while (p > floor && (buf[p - 1]! >= 0x80 || buf[p - 1] === 0x20 || (CLASS[buf[p - 1]!]! & IDENT) !== 0)) p--;
  const text = Buffer.from(buf.buffer, buf.byteOffset + p, end - p)
    .toString('utf8')
    .normalize('NFC')
    .toLowerCase();
  wordFrom = p;
  if (PASSWORDS.some((word) => text.endsWith(word))) return PASSWORD_WORD;
  return KEYS.some((word) => text.endsWith(word)) ? KEY_WORD : NO_WORD;
}

/** A letter beyond ASCII ends at `end`, or stands before the letters [start, end). */
export function isWorldName(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  return (end > lo && buf[end - 1]! >= 0x80) || (start > lo && buf[start - 1]! >= 0x80);
}
