import assert from 'node:assert/strict';
import { NO_WORD, wordFrom, worldName, worldNameOfText } from '../../../filters/mask/detectors/password-words.js';
import { EVIDENCE_WORDS, WORLD_WORDS } from '../../../filters/mask/evidence.js';
import * as world from '../../../filters/mask/world-words.js';
import { count, TEST_MS_MAX } from '../../support/long.js';
import { forSeeds, type Random } from '../../support/random.js';

const WORDS = Object.values(world)
  .filter((list) => typeof list === 'string')
  .flatMap((list) => list.split(' '));
const NAMES =
  'contraseña|şifre|HASŁO|jelszó|пароль|лозинка|κωδικός|ΚΩΔΙΚΟΣ|συνθηματικό|סיסמה|كلمة المرور|पासवर्ड|mật khẩu|รหัสผ่าน|密码|密碼|パスワード|비밀번호|գաղտնաբառ|პაროლი|slaptažodis|clé d’api|секретный ключ|シークレットキー|비밀키|to\u212a|токен'.split(
    '|',
  );
const LATIN = ['DIČ', 'téléphone', 'Šifre', 'contraseña', 'KARTA', 'userPassword', 'D.N.I.', 'İD', 'ſsn', '\u212aey', 'ﬁn'];
const BETWEEN = [' ', '', '.', ': ', '-', '/', '״', '\u0301', '\u0307', '\u3000', '\0', '_', '7', '😀', '𐐀', '\u{e0100}', 'Σ', 'й'];

function piece(r: Random): string {
  const kind = r.int(8);
  if (kind < 3) return r.pick(WORDS);
  if (kind === 3) return r.pick(WORDS).toUpperCase();
  if (kind === 4) return [...r.pick(WORDS)].join('.');
  if (kind === 5) return r.pick(LATIN).normalize(r.int(2) === 0 ? 'NFC' : 'NFD');
  if (kind === 6) return String.fromCharCode(r.int(0x10000));
  return r.pick(WORDS).slice(r.int(2), 1 + r.int(6));
}

/** Words of the lists whole, in capitals, with dots or cut, any characters between, the bytes cut or changed anywhere. */
function text(r: Random): Buffer {
  let words = '';
  for (let n = 1 + r.int(6); n > 0; n--) words += piece(r) + r.pick(BETWEEN);
  const bytes = Buffer.from(words);
  if (r.int(4) === 0 && bytes.length > 0) bytes[r.int(bytes.length)] = r.int(256);
  const from = r.int(2) === 0 ? 0 : r.int(bytes.length + 1);
  return bytes.subarray(from, r.int(2) === 0 ? bytes.length : from + r.int(bytes.length - from + 1));
}

/** three bytes for each character of the basic plane */
function longer(code: number): number[] {
  return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
}

describe('words in other scripts', function () {
  this.timeout(TEST_MS_MAX);

  it('are the same by bytes as by strings', () => {
    let said = 0;
    forSeeds(count(60_000), (r, seed) => {
      const bytes = text(r);
      EVIDENCE_WORDS.bitsOf(bytes, 0, bytes.length);
      const { highest } = EVIDENCE_WORDS;
      const expected = WORLD_WORDS.bitsOfText(bytes, 0, bytes.length, highest);
      if (expected !== 0) said++;
      assert.equal(WORLD_WORDS.bitsOf(bytes, 0, bytes.length, highest), expected, `seed ${seed}: ${bytes.toString('hex')}`);
    });
    assert.ok(said > 0);
  });

  it('name a value the same by bytes as by strings', () => {
    let said = 0;
    forSeeds(count(60_000), (r, seed) => {
      const form = r.pick(['NFC', 'NFD', 'NFC', 'NFKC']);
      const word = r.pick(NAMES).normalize(form);
      const name =
        r.pick(['', 'a ', 'x', 'й', '\u0301', ' ']) +
        (r.int(3) === 0 ? word.toUpperCase() : word) +
        r.pick(['', '', '', '\u0301', 'Σ', piece(r)]);
      const bytes = Buffer.from(name);
      if (r.int(6) === 0) bytes[r.int(bytes.length)] = r.int(256);
      const what = worldName(bytes, bytes.length, 0);
      if (what !== NO_WORD) said++;
      assert.equal(what, worldNameOfText(bytes, wordFrom, bytes.length), `seed ${seed}: ${name} ${bytes.toString('hex')}`);
    });
    assert.ok(said > 0);
  });

  it('are no words where UTF-8 is written longer than it need be', () => {
    for (const word of WORDS) {
      const long = Buffer.from([...word].flatMap((c) => longer(c.codePointAt(0)!)));
      for (const highest of [0xe0, 0xef]) {
        assert.equal(WORLD_WORDS.bitsOf(long, 0, long.length, highest), WORLD_WORDS.bitsOfText(long, 0, long.length, highest), word);
      }
    }
  });

  it('are the same by bytes as by strings for every character of the basic plane', () => {
    for (let code = 0; code < 0x10000; code++) {
      for (const around of [`pi${String.fromCharCode(code)}n`, `инн${String.fromCharCode(code)}7`, `u.${String.fromCharCode(code)}.n`]) {
        const bytes = Buffer.from(around);
        const expected = WORLD_WORDS.bitsOfText(bytes, 0, bytes.length, 0xef);
        assert.equal(WORLD_WORDS.bitsOf(bytes, 0, bytes.length, 0xef), expected, `${code.toString(16)} in ${around}`);
      }
    }
  });
});
