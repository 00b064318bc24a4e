import type { StreamCodec } from '../mask/codecs/codec.js';
import { CsvMasker } from '../mask/codecs/csv.js';
import { FormMasker } from '../mask/codecs/form.js';
import { HtmlMasker } from '../mask/codecs/html.js';
import { JsonMasker } from '../mask/codecs/json.js';
import { SseMasker } from '../mask/codecs/sse.js';
import { StreamMasker } from '../mask/stream/masker.js';
import { maskString } from '../mask/text.js';
import type { Detector, MaskAs, Masker } from '../mask/types.js';
import { isJson } from './body.js';

/** One rule of the policy that masks what detectors find. */
export interface BodyMask {
  name: string;
  detector: Detector;
  as: MaskAs;
  masker: Masker;
}

const strength: readonly MaskAs[] = ['null', 'redact', 'fixed', 'token', 'hash', 'partial'];

/** Strongest first: what a strong mask took is nothing for a weaker one to find. */
export function strongestFirst(masks: readonly BodyMask[]): BodyMask[] {
  return [...masks].sort((a, b) => strength.indexOf(a.as) - strength.indexOf(b.as));
}

/**
 * Masks a body of this media type by all rules, one after the other, and gives what comes out. What no codec knows is read as text,
 * images and archives too: a value that stands in them in plain is found there.
 */
export class BodyMasker {
  private readonly stages: StreamCodec[] = [];

  /** `write` gets bytes of its own. `masks` are in the order of strongestFirst(). */
  constructor(
    private readonly masks: readonly BodyMask[],
    type: string,
    write: (bytes: Buffer) => void,
  ) {
    let next = (bytes: Uint8Array): void => {
      if (bytes.length > 0) write(Buffer.from(bytes));
    };
    for (const { detector, masker } of [...masks].reverse()) {
      const stage = codecOf(type, { detector, masker, write: next });
      this.stages.unshift(stage);
      next = (bytes) => stage.push(bytes);
    }
  }

  push(chunk: Uint8Array): void {
    this.stages[0]!.push(chunk);
  }

  /** The sender pauses: lets go what is sure. */
  flush(): void {
    for (const stage of this.stages) stage.flush();
  }

  end(): void {
    for (const stage of this.stages) stage.end();
  }

  /** bytes held back now */
  get held(): number {
    return this.stages.reduce((sum, stage) => sum + stage.held, 0);
  }

  /** values masked so far */
  get hits(): number {
    return this.stages.reduce((sum, stage) => sum + stage.hits, 0);
  }

  /** values masked so far, by rule */
  get fired(): { rule: string; count: number }[] {
    return this.stages.map((stage, i) => ({ rule: this.masks[i]!.name, count: stage.hits })).filter(({ count }) => count > 0);
  }
}

/** Masks all of a body at once; undefined where nothing of it is masked. Adds what fired. */
export function maskWhole(masks: readonly BodyMask[], type: string, bytes: Buffer, fired: Map<string, number>): Buffer | undefined {
  if (masks.length === 0) return undefined;
  const out: Buffer[] = [];
  const masker = new BodyMasker(masks, type, (part) => out.push(part));
  masker.push(bytes);
  masker.end();
  if (masker.hits === 0) return undefined;
  for (const { rule, count } of masker.fired) fired.set(rule, (fired.get(rule) ?? 0) + count);
  return Buffer.concat(out);
}

function codecOf(type: string, options: ConstructorParameters<typeof StreamMasker>[0]): StreamCodec {
  if (isJson(type) || type === 'application/x-ndjson' || type === 'application/jsonl') return new JsonMasker(options);
  if (type === 'text/event-stream') return new SseMasker(options);
  if (type === 'text/csv') return new CsvMasker(options);
  if (type === 'application/x-www-form-urlencoded') return new FormMasker(options);
  if (type === 'text/html' || type === 'text/xml' || type === 'application/xml' || type.endsWith('+xml')) return new HtmlMasker(options);
  return new StreamMasker(options);
}

/** Headers that say how to read an answer, and hold nothing of anybody. */
const structural = new Set(
  `:status content-type content-length content-encoding content-language transfer-encoding date cache-control expires last-modified vary age
   connection keep-alive accept-ranges allow server upgrade grpc-status grpc-encoding grpc-accept-encoding strict-transport-security
   x-content-type-options x-frame-options`.split(/\s+/),
);

/** The headers that are another with all masks; `fired` is told of each. */
export function maskHeaders(
  masks: readonly BodyMask[],
  headers: readonly (readonly [name: string, value: string])[],
  fired: (rule: string) => void,
): [name: string, value: string][] {
  const changed: [string, string][] = [];
  for (const [name, value] of headers) {
    if (structural.has(name)) continue;
    let masked = Buffer.from(value, 'latin1').toString('utf8');
    const before = masked;
    for (const mask of masks) {
      const next = maskString(mask.detector, mask.masker, masked, name);
      if (next !== masked) fired(mask.name);
      masked = next;
    }
    if (masked !== before) changed.push([name, Buffer.from(masked, 'utf8').toString('latin1')]);
  }
  return changed;
}
