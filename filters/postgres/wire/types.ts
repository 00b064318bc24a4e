/**
 * Type codes of protocol 3.0 and 3.2 ("Message Formats" in the protocol chapter of the PostgreSQL manual).
 * The same byte means different things in the two directions, so nearly all of this comes in two halves.
 */

export type Side = 'frontend' | 'backend';

/** Messages that a frontend sends. PasswordMessage stands for the whole family (SASL, GSS, SSPI) that shares its byte. */
export const frontend = {
  Bind: 0x42, // B
  Close: 0x43, // C
  CopyData: 0x64, // d
  CopyDone: 0x63, // c
  CopyFail: 0x66, // f
  Describe: 0x44, // D
  Execute: 0x45, // E
  Flush: 0x48, // H
  FunctionCall: 0x46, // F
  Parse: 0x50, // P
  PasswordMessage: 0x70, // p
  Query: 0x51, // Q
  Sync: 0x53, // S
  Terminate: 0x58, // X
} as const;

/** Messages that a backend sends. */
export const backend = {
  Authentication: 0x52, // R
  BackendKeyData: 0x4b, // K
  BindComplete: 0x32, // 2
  CloseComplete: 0x33, // 3
  CommandComplete: 0x43, // C
  CopyData: 0x64, // d
  CopyDone: 0x63, // c
  CopyInResponse: 0x47, // G
  CopyOutResponse: 0x48, // H
  CopyBothResponse: 0x57, // W
  DataRow: 0x44, // D
  EmptyQueryResponse: 0x49, // I
  ErrorResponse: 0x45, // E
  FunctionCallResponse: 0x56, // V
  NegotiateProtocolVersion: 0x76, // v
  NoData: 0x6e, // n
  NoticeResponse: 0x4e, // N
  NotificationResponse: 0x41, // A
  ParameterDescription: 0x74, // t
  ParameterStatus: 0x53, // S
  ParseComplete: 0x31, // 1
  PortalSuspended: 0x73, // s
  ReadyForQuery: 0x5a, // Z
  RowDescription: 0x54, // T
} as const;

/** The int32 that follows an Authentication message's length. */
export const authentication = {
  Ok: 0,
  KerberosV5: 2,
  CleartextPassword: 3,
  MD5Password: 5,
  GSS: 7,
  GSSContinue: 8,
  SSPI: 9,
  SASL: 10,
  SASLContinue: 11,
  SASLFinal: 12,
} as const;

/** The int32 that tells startup-phase packets apart: a protocol version, or one of the 1234.x request codes. */
export const startupCode = {
  Protocol30: 196608,
  Protocol32: 196610,
  CancelRequest: 80877102,
  SSLRequest: 80877103,
  GSSENCRequest: 80877104,
} as const;

/** Status byte of ReadyForQuery. */
export const transactionStatus = {
  Idle: 0x49, // I
  InTransaction: 0x54, // T
  Failed: 0x45, // E
} as const;

/** Postgres refuses a startup packet whose bytes after the length word are fewer than 4 or more than this. */
export const STARTUP_BODY_BYTES_MAX = 10_000;

/** Largest length word that Postgres takes for any message (MaxAllocSize - 1), in bytes. */
export const POSTGRES_MESSAGE_BYTES_MAX = 0x3fff_fffe;

function table(codes: Record<string, number>): readonly (string | undefined)[] {
  const names: (string | undefined)[] = new Array(256).fill(undefined);
  for (const [name, code] of Object.entries(codes)) names[code] = name;
  return names;
}

const names = { frontend: table(frontend), backend: table(backend) } as const;

/** The protocol chapter's name of a type code, for logs; an unknown one is shown as its number. */
export function messageName(side: Side, type: number): string {
  if (type === 0) return 'startup packet';
  return names[side][type] ?? `message 0x${type.toString(16).padStart(2, '0')}`;
}

/** 1 where the byte is a message type of this side. */
export function knownTypes(side: Side): Uint8Array {
  const known = new Uint8Array(256);
  for (const code of Object.values(side === 'frontend' ? frontend : backend)) known[code] = 1;
  return known;
}

/** Name of a startup-phase packet's code, for logs. */
export function startupName(code: number): string {
  if (code === startupCode.CancelRequest) return 'CancelRequest';
  if (code === startupCode.SSLRequest) return 'SSLRequest';
  if (code === startupCode.GSSENCRequest) return 'GSSENCRequest';
  return 'StartupMessage';
}
