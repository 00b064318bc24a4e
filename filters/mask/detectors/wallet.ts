import { createHash } from 'node:crypto';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { base58, bech32, bech32m } from '@scure/base';
import { CLASS, HEX, latin1 } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';

const WALLET = kindId('crypto_wallet');
const LENGTH_MIN = 25;
const LENGTH_MAX = 90;

/** First characters of addresses in base58check: Bitcoin 1 and 3, Litecoin L, M, Tron T, Dogecoin D and A, Dash X, Zcash t. */
const BASE58_FIRST = new Set(Array.from('13LMTDAXt', (c) => c.charCodeAt(0)));
/** Version bytes that those have (each chain's chainparams; TRON, Account; ZIP 203 has two bytes that begin with 0x1c). */
const VERSIONS = new Set([0x00, 0x05, 0x30, 0x32, 0x41, 0x1e, 0x16, 0x4c, 0x1c]);
/** BIP 173 and BIP 350: the part before the one */
const BECH32 = ['bc1', 'tb1', 'ltc1'];

/** Addresses of wallets, by their own checksum: base58check, bech32 and bech32m, and the case of letters (EIP-55). */
export function walletWord(s: Search, start: number, end: number): void {
  if (!mayBeWallet(s.buf, start, end)) return;
  s.steps += (end - start) * 4;
  const text = latin1(s.buf, start, end);
  if (holds(text)) s.found(WALLET, start, end, 0.97);
}

/** By length and first characters alone, for the gate. */
export function mayBeWallet(buf: Uint8Array, start: number, end: number): boolean {
  const length = end - start;
  if (length < LENGTH_MIN || length > LENGTH_MAX) return false;
  const first = buf[start]!;
  if (length <= 36 && BASE58_FIRST.has(first) && isBase58(buf, start, end)) return true;
  if (first === 0x30) return length === 42 && buf[start + 1] === 0x78 && isMixedHex(buf, start + 2, end);
  const next = buf[start + 1]! | 0x20;
  const prefix = first | 0x20;
  return (
    ((prefix === 0x62 || prefix === 0x74) && (next === 0x63 || next === 0x62) && buf[start + 2] === 0x31) ||
    (prefix === 0x6c && next === 0x74 && (buf[start + 2]! | 0x20) === 0x63 && buf[start + 3] === 0x31)
  );
}

/** No 0, O, I and l, and letters of both cases: hashes in hex are none. */
function isBase58(buf: Uint8Array, start: number, end: number): boolean {
  let upper = false;
  let lower = false;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if (b === 0x30 || b === 0x4f || b === 0x49 || b === 0x6c) return false;
    upper ||= b >= 0x41 && b <= 0x5a;
    lower ||= b >= 0x61;
  }
  return upper && lower;
}

function isMixedHex(buf: Uint8Array, start: number, end: number): boolean {
  let upper = false;
  let lower = false;
  for (let k = start; k < end; k++) {
    const b = buf[k]!;
    if ((CLASS[b]! & HEX) === 0) return false;
    upper ||= b >= 0x41 && b <= 0x46;
    lower ||= b >= 0x61;
  }
  return upper && lower;
}

function holds(text: string): boolean {
  if (text.startsWith('0x')) return isChecksummed(text.slice(2));
  const lower = text.toLowerCase();
  if (BECH32.some((prefix) => lower.startsWith(prefix))) return isSegwit(text);
  return isBase58Check(text);
}

/** 21 bytes, 22 for Zcash, and four of double SHA-256. */
function isBase58Check(text: string): boolean {
  let bytes: Uint8Array;
  try {
    bytes = base58.decode(text);
  } catch {
    return false;
  }
  if ((bytes.length !== 25 && bytes.length !== 26) || !VERSIONS.has(bytes[0]!)) return false;
  const body = bytes.subarray(0, -4);
  const twice = createHash('sha256').update(createHash('sha256').update(body).digest()).digest();
  for (let k = 0; k < 4; k++) if (twice[k] !== bytes[body.length + k]) return false;
  return true;
}

function isSegwit(text: string): boolean {
  return bech32.decodeUnsafe(text) !== undefined || bech32m.decodeUnsafe(text) !== undefined;
}

/** EIP-55: a letter is a capital where the hash of the small ones has a high bit. */
function isChecksummed(hex: string): boolean {
  const hash = keccak_256(Buffer.from(hex.toLowerCase(), 'latin1'));
  for (let k = 0; k < 40; k++) {
    const c = hex.charCodeAt(k);
    if (c < 0x41) continue;
    const high = ((hash[k >> 1]! >> (k & 1 ? 0 : 4)) & 8) !== 0;
    if (high !== c < 0x61) return false;
  }
  return true;
}
