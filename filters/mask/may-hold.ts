import type { Anchors } from './anchors/anchors.js';
import { M_CELLS } from './anchors/layout.js';
import {
  ALNUM,
  ALPHA,
  ascii,
  besideUuidPart,
  CLASS,
  DIGIT,
  DOMAIN,
  HEX,
  IDENT,
  LOCAL,
  startsWith,
  startsWithNoCase,
  TOKEN,
  uuidEnd,
} from './bytes.js';
import { isQuotedPair, isWideColon } from './detectors/assignment.js';
import { isBirthWord } from './detectors/birth.js';
import { inUuid, isPrintedCard, mayBeTyped } from './detectors/cards.js';
import { isDate, isFraction } from './detectors/dates.js';
import { isSpelledAt } from './detectors/email.js';
import { base64End, base64Start, beginsAsText, ENCODED_MIN, isOtherM, isPercentByte } from './detectors/encoded.js';
import { isPasswordEnd, isPuttyHeader, NETRC_REACH, NO_ENTRY, passwordWord, pgpassEntry } from './detectors/files.js';
import { isCookieHeader, isDigestResponse } from './detectors/headers.js';
import { countryIndex, IBAN_LENGTH, ibanHolds } from './detectors/iban.js';
import { isSecretKind } from './detectors/kubernetes.js';
import { isBicWord, KEYED_KINDS, LABELLED_KINDS, mayBeLabelled } from './detectors/labelled.js';
import { standsAsVin } from './detectors/labelled-forms.js';
import { macShape } from './detectors/mac.js';
import { NO_SECRET, nameBefore, nameEnd, nameStart, strengthOf } from './detectors/names.js';
import { mayBeNationalWord, mayBePrinted } from './detectors/national-id.js';
import { CARD_KINDS } from './detectors/numbers.js';
import { isWindowsOption } from './detectors/options.js';
import { extensionEnd, namedAfter } from './detectors/phone-near.js';
import { SHELL_REACH, shellPassword } from './detectors/shell.js';
import { opensBlock } from './detectors/siblings.js';
import { mayBeSpelled } from './detectors/spelled.js';
import { isNoAnchor, mayBeSwallowed, mayBeToken } from './detectors/tokens.js';
import { webhookBody } from './detectors/url.js';
import { mayBeWallet } from './detectors/wallet.js';
import { isWorldLink, isWorldPhrase } from './detectors/world-links.js';
import {
  CARD as CARD_NAME,
  evidenceBefore,
  evidenceOf,
  ITIN as ITIN_NAME,
  LABEL,
  NATIONAL_NAME,
  PASSWORD,
  PHONE as PHONE_NAME,
  SSN as SSN_NAME,
} from './evidence.js';
import { GROUPS_OVERLAP, Groups } from './groups.js';
import { kindId } from './kinds.js';
import { keyStart, labelsOfKey } from './labels.js';
import { wants } from './search.js';
import {
  T_AT,
  T_B,
  T_BRACKET,
  T_CODED,
  T_COLON,
  T_COMMA,
  T_DASH,
  T_DIGIT,
  T_DOT,
  T_FOREIGN,
  T_J,
  T_SIGN,
  T_TILDE,
  T_TOKEN,
  T_W,
} from './triggers.js';

const PHONE = kindId('phone');
const SSN = kindId('us_ssn');
const ITIN = kindId('us_itin');
const IP = kindId('ip_address');
const MAC = kindId('mac_address');
const IBAN = kindId('iban');
const NATIONAL_ID = kindId('national_id');
const PRIVATE_KEY = kindId('private_key');
const BIRTH = kindId('date_of_birth');
const BIC = kindId('bic');
const CONNECTION = kindId('connection_string');
const WEBHOOKS = ['slack_webhook', 'discord_webhook', 'teams_webhook', 'webhook_url'].map(kindId);
const BASIC = kindId('basic_auth');
const KUBERNETES = kindId('kubernetes_secret');
const PASSWORD_KIND = kindId('password');

const BEGIN = ascii('-----BEGIN ');
const BEARER_WORD = ascii('bearer ');
const BASIC_WORD = ascii('basic ');
/** how far after a word for birth its date may stand */
const BIRTH_REACH = 48;

/** words before an identifier of a country */
const NATIONAL = NATIONAL_NAME | SSN_NAME;

const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;

