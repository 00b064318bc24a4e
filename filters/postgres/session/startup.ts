import { MidstreamError } from '../../errors.js';
import type { Identity } from '../../policy/types.js';
import { shownIdentity, shownTls } from '../../record/shown-identity.js';
import type { Frame } from '../wire/frame-reader.js';
import { decodeStartupPacket, type StartupParameter, startupParameter } from '../wire/startup.js';
import { beginLogin } from './agent-login.js';
import { grammarProblem } from './grammar.js';
import type { Session } from './session.js';

const answerN = Buffer.from('N');

/** Startup-phase packets: encryption requests, a cancel request, or the StartupMessage that fixes the identity. */
export function onStartup(s: Session, f: Frame): undefined {
  const startup = decodeStartupPacket(f.buf, f.body, f.end);
  if (startup.kind === 'ssl' || startup.kind === 'gssenc') {
    // In the inspecting role nobody may encrypt past us (envoy.md): the client is told No and may go on in clear, as with a server without TLS.
    s.out.downstream.add(answerN);
    return undefined;
  }
  if (startup.kind === 'cancel') {
    s.phase = 'cancel';
    s.out.cancel = { key: f.buf.toString('hex', f.body + 4, f.end), bytes: Buffer.from(f.buf.subarray(f.start, f.end)) };
    return undefined;
  }
  if (startup.kind === 'unsupported') {
    throw new MidstreamError(
      'protocol_violation',
      `unsupported frontend protocol ${(startup.code >>> 16) & 0xffff}.${startup.code & 0xffff}: the server supports 3.0 to 3.2`,
    );
  }
  s.front.startupDone();
  const parameter = (name: string) => startupParameter(startup, name)?.toString('utf8') ?? '';
  s.user = parameter('user');
  s.database = parameter('database') || s.user;
  s.application = parameter('application_name');
  if (s.options.login !== undefined) {
    beginLogin(s, startup);
    return undefined;
  }
  s.identity = s.options.peer.identity ?? claimedIdentity(s);
  openSession(s, startup.parameters);
  checkGrammar(s, startup.parameters);
  if (asksReplication(startup.parameters)) return openReplication(s, f);
  s.phase = 'auth';
  s.out.upstream.pass(f.buf, f.start, f.end);
  return undefined;
}

/** Who the client says it is; nobody has proven it. */
export const claimedIdentity = (s: Session): Identity => ({
  id: s.user,
  kind: 'claimed',
  issuer: '',
  groups: [],
  claims: { application_name: s.application },
  source: s.options.peer.source,
  proof: 'claimed',
});

/** The identity is known: from here on there are rules, and a recording. */
export function openSession(s: Session, parameters: readonly StartupParameter[]): void {
  s.applyPolicy();
  s.catalogue = s.options.catalogue?.(s.database);
  open(s, parameters);
}

/** Throws MidstreamError policy_denied for settings that change how SQL is read. */
export function checkGrammar(s: Session, parameters: readonly StartupParameter[]): void {
  const text = (name: string) => parameters.findLast((one) => one.name === name)?.value.toString('utf8') ?? '';
  if (s.rules!.policy.grammar === 'pin') {
    const problem = grammarProblem(parameters.map(({ name, value }) => [name, value.toString('utf8')]));
    if (problem)
      throw new MidstreamError('policy_denied', problem, {
        hint: 'connect without this setting; the policy pins the grammar (defaults.grammar)',
      });
  }
  s.encoding = text('client_encoding').replace(/['"]/g, '').toUpperCase() || 'UTF8';
}

export function asksReplication(parameters: readonly StartupParameter[]): boolean {
  const asked =
    parameters
      .findLast(({ name }) => name === 'replication')
      ?.value.toString('utf8')
      .toLowerCase() ?? '';
  return asked !== '' && !['false', 'off', 'no', '0'].includes(asked);
}

function openReplication(s: Session, f: Frame): undefined {
  const verdict = s.rules!.policy.opaque;
  if (verdict !== 'allow') {
    throw new MidstreamError(
      'policy_denied',
      'a replication connection cannot be inspected, and the policy does not allow what is opaque',
      {
        hint:
          verdict === 'approve'
            ? 'logins are not held: an operator must allow it (defaults.opaque: allow)'
            : 'ask for defaults.opaque: allow on this listener',
      },
    );
  }
  s.out.upstream.pass(f.buf, f.start, f.end);
  s.phase = 'opaque';
  return undefined;
}

/** Startup parameters whose values are names. */
const names = new Set(['user', 'database']);

function open(s: Session, parameters: readonly StartupParameter[]): void {
  const { options } = s;
  const { maskText, maskName } = s.rules!;
  const event = {
    start: new Date(options.now()).toISOString(),
    protocol: 'postgres',
    resource: options.resource,
    database: maskName(s.database),
    user: maskName(s.user),
    application: maskText(s.application),
    identity: shownIdentity(s.identity!, s.rules!),
    tls: shownTls(options.peer.tls, s.rules!),
    policy_version: s.rules!.policy.version,
    gateway_version: options.gateway_version,
    transport: options.transport,
    parameters: Object.fromEntries(
      // Names of settings, and of protocol options, are the client's to choose too.
      parameters.map(({ name, value }) => [maskText(name), (names.has(name) ? maskName : maskText)(value.toString('utf8'))]),
    ),
  };
  s.opened = true;
  s.record('session.open', `,${JSON.stringify(event).slice(1, -1)}`, true);
}
