import { type Metadata, type Server, type sendUnaryData, status, type UntypedHandleCall } from '@grpc/grpc-js';
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
  const check = (call: { request: Record<string, unknown>; metadata: Metadata }, done: sendUnaryData<object>) => {
    let answer: Answer;
    try {
      // Network ext_authz has no context of its own: the listener's name comes as metadata of the call.
      const question = connectQuestion(call.request);
      answer = decide({ ...question, listener: question.listener || String(call.metadata.get('x-midstream-listener')[0] ?? '') });
    } catch {
      answer = { allowed: false, reason: 'the question could not be decided' };
    }
    done(null, { status: { code: answer.allowed ? status.OK : status.PERMISSION_DENIED, message: answer.reason } });
  };
  server.addService(
    { Check: method(root, `/${name}.Authorization/Check`, `${name}.CheckRequest`, `${name}.CheckResponse`) },
    { Check: check as unknown as UntypedHandleCall },
  );
}