/**
 * The gate: one pass that says "surely nothing" or "look closer". It may be asked about many cells at once, with the protocol's
 * length words between them, so nothing is ruled out by what stands beside a value unless it is sure to be text:
 * the four bytes before a cell are its length, of which the last ones can look like digits, letters or separators.
 */
export class Gate {
  steps = 0;
  private readonly groups = new Groups();
  /** evidence before the run that is looked at, -1 when not read yet */
  private runContext = -1;
  /** up to here no run of base64 is looked at again */
  private codedUntil = 0;
  private readonly webhooks: boolean;
  private readonly keyed: boolean;
  private readonly cards: boolean;
  private readonly labelled: boolean;

  constructor(
    private readonly wanted: Uint8Array,
    private readonly triggers: Uint16Array,
    private readonly hasRegions: boolean,
    private readonly anchors: Anchors | undefined,
    private readonly anchored_min: number,
  ) {
    this.keyed = wants(wanted, KEYED_KINDS);
    this.cards = wants(wanted, CARD_KINDS);
    this.labelled = wants(wanted, LABELLED_KINDS);
    this.webhooks = WEBHOOKS.some((kind) => wanted[kind] === 1);
  }

  mayHold(buf: Uint8Array, start: number, end: number): boolean {
    this.steps += end - start;
    this.codedUntil = start;
    return this.anchors === undefined || end - start < this.anchored_min
      ? this.anyByte(buf, start, end)
      : this.anyPlace(this.anchors, buf, start, end);
  }

  /** Looks at the places that the first stage gives. */
  private anyPlace(anchors: Anchors, buf: Uint8Array, start: number, end: number): boolean {
    const { places } = anchors;
    let i = start;
    for (let from = start; from < end; from = Math.max(i, anchors.next)) {
      const count = anchors.block(buf, from, start, end, M_CELLS);
      const { base } = anchors;
      for (let k = 0; k < count; k++) {
        const place = places[k]! + base;
        if (place < i) continue;
        i = this.visit(buf, this.triggers[buf[place]!]!, place, start, end);
        if (i < 0) return true;
      }
    }
    return false;
  }

  /** Looks at every byte. */
  private anyByte(buf: Uint8Array, start: number, end: number): boolean {
    const { triggers } = this;
    let i = start;
    while (i < end) {
      const t = triggers[buf[i]!]!;
      if (t === 0 || (t === T_TOKEN && i > start && isNoAnchor(buf, i))) {
        i++;
        continue;
      }
      i = this.visit(buf, t, i, start, end);
      if (i < 0) return true;
    }
    return false;
  }

  /** Where the search goes on behind the byte at `i`, or -1 to look closer. */
  private visit(buf: Uint8Array, t: number, i: number, start: number, end: number): number {
    if (t === T_W) return isPasswordEnd(buf, i) && this.passwordAt(buf, i, start, end) ? -1 : i + 1;
    if (
      (t & T_FOREIGN) !== 0 &&
      (isWorldLink(buf, i) || mayBeSpelled(buf, i, start, end) || (isWideColon(buf, i) && this.assignment(buf, i, start, end)))
    )
      return -1;
    if ((t & T_DIGIT) === 0) {
      if ((t & T_CODED) !== 0 && this.coded(buf, i, start, end)) return -1;
      return this.other(buf, t, i, start, end) ? -1 : i + 1;
    }
    const uuid = uuidEnd(buf, i, start, end);
    if (uuid > 0) return uuid;
    if ((t & T_TOKEN) !== 0 && mayBeToken(buf, i, start, end, this.wanted)) return -1;
    const next = this.digits(buf, i, start, end);
    if (mayBeSwallowed(buf, i, start, end, this.wanted)) return -1;
    return next - i >= ENCODED_MIN && (CLASS[buf[i - 1] ?? 0]! & ALPHA) !== 0 && i > start && this.coded(buf, i, start, end) ? -1 : next;
  }

  /** A byte that is percent-encoded, or a run of base64 that begins as text does, behind a length word's last bytes perhaps. */
  private coded(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
    if (buf[at] === 0x25) return isPercentByte(buf, at, hi);
    if (at < this.codedUntil || isOtherM(buf, at)) return false;
    const start = base64Start(buf, at, Math.max(lo, this.codedUntil));
    const end = base64End(buf, at, hi);
    this.codedUntil = end;
    this.steps += end - start;
    if (end - start < 12) return false;
    const skips = isNearLength(buf, start, lo) ? 3 : 0;
    for (let skip = 0; skip <= skips; skip++) if (beginsAsText(buf, start + skip, hi)) return true;
    return false;
  }

