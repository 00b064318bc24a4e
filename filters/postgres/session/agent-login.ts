import { MidstreamError } from '../../errors.js';
import type { Identity } from '../../policy/types.js';
import { MECHANISM, ScramServer, type ScramVerifier } from '../auth/scram.js';
import { type ServerCredential, ServerLogin } from '../auth/server-login.js';
import { encodeAuthentication } from '../wire/authentication.js';
import type { Frame } from '../wire/frame-reader.js';
import { decodePasswordMessage, decodeSASLInitialResponse, decodeSASLResponse } from '../wire/password.js';
import { encodeStartupPacket, type StartupMessage } from '../wire/startup.js';
import { frontend } from '../wire/types.js';
import { fatal } from './fatal.js';
import type { Session } from './session.js';
import { asksReplication, checkGrammar, claimedIdentity, openSession } from './startup.js';

/** How agents log in where the gateway ends the authentication itself, and logs in at the server with a credential of its own. */
export interface LoginOptions {
  /** a proven certificate is enough */
  certificate: boolean;
  /** a token is taken as password */
  token: boolean;
  /** the password may come in clear text: the agent's side is encrypted, or an operator said that it need not be */
  cleartext: boolean;
  /** verifier of a user who logs in by SCRAM; for others one that nothing matches, or undefined where nobody does */
  scram: (user: string) => { verifier: ScramVerifier; identity: Identity | undefined } | undefined;
  /** the users that log in by SCRAM are asked for it alone */
  prefersScram: (user: string) => boolean;
}

/** What the world is asked: who is this, and as whom does it go to the server? */
export interface LoginQuestion {
  /** undefined: the secret must prove who it is */
  identity: Identity | undefined;
  /** token, as it came; never to be logged or recorded */
  secret: string;
  user: string;
  database: string;
}

export type LoginOutcome =
  | {
      ok: true;
      identity: Identity;
      credential: ServerCredential /** the session ends in so many milliseconds, with its token */;
      ends_ms?: number;
    }
  /** `message` has the class of the reason, and nothing of the secret. 28P01: the secret is wrong; 28000: it may not log in */
  | { ok: false; identity: Identity | undefined; sqlstate: '28P01' | '28000' | '57P03'; message: string; hint: string };

/** Longest secret, bytes: PostgreSQL's own limit for tokens of an authentication (PG_MAX_AUTH_TOKEN_LENGTH). */
const SECRET_BYTES_MAX = 65_535;

/** The login of one connection, until the server is ready. */
export interface AgentLogin {
  startup: StartupMessage;
  stage: 'password' | 'scram_first' | 'scram_final' | 'asked' | 'server' | 'done';
  scram: ScramServer | undefined;
  identity: Identity | undefined;
  server: ServerLogin | undefined;
}

const refused = (sqlstate: '28P01' | '28000', message: string, hint: string): LoginOutcome & { ok: false } => ({
  ok: false,
  identity: undefined,
  sqlstate,
  message,
  hint,
});

/** The startup packet is read: asks the agent who it is, or the world at once where a certificate has said so. */
export function beginLogin(s: Session, startup: StartupMessage): void {
  const options = s.options.login!;
  const login: AgentLogin = { startup, stage: 'asked', scram: undefined, identity: undefined, server: undefined };
  s.login = login;
  s.phase = 'login';
  if (options.certificate && s.options.peer.identity !== undefined) return ask(s, s.options.peer.identity, '');
  const scram = !options.token || options.prefersScram(s.user) ? options.scram(s.user) : undefined;
  if (scram !== undefined) {
    login.stage = 'scram_first';
    login.scram = new ScramServer(scram.verifier, s.options.newId());
    login.identity = scram.identity;
    s.out.downstream.add(encodeAuthentication({ kind: 'SASL', mechanisms: [MECHANISM] }));
    return;
  }
  if (!options.token)
    return refuseLogin(
      s,
      refused('28000', 'no client certificate was shown', 'connect with sslcert and sslkey; this database asks for nothing else'),
    );
  if (!options.cleartext)
    return refuseLogin(s, refused('28000', 'a token is taken over an encrypted connection only', 'connect with sslmode=require or better'));
  login.stage = 'password';
  s.out.downstream.add(encodeAuthentication({ kind: 'CleartextPassword' }));
}

