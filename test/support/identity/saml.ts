import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import samlp from 'samlp';
import { people } from './oidc.js';

/** What the approvals API calls itself. */
const US = 'https://approvals.shop.example';

export interface SamlKey {
  certificate: string;
  key: string;
}

export interface RunningSaml extends SamlKey {
  server: Server;
  entry: string;
}

export function newSamlKey(): SamlKey {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    certificate: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

interface SamlUser {
  id: string;
  name: string;
  groups: string[];
}

const userOf = (id: string): SamlUser => ({ id, name: people[id]?.email ?? id, groups: people[id]?.groups ?? [] });

const optionsOf = ({ certificate, key }: SamlKey, acs: string): object => ({
  issuer: 'https://idp.example',
  cert: certificate,
  key,
  recipient: acs,
  destination: acs,
  profileMapper: (user: SamlUser) => ({
    getClaims: () => ({ groups: user.groups }),
    getNameIdentifier: () => ({ nameIdentifier: user.name }),
    metadata: [],
  }),
});

/** A real SAML identity provider: who comes is who its address says. `host`: the name by which browsers reach it. */
export async function startSaml(acs: string, host = '127.0.0.1'): Promise<RunningSaml> {
  const key = newSamlKey();
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1');
    Object.assign(request, { query: Object.fromEntries(url.searchParams), body: {}, originalUrl: request.url });
    // What express adds, and the library counts on.
    Object.assign(response, {
      set: (name: string, value: string) => response.setHeader(name, value),
      send: (text: string) => response.end(text),
    });
    samlp.auth({
      ...optionsOf(key, acs),
      getPostURL: (_a: unknown, _d: unknown, _r: unknown, done: (error: null, url: string) => void) => done(null, acs),
      getUserFromRequest: () => userOf(url.searchParams.get('user') ?? 'ada'),
    })(request, response, (error?: Error) => response.writeHead(500).end(error?.message));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { ...key, server, entry: `http://${host}:${(server.address() as AddressInfo).port}/sso` };
}

/** An answer of the provider as XML, made by its library with whatever a test says otherwise. */
export function samlAnswer(
  key: SamlKey,
  acs: string,
  inResponseTo: string | undefined,
  user: Partial<SamlUser>,
  more: object = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = {
      signatureAlgorithm: 'rsa-sha256',
      digestAlgorithm: 'sha256',
      audience: US,
      ...optionsOf(key, acs),
      inResponseTo,
      ...more,
    };
    samlp.getSamlResponse(options, { ...userOf('ada'), ...user }, (error, xml) => (error ? reject(error) : resolve(xml)));
  });
}

/** The provider as the approvals API is told of it; its certificate is written into the folder. */
export function samlLogin({ entry, certificate }: RunningSaml, folder: string) {
  const certificate_file = join(folder, 'idp.pem');
  writeFileSync(certificate_file, certificate);
  return { entry_point: entry, certificate_file, issuer: US, id_attribute: undefined, groups_attribute: 'groups' };
}
