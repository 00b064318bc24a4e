import { isJson } from '../../http/body.js';
import { type BodyMask, BodyMasker, type ContentMasker } from '../../http/masking.js';
import type { KubernetesFacts } from '../facts.js';
import { Base64Words } from './base64-words.js';
import { readTree, textOf } from './json-tree.js';
import { ObjectMasker, type ObjectMasks } from './object-masker.js';
import { type Piece, Units } from './units.js';

/** Media types of answers that can't be read; they were asked away (accept.ts). */
const UNREAD = /^application\/(vnd\.kubernetes\.protobuf|cbor|cbor-seq|com\.github\.proto-openapi\..*|yaml|x-yaml)$/;

/** Why an answer of that type can't be passed on; undefined where it can. */
export function whyUnread(type: string): string | undefined {
  return UNREAD.test(type) ? `The API server answered with ${type}, which can not be inspected.` : undefined;
}

/** Masks an answer: JSON object by object, all else (logs, metrics) as HTTP does. `held_bytes_max` bounds one object. */
export function answerMasker(
  type: string,
  masks: ObjectMasks,
  asked: Pick<KubernetesFacts, 'resource' | 'group' | 'subresource'>,
  held_bytes_max: number,
  write: (bytes: Buffer) => void,
): ContentMasker {
  return isJson(type) ? new StreamedObjects(masks, asked, held_bytes_max, write) : new StreamedText(masks.detectors, type, write);
}

/** Logs, metrics and other text: as HTTP has it, and words of base64 before. */
class StreamedText implements ContentMasker {
  private readonly body: BodyMasker;
  private readonly words: Base64Words;
  private readonly inWords = new Map<string, number>();

  constructor(masks: readonly BodyMask[], type: string, write: (bytes: Buffer) => void) {
    this.body = new BodyMasker(masks, type, write);
    this.words = new Base64Words(
      masks,
      (rule) => this.inWords.set(rule, (this.inWords.get(rule) ?? 0) + 1),
      (bytes) => this.body.push(bytes),
    );
  }

  push(chunk: Uint8Array): void {
    this.words.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length));
  }

  flush(): void {
    this.body.flush();
  }

  end(): void {
    this.words.end();
    this.body.end();
  }

  get held(): number {
    return this.words.held + this.body.held;
  }

  get hits(): number {
    return this.body.hits + [...this.inWords.values()].reduce((sum, count) => sum + count, 0);
  }

  get fired(): { rule: string; count: number }[] {
    const all = new Map(this.inWords);
    for (const { rule, count } of this.body.fired) all.set(rule, (all.get(rule) ?? 0) + count);
    return [...all].map(([rule, count]) => ({ rule, count }));
  }
}

class StreamedObjects implements ContentMasker {
  private readonly units: Units;
  private readonly masker: ObjectMasker;
  /** kind of the list whose elements come */
  private list = '';

  constructor(
    masks: ObjectMasks,
    asked: Pick<KubernetesFacts, 'resource' | 'group' | 'subresource'>,
    held_bytes_max: number,
    private readonly write: (bytes: Buffer) => void,
  ) {
    this.masker = new ObjectMasker(masks, asked);
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
    return [...this.masker.fired].map(([rule, count]) => ({ rule, count }));
  }

  private piece(piece: Piece): void {
    if ('blank' in piece) return this.write(Buffer.from(piece.blank));
    const { json, before, after, element } = piece;
    if (after > 0) this.list = textOf(json, readTree(json), 'kind');
    const masked = this.masker.mask(json, element ? this.list : '');
    if (before + after < masked.length) this.write(Buffer.from(masked.subarray(before, masked.length - after)));
  }
}