/** A message of the client before it is logged in; 'auth' when it has to wait. */
export function duringAgentLogin(s: Session, f: Frame): 'auth' | undefined {
  const login = s.login!;
  if (f.type === frontend.Terminate) {
    s.out.close = { reason: 'the client left before the login' };
    s.finish('the client left before the login');
    return undefined;
  }
  if (login.stage === 'asked' || login.stage === 'server') {
    if (f.type !== frontend.PasswordMessage) return 'auth';
    throw new MidstreamError('protocol_violation', 'a password message came that nobody asked for');
  }
  if (f.type !== frontend.PasswordMessage) throw new MidstreamError('protocol_violation', 'a password message was expected');
  if (f.end - f.body > SECRET_BYTES_MAX + 1) {
    refuseLogin(s, refused('28P01', 'the token is longer than 65,535 bytes', 'use a shorter one'));
    return undefined;
  }
  switch (login.stage) {
    case 'password':
      ask(s, undefined, decodePasswordMessage(f.buf, f.body, f.end).password.toString('utf8'));
      return undefined;
    case 'scram_first': {
      const { mechanism, data } = decodeSASLInitialResponse(f.buf, f.body, f.end);
      if (mechanism !== MECHANISM || data === null)
        throw new MidstreamError('protocol_violation', `${MECHANISM} was offered, and nothing else`);
      const answer = login.scram!.first(data);
      login.stage = 'scram_final';
      s.out.downstream.add(encodeAuthentication({ kind: 'SASLContinue', data: answer }));
      return undefined;
    }
    case 'scram_final': {
      const answer = login.scram!.final(decodeSASLResponse(f.buf, f.body, f.end).data);
      if (answer === undefined || login.identity === undefined) {
        refuseLogin(s, refused('28P01', 'the password is wrong', 'look at the user name and the password'));
        return undefined;
      }
      s.out.downstream.add(encodeAuthentication({ kind: 'SASLFinal', data: answer }));
      ask(s, login.identity, '');
      return undefined;
    }
  }
  return undefined;
}

function ask(s: Session, identity: Identity | undefined, secret: string): void {
  s.login!.stage = 'asked';
  s.out.login = { identity, secret, user: s.user, database: s.database };
}

/** The world has answered. */
export function onLoginOutcome(s: Session, outcome: LoginOutcome): void {
  const login = s.login;
  if (s.phase !== 'login' || login === undefined || login.stage !== 'asked') return;
  if (!outcome.ok) return refuseLogin(s, outcome);
  s.identity = outcome.identity;
  const { credential } = outcome;
  s.user = credential.role;
  openSession(s, login.startup.parameters);
  checkGrammar(s, login.startup.parameters);
  if (asksReplication(login.startup.parameters))
    throw new MidstreamError(
      'policy_denied',
      'a replication connection cannot be inspected, and is not opened where the gateway logs in itself',
      {
        hint: 'use a listener that passes the client’s own log-in through',
      },
    );
  login.stage = 'server';
  login.server = new ServerLogin(credential, s.options.newId());
  s.phase = 'auth';
  s.out.upstream.add(encodeStartupPacket({ ...login.startup, parameters: serverParameters(s, login.startup) }));
}

/** The agent's own parameters, but as the role that it is let in as, and named by its identity; the server knows settings in any case. */
function serverParameters(s: Session, { parameters }: StartupMessage): StartupMessage['parameters'] {
  const own = new Map([
    ['user', s.user],
    ['database', s.database],
    ['application_name', s.identity!.id],
  ]);
  return [
    ...[...own].map(([name, value]) => ({ name, value: Buffer.from(value) })),
    ...parameters.filter(({ name }) => !own.has(name.toLowerCase())),
  ];
}

/** Says so to the client, in the words of the protocol, and to the recording; nobody has reached the server. */
export function refuseLogin(s: Session, { identity, sqlstate, message, hint }: LoginOutcome & { ok: false }): void {
  s.identity = identity ?? claimedIdentity(s);
  openSession(s, s.login!.startup.parameters);
  fatal(s, new MidstreamError('unauthenticated', message, { hint }), sqlstate);
}

/** An Authentication message of the server while the gateway logs in; true when it was dealt with. */
export function onServerAuthentication(s: Session, f: Frame): boolean {
  const server = s.login?.server;
  if (server === undefined) return false;
  const answer = server.answer(f);
  if (answer === 'done') {
    s.login!.stage = 'done';
    return false;
  }
  if (answer !== undefined) s.out.upstream.add(answer);
  return true;
}

/** The server refuses the gateway's own credential: its words speak of a role and a password that are not the agent's business. */
export function onServerRefusal(s: Session, sqlstate: string): boolean {
  if (s.login?.server === undefined || s.authenticated || !sqlstate.startsWith('28')) return false;
  fatal(
    s,
    new MidstreamError('unauthenticated', 'the gateway could not log in at the server', {
      hint: 'an operator finds the reason in the server’s log',
    }),
    '28000',
  );
  return true;
}