  /** The w of a word `password` that a value follows without a sign. */
  private passwordAt(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
    this.steps += NETRC_REACH;
    return passwordWord(buf, at, lo, hi) !== NO_ENTRY;
  }

  /** Where the scan goes on after the run of digits at `at`, or -1 to look closer. */
  private digits(buf: Uint8Array, at: number, lo: number, hi: number): number {
    const letter = at > lo && (CLASS[buf[at - 1]!]! & ALPHA) !== 0;
    let end = at + 1;
    while (end < hi && (CLASS[buf[end]!]! & DIGIT) !== 0) end++;
    const after = end < hi ? buf[end]! : 0;
    const gap = after === DASH || after === DOT || after === 0x20 || after === 0x28 || after === 0x29 || after === 0x2f;
    // `1//0…` behind a cell's length, which may be a digit too
    if (after === 0x2f && (mayBeToken(buf, end + 1, lo, hi, this.wanted) || mayBeToken(buf, end + 2, lo, hi, this.wanted))) return -1;
    // most digits there are: up to five of them and no separator
    if (!gap && !letter && end - at < 6) return (CLASS[after]! & ALPHA) === 0 ? end : this.word(buf, at, at, end, lo, hi);
    const groups = this.groups;
    groups.read(buf, at, hi);
    this.steps += groups.until - at;
    if (this.run(buf, at, lo, hi)) return -1;
    const until = groups.more ? groups.start[groups.count - GROUPS_OVERLAP]! : groups.until;
    if (groups.more) return until;
    if (!letter && (CLASS[buf[until] ?? 0]! & ALPHA) === 0) return until;
    return this.word(buf, at, groups.start[groups.count - 1]!, until, lo, hi);
  }

  /** Words that digits are part of: IBANs, identifiers with letters. Returns where the scan goes on, or -1. */
  private word(buf: Uint8Array, at: number, lastGroup: number, until: number, lo: number, hi: number): number {
    let end = until;
    while (end < hi && (CLASS[buf[end]!]! & ALNUM) !== 0) end++;
    this.steps += end - until;
    const { wanted } = this;
    if (wanted[IBAN] === 1 && at - 2 >= lo && this.iban(buf, at - 2, lo, hi)) return -1;
    if (this.labelled) {
      let start = at;
      const floor = Math.max(lo, at - 40);
      while (start > floor && (CLASS[buf[start - 1]!]! & ALPHA) !== 0) start--;
      const skips = isNearLength(buf, start, lo) ? 3 : 0;
      for (let skip = 0; skip <= skips; skip++) if (this.ownWord(buf, start + skip, end)) return -1;
      if (lastGroup !== at && this.ownWord(buf, lastGroup, end)) return -1;
      let first = at;
      while (first < hi && (CLASS[buf[first]!]! & ALNUM) !== 0) first++;
      if (mayBeLabelled(buf, start, first) && (this.context(buf, start, lo) & LABEL) !== 0) return -1;
      if (lastGroup !== at && mayBeLabelled(buf, lastGroup, end) && (this.context(buf, lastGroup, lo) & LABEL) !== 0) return -1;
    }
    if (wanted[NATIONAL_ID] === 1) {
      let start = at;
      const floor = Math.max(lo, at - 40);
      while (start > floor && (CLASS[buf[start - 1]!]! & ALPHA) !== 0) start--;
      let first = at;
      while (first < hi && (CLASS[buf[first]!]! & ALNUM) !== 0) first++;
      if (nationalWord(buf, start, first, lo) || (lastGroup !== at && nationalWord(buf, lastGroup, end, lo))) return -1;
      if (end - start >= 6 && !besideUuidPart(buf, start, first, lo, hi) && (this.context(buf, start, lo) & NATIONAL) !== 0) return -1;
      if (
        lastGroup !== at &&
        end - lastGroup >= 6 &&
        !besideUuidPart(buf, lastGroup, end, lo, hi) &&
        (this.context(buf, lastGroup, lo) & NATIONAL) !== 0
      )
        return -1;
    }
    // a digit that may be a length word's is not part of the word: what begins after it must be seen
    return mayBeCellStart(buf, at, lo) ? until : end;
  }

