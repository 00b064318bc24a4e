import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { CANCEL_KEY_BYTES } from './startup.js';
import { backend } from './types.js';

/** What a CancelRequest must carry to cancel this session. */
export interface BackendKeyData {
  process_id: number;
  /** 4 bytes in protocol 3.0, 4 to 256 in 3.2 */
  key: Buffer;
}

export function decodeBackendKeyData(buf: Buffer, body: number, end: number): BackendKeyData {
  const r = new BodyReader('BackendKeyData', buf, body, end);
  const process_id = r.int32('process_id');
  if (r.left < CANCEL_KEY_BYTES.min || r.left > CANCEL_KEY_BYTES.max)
    r.refuse('key', `${CANCEL_KEY_BYTES.min} to ${CANCEL_KEY_BYTES.max} bytes`, r.left);
  return { process_id, key: r.rest() };
}

export function encodeBackendKeyData({ process_id, key }: BackendKeyData): Buffer {
  return new MessageWriter(backend.BackendKeyData, 4 + key.length).int32(process_id).bytes(key).finish();
}
