import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend, transactionStatus } from './types.js';

export interface ReadyForQuery {
  status: 'idle' | 'in_transaction' | 'failed';
}

export function decodeReadyForQuery(buf: Buffer, body: number, end: number): ReadyForQuery {
  const r = new BodyReader('ReadyForQuery', buf, body, end);
  const status = r.byte('status');
  r.done();
  if (status === transactionStatus.Idle) return { status: 'idle' };
  if (status === transactionStatus.InTransaction) return { status: 'in_transaction' };
  if (status === transactionStatus.Failed) return { status: 'failed' };
  return r.refuse('status', 'I, T or E', status);
}

const codes = { idle: transactionStatus.Idle, in_transaction: transactionStatus.InTransaction, failed: transactionStatus.Failed } as const;

export function encodeReadyForQuery({ status }: ReadyForQuery): Buffer {
  return new MessageWriter(backend.ReadyForQuery, 1).byte(codes[status]).finish();
}