  /** A word that begins at `start` and is a wallet, a VIN or the first part of an MBI by its form. */
  private ownWord(buf: Uint8Array, start: number, end: number): boolean {
    let first = start;
    while (first < end && (CLASS[buf[first]!]! & ALNUM) !== 0) first++;
    const cut = buf[first - 1] === 0x44 && buf[first] === 0 ? 1 : 0;
    for (let off = 0; off <= cut; off++) {
      if (mayBeWallet(buf, start, first - off)) return true;
      if (first - off - start === 17 && standsAsVin(buf, start)) return true;
    }
    return first - start === 4 && buf[first] === DASH && (CLASS[buf[first + 1] ?? 0]! & ALPHA) !== 0;
  }

  /** A key that says what stands behind it. */
  private key(buf: Uint8Array, op: number, lo: number): boolean {
    return this.keyed && (labelsOfKey(buf, op, lo) !== 0 || (keyStart > lo && mayBeCellStart(buf, keyStart, lo) && op - keyStart < 44));
  }

  private iban(buf: Uint8Array, start: number, lo: number, hi: number): boolean {
    if ((CLASS[buf[start]!]! & ALPHA) === 0 || (CLASS[buf[start + 1]!]! & ALPHA) === 0) return false;
    if (IBAN_LENGTH[countryIndex(buf, start)] === 0) return false;
    if (start > lo && (CLASS[buf[start - 1]!]! & ALNUM) !== 0 && !isNearLength(buf, start, lo)) return false;
    return ibanHolds(buf, start, hi) > 0;
  }

  /** What the run in `groups` could be. */
  private run(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
    const { groups, wanted } = this;
    let total = 0;
    let longest = 0;
    let dots = 0;
    for (let g = 0; g < groups.count; g++) {
      const length = groups.end[g]! - groups.start[g]!;
      total += length;
      if (length > longest) longest = length;
      if (groups.gap[g] === DOT) dots++;
    }
    if (total >= 4 && dots >= 3 && wanted[IP] === 1) return true;
    if (wanted[MAC] === 1 && this.macRun(buf, lo, hi)) return true;
    this.runContext = -1;
    if (this.labelled && (total >= 6 || groups.count > 1) && total >= 3 && this.isLabelled(buf, lo)) return true;
    // five and a letter in groups: `27-715 A`, of Guatemala and Tunisia
    if (total < 6) return wanted[NATIONAL_ID] === 1 && total === 5 && groups.count > 1 && (this.contextOf(buf, lo) & NATIONAL) !== 0;
    const unsure = mayBeCellStart(buf, at, lo);
    if (groups.more || (unsure && total >= 7)) return true;
    if (this.cards && total >= 12 && this.card(buf, lo)) return true;
    if ((wanted[SSN] === 1 || wanted[ITIN] === 1) && this.ssn(buf, longest, lo)) return true;
    if (wanted[PHONE] === 1 && this.phone(buf, at, total, lo, hi)) return true;
    return wanted[NATIONAL_ID] === 1 && !besideUuidPart(buf, at, groups.until, lo, hi) && this.national(buf, longest, lo);
  }

  /** A group of twelve digits and more that does not end a UUID, or groups as cards are printed in. */
  private card(buf: Uint8Array, lo: number): boolean {
    const { groups } = this;
    for (let g = 0; g < groups.count; g++) {
      const length = groups.end[g]! - groups.start[g]!;
      if (length >= 12 && !inUuid(buf, groups.start[g]!, lo)) return true;
      if (isPrintedCard(groups, g)) return true;
    }
    return mayBeTyped(groups) && (this.contextOf(buf, lo) & CARD_NAME) !== 0;
  }

  private macRun(buf: Uint8Array, lo: number, hi: number): boolean {
    const { groups } = this;
    for (let g = 0; g < groups.count; g++) if (macShape(buf, groups.end[g]!, lo, hi)) return true;
    return false;
  }

  private ssn(buf: Uint8Array, longest: number, lo: number): boolean {
    const { groups } = this;
    for (let g = 0; g + 2 < groups.count; g++) {
      if (
        groups.end[g + 1]! - groups.start[g + 1]! === 2 &&
        groups.end[g]! - groups.start[g]! === 3 &&
        groups.end[g + 2]! - groups.start[g + 2]! === 4
      )
        return true;
    }
    return longest >= 9 && (this.contextOf(buf, lo) & (SSN_NAME | ITIN_NAME)) !== 0;
  }

