import { isJson } from '../../http/body.js';
import { readTree, textOf } from '../../http/json-tree.js';
import { type BodyAsked, BodyMasker, type ContentMasker } from '../../http/masking.js';
import { type AskedObject, ObjectMasker, type ObjectMasks, type TableColumns } from './object-masker.js';
import { type Piece, Units } from './units.js';

/** Media types of answers that can't be read; they were asked away (accept.ts). */
const UNREAD = /^application\/(vnd\.kubernetes\.protobuf|cbor|cbor-seq|com\.github\.proto-openapi\..*|yaml|x-yaml)$/;

/** Why an answer of that type can't be passed on; undefined where it can. */
export function whyUnread(type: string): string | undefined {
  return UNREAD.test(type) ? `The API server answered with ${type}, which can not be inspected.` : undefined;
}

/** Masks an answer: JSON object by object, all else (logs, metrics) as HTTP does; the detectors themselves look into base64. `held_bytes_max` bounds one object. */
export function answerMasker(
  type: string,
  masks: ObjectMasks,
  asked: AskedObject,
  held_bytes_max: number,
  write: (bytes: Buffer) => void,
  body: BodyAsked = {},
  table?: TableColumns,
): ContentMasker {
  return isJson(type)
    ? new StreamedObjects(masks, asked, held_bytes_max, write, table)
    : new BodyMasker(masks.detectors, type, write, body);
}

class StreamedObjects implements ContentMasker {
  private readonly units: Units;
  private readonly masker: ObjectMasker;
  /** kind of the list whose elements come */
  private list = '';

  constructor(
    masks: ObjectMasks,
    asked: AskedObject,
    held_bytes_max: number,
    private readonly write: (bytes: Buffer) => void,
    table?: TableColumns,
  ) {
    this.masker = new ObjectMasker(masks, asked, table);
    this.units = new Units(held_bytes_max, (piece) => this.piece(piece));
  }

  push(chunk: Uint8Array): void {
    this.units.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
  }

  /** An object is let go when it is whole, and not before. */
  flush(): void {}

  end(): void {
    this.units.end();
  }

  get held(): number {
    return this.units.held;
  }

  get hits(): number {
    return this.masker.hits;
  }

  get fired(): { rule: string; count: number }[] {
    return this.masker.fired;
  }

  private piece(piece: Piece): void {
    if ('blank' in piece) return this.write(Buffer.from(piece.blank));
    const { json, before, after, element } = piece;
    if (after > 0) this.list = textOf(json, readTree(json), 'kind');
    const masked = this.masker.mask(json, element ? this.list : '');
    if (before + after < masked.length) this.write(Buffer.from(masked.subarray(before, masked.length - after)));
  }
}
