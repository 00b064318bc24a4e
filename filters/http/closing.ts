import type { Response } from './response.js';
import type { noTotals } from './upgrade/tunnel.js';

/** What an exchange has counted, when it is over. */
export interface Counted {
  response: Response | undefined;
  /** of an upgraded stream */
  stream: ReturnType<typeof noTotals>;
  /** reason -> bytes that nobody could look into, beside those of the answer itself */
  opaque: ReadonlyMap<string, number> | undefined;
  bytes_up: number;
  bytes_down: number;
  denied: number;
  held: number;
}

/** Fields of session.close behind a comma: totals, and what was looked at of all bytes. */
export function closing(reason: string, { response, stream, opaque: more, bytes_up, bytes_down, denied, held }: Counted): string {
  const opaque = response?.opaque ?? [];
  const streamed = stream.bytes_up + stream.bytes_down - stream.opaque.reduce((sum, { bytes }) => sum + bytes, 0);
  const inspected = bytes_up + (opaque.length > 0 ? 0 : bytes_down) + streamed;
  const all = [...opaque, ...stream.opaque];
  if (more !== undefined) all.splice(opaque.length, 0, ...[...more].map(([why, bytes]) => ({ reason: why, bytes })));
  return (
    `,"reason":${JSON.stringify(reason)},"totals":{"requests":${1 + stream.requests},"denied":${denied + stream.denied},"held":${held + stream.held}` +
    `,"rows":0,"bytes_down":${(response?.bytes ?? 0) + stream.bytes_down},"bytes_up":${bytes_up + stream.bytes_up}}` +
    `,"coverage":{"inspected_bytes":${inspected},"masked_bytes":${(response?.masked_bytes ?? 0) + stream.masked_bytes},"opaque":${all.length === 0 ? '[]' : JSON.stringify(all)}}`
  );
}
