import { type BackendMessage, buildErrorResponse, errorFields, type FrontendMessage } from '../../../filters/postgres/wire/index.js';

/** What each message looks like on the wire: a name, the bytes as written in the protocol chapter, and the value. */
export interface Literal<M> {
  note: string;
  bytes: Buffer;
  message: M;
}

const b = (text: string) => Buffer.from(text, 'latin1');

/** Writes bytes as people do: 'text' in quotes, everything else in hex. */
export function bytes(notation: string): Buffer {
  const parts = notation.match(/'[^']*'|[0-9a-f]+/g) ?? [];
  return Buffer.concat(parts.map((part) => (part.startsWith("'") ? b(part.slice(1, -1)) : Buffer.from(part, 'hex'))));
}

const lit = <M>(note: string, notation: string, message: M): Literal<M> => ({ note, bytes: bytes(notation), message });

const key32 = Buffer.from(Array.from({ length: 32 }, (_, i) => i));
const param = (name: string, value: string) => ({ name, value: b(value) });

export const frontendLiterals: Literal<FrontendMessage>[] = [
  lit('SSLRequest', '00000008 04d2162f', { name: 'StartupPacket', value: { kind: 'ssl' } }),
  lit('GSSENCRequest', '00000008 04d21630', { name: 'StartupPacket', value: { kind: 'gssenc' } }),
  lit('CancelRequest 3.0', '00000010 04d2162e 000004d2 deadbeef', {
    name: 'StartupPacket',
    value: { kind: 'cancel', process_id: 1234, key: bytes('deadbeef') },
  }),
  lit(`CancelRequest 3.2`, `0000002c 04d2162e 000004d2 ${key32.toString('hex')}`, {
    name: 'StartupPacket',
    value: { kind: 'cancel', process_id: 1234, key: key32 },
  }),
  lit('StartupMessage 3.0', "00000020 00030000 'user' 00 'bob' 00 'database' 00 'shop' 00 00", {
    name: 'StartupPacket',
    value: { kind: 'startup', version: 196608, parameters: [param('user', 'bob'), param('database', 'shop')] },
  }),
  lit('StartupMessage 3.2 with an option of the protocol', "00000019 00030002 'user' 00 'u' 00 '_pq_.x' 00 '1' 00 00", {
    name: 'StartupPacket',
    value: { kind: 'startup', version: 196610, parameters: [param('user', 'u'), param('_pq_.x', '1')] },
  }),
  lit('StartupMessage without parameters', '00000009 00030000 00', {
    name: 'StartupPacket',
    value: { kind: 'startup', version: 196608, parameters: [] },
  }),
  lit('protocol 2.0', "0000000a 00020000 'xy'", {
    name: 'StartupPacket',
    value: { kind: 'unsupported', code: 131072, rest: b('xy') },
  }),
  lit('Bind', "'B' 00000025 'p' 00 's' 00 0002 0000 0001 0003 00000001 '7' ffffffff 00000004 0000002a 0001 0001", {
    name: 'Bind',
    value: { portal: 'p', statement: 's', formats: [0, 1], values: [b('7'), null, bytes('0000002a')], result_formats: [1] },
  }),
  lit('Bind of nothing', "'B' 0000000c 00 00 0000 0000 0000", {
    name: 'Bind',
    value: { portal: '', statement: '', formats: [], values: [], result_formats: [] },
  }),
  lit('Close of a statement', "'C' 00000008 'S' 's1' 00", { name: 'Close', value: { target: 'statement', name: 's1' } }),
  lit('Close of the unnamed portal', "'C' 00000006 'P' 00", { name: 'Close', value: { target: 'portal', name: '' } }),
  lit('CopyData', "'d' 00000009 'a' 09 'b' 0a 00", { name: 'CopyData', value: { data: b('a\tb\n\0') } }),
  lit('CopyDone', "'c' 00000004", { name: 'CopyDone', value: {} }),
  lit('CopyFail', "'f' 00000008 'why' 00", { name: 'CopyFail', value: { reason: b('why') } }),
  lit('Describe', "'D' 00000007 'P' e9 00", { name: 'Describe', value: { target: 'portal', name: 'é' } }),
  lit('Execute', "'E' 0000000a 'p' 00 00000064", { name: 'Execute', value: { portal: 'p', rows_max: 100 } }),
  lit('Execute with a negative row count', "'E' 00000009 00 ffffffff", { name: 'Execute', value: { portal: '', rows_max: -1 } }),
  lit('Flush', "'H' 00000004", { name: 'Flush', value: {} }),
  lit('FunctionCall', "'F' 0000001a 000003bb 0001 0001 0002 00000002 'ab' ffffffff 0001", {
    name: 'FunctionCall',
    value: { function_oid: 955, formats: [1], arguments: [b('ab'), null], result_format: 1 },
  }),
  lit('Parse', "'P' 0000001a 's' 00 'select $1' 00 0002 00000017 ffffffff", {
    name: 'Parse',
    value: { statement: 's', text: b('select $1'), parameter_types: [23, 4294967295] },
  }),
  lit('PasswordMessage', "'p' 0000000b 'secret' 00", { name: 'PasswordMessage', value: { data: b('secret\0') } }),
  lit('Query', "'Q' 0000000d 'select 1' 00", { name: 'Query', value: { text: b('select 1') } }),
  lit('Query of nothing', "'Q' 00000005 00", { name: 'Query', value: { text: b('') } }),
  lit('Query in another encoding', "'Q' 0000000c 27 835c 27 3b ff fe 00", {
    name: 'Query',
    value: { text: bytes('27835c273bfffe') },
  }),
  lit('Sync', "'S' 00000004", { name: 'Sync', value: {} }),
  lit('Terminate', "'X' 00000004", { name: 'Terminate', value: {} }),
];

