import type { Socket } from 'node:net';

/** Bytes of one socket that wait for the end of a turn; with more than these it is written at once, so that bulk results go as before. */
const JOINED_BYTES_MAX = 16 * 1024;

const waiting: TurnWriter[] = [];

/** In the order in which they came: the one that has waited longest is written first. */
function writeAll(): void {
  // What comes meanwhile belongs to the next turn.
  const writers = waiting.splice(0);
  for (const writer of writers) writer.flush();
}

/**
 * Writes to a socket once in a turn of the event loop, after all that was read in it has been dealt with. A write wakes its reader, which
 * takes the core from us as often as not; what is read next then finds cold caches, and the reader one message instead of several (decision 0205).
 */
export class TurnWriter {
  private chunks: Buffer[] = [];
  private bytes = 0;
  /** it stands in `waiting` */
  private listed = false;

  /** @param full the socket takes no more for now; its `drain` tells when it does */
  constructor(
    private readonly socket: Socket,
    private readonly full: () => void,
  ) {}

  /** The chunks may not be changed any more. */
  write(chunks: readonly Buffer[]): void {
    for (const chunk of chunks) {
      this.chunks.push(chunk);
      this.bytes += chunk.length;
    }
    if (this.bytes > JOINED_BYTES_MAX) return this.flush();
    if (this.listed || this.chunks.length === 0) return;
    this.listed = true;
    waiting.push(this);
    if (waiting.length === 1) setImmediate(writeAll);
  }

  /** Writes what waits now. */
  flush(): void {
    this.listed = false;
    const { chunks, socket, bytes } = this;
    if (chunks.length === 0 || socket.destroyed) return;
    this.chunks = [];
    this.bytes = 0;
    let room = true;
    // A few small chunks are copied together for less than a list of them costs on its way through the stream.
    if (chunks.length === 1 || bytes <= JOINED_BYTES_MAX)
      room = socket.write(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
    else {
      socket.cork();
      for (const chunk of chunks) room = socket.write(chunk);
      socket.uncork();
    }
    if (!room) this.full();
  }

  /** Ends the socket's own side after what waits; `ended` once all of it has gone. */
  end(ended?: () => void): void {
    this.flush();
    this.socket.end(ended);
  }
}
