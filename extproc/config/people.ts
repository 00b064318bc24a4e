import { parseDuration } from '../../filters/policy/units.js';
import type { PeopleLogin } from '../console/login/types.js';
import { isEncryptedOrLocal } from './encrypted-or-local.js';
import { duration, file, object, text, texts } from './schema-parts.js';

export interface PeopleDocument {
  url: string;
  session?: string;
  idle?: string;
  groups?: Record<string, string[]>;
  oidc?: { issuer: string; client_id: string; client_secret_file?: string; scopes?: string[]; id_claim?: string; groups_claim?: string };
  saml?: { entry_point: string; certificate_file: string; issuer: string; id_attribute?: string; groups_attribute?: string };
}

export const peopleSchema = object(
  'Approvers log in at an identity provider, beside those with tokens.',
  {
    url: text(
      'How browsers reach this API; the provider sends them back there. https, or http on this machine.',
      'for example https://approvals.shop.example',
    ),
    session: duration('A session ends after that.', '1h'),
    idle: duration('And after that without a request.', '15m'),
    groups: {
      type: 'object',
      maxProperties: 1000,
      additionalProperties: texts('', 'for example [dba]'),
      description: 'The provider’s groups, and what rules call them in approve.by. Without it they are called alike.',
      'x-say': 'write groups of the provider with a list each, for example { "DB Admins": [dba] }',
    },
    oidc: object(
      'An OpenID provider: the code flow with PKCE; its redirect address is URL/login/oidc/callback.',
      {
        issuer: text('Its issuer.', 'for example https://login.example.com'),
        client_id: text('What it calls us.', 'write the client’s id'),
        client_secret_file: file('The client’s secret; without it the client is a public one.'),
        scopes: texts('What is asked for.', 'for example [openid, email]'),
        id_claim: { ...text('Claim that names the person on decisions.', 'for example email'), default: 'email' },
        groups_claim: { ...text('Claim with the groups.', 'for example groups'), default: 'groups' },
      },
      ['issuer', 'client_id'],
    ),
    saml: object(
      'A SAML 2.0 identity provider; our metadata is at URL/login/saml/metadata.',
      {
        entry_point: text('Where the browser is sent (HTTP-Redirect).', 'write an address'),
        certificate_file: file('PEM certificate that it signs with.'),
        issuer: text('Our own entity id.', 'for example https://approvals.shop.example'),
        id_attribute: text('Attribute that names the person; the NameID otherwise.', 'for example email'),
        groups_attribute: { ...text('Attribute with the groups.', 'for example groups'), default: 'groups' },
      },
      ['entry_point', 'certificate_file', 'issuer'],
    ),
  },
  ['url'],
);

export function resolvePeople(
  document: PeopleDocument,
  pointer: string,
  { problem, path }: { problem: (pointer: string, what: string, fix: string) => void; path: (name: string) => string },
): PeopleLogin {
  const { url, session = '1h', idle = '15m', groups, oidc, saml } = document;
  if (oidc === undefined && saml === undefined) problem(pointer, 'nobody is named to log in at', 'add oidc, saml or both');
  if (!['', '/'].includes(pathOf(url)))
    problem(`${pointer}/url`, `${url} has a path, and pages are at the root`, 'write https://host alone');
  if (oidc?.scopes !== undefined && !oidc.scopes.includes('openid'))
    problem(`${pointer}/oidc/scopes`, 'without the scope openid nobody is told who logs in', 'add openid');
  for (const [at, address] of [
    [`${pointer}/url`, url],
    ...(oidc ? [[`${pointer}/oidc/issuer`, oidc.issuer]] : []),
    ...(saml ? [[`${pointer}/saml/entry_point`, saml.entry_point]] : []),
  ] as [string, string][])
    if (!isEncryptedOrLocal(address)) problem(at, `${address} is no https address`, 'write https://…; http is for this machine alone');
  return {
    url,
    session_ms_max: parseDuration(session) ?? 0,
    idle_ms_max: parseDuration(idle) ?? 0,
    groups,
    oidc: oidc && {
      issuer: oidc.issuer,
      client_id: oidc.client_id,
      client_secret_file: oidc.client_secret_file === undefined ? undefined : path(oidc.client_secret_file),
      scopes: oidc.scopes ?? ['openid', 'email', 'profile'],
      id_claim: oidc.id_claim ?? 'email',
      groups_claim: oidc.groups_claim ?? 'groups',
    },
    saml: saml && {
      entry_point: saml.entry_point,
      certificate_file: path(saml.certificate_file),
      issuer: saml.issuer,
      id_attribute: saml.id_attribute,
      groups_attribute: saml.groups_attribute ?? 'groups',
    },
  };
}

const pathOf = (url: string): string => {
  try {
    const { pathname, search, hash } = new URL(url);
    return `${pathname}${search}${hash}`;
  } catch {
    return '';
  }
};
