import type { Metadata, sendUnaryData, UntypedHandleCall } from '@grpc/grpc-js';
import type { Header, Answer as HttpAnswer } from '../../filters/http/effects.js';
import { loadProto } from '../../protos/load.js';
import { type ConnectQuestion, connectQuestion, deniedResponse, requestHeaders } from '../convert/ext-authz.js';
import { method } from './grpc-method.js';
import type { GrpcServices } from './grpc-server.js';
import { status } from './grpc-status.js';

export interface Answer {
  allowed: boolean;
  /** class of the reason, for Envoy's log; never a secret */
  reason: string;
}

/** A request that may not be made: what its client reads, and the session that recorded it. */
export interface RefusedRequest {
  answer: Extract<HttpAnswer, { part: 'immediate' }>;
  session: string;
}

export interface AuthzHost {
  /** who may connect to which resource at all, before a byte of the connection is read */
  mayConnect: (question: ConnectQuestion) => Answer;
  /** who may ask what of which HTTP server, before a byte of the body is read; undefined: it may */
  refuses: (question: ConnectQuestion, headers: readonly Header[]) => Promise<RefusedRequest | undefined>;
}

/** Network and HTTP ext_authz. What can't be decided is refused. */
export function addExtAuthz(server: GrpcServices, host: AuthzHost): void {
  const root = loadProto('ext-authz.proto');
  const name = 'envoy.service.auth.v3';
  const check = (call: { request: Record<string, unknown>; metadata: Metadata }, done: sendUnaryData<object>) => {
    answerTo(host, call).then(
      (answer) => done(null, answer),
      () => done(null, plain({ allowed: false, reason: 'the question could not be decided' })),
    );
  };
  server.addService(
    { Check: method(root, `/${name}.Authorization/Check`, `${name}.CheckRequest`, `${name}.CheckResponse`) },
    { Check: check as unknown as UntypedHandleCall },
  );
}

const plain = ({ allowed, reason }: Answer): object => ({
  status: { code: allowed ? status.OK : status.PERMISSION_DENIED, message: reason },
});

async function answerTo(host: AuthzHost, call: { request: Record<string, unknown>; metadata: Metadata }): Promise<object> {
  const asked = connectQuestion(call.request);
  // The filters have no context of their own: the listener's name comes as metadata of the call.
  const question = { ...asked, listener: asked.listener || String(call.metadata.get('x-midstream-listener')[0] ?? '') };
  const headers = requestHeaders(call.request);
  if (headers === undefined) return plain(host.mayConnect(question));
  const refused = await host.refuses(question, headers);
  if (refused === undefined) return plain({ allowed: true, reason: '' });
  return deniedResponse(refused.answer, refused.session, status.PERMISSION_DENIED);
}
