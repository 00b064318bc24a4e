import { BlockList, isIP } from 'node:net';
import type { Reach } from '../../filters/http/readings.js';
import type { AccessRule, Config } from './types.js';

/** Who asks to connect, as ext_authz tells it. */
export interface AccessQuestion {
  /** the listener's name */
  listener: string;
  /** peer's address without port */
  address: string;
  /** SPIFFE id or certificate subject that Envoy verified; empty without a certificate */
  principal: string;
  /** it was found out who this is, also where no certificate says it: asked after an agent's log-in */
  proven?: true;
  /** what an HTTP request may be asking for; absent where a connection is asked about */
  reach?: Reach;
}

interface AccessibleListener {
  name: string;
  resource: string;
  authentication?: { methods: readonly string[] } | undefined;
}

/** Agents show who they are after they have connected: by a token or a password. */
const isAskedLater = ({ authentication }: AccessibleListener): boolean =>
  authentication !== undefined && authentication.methods.some((method) => method !== 'certificate');

/**
 * Who may connect: somebody whom one rule lets. A listener that the configuration does not know lets nobody in, nor does a
 * question without an answer. The reason is for Envoy's log and names no rule.
 */
export function accessDecider(config: Pick<Config, 'access'> & Record<'listeners' | 'http', readonly AccessibleListener[]>): AccessDecider {
  const listeners = [...config.listeners, ...config.http];
  const resources = new Map(listeners.map((listener) => [listener.name, listener.resource]));
  const only = listeners.length === 1 ? listeners[0]!.resource : undefined;
  const rules = config.access?.map(compile);
  const later = new Set(config.listeners.filter(isAskedLater).map(({ name }) => name));
  const decide = ({ listener, address, principal, proven, reach }: AccessQuestion) => {
    const resource = resources.get(listener) ?? (listener === '' ? only : undefined);
    if (resource === undefined) return { allowed: false, reason: 'unknown listener' };
    if (rules === undefined) return { allowed: true, reason: '' };
    // Whoever is not proven yet may be anybody that a rule lets; it is asked again after the log-in (answerLogin).
    const anybody = later.has(listener) && proven !== true;
    const own = rules.filter(({ peer }) => peer(resource, anybody ? undefined : principal, address));
    // A request that servers may read in several ways must be allowed in each.
    // Who may ask anything of it may ask about what waits.
    const about = reach?.asked.length === 1 && reach.asked[0]!.path.startsWith('/.midstream/held/');
    const allowed = about
      ? own.length > 0
      : reach === undefined
        ? own.some(({ request }) => request(undefined, ''))
        : reach.asked.every((asked) => own.some(({ request }) => request(asked, reach.unparsed)));
    if (allowed) return { allowed, reason: '' };
    return {
      allowed,
      reason: principal === '' ? 'no rule lets a peer without a certificate connect' : 'no rule lets this peer connect',
    };
  };
  return Object.assign(decide, { everybody: rules === undefined });
}

export interface AccessDecider {
  (question: AccessQuestion): { allowed: boolean; reason: string };
  /** there are no rules: whoever comes to a listener that is known may connect, and ask anything */
  everybody: boolean;
}

interface CompiledRule {
  /** principal: undefined where anybody may turn out to be behind it */
  peer: (resource: string, principal: string | undefined, address: string) => boolean;
  /** `asked` is undefined for a connection, which a rule about requests does not let */
  request: (asked: Reach['asked'][number] | undefined, unparsed: string) => boolean;
}

function compile(rule: AccessRule): CompiledRule {
  return { peer: peerOf(rule), request: requestOf(rule) };
}

function requestOf(rule: AccessRule): CompiledRule['request'] {
  if (rule.hosts === undefined && rule.paths === undefined && rule.methods === undefined) return () => true;
  const hosts = rule.hosts?.map((host) => glob(host.toLowerCase()));
  const paths = rule.paths?.map(glob);
  return (asked, unparsed) =>
    asked !== undefined &&
    // Who knows what it is in truth?
    unparsed === '' &&
    (hosts === undefined || hosts.some((host) => host.test(asked.host))) &&
    (paths === undefined || paths.some((path) => path.test(asked.path))) &&
    (rule.methods === undefined || rule.methods.includes(asked.method));
}

function peerOf(rule: AccessRule): CompiledRule['peer'] {
  const resource = glob(rule.resource);
  const identities = rule.identities?.map(glob);
  const sources = rule.sources && networks(rule.sources);
  return (name, principal, address) =>
    resource.test(name) &&
    // A certificate may carry several names, told with commas between; one that matches will do.
    (identities === undefined ||
      principal === undefined ||
      principal.split(',').some((id) => id !== '' && identities.some((pattern) => pattern.test(id)))) &&
    (sources === undefined || within(sources, address));
}

/** `*` stands for one part of a path, `**` for any rest; everything else for itself. */
export function glob(pattern: string): RegExp {
  const parts = pattern.split(/(\*+)/).map((part) => {
    if (!part.startsWith('*')) return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    return part.length > 1 ? '.*' : '[^/]*';
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}

function networks(sources: readonly string[]): BlockList {
  const list = new BlockList();
  for (const source of sources) {
    const [address = '', bits] = source.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return list;
}

/** IPv4 addresses come as IPv6 ones too, where a listener serves both. */
function within(list: BlockList, address: string): boolean {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  const version = isIP(plain);
  return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
}
