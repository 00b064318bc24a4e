import { once } from 'node:events';
import net from 'node:net';

/** Node can't reset a socket whose sending side was shut down: it would stay open for good. */
function reset(socket: net.Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** A wire between two processes: it can be cut, and what is behind it can be replaced. */
export class Cable {
  target = 0;
  private readonly pairs = new Set<{ from: net.Socket; to: net.Socket }>();
  private readonly server = net.createServer((from) => {
    const to = net.connect({ port: this.target, host: '127.0.0.1', noDelay: true });
    from.setNoDelay(true);
    const pair = { from, to };
    this.pairs.add(pair);
    const over = () => {
      this.pairs.delete(pair);
      from.destroy();
      to.destroy();
    };
    // A reset on one side must not look like an orderly end on the other.
    from.on('error', () => reset(to));
    to.on('error', () => reset(from));
    for (const socket of [from, to]) socket.on('close', over);
    from.pipe(to);
    to.pipe(from);
  });

  /** Gives the port of this end. */
  async open(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return (this.server.address() as net.AddressInfo).port;
  }

  /** Every connection is reset, towards both sides. */
  cut(): void {
    for (const { from, to } of this.pairs) {
      reset(from);
      reset(to);
    }
  }

  /** Nobody is connected, and nobody can connect. */
  close(): void {
    this.server.close();
    this.cut();
  }
}
