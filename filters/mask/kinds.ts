import { VENDOR_TOKENS } from './detectors/token-table.js';
import type { Kind } from './types.js';

export interface KindInfo {
  kind: Kind;
  group: 'pii' | 'secrets';
  description: string;
  /** texts in which the kind is found with no other evidence than the text itself */
  examples: string[];
}

const pii = (kind: Kind, description: string, ...examples: string[]): KindInfo => ({ kind, group: 'pii', description, examples });
const secret = (kind: Kind, description: string, ...examples: string[]): KindInfo => ({ kind, group: 'secrets', description, examples });

/** Every kind the engine knows, sorted by name. Kinds of vendors' tokens come from their table. */
export const kinds: readonly KindInfo[] = [
  pii(
    'credit_card',
    'Payment card numbers of all networks, 12 to 19 digits with a valid Luhn digit',
    '4111-1111-1111-1111',
    '378282246310005',
  ),
  pii('bic', 'Bank identifier codes, by the word before them or their key', 'BIC: DEUTDEFF500'),
  pii('card_cvv', 'Check values of cards, by their key or beside a card', '4111 1111 1111 1111 cvv 737', '"cvv": "737"'),
  pii('card_expiry', 'Expiry dates of cards, by their key or beside a card', '4111 1111 1111 1111 exp 04/29', '"card_expiry": "04/29"'),
  pii('card_track', 'Data of magnetic tracks 1 and 2', '%B4111111111111111^DOE/JANE^29121010000000?'),
  pii(
    'crypto_wallet',
    'Addresses of crypto wallets, by their checksum; Ethereum in one case by the words before',
    '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa',
    'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4',
  ),
  pii('drivers_license', "Numbers of driver's licences, by the words before them or their key", "driver's license: D1234567"),
  pii(
    'gps_coordinates',
    'Latitude and longitude with four decimals and more, by the words before them or their key',
    'gps: 52.520006, 13.404954',
  ),
  pii('imei', 'Identifiers of mobile equipment, by the word before them and their check digit', 'IMEI 490154203237518'),
  pii(
    'medical_id',
    'Numbers of patients, health insurance and providers (MRN, MBI, NPI, NHS), by the words before them',
    'MBI 1EG4-TE5-MK73',
    'NHS number 943 476 5919',
  ),
  pii('passport', 'Numbers of passports, by the words before them or their key', 'Passport No: C01X00T47'),
  pii('person_name', 'Names of people, by their key or column only', '{"first_name": "Jane"}'),
  pii('postal_address', 'Streets and house numbers, by their key or column only', '{"street": "12 Main Street"}'),
  pii('vin', 'Identification numbers of vehicles, by their check digit or the word before them', '1M8GDM9AXKP042788'),
  pii(
    'date_of_birth',
    'Dates that the words around them, or the name of their column, call a birth date',
    'DOB: 1984-03-17',
    'born on 12 March 1984',
  ),
  pii('email', 'E-mail addresses', 'jane.doe@example.com'),
  pii('iban', 'International bank account numbers with a valid check', 'DE89 3704 0044 0532 0130 00'),
  pii('ip_address', 'IPv4 and IPv6 addresses', '203.0.113.9', '2001:db8::8a2e:370:7334'),
  pii('mac_address', 'Hardware addresses of network cards', '3c:22:fb:12:9a:7e', '3c22.fb12.9a7e'),
  pii(
    'national_id',
    'National and tax identifiers, by their check digits together with shape or context',
    'CPF 529.982.247-25',
    'NINO: AB123456C',
  ),
  pii('phone', 'Phone numbers: international form anywhere, national form by region or context', '+44 20 7946 0958', '(415) 555-2671'),
  pii('us_itin', 'US individual taxpayer identification numbers', '912-70-1234'),
  pii('us_ssn', 'US social security numbers', '536-90-4399', 'SSN 536904399'),
  secret(
    'aws_secret_key',
    'Secret access keys of AWS, by the name they are given',
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  ),
  secret('azure_client_secret', 'Client secrets of Microsoft Entra applications', 'Xk38Q~rT0vYb2LqPz9NwE4sDfGhJkMnBvCxZaS1d'),
  secret(
    'azure_connection_string',
    'Shared keys in connection strings of Azure services',
    'SharedAccessKeyName=Root;SharedAccessKey=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE=',
  ),
  secret('azure_storage_key', 'Account keys of Azure storage', `AccountName=a;AccountKey=${'Qk9v4Zt1'.repeat(10)}Xy7abg==`),
  secret('basic_auth', 'Credentials of HTTP basic authentication', 'Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l'),
  secret('bearer_token', 'Bearer tokens in headers', 'Authorization: Bearer 8f14e45fceea167a5a36dedd4bea2543'),
  secret('connection_string', 'Passwords inside URLs', 'postgres://app:s3cr3t-Pw@db.internal:5432/app'),
  secret(
    'digest_auth',
    'Responses of HTTP digest authentication',
    'Authorization: Digest username="bob", realm="r", response="6629fae49393a05397450978507c4ef1"',
  ),
  secret('session_cookie', 'Random values of cookies, in their headers', 'Cookie: sid=9f8e7d6c5b4a39281706f5e4d3c2b1a0'),
  secret(
    'gcp_service_account_key',
    'Private key ids and keys of Google service account files',
    '"private_key_id": "5f4dcc3b5aa765d61d8327deb882cf99a1b2c3d4"',
  ),
  secret('high_entropy', 'Long random values that the name before them makes suspicious', 'signature = "k9Qz7Lm2Xv8Rt4Wp1Ys6Nd3Bf5Hj0Gc"'),
  secret('jwt', 'JSON web tokens', 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U'),
  secret(
    'password',
    'Values that their key calls a password, secret, token or API key',
    'password=hunter2',
    '"client_secret": "a8f5f167f44f4964e6c998dee827110c"',
  ),
  secret(
    'private_key',
    'Private keys in PEM, PGP or OpenSSH armour, the whole block',
    '-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\n-----END PRIVATE KEY-----',
  ),
  secret(
    'slack_webhook',
    'Incoming webhook URLs of Slack',
    'https://hooks.slack.com/services/T01ABCDEF/B01ABCDEF/aBcDeFgHiJkLmNoPqRsTuVwX',
  ),
  secret(
    'kubernetes_secret',
    'Values under data and stringData of a Kubernetes Secret, in YAML and JSON',
    'kind: Secret\ndata:\n  user: YWRtaW4=\n',
  ),
  secret(
    'discord_webhook',
    'Webhook URLs of Discord',
    `https://discord.com/api/webhooks/${'1098765432'.repeat(2).slice(0, 18)}/${'aB3dE5gH7j'.repeat(6)}_x-Y9zAb`,
  ),
  secret(
    'webhook_url',
    'Addresses of webhooks of other services, which are all that is needed to post',
    'https://hook.eu1.make.com/a1b2c3d4e5f6a1b2c3d4e5f6a1b2c3d4',
  ),
  secret(
    'teams_webhook',
    'Webhook URLs of Microsoft Teams',
    `https://contoso.webhook.office.com/webhookb2/3f0c9a4e-7b21-4d58-9e6a-c1d2b3847f50@7b21c9a4-4d58-9e6a-3f0c-c1d2b3847f50/IncomingWebhook/${'a1b2c3d4'.repeat(4)}`,
  ),
  ...VENDOR_TOKENS.map((t) => secret(t.kind, t.description, t.example)).filter(
    (k, at, all) => all.findIndex((other) => other.kind === k.kind) === at,
  ),
].sort((a, b) => (a.kind < b.kind ? -1 : 1));

const idByKind = new Map<Kind, number>(kinds.map((k, id) => [k.kind, id]));

/** The number by which detectors call a kind. Throws RangeError for a name that is no kind: that is a mistake in this code. */
export function kindId(kind: Kind): number {
  const id = idByKind.get(kind);
  if (id === undefined) throw new RangeError(`unknown kind ${kind}`);
  return id;
}

/** Kinds that a name stands for: a kind itself, or the groups `pii`, `secrets`, `all`. Undefined for an unknown name. */
export function expandKind(name: string): Kind[] | undefined {
  if (name === 'all') return kinds.map((k) => k.kind);
  if (name === 'pii' || name === 'secrets') return kinds.filter((k) => k.group === name).map((k) => k.kind);
  return idByKind.has(name) ? [name] : undefined;
}
