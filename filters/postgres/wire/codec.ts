import { MidstreamError } from '../../errors.js';
import { type Authentication, decodeAuthentication, encodeAuthentication } from './authentication.js';
import { type BackendKeyData, decodeBackendKeyData, encodeBackendKeyData } from './backend-key-data.js';
import { type Bind, decodeBind, encodeBind } from './bind.js';
import { type CommandComplete, decodeCommandComplete, encodeCommandComplete } from './command-complete.js';
import { type CopyData, type CopyFail, decodeCopyData, decodeCopyFail, encodeCopyData, encodeCopyFail } from './copy-data.js';
import * as copy from './copy-response.js';
import { type DataRow, decodeDataRow, encodeDataRow } from './data-row.js';
import { decodeClose, decodeDescribe, encodeClose, encodeDescribe, type Target } from './describe-close.js';
import * as empty from './empty.js';
import { decodeErrorResponse, decodeNoticeResponse, type ErrorFields, encodeErrorResponse, encodeNoticeResponse } from './error-fields.js';
import { decodeExecute, type Execute, encodeExecute } from './execute.js';
import type { Frame } from './frame-reader.js';
import * as fn from './function-call.js';
import * as negotiate from './negotiate-protocol-version.js';
import { decodeNotificationResponse, encodeNotificationResponse, type NotificationResponse } from './notification-response.js';
import { decodeParameterDescription, encodeParameterDescription, type ParameterDescription } from './parameter-description.js';
import { decodeParameterStatus, encodeParameterStatus, type ParameterStatus } from './parameter-status.js';
import { decodeParse, encodeParse, type Parse } from './parse.js';
import { type AuthenticationResponse, decodeAuthenticationResponse, encodeAuthenticationResponse } from './password.js';
import { decodeQuery, encodeQuery, type Query } from './query.js';
import { decodeReadyForQuery, encodeReadyForQuery, type ReadyForQuery } from './ready-for-query.js';
import { decodeRowDescription, encodeRowDescription, type RowDescription } from './row-description.js';
import { decodeStartupPacket, encodeStartupPacket, type StartupPacket } from './startup.js';
import { backend, frontend, messageName, type Side } from './types.js';

/** Both directions of one message. encode(decode(bytes)) is always those bytes again. */
export interface Codec<T> {
  decode: (buf: Buffer, body: number, end: number) => T;
  /** whole message with its header */
  encode: (value: T) => Buffer;
}

type Empty = Record<string, never>;
const pair = <T>(decode: Codec<T>['decode'], encode: (value: T) => Buffer): Codec<T> => ({ decode, encode });

/** By the protocol chapter's names. PasswordMessage gives the raw body: see password.ts for what it may mean. */
export const frontendCodecs = {
  StartupPacket: pair<StartupPacket>(decodeStartupPacket, encodeStartupPacket),
  Bind: pair<Bind>(decodeBind, encodeBind),
  Close: pair<Target>(decodeClose, encodeClose),
  CopyData: pair<CopyData>(decodeCopyData, encodeCopyData),
  CopyDone: pair<Empty>(empty.decodeCopyDone, empty.encodeCopyDone),
  CopyFail: pair<CopyFail>(decodeCopyFail, encodeCopyFail),
  Describe: pair<Target>(decodeDescribe, encodeDescribe),
  Execute: pair<Execute>(decodeExecute, encodeExecute),
  Flush: pair<Empty>(empty.decodeFlush, empty.encodeFlush),
  FunctionCall: pair<fn.FunctionCall>(fn.decodeFunctionCall, fn.encodeFunctionCall),
  Parse: pair<Parse>(decodeParse, encodeParse),
  PasswordMessage: pair<AuthenticationResponse>(decodeAuthenticationResponse, encodeAuthenticationResponse),
  Query: pair<Query>(decodeQuery, encodeQuery),
  Sync: pair<Empty>(empty.decodeSync, empty.encodeSync),
  Terminate: pair<Empty>(empty.decodeTerminate, empty.encodeTerminate),
};

