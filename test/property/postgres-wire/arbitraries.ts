import fc from 'fast-check';
import type { BackendMessage, FrontendMessage } from '../../../filters/postgres/wire/index.js';
import * as wire from '../../../filters/postgres/wire/index.js';

/** Any value of every message. */

const plain = { noNullPrototype: true } as const;
const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(model, plain) as unknown as fc.Arbitrary<T>;
const bytes = (max: number, min = 0) => fc.uint8Array({ minLength: min, maxLength: max }).map((b) => Buffer.from(b));
/** Raw text: any bytes but zero. */
const text = (max = 60) => fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: max }).map((b) => Buffer.from(b));
const name = text(12).map((raw) => raw.toString('latin1'));
const nonEmptyName = name.filter((n) => n !== '');
const whole = <T>(message: wire.Codec<T>['encode'], value: fc.Arbitrary<T>) => value.map((v) => message(v));

/** Now and then a value is itself a message, or begins as one: what smuggling looks like. */
const smuggled = fc.oneof(
  whole(wire.encodeQuery, record({ text: text() })),
  fc.constantFrom(wire.encodeSync(), wire.encodeTerminate(), wire.encodeReadyForQuery({ status: 'idle' })),
  fc.constant(Buffer.from('510000ffff64726f70', 'hex')),
);
const value = fc.oneof({ weight: 4, arbitrary: bytes(80) }, { weight: 1, arbitrary: smuggled });
const values = fc.array(fc.option(value), { maxLength: 8 });
const int16 = fc.integer({ min: -32768, max: 32767 });
const int32 = fc.integer({ min: -2147483648, max: 2147483647 });
const oid = fc.nat(0xffffffff);
const formats = fc.array(fc.constantFrom(0, 1), { maxLength: 8 });
const empty = fc.constant({});
const errorFields = record<wire.ErrorFields>({
  fields: fc.array(record<wire.ErrorField>({ code: fc.integer({ min: 1, max: 255 }), value: text() }), { maxLength: 8 }),
});
const target = record<wire.Target>({ target: fc.constantFrom('statement', 'portal'), name });
const key = bytes(256, 4);
const copyResponse = record<wire.CopyResponse>({ format: fc.constantFrom(0, 1), column_formats: formats });

const startup: fc.Arbitrary<wire.StartupPacket> = fc.oneof(
  fc.constant<wire.StartupPacket>({ kind: 'ssl' }),
  fc.constant<wire.StartupPacket>({ kind: 'gssenc' }),
  record<wire.CancelRequest>({ kind: fc.constant('cancel'), process_id: int32, key }),
  record<wire.StartupMessage>({
    kind: fc.constant('startup'),
    version: fc.integer({ min: 0, max: 0xffff }).map((minor) => (3 << 16) | minor),
    parameters: fc.array(record<wire.StartupParameter>({ name: nonEmptyName, value: text() }), { maxLength: 5 }),
  }),
);

const authentication: fc.Arbitrary<wire.Authentication> = fc.oneof(
  record<{ kind: 'Ok' }>({ kind: fc.constantFrom('Ok', 'KerberosV5', 'CleartextPassword', 'GSS', 'SSPI') as fc.Arbitrary<'Ok'> }),
  record<{ kind: 'MD5Password'; salt: Buffer }>({ kind: fc.constant('MD5Password'), salt: bytes(4, 4) }),
  record<{ kind: 'SASL'; mechanisms: string[] }>({ kind: fc.constant('SASL'), mechanisms: fc.array(nonEmptyName, { maxLength: 3 }) }),
  record<{ kind: 'SASLFinal'; data: Buffer }>({
    kind: fc.constantFrom('GSSContinue', 'SASLContinue', 'SASLFinal') as fc.Arbitrary<'SASLFinal'>,
    data: bytes(60),
  }),
);

const column = record<wire.ColumnDescription>({
  name: text(),
  table_oid: oid,
  attribute: int16,
  type_oid: oid,
  type_size: int16,
  type_modifier: int32,
  format: fc.constantFrom(0, 1),
});

type ByName<N extends string, Value extends { [K in N]: unknown }> = { [K in N]: fc.Arbitrary<Value[K]> };

const frontendValues: ByName<wire.FrontendName, { [K in wire.FrontendName]: wire.FrontendValue<K> }> = {
  StartupPacket: startup,
  Bind: record<wire.Bind>({ portal: name, statement: name, formats: fc.array(int16, { maxLength: 8 }), values, result_formats: formats }),
  Close: target,
  CopyData: record({ data: value }),
  CopyDone: empty,
  CopyFail: record({ reason: text() }),
  Describe: target,
  Execute: record({ portal: name, rows_max: int32 }),
  Flush: empty,
  FunctionCall: record<wire.FunctionCall>({ function_oid: oid, formats, arguments: values, result_format: int16 }),
  Parse: record({ statement: name, text: text(200), parameter_types: fc.array(oid, { maxLength: 8 }) }),
  PasswordMessage: record({ data: bytes(60) }),
  Query: record({ text: text(200) }),
  Sync: empty,
  Terminate: empty,
};

const backendValues: ByName<wire.BackendName, { [K in wire.BackendName]: wire.BackendValue<K> }> = {
  Authentication: authentication,
  BackendKeyData: record({ process_id: int32, key }),
  BindComplete: empty,
  CloseComplete: empty,
  CommandComplete: record({ tag: name }),
  CopyData: record({ data: value }),
  CopyDone: empty,
  CopyInResponse: copyResponse,
  CopyOutResponse: copyResponse,
  CopyBothResponse: copyResponse,
  DataRow: record({ values }),
  EmptyQueryResponse: empty,
  ErrorResponse: errorFields,
  FunctionCallResponse: record({ value: fc.option(value) }),
  NegotiateProtocolVersion: record({ version: int32, unrecognized: fc.array(name, { maxLength: 3 }) }),
  NoData: empty,
  NoticeResponse: errorFields,
  NotificationResponse: record({ process_id: int32, channel: text(), payload: text() }),
  ParameterDescription: record({ parameter_types: fc.array(oid, { maxLength: 8 }) }),
  ParameterStatus: record({ name, value: text() }),
  ParseComplete: empty,
  PortalSuspended: empty,
  ReadyForQuery: record<wire.ReadyForQuery>({ status: fc.constantFrom('idle', 'in_transaction', 'failed') }),
  RowDescription: record({ columns: fc.array(column, { maxLength: 8 }) }),
};

function tagged<M>(all: Record<string, fc.Arbitrary<unknown>>, skip = ''): fc.Arbitrary<M> {
  const each = Object.entries(all).filter(([n]) => n !== skip);
  return fc.oneof(...each.map(([n, arbitrary]) => arbitrary.map((v) => ({ name: n, value: v })))) as fc.Arbitrary<M>;
}

export const startupPacket: fc.Arbitrary<FrontendMessage> = startup.map((v) => ({ name: 'StartupPacket', value: v }));
/** Any typed message of the frontend. */
export const frontendMessage = tagged<FrontendMessage>(frontendValues, 'StartupPacket');
export const backendMessage = tagged<BackendMessage>(backendValues);