const column = { name: b('id'), table_oid: 16384, attribute: 1, type_oid: 23, type_size: 4, type_modifier: -1, format: 0 as const };

export const backendLiterals: Literal<BackendMessage>[] = [
  lit('AuthenticationOk', "'R' 00000008 00000000", { name: 'Authentication', value: { kind: 'Ok' } }),
  lit('AuthenticationKerberosV5', "'R' 00000008 00000002", { name: 'Authentication', value: { kind: 'KerberosV5' } }),
  lit('AuthenticationCleartextPassword', "'R' 00000008 00000003", { name: 'Authentication', value: { kind: 'CleartextPassword' } }),
  lit('AuthenticationMD5Password', "'R' 0000000c 00000005 01020304", {
    name: 'Authentication',
    value: { kind: 'MD5Password', salt: bytes('01020304') },
  }),
  lit('AuthenticationGSS', "'R' 00000008 00000007", { name: 'Authentication', value: { kind: 'GSS' } }),
  lit('AuthenticationGSSContinue', "'R' 0000000a 00000008 0102", {
    name: 'Authentication',
    value: { kind: 'GSSContinue', data: bytes('0102') },
  }),
  lit('AuthenticationSSPI', "'R' 00000008 00000009", { name: 'Authentication', value: { kind: 'SSPI' } }),
  lit('AuthenticationSASL', "'R' 00000019 0000000a 'SCRAM-SHA-256' 00 'X' 00 00", {
    name: 'Authentication',
    value: { kind: 'SASL', mechanisms: ['SCRAM-SHA-256', 'X'] },
  }),
  lit('AuthenticationSASLContinue', "'R' 0000000b 0000000b 'r=x'", {
    name: 'Authentication',
    value: { kind: 'SASLContinue', data: b('r=x') },
  }),
  lit('AuthenticationSASLFinal', "'R' 0000000b 0000000c 'v=x'", { name: 'Authentication', value: { kind: 'SASLFinal', data: b('v=x') } }),
  lit('BackendKeyData 3.0', "'K' 0000000c 000004d2 deadbeef", {
    name: 'BackendKeyData',
    value: { process_id: 1234, key: bytes('deadbeef') },
  }),
  lit('BackendKeyData 3.2', `'K' 00000028 000004d2 ${key32.toString('hex')}`, {
    name: 'BackendKeyData',
    value: { process_id: 1234, key: key32 },
  }),
  lit('BindComplete', "'2' 00000004", { name: 'BindComplete', value: {} }),
  lit('CloseComplete', "'3' 00000004", { name: 'CloseComplete', value: {} }),
  lit('CommandComplete', "'C' 0000000f 'INSERT 0 5' 00", { name: 'CommandComplete', value: { tag: 'INSERT 0 5' } }),
  lit('CopyData', "'d' 00000005 ff", { name: 'CopyData', value: { data: bytes('ff') } }),
  lit('CopyDone', "'c' 00000004", { name: 'CopyDone', value: {} }),
  lit('CopyInResponse', "'G' 0000000b 00 0002 0000 0000", { name: 'CopyInResponse', value: { format: 0, column_formats: [0, 0] } }),
  lit('CopyOutResponse', "'H' 00000009 01 0001 0001", { name: 'CopyOutResponse', value: { format: 1, column_formats: [1] } }),
  lit('CopyBothResponse', "'W' 00000007 00 0000", { name: 'CopyBothResponse', value: { format: 0, column_formats: [] } }),
  lit('DataRow', "'D' 00000013 0003 00000001 '7' ffffffff 00000000", { name: 'DataRow', value: { values: [b('7'), null, b('')] } }),
  lit('DataRow without columns', "'D' 00000006 0000", { name: 'DataRow', value: { values: [] } }),
  lit('EmptyQueryResponse', "'I' 00000004", { name: 'EmptyQueryResponse', value: {} }),
  lit('ErrorResponse', "'E' 00000024 'SERROR' 00 'VERROR' 00 'C42501' 00 'Mno' 00 'Hx' 00 '!u' 00 00", {
    name: 'ErrorResponse',
    value: {
      fields: [...errorFields({ severity: 'ERROR', code: '42501', message: 'no', hint: 'x' }).fields, { code: 0x21, value: b('u') }],
    },
  }),
  lit('ErrorResponse without fields', "'E' 00000005 00", { name: 'ErrorResponse', value: { fields: [] } }),
  lit('FunctionCallResponse', "'V' 0000000a 00000002 'ab'", { name: 'FunctionCallResponse', value: { value: b('ab') } }),
  lit('FunctionCallResponse of NULL', "'V' 00000008 ffffffff", { name: 'FunctionCallResponse', value: { value: null } }),
  lit('NegotiateProtocolVersion', "'v' 00000013 00030000 00000001 '_pq_.x' 00", {
    name: 'NegotiateProtocolVersion',
    value: { version: 196608, unrecognized: ['_pq_.x'] },
  }),
  lit('NoData', "'n' 00000004", { name: 'NoData', value: {} }),
  lit('NoticeResponse', "'N' 0000000b 'SNOTE' 00 00", {
    name: 'NoticeResponse',
    value: { fields: [{ code: 0x53, value: b('NOTE') }] },
  }),
  lit('NotificationResponse', "'A' 0000000f 00000007 'ch' 00 'pay' 00", {
    name: 'NotificationResponse',
    value: { process_id: 7, channel: b('ch'), payload: b('pay') },
  }),
  lit('ParameterDescription', "'t' 0000000e 0002 00000017 00000019", {
    name: 'ParameterDescription',
    value: { parameter_types: [23, 25] },
  }),
  lit('ParameterStatus', "'S' 00000019 'client_encoding' 00 'UTF8' 00", {
    name: 'ParameterStatus',
    value: { name: 'client_encoding', value: b('UTF8') },
  }),
  lit('ParseComplete', "'1' 00000004", { name: 'ParseComplete', value: {} }),
  lit('PortalSuspended', "'s' 00000004", { name: 'PortalSuspended', value: {} }),
  lit('ReadyForQuery idle', "'Z' 00000005 'I'", { name: 'ReadyForQuery', value: { status: 'idle' } }),
  lit('ReadyForQuery in a transaction', "'Z' 00000005 'T'", { name: 'ReadyForQuery', value: { status: 'in_transaction' } }),
  lit('ReadyForQuery in a failed transaction', "'Z' 00000005 'E'", { name: 'ReadyForQuery', value: { status: 'failed' } }),
  lit('RowDescription', "'T' 0000001b 0001 'id' 00 00004000 0001 00000017 0004 ffffffff 0000", {
    name: 'RowDescription',
    value: { columns: [column] },
  }),
];

/** Our own refusal as drivers see it, for the table of the errors that we build. */
export const refusal = buildErrorResponse({ severity: 'ERROR', code: '42501', message: 'no', hint: 'x' });
