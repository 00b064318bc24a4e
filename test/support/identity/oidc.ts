import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Provider } from 'oidc-provider';

/** Who may come, by the name that they log in with. */
export const people: Record<string, { email: string; groups: string[] }> = {
  ada: { email: 'ada@shop.example', groups: ['DB Admins'] },
  eve: { email: 'eve@shop.example', groups: ['Interns'] },
};

/** A real OpenID provider on this machine; anybody may log in with any password. `host`: the name by which browsers reach it. */
export async function startOidc(redirect_uri: string, host = '127.0.0.1'): Promise<{ server: Server; issuer: string }> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'midstream',
        client_secret: 'client-secret',
        redirect_uris: [redirect_uri],
        response_types: ['code'],
        grant_types: ['authorization_code'],
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'groups'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: people[id]?.email, email_verified: true, groups: people[id]?.groups ?? [] }),
    }),
    cookies: { keys: ['a key of this test'] },
    pkce: { required: () => true },
  });
  server.on('request', provider.callback());
  return { server, issuer };
}

/** The provider as the approvals API is told of it; the client's secret stands in the file `secret` of the folder. */
export const oidcLogin = (issuer: string, folder: string) => ({
  issuer,
  client_id: 'midstream',
  client_secret_file: join(folder, 'secret'),
  scopes: ['openid', 'email'],
  id_claim: 'email',
  groups_claim: 'groups',
});
