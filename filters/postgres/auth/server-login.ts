import { createHash } from 'node:crypto';
import { MidstreamError } from '../../errors.js';
import { decodeAuthentication } from '../wire/authentication.js';
import type { Frame } from '../wire/frame-reader.js';
import { encodePasswordMessage, encodeSASLInitialResponse, encodeSASLResponse } from '../wire/password.js';
import type { Password } from './password.js';
import { MECHANISM, ScramClient } from './scram.js';

/** As whom, and with what, the gateway logs in at the server. */
export interface ServerCredential {
  role: string;
  /** undefined: the server asks for none (a client certificate, trust) */
  password: Password | undefined;
  /** the way to the server is encrypted, so that it may be told the password itself */
  cleartext: boolean;
}

const failed = (message: string, hint: string): MidstreamError => new MidstreamError('unauthenticated', message, { hint });

/** Answers what the server asks for before it says Ok; the agent sees none of it. */
export class ServerLogin {
  private scram: ScramClient | undefined;

  constructor(
    readonly credential: ServerCredential,
    private readonly nonce: string,
  ) {}

  /** Bytes for the server, 'done' at AuthenticationOk, undefined where nothing is to be sent. Throws MidstreamError when it can't be done. */
  answer(f: Frame): Buffer | 'done' | undefined {
    const asked = decodeAuthentication(f.buf, f.body, f.end);
    switch (asked.kind) {
      case 'Ok':
        // A server that skips its proof may be another one.
        if (this.scram !== undefined && !this.scram.verified)
          throw failed('the server let the gateway in without proving that it knows the password', 'an operator must look at the server');
        return 'done';
      case 'CleartextPassword':
        if (!this.credential.cleartext)
          throw failed(
            'the server asks for the password in clear text, and the way to it is not encrypted',
            'an operator must set upstream_tls, or SCRAM at the server',
          );
        return encodePasswordMessage({ password: Buffer.from(this.password().text) });
      case 'MD5Password':
        return encodePasswordMessage({ password: Buffer.from(md5(this.password().text, this.credential.role, asked.salt)) });
      case 'SASL':
        if (!asked.mechanisms.includes(MECHANISM))
          throw failed(`the server offers no ${MECHANISM}`, 'an operator must look at the server’s pg_hba.conf');
        this.scram = new ScramClient(this.password().keys, this.nonce);
        return encodeSASLInitialResponse({ mechanism: MECHANISM, data: this.scram.first() });
      case 'SASLContinue':
        return encodeSASLResponse({ data: this.exchange().final(asked.data) });
      case 'SASLFinal':
        this.exchange().finish(asked.data);
        return undefined;
      default:
        throw failed(`the server asks for a login by ${asked.kind}, which the gateway does not do`, 'an operator must look at pg_hba.conf');
    }
  }

  private password(): Password {
    const { password } = this.credential;
    if (password === undefined)
      throw failed('the server asks for a password, and the gateway has none for this role', 'an operator must name one under logins');
    return password;
  }

  private exchange(): ScramClient {
    if (this.scram === undefined)
      throw new MidstreamError('protocol_violation', 'the server goes on with a password exchange that it has not begun');
    return this.scram;
  }
}

/** `md5` and md5(md5(password role) salt), in hex ("PasswordMessage" in the protocol chapter). */
function md5(password: string, role: string, salt: Buffer): string {
  const inner = createHash('md5').update(`${password}${role}`).digest('hex');
  return `md5${createHash('md5').update(inner).update(salt).digest('hex')}`;
}
