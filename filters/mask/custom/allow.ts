import { normalise } from '../normalise.js';
import type { Hit, Kind } from '../types.js';

/** Values that are left alone. */
export interface AllowRule {
  /** kinds that it is about; none: all */
  kinds: ReadonlySet<Kind> | undefined;
  /** values, however they are written */
  values: readonly string[];
  /** domains whose addresses, and those of what is under them, are left alone */
  domains: readonly string[];
  lists: readonly AllowList[];
}

export type AllowList = 'test_cards' | 'documentation';

/** Numbers that payment processors publish for tests; nobody can be charged with them. */
const TEST_CARDS = new Set(
  '4111111111111111 4242424242424242 4012888888881881 4000056655665556 4222222222222 5555555555554444 5105105105105100 2223003122003222 5200828282828210 378282246310005 371449635398431 378734493671000 6011111111111117 6011000990139424 6011981111111113 3056930009020004 36227206271667 30569309025904 38520000023237 3566002020360505 3530111333300000 6200000000000005'.split(
    ' ',
  ),
);
/** RFC 2606 and RFC 6761 */
const EXAMPLE_DOMAINS = ['example.com', 'example.net', 'example.org', 'example', 'test', 'invalid', 'localhost'];
/** RFC 5737, RFC 3849, RFC 9637 */
const EXAMPLE_ADDRESSES = /^(?:192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|2001:0?db8:|3fff:)/i;
/** the North American Numbering Plan keeps 555-0100 to 555-0199 for fiction */
const FICTION = /^(?:1?[2-9]\d{2})?55501\d{2}$/;

/** Says of a hit whether its value is left alone. */
export class AllowFilter {
  private readonly rules: {
    kinds: ReadonlySet<Kind> | undefined;
    values: ReadonlySet<string>;
    domains: readonly string[];
    lists: readonly AllowList[];
  }[];

  constructor(rules: readonly AllowRule[]) {
    this.rules = rules.map(({ kinds, values, domains, lists }) => ({
      kinds,
      values: new Set(values.flatMap((value) => [value, compact(value)])),
      domains: domains.map((domain) => domain.toLowerCase()),
      lists,
    }));
  }

  allows(hit: Hit, buf: Uint8Array): boolean {
    return this.rules.some((rule) => (rule.kinds === undefined || rule.kinds.has(hit.kind)) && this.holds(rule, hit, buf));
  }

  private holds({ values, domains, lists }: (typeof this.rules)[number], { kind, start, end }: Hit, buf: Uint8Array): boolean {
    if (end - start > VALUE_MAX) return false;
    const text = Buffer.from(buf.buffer, buf.byteOffset + start, end - start).toString('utf8');
    if (values.size > 0) {
      if (values.has(text)) return true;
      const same = Buffer.from(normalise(kind, buf, start, end)).toString('utf8');
      if (values.has(same) || values.has(compact(same))) return true;
    }
    if (kind === 'email' && isUnder(text, domains)) return true;
    if (lists.includes('test_cards') && kind === 'credit_card' && TEST_CARDS.has(text.replace(/\D/g, ''))) return true;
    if (!lists.includes('documentation')) return false;
    if (kind === 'email') return isUnder(text, EXAMPLE_DOMAINS);
    if (kind === 'ip_address') return EXAMPLE_ADDRESSES.test(text);
    return kind === 'phone' && FICTION.test(text.replace(/\D/g, ''));
  }
}

/** a longer value is on no list, bytes */
const VALUE_MAX = 1024;

const compact = (value: string): string => value.replace(/[\s.-]/g, '').toUpperCase();

function isUnder(address: string, domains: readonly string[]): boolean {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return domains.some((one) => domain === one || domain.endsWith(`.${one}`));
}
