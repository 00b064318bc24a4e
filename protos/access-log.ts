import { Reader } from './wire.js';

/** What we read of one entry of envoy.data.accesslog.v3: an HTTPAccessLogEntry or a TCPAccessLogEntry (access-log.proto). What is absent is empty or 0. */
export interface AccessLog {
  kind: 'http' | 'tcp';
  /** host:port, or the path of a pipe */
  downstream_remote: string;
  upstream_remote: string;
  upstream_cluster: string;
  /** names of the flags that are set, in the order of their numbers */
  flags: string[];
  /** `session` in the namespace `midstream` of the dynamic metadata */
  session: string;
  upstream_failure: string;
  custom_tags: Record<string, string>;
  /** undefined: not told */
  duration_ms: number | undefined;
  termination: string;
  /** undefined: the connection had no TLS. The name that the client asked for is not read: it may hold anything. */
  tls: { tls_version?: number } | undefined;
  /** of the bodies, or of the connection */
  received_bytes: number;
  sent_bytes: number;
  /** of HTTP: 0 where there was no answer */
  status: number;
  details: string;
}

/** ResponseFlags: names by field number. */
const FLAGS: readonly (string | undefined)[] = Object.assign([] as (string | undefined)[], {
  1: 'failed_local_healthcheck',
  2: 'no_healthy_upstream',
  3: 'upstream_request_timeout',
  4: 'local_reset',
  5: 'upstream_remote_reset',
  6: 'upstream_connection_failure',
  7: 'upstream_connection_termination',
  8: 'upstream_overflow',
  9: 'no_route_found',
  12: 'rate_limited',
  14: 'rate_limit_service_error',
  15: 'downstream_connection_termination',
  16: 'upstream_retry_limit_exceeded',
  17: 'stream_idle_timeout',
  18: 'invalid_envoy_request_headers',
  19: 'downstream_protocol_error',
  20: 'upstream_max_stream_duration_reached',
  22: 'no_filter_config_found',
  23: 'duration_timeout',
  24: 'upstream_protocol_error',
  25: 'no_cluster_found',
  26: 'overload_manager',
  27: 'dns_resolution_failure',
});

/** Tag of a field: its number and its wire type. */
const message = (number: number): number => number * 8 + 2;
const varint = (number: number): number => number * 8;

type Fields = (tag: number, reader: Reader) => boolean;

/** Reads the fields of a message up to the reader's end; what `read` does not know is stepped over. */
function each(reader: Reader, read: Fields): void {
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (!read(tag, reader)) reader.skip(tag & 7);
  }
}

/** Reads a message within. */
function within(reader: Reader, read: (reader: Reader) => void): true {
  const outer = reader.enter();
  read(reader);
  reader.leave(outer);
  return true;
}

/** The entries of one StreamAccessLogsMessage. Throws ProtoError. */
export function decodeAccessLogs(buf: Buffer): AccessLog[] {
  const found: AccessLog[] = [];
  each(new Reader(buf), (tag, reader) => {
    if (tag !== message(2) && tag !== message(3)) return false;
    const kind = tag === message(2) ? 'http' : 'tcp';
    return within(reader, () =>
      each(reader, (inner) => {
        if (inner !== message(1)) return false;
        const log = nothing(kind);
        found.push(log);
        return within(reader, () => readEntry(reader, log));
      }),
    );
  });
  return found;
}

const nothing = (kind: AccessLog['kind']): AccessLog => ({
  kind,
  downstream_remote: '',
  upstream_remote: '',
  upstream_cluster: '',
  flags: [],
  session: '',
  upstream_failure: '',
  custom_tags: {},
  duration_ms: undefined,
  termination: '',
  tls: undefined,
  received_bytes: 0,
  sent_bytes: 0,
  status: 0,
  details: '',
});

function readEntry(reader: Reader, log: AccessLog): void {
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === message(1)) {
      const outer = reader.enter();
      readCommon(reader, log);
      reader.leave(outer);
    } else if (tag === message(2) && log.kind === 'tcp') readConnection(reader, log);
    else if (tag === message(3) && log.kind === 'http') readRequest(reader, log);
    else if (tag === message(4) && log.kind === 'http') readResponse(reader, log);
    else reader.skip(tag & 7);
  }
}

function readConnection(reader: Reader, log: AccessLog): void {
  within(reader, () =>
    each(reader, (tag) => {
      if (tag === varint(1)) log.received_bytes = reader.varint();
      else if (tag === varint(2)) log.sent_bytes = reader.varint();
      else return false;
      return true;
    }),
  );
}

function readRequest(reader: Reader, log: AccessLog): void {
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === varint(12)) log.received_bytes = reader.varint();
    else reader.skip(tag & 7);
  }
  reader.leave(outer);
}