  /** A word of a label before the run or the minus in front of it. */
  private isLabelled(buf: Uint8Array, lo: number): boolean {
    if ((this.contextOf(buf, lo) & LABEL) !== 0) return true;
    const at = this.groups.start[0]! - 1;
    return at > lo && buf[at] === DASH && (this.context(buf, at, lo) & LABEL) !== 0;
  }

  /** Evidence before the run. For its later groups it is the same: between them are only digits. */
  private contextOf(buf: Uint8Array, lo: number): number {
    if (this.runContext < 0) this.runContext = this.context(buf, this.groups.start[0]!, lo);
    return this.runContext;
  }

  private phone(buf: Uint8Array, at: number, total: number, lo: number, hi: number): boolean {
    const { groups } = this;
    if (at > lo && (buf[at - 1] === 0x2b || (buf[at - 1] === 0x28 && at - 2 >= lo && buf[at - 2] === 0x2b))) return true;
    if (total < 7) return groups.count > 1 && (this.contextOf(buf, lo) & PHONE_NAME) !== 0;
    const { until } = groups;
    if (namedAfter(buf, until, hi) || extensionEnd(buf, until, hi) > until) return true;
    // digits from this group on
    let left = total;
    for (let g = 0; g < groups.count; g++) {
      const length = groups.end[g]! - groups.start[g]!;
      if (left >= 10 && length >= 2 && buf[groups.start[g]!] === 0x30 && buf[groups.start[g]! + 1] === 0x30) return true;
      left -= length;
      if (
        length === 3 &&
        g + 2 < groups.count &&
        groups.end[g + 1]! - groups.start[g + 1]! === 3 &&
        groups.end[g + 2]! - groups.start[g + 2]! === 4
      )
        return true;
    }
    if ((this.contextOf(buf, lo) & PHONE_NAME) !== 0) return true;
    return this.hasRegions && this.nationalPhone(buf, at, lo);
  }

  /** National forms are tried at the run's first group that no letter touches, unless the letter may be a length. */
  private nationalPhone(buf: Uint8Array, at: number, lo: number): boolean {
    const { groups } = this;
    const first = at > lo && (CLASS[buf[at - 1]!]! & ALPHA) !== 0 && !isNearLength(buf, at, lo) ? 1 : 0;
    if (first >= groups.count || isDate(buf, groups, first) || isFraction(buf, groups, first, lo)) return false;
    if (buf[groups.start[first]!] === 0x30) return true;
    return groups.count - first > 1 && groups.end[first]! - groups.start[first]! < 7;
  }

  private national(buf: Uint8Array, longest: number, lo: number): boolean {
    const { groups } = this;
    if (longest >= 17 || mayBePrinted(groups)) return true;
    return !isDate(buf, groups, 0) && (this.contextOf(buf, lo) & NATIONAL) !== 0;
  }

  /** Evidence of the words before, read also as if up to three of the first bytes belonged to a length word. */
  private context(buf: Uint8Array, at: number, lo: number): number {
    // a cell begins here: nothing before it is about it
    if (at === lo || (buf[at - 1]! < 0x20 && buf[at - 1] !== 9 && buf[at - 1] !== 10 && buf[at - 1] !== 13)) return 0;
    this.steps += 48;
    let bits = evidenceBefore(buf, at, lo);
    let k = at - 1;
    const floor = Math.max(lo, at - 48);
    while (k >= floor && (buf[k]! >= 0x20 || buf[k] === 9 || buf[k] === 10 || buf[k] === 13)) k--;
    if (k >= floor) for (let skip = 2; skip <= 4 && k + skip < at; skip++) bits |= evidenceOf(buf, k + skip, at);
    return bits;
  }

