import type { DownstreamTls, EnvoyListener, HopAddresses, UpstreamTls } from '../../envoy/options.js';
import type { PeopleLogin } from '../console/login/types.js';
import type { HttpCredential } from '../identity/http-login.js';
import type { IdentityConfig } from '../identity/types.js';
import type { AuthenticationConfig, AwsCredential, HttpAuthenticationConfig } from './identity.js';
import type { LogLevel } from './log-levels.js';

/** midstream.yaml with every default filled in; paths are absolute, sizes are bytes, durations milliseconds. */
export interface Config {
  /** the file itself */
  file: string;
  listeners: ListenerConfig[];
  http: HttpConfig[];
  gateway: {
    /** one address for each worker */
    grpc: string[];
    workers: number;
  };
  policy_file: string;
  record: {
    directory: string;
    durability: 'strict' | 'relaxed';
    segment_bytes_max: number;
    recipients: string[];
    /** undefined: the recordings' own default, beside their directory */
    signing_key_file: string | undefined;
  };
  approvals: {
    database: string;
    /** undefined: no API */
    api: { host: string; port: number; hosts: string[]; tokens: TokenConfig[]; login: PeopleLogin | undefined } | undefined;
  };
  /** what agents may show to say who they are */
  identity: IdentityConfig;
  /** undefined: everybody who reaches a listener may connect */
  access: AccessRule[] | undefined;
  masks: { key_file: string | undefined; regions: string[] };
  log: { level: LogLevel };
  /** undefined: no metrics; else one address for each worker */
  metrics: { host: string; port: number }[] | undefined;
  envoy: { admin: string | undefined };
  limits: {
    connections_max: number;
    connection_buffer_bytes_max: number;
    connect_ms_max: number;
    names_max: number;
    notice_every_ms: number;
    /** milliseconds that a request may wait for its body */
    body_ms_max: number;
  };
}

export interface ListenerConfig {
  name: string;
  transport: 'ext_proc' | 'hop';
  listen: string;
  upstream: string;
  resource: string;
  /** connection string; undefined: no catalogue */
  catalogue_url: string | undefined;
  tls: EnvoyListener['tls'];
  upstream_tls: UpstreamTls | undefined;
  /** undefined: the client's own log-in passes through */
  authentication: AuthenticationConfig | undefined;
  /** one gateway address for each worker */
  hop: HopAddresses | undefined;
  postgres_proxy: boolean;
}

export interface HttpConfig {
  name: string;
  listen: string;
  /** `http://host:port` or `https://host` */
  upstream: string;
  upstream_ca_file: string | undefined;
  protocol: 'http' | 'mcp' | 'kubernetes';
  /** protocol: kubernetes */
  kubernetes: KubernetesConfig | undefined;
  /** files */
  grpc_descriptors: string[];
  mcp_filter: boolean;
  resource: string;
  tls: DownstreamTls | undefined;
  /** undefined: a certificate counts, else what callers claim */
  authentication: HttpAuthenticationConfig | undefined;
  /** undefined: the caller's own goes on */
  credential: HttpCredential | AwsCredential | undefined;
  /** one gateway address for each worker; undefined: upgrades are refused */
  hop: HopAddresses | undefined;
  /** protocols of Upgrade that come to the gateway; undefined: the usual ones */
  upgrades: string[] | undefined;
}

export interface KubernetesConfig {
  /** undefined: no token is sent */
  token_file: string | undefined;
  certificate: { certificate_file: string; key_file: string } | undefined;
  impersonation: boolean;
  /** the gateway acts for whoever was proven (Impersonate-User, Impersonate-Group) */
  as_caller: boolean;
}

export interface TokenConfig {
  id: string;
  /** what the same person is called elsewhere */
  also?: string[];
  groups: string[];
  /** `sha256:` and 64 hexadecimal digits */
  hash: string;
  /** ISO 8601, when it ends; absent: never */
  expires?: string;
}

export interface AccessRule {
  /** `*` stands for any part */
  resource: string;
  /** undefined: anybody */
  identities: string[] | undefined;
  /** undefined: from anywhere */
  sources: string[] | undefined;
  /** HTTP: names that are asked for, in small letters; undefined: any */
  hosts?: string[] | undefined;
  /** HTTP: undefined: any */
  paths?: string[] | undefined;
  /** HTTP: in capitals; undefined: any */
  methods?: string[] | undefined;
}