function readResponse(reader: Reader, log: AccessLog): void {
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === message(1)) log.status = readNumber(reader);
    else if (tag === varint(3)) log.sent_bytes = reader.varint();
    else if (tag === message(6)) log.details = reader.string();
    else reader.skip(tag & 7);
  }
  reader.leave(outer);
}

/** google.protobuf.UInt32Value */
function readNumber(reader: Reader): number {
  let value = 0;
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === varint(1)) value = reader.varint();
    else reader.skip(tag & 7);
  }
  reader.leave(outer);
  return value;
}

function readCommon(reader: Reader, log: AccessLog): void {
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === message(2)) log.downstream_remote = readAddress(reader);
    else if (tag === message(4)) log.tls = readTls(reader);
    else if (tag === message(13)) log.upstream_remote = readAddress(reader);
    else if (tag === message(15)) log.upstream_cluster = reader.string();
    else if (tag === message(16)) log.flags = readFlags(reader);
    else if (tag === message(17)) readMetadata(reader, log);
    else if (tag === message(18)) log.upstream_failure = reader.string();
    else if (tag === message(22)) readTag(reader, log.custom_tags);
    else if (tag === message(23)) log.duration_ms = readDuration(reader);
    else if (tag === message(25)) log.termination = reader.string();
    else reader.skip(tag & 7);
  }
}

/** envoy.config.core.v3.Address: a SocketAddress or a Pipe. */
function readAddress(reader: Reader): string {
  let host = '';
  let port = 0;
  let pipe = '';
  let socket = false;
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag !== message(1) && tag !== message(2)) {
      reader.skip(tag & 7);
      continue;
    }
    socket = tag === message(1);
    const inner = reader.enter();
    while (reader.pos < reader.end) {
      const part = reader.varint();
      if (tag === message(2) && part === message(1)) pipe = reader.string();
      else if (tag === message(1) && part === message(2)) host = reader.string();
      else if (tag === message(1) && part === varint(3)) port = reader.varint();
      else reader.skip(part & 7);
    }
    reader.leave(inner);
  }
  reader.leave(outer);
  return socket ? `${host}:${port}` : pipe;
}

function readTls(reader: Reader): NonNullable<AccessLog['tls']> {
  const tls: NonNullable<AccessLog['tls']> = {};
  within(reader, () =>
    each(reader, (tag) => {
      if (tag !== varint(1)) return false;
      tls.tls_version = reader.varint();
      return true;
    }),
  );
  return tls;
}

function readFlags(reader: Reader): string[] {
  const flags: { number: number; name: string }[] = [];
  within(reader, () =>
    each(reader, (tag) => {
      const name = (tag & 7) === 0 ? FLAGS[tag >>> 3] : undefined;
      if (name === undefined) return false;
      if (reader.varint() !== 0) flags.push({ number: tag >>> 3, name });
      return true;
    }),
  );
  return flags.sort((a, b) => a.number - b.number).map(({ name }) => name);
}

function readDuration(reader: Reader): number {
  let seconds = 0;
  let nanos = 0;
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === varint(1)) seconds = reader.varint();
    else if (tag === varint(2)) nanos = reader.varint();
    else reader.skip(tag & 7);
  }
  reader.leave(outer);
  return seconds * 1000 + nanos / 1e6;
}

/** One entry of map<string, string>. */
function readTag(reader: Reader, tags: Record<string, string>): void {
  let key = '';
  let value = '';
  const outer = reader.enter();
  while (reader.pos < reader.end) {
    const tag = reader.varint();
    if (tag === message(1)) key = reader.string();
    else if (tag === message(2)) value = reader.string();
    else reader.skip(tag & 7);
  }
  reader.leave(outer);
  if (key !== '__proto__') tags[key] = value;
}

/** Metadata's filter_metadata = 1, a map of namespaces to Structs; of ours, what its field `session` says. */
function readMetadata(reader: Reader, log: AccessLog): void {
  within(reader, () =>
    entries(reader, (namespace) => {
      if (namespace !== 'midstream') return false;
      return within(reader, () =>
        entries(reader, (name) => {
          if (name !== 'session') return false;
          return within(reader, () =>
            each(reader, (tag) => {
              if (tag !== message(3)) return false;
              log.session = reader.string();
              return true;
            }),
          );
        }),
      );
    }),
  );
}

/** The entries of a map in field 1, keys first as they are written: `read` reads the value of a key, or says that it does not. */
function entries(reader: Reader, read: (key: string) => boolean): void {
  each(reader, (tag) => {
    if (tag !== message(1)) return false;
    return within(reader, () => {
      let key = '';
      each(reader, (part) => {
        if (part === message(1)) key = reader.string();
        else if (part === message(2)) return read(key);
        else return false;
        return true;
      });
    });
  });
}
