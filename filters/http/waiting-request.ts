import type { Answer, Header } from './effects.js';

const NOTHING = Buffer.alloc(0);

/** What has come of a request behind its headers, and waits until the request may go. */
export class WaitingRequest {
  /** nothing more comes */
  ended = false;
  /** of all that waited, also when it has gone */
  bytes = 0;
  private chunks: Buffer[] = [];
  private trailerNames: string[] | undefined;

  push(body: Buffer, end: boolean): void {
    this.chunks.push(body);
    this.bytes += body.length;
    if (end) this.ended = true;
  }

  /** No rule sees trailers, nor does who approves, and servers may take them for headers: none goes on (RFC 9110 section 6.5.1). */
  trailers(headers: readonly Header[]): Answer {
    this.trailerNames = [...new Set(headers.map(([name]) => name))];
    return { part: 'request_trailers', remove: this.trailerNames };
  }

  get hasTrailers(): boolean {
    return this.trailerNames !== undefined;
  }

  /** No more than so many bytes of its beginning are wanted. */
  begun(bytes_max: number): Buffer {
    const [first] = this.chunks;
    if (first !== undefined && first.length >= bytes_max) return first;
    return Buffer.concat(this.chunks, Math.min(this.bytes, bytes_max));
  }

  get body(): Buffer {
    return this.chunks.length === 0 ? NOTHING : Buffer.concat(this.chunks);
  }

  /** What goes on of it, behind the headers; `changed` in place of its body. Nothing waits then. */
  goOn(changed: Buffer | undefined): Answer[] {
    const chunks = changed === undefined ? this.chunks : [changed];
    const answers: Answer[] = [];
    if (chunks.length > 0) answers.push({ part: 'request_body', chunks, end: this.ended && !this.hasTrailers });
    if (this.trailerNames !== undefined) answers.push({ part: 'request_trailers', remove: this.trailerNames });
    this.clear();
    return answers;
  }

  clear(): void {
    this.chunks = [];
  }
}