  private other(buf: Uint8Array, t: number, i: number, lo: number, hi: number): boolean {
    const { wanted } = this;
    if ((t & T_TOKEN) !== 0 && mayBeToken(buf, i, lo, hi, wanted)) return true;
    if (
      (t & T_AT) !== 0 &&
      i > lo &&
      i + 1 < hi &&
      ((CLASS[buf[i + 1]!]! & DOMAIN) !== 0 || buf[i + 1] === 0x5b) &&
      ((CLASS[buf[i - 1]!]! & LOCAL) !== 0 || buf[i - 1] === 0x22)
    )
      return true;
    if ((t & T_BRACKET) !== 0 && isSpelledAt(buf, i, hi)) return true;
    if ((t & (T_COLON | T_SIGN)) !== 0 && this.key(buf, i, lo)) return true;
    if ((t & T_COLON) !== 0) return this.colon(buf, i, lo, hi);
    if ((t & T_SIGN) !== 0 && (this.assignment(buf, i, lo, hi) || (buf[i - 1] === 0x65 && isDigestResponse(buf, i, lo, hi)))) return true;
    if ((t & T_DASH) !== 0 && i + 1 < hi) {
      if (wanted[MAC] === 1 && buf[i + 3] === DASH && macShape(buf, i, lo, hi)) return true;
      if (buf[i + 1] === DASH && wanted[PRIVATE_KEY] === 1 && startsWith(buf, i, BEGIN)) return true;
      if ((wanted[PASSWORD_KIND] === 1 || wanted[BASIC] === 1) && this.option(buf, i, lo, hi)) return true;
    }
    if ((t & T_COMMA) !== 0 && isQuotedPair(buf, i, lo, hi) && this.assignment(buf, i, lo, hi)) return true;
    if ((t & T_DOT) !== 0 && buf[i + 5] === DOT && macShape(buf, i, lo, hi)) return true;
    if ((t & T_J) !== 0 && i - 2 >= lo && buf[i - 1] === 0x79 && buf[i - 2] === 0x65 && (CLASS[buf[i + 1] ?? 0]! & TOKEN) !== 0)
      return true;
    if ((t & T_B) !== 0 && this.letterB(buf, i, lo, hi)) return true;
    return (t & T_TILDE) !== 0 && i > lo && buf[i - 1] === 0x51;
  }

  private letterB(buf: Uint8Array, i: number, lo: number, hi: number): boolean {
    if (startsWithNoCase(buf, i, BEARER_WORD) || startsWithNoCase(buf, i, BASIC_WORD)) return true;
    if (this.wanted[BIC] === 1 && isBicWord(buf, i, lo, hi)) return true;
    if (this.wanted[BIRTH] === 0 || !isBirthWord(buf, i, lo, hi)) return false;
    const limit = Math.min(hi, i + BIRTH_REACH + 12);
    this.steps += limit - i;
    for (let k = i; k < limit; k++) if ((CLASS[buf[k]!]! & DIGIT) !== 0) return true;
    return false;
  }

  private colon(buf: Uint8Array, i: number, lo: number, hi: number): boolean {
    const { wanted } = this;
    const next = i + 1 < hi ? buf[i + 1]! : 0;
    if (next === 0x2f && buf[i + 2] === 0x2f) return (wanted[CONNECTION] === 1 || this.webhooks) && this.url(buf, i + 3, hi);
    if ((next === 0x2a || (next >= 0x30 && next <= 0x39)) && wanted[PASSWORD_KIND] === 1 && pgpassEntry(buf, i, hi)) return true;
    if (wanted[IP] === 1 || wanted[MAC] === 1) {
      if (next === COLON && ((CLASS[buf[i + 2] ?? 0]! & HEX) !== 0 || (i > lo && (CLASS[buf[i - 1]!]! & HEX) !== 0))) {
        if (wanted[IP] === 1) return true;
      } else if ((CLASS[next]! & HEX) !== 0 && this.colons(buf, i, hi)) return true;
    }
    if (wanted[KUBERNETES] === 1 && isSecretKind(buf, i, lo, hi)) return true;
    if (isWindowsOption(buf, i, lo) || isCookieHeader(buf, i, lo) || isPuttyHeader(buf, i, lo)) return true;
    return this.assignment(buf, i, lo, hi);
  }

  /** Five colons and more with hex groups between, or two together: an IPv6 or a hardware address. */
  private colons(buf: Uint8Array, i: number, hi: number): boolean {
    let colons = 0;
    let inGroup = 0;
    const limit = Math.min(hi, i + 45);
    for (let p = i; p < limit; p++) {
      if (buf[p] === COLON) {
        if (p > i && buf[p - 1] === COLON) return true;
        if (++colons >= 5) return true;
        inGroup = 0;
      } else if ((CLASS[buf[p]!]! & HEX) === 0 || ++inGroup > 4) break;
    }
    this.steps += 8;
    return false;
  }

