import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { ConnectionStatus, decodeProcessingRequest, encodeProcessingResponse } from '../../protos/network-ext-proc.js';

const PREFIX_BYTES = 5;
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The same echo on Node's own HTTP/2 without grpc-js: what a transport of our own for this one method could reach.
 * All messages that came in one chunk are answered by one write. `path` is that of a Unix socket.
 */
export async function startEchoHttp2(path: string): Promise<Http2Server> {
  const server = createServer({ settings: { initialWindowSize: 1024 * 1024, maxConcurrentStreams: 0x7fffffff } });
  server.on('stream', echo);
  server.on('session', (session) => session.setLocalWindowSize(64 * 1024 * 1024));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return server;
}

function echo(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  let rest: Buffer | undefined;
  stream.on('data', (chunk: Buffer) => {
    const bytes = rest ? Buffer.concat([rest, chunk]) : chunk;
    const answers: Buffer[] = [];
    let at = 0;
    while (bytes.length - at >= PREFIX_BYTES) {
      const length = bytes.readUInt32BE(at + 1);
      if (length > MESSAGE_BYTES_MAX) return void stream.close();
      if (bytes.length - at - PREFIX_BYTES < length) break;
      answers.push(...answer(bytes.subarray(at + PREFIX_BYTES, at + PREFIX_BYTES + length)));
      at += PREFIX_BYTES + length;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
    if (answers.length > 0 && !stream.destroyed && !stream.write(answers.length === 1 ? answers[0]! : Buffer.concat(answers)))
      stream.pause();
  });
  stream.on('drain', () => stream.resume());
  stream.on('end', () => stream.end());
  stream.on('error', () => undefined); // the connection is over; there is nobody to tell
}

function answer(message: Buffer): Buffer[] {
  const { direction, data, endOfStream } = decodeProcessingRequest(message);
  if (direction === 'none') return [];
  const chunks = data.length === 0 ? [] : [data];
  const body = encodeProcessingResponse({
    direction,
    chunks,
    endOfStream,
    connectionStatus: ConnectionStatus.Continue,
    closeStream: false,
  });
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(body.length, 1);
  return [Buffer.concat([prefix, body])];
}
