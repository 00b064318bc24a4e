import { BodyReader } from './body-reader.js';
import { MessageWriter } from './message-writer.js';
import { backend } from './types.js';

export interface NotificationResponse {
  process_id: number;
  /** raw */
  channel: Buffer;
  /** raw */
  payload: Buffer;
}

export function decodeNotificationResponse(buf: Buffer, body: number, end: number): NotificationResponse {
  const r = new BodyReader('NotificationResponse', buf, body, end);
  const process_id = r.int32('process_id');
  const channel = r.string('channel');
  const payload = r.string('payload');
  r.done();
  return { process_id, channel, payload };
}

export function encodeNotificationResponse({ process_id, channel, payload }: NotificationResponse): Buffer {
  return new MessageWriter(backend.NotificationResponse, channel.length + payload.length + 6)
    .int32(process_id)
    .string('channel', channel)
    .string('payload', payload)
    .finish();
}
