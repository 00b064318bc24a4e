import { createServer, type Server } from 'node:http';

import { type CryptoKey, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { freePort } from './ports.js';

interface Key {
  kid: string;
  alg: string;
  private: CryptoKey;
  public: CryptoKey;
}

/** An issuer of tokens on this machine, with a key set that is fetched over HTTP; keys can be rotated, and it can go away. */
export class Issuer {
  readonly issuer: string;
  fetches = 0;
  private keys: Key[] = [];
  private constructor(
    private readonly server: Server,
    private readonly port: number,
  ) {
    this.issuer = `http://127.0.0.1:${port}`;
  }

  static async start(alg = 'ES256'): Promise<Issuer> {
    const server = createServer();
    const port = await freePort(); // not of the range for outgoing connections: it must be free when the issuer comes back
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    const issuer = new Issuer(server, port);
    server.on('request', (_request, response) => {
      issuer.fetches++;
      void issuer.jwks().then((set) => response.setHeader('content-type', 'application/json').end(JSON.stringify(set)));
    });
    await issuer.rotate('k1', alg);
    return issuer;
  }

  get jwks_url(): string {
    return `${this.issuer}/keys`;
  }

  /** A new key takes the place of those before. */
  async rotate(kid: string, alg = 'ES256'): Promise<void> {
    const pair = await generateKeyPair(alg, { extractable: true });
    this.keys = [{ kid, alg, private: pair.privateKey, public: pair.publicKey }];
  }

  /** Another key beside those that there are; tokens are signed with the first. */
  async add(kid: string, alg = 'ES256'): Promise<void> {
    const [first] = this.keys;
    await this.rotate(kid, alg);
    this.keys = [first!, ...this.keys];
  }

  async jwks(): Promise<{ keys: object[] }> {
    return {
      keys: await Promise.all(this.keys.map(async ({ kid, alg, ...key }) => ({ ...(await exportJWK(key.public)), kid, alg, use: 'sig' }))),
    };
  }

  /** A token of ours; claims and header may be anything. `ends_s` counts from now. */
  async token(
    claims: JWTPayload & Record<string, unknown> = {},
    { ends_s = 300, header = {} as Record<string, string> } = {},
  ): Promise<string> {
    const [key] = this.keys;
    const now = Math.floor(Date.now() / 1000);
    return await new SignJWT({
      iss: this.issuer,
      aud: 'midstream',
      sub: 'agent-7',
      groups: ['agents'],
      iat: now,
      exp: now + ends_s,
      ...claims,
    })
      .setProtectedHeader({ alg: key!.alg, kid: key!.kid, ...header })
      .sign(key!.private);
  }

  /** A token of ours whose header and payload are these very texts. */
  async sign(header: string, payload: string): Promise<string> {
    const text = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
    const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, this.keys[0]!.private, Buffer.from(text));
    return `${text}.${Buffer.from(signature).toString('base64url')}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((done) => this.server.close(done));
  }

  /** Back on the same port. */
  async again(): Promise<void> {
    await new Promise<void>((done) => this.server.listen(this.port, '127.0.0.1', done));
  }
}
