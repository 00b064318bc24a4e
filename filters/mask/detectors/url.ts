import { ALNUM, ALPHA, ascii, CLASS, startsWith, TOKEN } from '../bytes.js';
import { kindId } from '../kinds.js';
import type { Search } from '../search.js';
import { isTokenText } from './code-values.js';
import { isPlaceholder, looksRandom } from './values.js';

const CONNECTION_STRING = kindId('connection_string');
const SLACK_WEBHOOK = kindId('slack_webhook');
const HOOKS: [kind: number, prefix: Uint8Array, bodyMin: number][] = [
  [SLACK_WEBHOOK, ascii('hooks.slack.com/'), 30],
  // discord.com/developers/docs/resources/webhook: /webhooks/{id}/{token}
  ...['discord.com', 'discordapp.com', 'ptb.discord.com', 'canary.discord.com'].map(
    (host) => [kindId('discord_webhook'), ascii(`${host}/api/webhooks/`), 60] as [number, Uint8Array, number],
  ),
  ...['outlook.office.com', 'outlook.office365.com'].map(
    (host) => [kindId('teams_webhook'), ascii(`${host}/webhook/`), 60] as [number, Uint8Array, number],
  ),
];
/** other hosts, from their documentation: the path or the parameter behind is all that is needed */
const WEBHOOK = kindId('webhook_url');
for (const [prefix, min] of [
  ['hook.eu1.make.com/', 20],
  ['hook.eu2.make.com/', 20],
  ['hook.us1.make.com/', 20],
  ['hook.us2.make.com/', 20],
  ['hook.integromat.com/', 20],
  ['open.feishu.cn/open-apis/bot/v2/hook/', 32],
  ['open.larksuite.com/open-apis/bot/v2/hook/', 32],
  ['qyapi.weixin.qq.com/cgi-bin/webhook/send?key=', 32],
  ['oapi.dingtalk.com/robot/send?access_token=', 32],
  ['events.pagerduty.com/integration/', 32],
  ['alert.victorops.com/integrations/generic/', 30],
] as const)
  HOOKS.push([WEBHOOK, ascii(prefix), min]);

/** learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors: `https://<tenant>.webhook.office.com/webhookb2/…` */
const TEAMS = ascii('.webhook.office.com/webhookb2/');
const TEAMS_WEBHOOK = kindId('teams_webhook');
const TENANT_MAX = 64;
const USERINFO_MAX = 1024;

/** A URL whose `://` begins at `at`: the password in its userinfo (RFC 3986 section 3.2.1), and webhooks that are secret themselves. */
export function urlAt(s: Search, at: number): void {
  const { buf, lo, hi } = s;
  if (at === lo || (CLASS[buf[at - 1]!]! & ALNUM) === 0 || buf[at + 1] !== 0x2f || buf[at + 2] !== 0x2f || at + 3 >= hi) return;
  const from = at + 3;
  if (webhookBody(buf, from, hi)) {
    if (s.wanted[hook] === 1) webhook(s, at, hookBody);
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
  if (host > from && (colon < 0 || host === colon + 1)) return tokenOfUser(s, from, colon < 0 ? host : colon, host);
  if (colon < 0 || host <= colon + 1) return;
  if (isPlaceholder(buf, colon + 1, host)) return;
  s.found(CONNECTION_STRING, colon + 1, host, 0.9);
}

/** Sentry's addresses begin with a key that is public: docs.sentry.io/concepts/key-terms/dsn-explainer */
const PUBLIC_HOSTS = ['sentry', 'ingest'].map(ascii);
const HOST_REACH = 48;

/** `https://TOKEN@host`, `https://TOKEN:@host`: a token in place of a user's name. */
function tokenOfUser(s: Search, from: number, to: number, at: number): void {
  const { buf, hi } = s;
  if (!looksRandom(buf, from, to, 16) || !isTokenText(buf, from, to) || isPlaceholder(buf, from, to)) return;
  const limit = Math.min(hi, at + HOST_REACH);
  for (let p = at; p < limit && buf[p]! > 0x20 && buf[p] !== 0x2f; p++)
    for (const host of PUBLIC_HOSTS) if (startsWith(buf, p, host)) return;
  s.found(CONNECTION_STRING, from, to, 0.8);
}

/** which webhook webhookBody saw last, where its path begins that is secret, and how long that is at least */
let hook = 0;
let hookBody = 0;
let hookMin = 0;

/** True when a host and path of webhooks stand at `from`: their URL is all that is needed to post. */
export function webhookBody(buf: Uint8Array, from: number, hi: number): boolean {
  for (const [kind, prefix, min] of HOOKS) {
    if (!startsWith(buf, from, prefix)) continue;
    hook = kind;
    hookBody = from + prefix.length;
    hookMin = min;
    return true;
  }
  let p = from;
  const limit = Math.min(hi, from + TENANT_MAX);
  while (p < limit && ((CLASS[buf[p]!]! & ALNUM) !== 0 || buf[p] === 0x2d)) p++;
  if (p >= limit || !startsWith(buf, p, TEAMS)) return false;
  hook = TEAMS_WEBHOOK;
  hookBody = p + TEAMS.length;
  hookMin = 60;
  return true;
}

function webhook(s: Search, at: number, from: number): void {
  const { buf, lo, hi } = s;
  let start = at;
  while (start > lo && at - start < 6 && (CLASS[buf[start - 1]!]! & ALPHA) !== 0) start--;
  let end = from;
  while (end < hi && end - from < 300 && ((CLASS[buf[end]!]! & TOKEN) !== 0 || buf[end] === 0x2f || buf[end] === 0x40)) end++;
  s.steps += end - start;
  if (end - from >= hookMin) s.found(hook, start, end, 0.95);
}
