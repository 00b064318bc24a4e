/** What a rendered configuration is made of. Addresses are text: `host:port`, `[::1]:port`, or `unix:/path`. */
export interface RenderOptions {
  /** one for each database that agents reach through Envoy; names differ */
  listeners: EnvoyListener[];
  /** one for each HTTP server; names differ from those of databases too */
  http?: HttpListener[];
  gateway: GatewayEndpoints;
  /** Envoy's admin interface: loopback or a Unix socket, never an address that others reach; left out when absent */
  admin?: string;
  limits?: Partial<EnvoyLimits>;
  /** certificates are read from files in this folder (renderSecrets), so that renewed ones count at once; without it they count from Envoy's start */
  secrets_directory?: string;
}

export interface EnvoyListener {
  /** the listener's name; the gateway gets it as gRPC metadata `x-midstream-listener` */
  name: string;
  transport: 'ext_proc' | 'hop';
  /** where agents connect */
  listen: string;
  /** the server behind, `host:port` with a name or an IP address */
  upstream: string;
  /** TLS with agents, asked for in band (SSLRequest) or from the first byte on. Absent: the bytes come in the clear */
  tls?: DownstreamTls & {
    /** direct: from the first byte on alone, as a mesh's mTLS and sslnegotiation=direct do it; postgres: that, and SSLRequest */
    negotiation?: 'postgres' | 'direct';
    /** agents that go on in clear are refused (postgres only: direct has no other way) */
    required?: boolean;
  };
  /** TLS towards the server. Absent: in the clear */
  upstream_tls?: UpstreamTls;
  /** hop only */
  hop?: HopAddresses;
  /**
   * connect to what is behind before TLS has proven who connects. For Envoys that do not know upstream_connect_mode (before
   * 1.37); by hop the PROXY header then may not tell the identity
   */
  connect_early?: boolean;
  /** put the contrib build's postgres_proxy first and forward what it parsed, as a second opinion (ext_proc only) */
  postgres_proxy?: boolean;
}

/** A listener before an HTTP server: APIs, MCP servers. */
export interface HttpListener {
  name: string;
  /** where agents connect */
  listen: string;
  /** the server behind: `http://host:port` or `https://host` */
  upstream: string;
  /** https: whose certificates are believed; the system's file where Debian keeps it otherwise */
  upstream_ca_file?: string;
  /** https: any certificate is believed: for a kubeconfig that says so */
  upstream_insecure?: boolean;
  /** https: the name in its certificate, where it is another than the host's */
  upstream_tls_name?: string;
  /** https: the certificate that Envoy shows */
  upstream_certificate?: { certificate_file: string; key_file: string };
  /** upgrades come as far as the gateway, which refuses them in words that kubectl prints */
  kubernetes?: boolean;
  tls?: DownstreamTls;
  /** ask ext_authz for each request, before ext_proc sees it: of use where access is ruled */
  authorize?: boolean;
  /** put Envoy's own reader of MCP first and forward what it read, as a second opinion */
  mcp_filter?: boolean;
  /** Envoy verifies signed tokens itself (jwt_authn), and tells the gateway what they say */
  jwt?: { required: boolean; providers: JwtProvider[] };
  /** Envoy signs what goes on (AWS SigV4), after everything else was changed */
  aws?: AwsSigning;
  /** where upgraded streams (WebSocket) go through the gateway and come back; without it they are refused */
  hop?: HopAddresses;
  /** protocols of `Upgrade` that come to the gateway; DEFAULT_UPGRADES unless said otherwise */
  upgrades?: readonly string[];
}

/** SPDY is let in to be refused with a message that says what to do; Envoy's own refusal says nothing. */
export const DEFAULT_UPGRADES: readonly string[] = ['websocket', 'SPDY/3.1'];

export interface AwsSigning {
  service: string;
  region: string;
  /** of credentials, as the AWS programs write it; undefined: Envoy's environment, then the role of the machine or the pod */
  file: string | undefined;
  /** the body's hash is signed: Envoy keeps each body whole, up to its buffer's limit; S3 takes requests without */
  sign_body: boolean;
}

export interface JwtProvider {
  issuer: string;
  audiences: string[];
  keys: { url: string } | { file: string };
  /** keys are fetched anew at least that often, milliseconds */
  keys_ms_max: number;
  clock_tolerance_s: number;
}

export interface DownstreamTls {
  certificate_file: string;
  key_file: string;
  /** a client must show a certificate of this authority; its SPIFFE id becomes the identity */
  client_ca_file?: string;
  /** optional: an agent without a certificate may go on, and must prove otherwise who it is; required unless said otherwise */
  client_certificate?: 'required' | 'optional';
}

export interface UpstreamTls {
  /** whose certificates are believed; the system's file where Debian keeps it otherwise */
  ca_file?: string;
  /** the name that must stand in the server's certificate; the host of `upstream` otherwise */
  server_name?: string;
  /** a client certificate of the gateway's own */
  certificate_file?: string;
  key_file?: string;
  /** postgres: asked for by SSLRequest; direct: TLS at once, which PostgreSQL 17 knows */
  negotiation?: 'postgres' | 'direct';
}

export interface HopAddresses {
  /** where the gateway takes connections, one for each of its workers: loopback or a Unix socket */
  gateway: string[];
  /** Envoy's listener that the gateway hands connections back to: loopback or a Unix socket */
  back: string;
  /** where TLS is asked for in band: loopback or Unix sockets, all of them */
  starttls?: {
    /** the gateway's handshake with agents, one for each of its workers */
    agents: string[];
    /** Envoy's listener that does TLS with them */
    tls: string;
    /** the gateway's handshake with the server, one for each of its workers */
    server: string[];
    /** Envoy's plain way to the server */
    plain: string;
  };
}

export interface GatewayEndpoints {
  /** where the gateway serves gRPC, one for each of its workers */
  grpc: string[];
  /** ask ext_authz who may connect; true unless said otherwise */
  authorize?: boolean;
  /** send access logs to the gateway; true unless said otherwise */
  access_log?: boolean;
  /** take a gateway that does not answer its gRPC health check out of rotation; true unless said otherwise */
  health_check?: boolean;
}

/** Every limit of the configuration, with its unit. */
export interface EnvoyLimits {
  /** connections of agents at once; each is one gRPC stream, so circuit breakers follow from it */
  connections_max: number;
  /** bytes that a connection may buffer before its sender is no longer read */
  connection_buffer_bytes_max: number;
  /** bytes of one gRPC stream that the gateway may have on the way to Envoy */
  stream_window_bytes: number;
  /**
   * the same for all streams of one gRPC connection. Far more than one stream's, or a few agents that do not read
   * would stop the answers to all others
   */
  gateway_window_bytes: number;
  /** milliseconds in which the server must accept a connection */
  connect_ms_max: number;
  /** milliseconds in which the gateway must say whether somebody may connect */
  authorize_ms_max: number;
}

export const defaultLimits: EnvoyLimits = {
  connections_max: 10_000,
  connection_buffer_bytes_max: 256 * 1024,
  stream_window_bytes: 256 * 1024,
  gateway_window_bytes: 64 * 1024 * 1024,
  connect_ms_max: 5_000,
  authorize_ms_max: 5_000,
};