export const backendCodecs = {
  Authentication: pair<Authentication>(decodeAuthentication, encodeAuthentication),
  BackendKeyData: pair<BackendKeyData>(decodeBackendKeyData, encodeBackendKeyData),
  BindComplete: pair<Empty>(empty.decodeBindComplete, empty.encodeBindComplete),
  CloseComplete: pair<Empty>(empty.decodeCloseComplete, empty.encodeCloseComplete),
  CommandComplete: pair<CommandComplete>(decodeCommandComplete, encodeCommandComplete),
  CopyData: pair<CopyData>(decodeCopyData, encodeCopyData),
  CopyDone: pair<Empty>(empty.decodeCopyDone, empty.encodeCopyDone),
  CopyInResponse: pair<copy.CopyResponse>(copy.decodeCopyInResponse, copy.encodeCopyInResponse),
  CopyOutResponse: pair<copy.CopyResponse>(copy.decodeCopyOutResponse, copy.encodeCopyOutResponse),
  CopyBothResponse: pair<copy.CopyResponse>(copy.decodeCopyBothResponse, copy.encodeCopyBothResponse),
  DataRow: pair<DataRow>(decodeDataRow, encodeDataRow),
  EmptyQueryResponse: pair<Empty>(empty.decodeEmptyQueryResponse, empty.encodeEmptyQueryResponse),
  ErrorResponse: pair<ErrorFields>(decodeErrorResponse, encodeErrorResponse),
  FunctionCallResponse: pair<fn.FunctionCallResponse>(fn.decodeFunctionCallResponse, fn.encodeFunctionCallResponse),
  NegotiateProtocolVersion: pair<negotiate.NegotiateProtocolVersion>(
    negotiate.decodeNegotiateProtocolVersion,
    negotiate.encodeNegotiateProtocolVersion,
  ),
  NoData: pair<Empty>(empty.decodeNoData, empty.encodeNoData),
  NoticeResponse: pair<ErrorFields>(decodeNoticeResponse, encodeNoticeResponse),
  NotificationResponse: pair<NotificationResponse>(decodeNotificationResponse, encodeNotificationResponse),
  ParameterDescription: pair<ParameterDescription>(decodeParameterDescription, encodeParameterDescription),
  ParameterStatus: pair<ParameterStatus>(decodeParameterStatus, encodeParameterStatus),
  ParseComplete: pair<Empty>(empty.decodeParseComplete, empty.encodeParseComplete),
  PortalSuspended: pair<Empty>(empty.decodePortalSuspended, empty.encodePortalSuspended),
  ReadyForQuery: pair<ReadyForQuery>(decodeReadyForQuery, encodeReadyForQuery),
  RowDescription: pair<RowDescription>(decodeRowDescription, encodeRowDescription),
};

export type FrontendName = keyof typeof frontendCodecs;
export type BackendName = keyof typeof backendCodecs;
type ValueOf<C> = C extends Codec<infer T> ? T : never;
type Tagged<Codecs> = { [K in keyof Codecs]: { name: K; value: ValueOf<Codecs[K]> } }[keyof Codecs];

/** A decoded message with its name, for code that looks at all of them: logs, tests, scripted peers. */
export type FrontendMessage = Tagged<typeof frontendCodecs>;
export type BackendMessage = Tagged<typeof backendCodecs>;

/** What a message of that name decodes to. */
export type FrontendValue<N extends FrontendName> = ValueOf<(typeof frontendCodecs)[N]>;
export type BackendValue<N extends BackendName> = ValueOf<(typeof backendCodecs)[N]>;

function nameOf(side: Side, frame: Frame): string {
  if (frame.piece !== 'whole') throw new MidstreamError('internal', `a ${frame.piece} piece of a message was given to a decoder`);
  return frame.type === 0 ? 'StartupPacket' : messageName(side, frame.type);
}

/** Decodes any whole frontend frame. Not for the hot path: call the message's own decoder there. */
export function decodeFrontend(frame: Frame): FrontendMessage {
  const name = nameOf('frontend', frame) as FrontendName;
  return { name, value: frontendCodecs[name].decode(frame.buf, frame.body, frame.end) } as FrontendMessage;
}

/** Decodes any whole backend frame. */
export function decodeBackend(frame: Frame): BackendMessage {
  const name = nameOf('backend', frame) as BackendName;
  return { name, value: backendCodecs[name].decode(frame.buf, frame.body, frame.end) } as BackendMessage;
}

export function encodeFrontend(message: FrontendMessage): Buffer {
  return (frontendCodecs[message.name] as Codec<unknown>).encode(message.value);
}

export function encodeBackend(message: BackendMessage): Buffer {
  return (backendCodecs[message.name] as Codec<unknown>).encode(message.value);
}

/** Type code of a message by its name; 0 for StartupPacket. */
export const typeOf = {
  frontend: (name: FrontendName): number => (name === 'StartupPacket' ? 0 : frontend[name]),
  backend: (name: BackendName): number => backend[name],
};
