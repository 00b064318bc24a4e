import { ALNUM, ALPHA, ascii, CLASS, startsWith, TOKEN } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isPlaceholder } from './values.js';

const CONNECTION_STRING = kindId('connection_string');
const SLACK_WEBHOOK = kindId('slack_webhook');
const HOOKS = ascii('hooks.slack.com/');
const USERINFO_MAX = 1024;

/** A URL whose `://` begins at `at`: the password in its userinfo (RFC 3986 section 3.2.1), and webhooks that are secret themselves. */
export function urlAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  if (at === lo || (CLASS[buf[at - 1]!]! & ALNUM) === 0 || buf[at + 1] !== 0x2f || buf[at + 2] !== 0x2f || at + 3 >= hi) return;
  const from = at + 3;
  if (s.wanted[SLACK_WEBHOOK] === 1 && startsWith(buf, from, HOOKS)) {
    webhook(s, at, from + HOOKS.length);
    return;
  }
  if (s.wanted[CONNECTION_STRING] === 0 || from < s.noUserinfoUntil) return;
  let colon = -1;
  let host = -1;
  let p = from;
  const limit = Math.min(hi, from + USERINFO_MAX);
  for (; p < limit; p++) {
    const b = buf[p]!;
    if (b <= 0x20 || b === 0x22 || b === 0x27 || b === 0x3c || b === 0x3e || b === 0x60) break;
    // a slash ends the authority, unless the @ is still to come: passwords with slashes are written unescaped often enough
    if (b === 0x3a && buf[p + 1] === 0x2f && buf[p + 2] === 0x2f) break;
    if (b === 0x2f && (colon < 0 || host >= 0)) break;
    if (b === 0x3a && colon < 0) colon = p;
    if (b === 0x40) host = p;
  }
  s.steps += p - from;
  s.noUserinfoUntil = p;
  if (colon < 0 || host <= colon + 1) return;
  if (isPlaceholder(buf, colon + 1, host)) return;
  s.found(CONNECTION_STRING, colon + 1, host, 0.9);
}

function webhook(s: Search, at: number, from: number): void {
  const { buf, lo, hi } = s;
  let start = at;
  while (start > lo && at - start < 6 && (CLASS[buf[start - 1]!]! & ALPHA) !== 0) start--;
  let end = from;
  while (end < hi && end - from < 200 && ((CLASS[buf[end]!]! & TOKEN) !== 0 || buf[end] === 0x2f)) end++;
  s.steps += end - start;
  if (end - from >= 30) s.found(SLACK_WEBHOOK, start, end, 0.95);
}
