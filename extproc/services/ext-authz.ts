import { type Server, type UntypedHandleCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { loadProto } from '../../protos/load.js';
import { type ConnectQuestion, connectQuestion } from '../convert/ext-authz.js';
import { method } from './grpc-method.js';

export interface Answer {
  allowed: boolean;
  /** class of the reason, for Envoy's log; never a secret */
  reason: string;
}

/** Network ext_authz: who may connect to which resource at all, before a byte of the connection is read. */
export function addExtAuthz(server: Server, decide: (question: ConnectQuestion) => Answer): void {
  const root = loadProto('ext-authz.proto');
  const name = 'envoy.service.auth.v3';
  const check = (call: { request: Record<string, unknown> }, done: sendUnaryData<object>) => {
    let answer: Answer;
    try {
      answer = decide(connectQuestion(call.request));
    } catch {
      answer = { allowed: false, reason: 'the question could not be decided' };
    }
    done(null, { status: { code: answer.allowed ? status.OK : status.PERMISSION_DENIED, message: answer.reason } });
  };
  server.addService({ Check: method(root, `/${name}.Authorization/Check`, `${name}.CheckRequest`, `${name}.CheckResponse`) }, { Check: check as unknown as UntypedHandleCall });
}