  /** An @ or the host of webhooks in the authority. */
  private url(buf: Uint8Array, from: number, hi: number): boolean {
    if (this.webhooks && webhookBody(buf, from, hi)) return true;
    const limit = Math.min(hi, from + 1024);
    let p = from;
    for (; p < limit; p++) {
      const b = buf[p]!;
      if (b === 0x40) return true;
      if (b <= 0x20 || b === 0x22 || b === 0x3c || b === 0x3e) break;
      if (b === COLON && buf[p + 1] === 0x2f && buf[p + 2] === 0x2f) break;
    }
    this.steps += p - from;
    return false;
  }

  /** `-u user:password` and `--token value`: any option followed by a value whose name is about secrets. */
  private option(buf: Uint8Array, at: number, lo: number, hi: number): boolean {
    // `-u x`, `-user x`, `curl -ux`
    if (buf[at + 1] === 0x75 && at + 3 < hi) return true;
    this.steps += SHELL_REACH;
    if (shellPassword(buf, at, lo, hi, true) >= 0) return true;
    let end = at + 1;
    const limit = Math.min(hi, at + 64);
    while (end < limit && (CLASS[buf[end]!]! & IDENT) !== 0) end++;
    this.steps += end - at;
    return end < limit && end > at + 2 && buf[end] === 0x20 && strengthOf(evidenceOf(buf, at + 1, end)) !== NO_SECRET;
  }

  private assignment(buf: Uint8Array, op: number, lo: number, hi: number): boolean {
    if (buf[op + 1] === undefined || op + 3 > hi) return false;
    if (buf[op] === COLON && isWorldPhrase(buf, op, lo)) return true;
    let bits = nameBefore(buf, op, lo);
    const start = nameStart;
    const end = nameEnd;
    this.steps += op - start;
    if (start === end) return false;
    let secret = strengthOf(bits) !== NO_SECRET;
    if (mayBeCellStart(buf, start, lo)) {
      for (let k = 1; k <= 3 && start + k < end; k++) {
        const other = evidenceOf(buf, start + k, end);
        secret ||= strengthOf(other) !== NO_SECRET;
        bits |= other;
      }
    }
    return secret && (opensBlock(buf, op) || hasValue(buf, op + 1, hi, (bits & PASSWORD) !== 0));
  }
}

/** A word with the shape of an identifier, also without what may be a length before it and the D of the next row after it. */
function nationalWord(buf: Uint8Array, start: number, end: number, lo: number): boolean {
  const skips = isNearLength(buf, start, lo) ? 3 : 0;
  const cut = buf[end - 1] === 0x44 && buf[end] === 0 ? 1 : 0;
  for (let skip = 0; skip <= skips; skip++)
    for (let off = 0; off <= cut; off++) if (mayBeNationalWord(buf, start + skip, end - off)) return true;
  return false;
}

/** True when a few bytes stand somewhere behind a sign, quotes counted: for passwords with blanks between, else in one run. */
function hasValue(buf: Uint8Array, from: number, hi: number, password: boolean): boolean {
  const count = password ? 1 : 7;
  let p = from;
  const limit = Math.min(hi, from + 40);
  let run = 0;
  for (; p < limit; p++) {
    const b = buf[p]!;
    // other control characters are bytes of a value
    if (b === 0x20 || b === 0x09 || b === 0x0a || b === 0x0d) run = password && b === 0x20 ? run : 0;
    else if (++run > count) return true;
  }
  return false;
}

/**
 * True when `at` may be inside a cell's length word, which begins with a zero byte (no message has 16 MB). A length word that ends
 * just before `at`, and whose cell ends where it says, shows that `at` is the cell's own first byte.
 */
function mayBeCellStart(buf: Uint8Array, at: number, lo: number): boolean {
  if (!isNearLength(buf, at, lo)) return false;
  let zero = at - 1;
  while (buf[zero] !== 0) zero--;
  const cell = zero + 2;
  if (cell > at || zero - 2 < lo || buf[zero - 1] !== 0 || buf[zero - 2] !== 0) return true;
  const end = cell + buf[zero + 1]!;
  const b = buf[end];
  return !(b === undefined || b === 0 || b === 0xff || (b === 0x44 && buf[end + 1] === 0));
}

/** True when a zero byte is among the four before `at`: what stands there may be a length word and no text. */
function isNearLength(buf: Uint8Array, at: number, lo: number): boolean {
  return (
    (at > lo && buf[at - 1] === 0) ||
    (at - 2 >= lo && buf[at - 2] === 0) ||
    (at - 3 >= lo && buf[at - 3] === 0) ||
    (at - 4 >= lo && buf[at - 4] === 0)
  );
}
