import { readContentType } from './content-type.js';
import { boundaryOf, MultipartReader } from './multipart.js';

/**
 * Looks for a field `_method` in a multipart form that is too long to wait for: its files stream, but a method that only comes with its last
 * part must not pass unjudged.
 */
export class MethodWatch {
  private readonly reader: MultipartReader;
  private found = '';

  /** Throws Error for a boundary that is none. */
  constructor(contentType: string) {
    this.reader = new MultipartReader(boundaryOf(readContentType(contentType).parameters), (name) => {
      if (name.toLowerCase() === '_method') this.found = 'the form asks for another method, and is too long to be judged whole';
    });
  }

  /** Why the request may not go on; empty while it may. */
  push(chunk: Buffer): string {
    try {
      this.reader.push(chunk);
    } catch (error) {
      this.found ||= `the form can be read in several ways: ${(error as Error).message}`;
    }
    return this.found;
  }
}
