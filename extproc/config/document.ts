import type { DownstreamTls, EnvoyListener, UpstreamTls } from '../../envoy/options.js';
import type { AuthenticationDocument, HttpAuthenticationDocument, HttpCredentialDocument, IdentityDocument } from './identity.js';
import type { PeopleDocument } from './people.js';
import type { AccessRule, Config } from './types.js';

/** The file's content after its structure was found to be right (schema.ts). */
export interface ConfigDocument {
  listeners?: ListenerDocument[];
  http?: HttpDocument[];
  gateway?: { grpc?: string; workers?: number };
  policy: string;
  record: {
    directory: string;
    durability?: 'strict' | 'relaxed';
    segment_bytes_max?: number | string;
    recipients?: string[];
    signing_key_file?: string;
  };
  approvals?: {
    database?: string;
    api?: {
      listen: string;
      hosts?: string[];
      login?: PeopleDocument;
      tokens?: { id: string; also?: string[]; groups: string[]; hash: string; expires?: string }[];
    };
  };
  identity?: IdentityDocument;
  access?: AccessDocument[];
  masks?: { key_file?: string; regions?: string[] };
  log?: { level?: Config['log']['level'] };
  metrics?: { listen: string };
  envoy?: { admin?: string };
  limits?: {
    connections_max?: number;
    connection_buffer_bytes_max?: number | string;
    connect_timeout?: string;
    names_max?: number;
    notice_every?: string;
    body_within?: string;
  };
}

export type AccessDocument = Partial<AccessRule>;

export interface ListenerDocument {
  name: string;
  transport?: 'ext_proc' | 'hop';
  listen: string;
  upstream: string;
  resource?: string;
  catalogue?: { url?: string; url_file?: string; url_env?: string };
  tls?: NonNullable<EnvoyListener['tls']>;
  upstream_tls?: UpstreamTls;
  authentication?: AuthenticationDocument;
  hop?: { gateway: string; back: string; starttls?: { agents: string; tls: string; server: string; plain: string } };
  postgres_proxy?: boolean;
}

export interface HttpDocument {
  name: string;
  listen: string;
  upstream: string;
  upstream_ca_file?: string;
  protocol?: 'http' | 'mcp' | 'kubernetes';
  kubernetes?: { token_file?: string; certificate_file?: string; key_file?: string; impersonation?: boolean; as_caller?: boolean };
  grpc_descriptors?: string[];
  mcp_filter?: boolean;
  resource?: string;
  tls?: DownstreamTls;
  authentication?: HttpAuthenticationDocument;
  credential?: HttpCredentialDocument;
  hop?: { gateway: string; back: string };
  upgrades?: string[];
}
