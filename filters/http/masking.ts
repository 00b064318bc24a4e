import { MidstreamError } from '../errors.js';
import type { CodecOptions, StreamCodec } from '../mask/codecs/codec.js';
import { CsvMasker } from '../mask/codecs/csv.js';
import { FormMasker } from '../mask/codecs/form.js';
import { HtmlMasker } from '../mask/codecs/html.js';
import { JsonMasker } from '../mask/codecs/json.js';
import { JsonKeys } from '../mask/codecs/json-place.js';
import { SseMasker } from '../mask/codecs/sse.js';
import { XmlMasker } from '../mask/codecs/xml.js';
import type { JoinedRules } from '../mask/joined.js';
import { createMasker } from '../mask/masker.js';
import { textMasker } from '../mask/stream/text-masker.js';
import type { Detector, MaskAs, Masker } from '../mask/types.js';
import { isJson, mediaType } from './body.js';
import { DeclaredCharset } from './declared-charset.js';
import { Base64Masker, GrpcMasker, type GrpcOptions } from './grpc/masker.js';
import { joinedRules } from './joined-masks.js';
import { isMedia, isUtf32, LOOK_BYTES, lookedType, packedAs, utf16Of } from './look.js';
import { MultipartMasker } from './multipart-masker.js';
import { AS_IT_IS, charsetOf, charsetOfType, isUtf16, ToUtf8, ToUtf16 } from './transcode.js';

/** One rule of the policy that masks what detectors find. */
export interface BodyMask {
  name: string;
  detector: Detector;
  as: MaskAs;
  masker: Masker;
  /** strings of JSON that are base64 are looked into, by all masks that read the text with it */
  base64?: boolean;
}

const strength: readonly MaskAs[] = ['null', 'redact', 'fixed', 'token', 'hash', 'partial'];

/** Strongest first: what a strong mask took is nothing for a weaker one to find. */
export function strongestFirst(masks: readonly BodyMask[]): BodyMask[] {
  return [...masks].sort((a, b) => strength.indexOf(a.as) - strength.indexOf(b.as));
}

/** What is known of a body beside its media type. */
export interface BodyAsked {
  /** of its content type */
  charset?: string;
  /** of a multipart type */
  boundary?: string;
  /** how many bodies it stands in */
  depth?: number;
  /** told once where nobody can look into the body, and why; throws where the policy lets none through */
  opaque?: (reason: string) => void;
  /** of the body whose part it is: they count for all of it */
  rules?: JoinedRules;
  /** its messages are read by their descriptor; `text`: they come as base64 */
  grpc?: GrpcOptions & { text: boolean };
}

/** Masks a body while it streams. */
export interface ContentMasker {
  push(chunk: Uint8Array): void;
  /** The sender pauses: lets go what is sure. */
  flush(): void;
  end(): void;
  /** bytes held back now */
  readonly held: number;
  /** values masked so far */
  readonly hits: number;
  /** values masked so far, by rule */
  readonly fired: readonly { rule: string; count: number }[];
}

/**
 * Masks a body of this media type by all rules, which read it together, and gives what comes out. How it is read is decided by its first
 * bytes too (look.ts). What no codec knows is read as text, images too: a value that stands in them in plain is found there.
 */
export class BodyMasker implements ContentMasker {
  /** undefined: it is not decided yet how the body is read */
  private stage: StreamCodec | undefined;
  /** several rules that read the body together */
  private rules: JoinedRules | undefined;
  /** the first bytes, until it is decided how they are read */
  private head: Buffer | undefined = Buffer.alloc(0);
  private decoder: ToUtf8 | undefined;
  private encoder: ToUtf16 | undefined;
  /** of a document that may name its charset in itself */
  private declared: DeclaredCharset | undefined;

  /** `write` gets bytes of its own. `masks` are in the order of strongestFirst(). */
  constructor(
    private readonly masks: readonly BodyMask[],
    private readonly type: string,
    private readonly write: (bytes: Buffer) => void,
    private readonly asked: BodyAsked = {},
  ) {}

  /** Throws MidstreamError for what can't be read. */
  push(chunk: Uint8Array): void {
    if (this.head === undefined) return this.take(chunk);
    // What is looked at now is not kept: no copy of it.
    if (this.head.length > 0) this.head = Buffer.concat([this.head, chunk]);
    else if (chunk.length < LOOK_BYTES) this.head = Buffer.from(chunk);
    else this.head = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.head.length >= LOOK_BYTES) this.look();
  }

  /** The sender pauses: lets go what is sure. */
  flush(): void {
    if (this.head !== undefined && this.head.length > 0 && !BEGUN_MARK.test(this.head.toString('latin1'))) this.look();
    this.stage?.flush();
  }

  end(): void {
    if (this.head !== undefined) this.look();
    if (this.head !== undefined) this.open();
    if (this.decoder !== undefined) this.stage!.push(this.decoder.push(NOTHING, true));
    this.stage!.end();
  }

  /** bytes held back now */
  get held(): number {
    return (this.head?.length ?? 0) + (this.stage?.held ?? 0);
  }

  /** values masked so far */
  get hits(): number {
    return this.stage?.hits ?? 0;
  }

  /** values masked so far, by rule */
  get fired(): { rule: string; count: number }[] {
    if (this.masks.length === 0) return [];
    const counts = this.rules?.counts ?? [this.hits];
    return counts.map((count, i) => ({ rule: this.masks[i]!.name, count })).filter(({ count }) => count > 0);
  }

  private take(chunk: Uint8Array): void {
    if (this.declared !== undefined) this.watch(chunk);
    this.stage!.push(this.decoder === undefined ? chunk : this.decoder.push(chunk, false));
  }

  /** A reader that goes by a charset which the document itself names may see what is not seen here. */
  private watch(chunk: Uint8Array): void {
    const name = this.declared!.see(chunk);
    if (name !== '') this.asked.opaque?.(`it names the charset ${name} in itself`);
  }

  /**
   * Marks of UTF-8, white space (Unicode's too) and control characters before a body say nothing of what it is: readers pass over both (RFC 8259 section 8.1), and so does the look. They
   * go on as they are.
   */
  private look(): void {
    const head = this.head!;
    const nothing = isUtf16(charsetOf(this.asked.charset ?? '')) || utf16Of(head) !== undefined ? 0 : nothingSaid(head);
    if (this.asked.grpc === undefined && nothing > 0) {
      this.write(Buffer.from(head.subarray(0, nothing)));
      this.head = head.subarray(nothing);
    }
    if (this.head!.length > 0) this.open();
  }

  private open(): void {
    const head = this.head!;
    this.head = undefined;
    const charset = this.asked.grpc === undefined ? this.charset(head) : AS_IT_IS;
    if (charset !== AS_IT_IS) this.decoder = new ToUtf8(charset);
    if (isUtf16(charset)) this.encoder = new ToUtf16(charset);
    const packed = this.asked.grpc === undefined ? packedAs(head) : '';
    if (packed !== '') this.asked.opaque?.(`packed (${packed})`);
    else if (isMedia(this.type)) this.asked.opaque?.(`type ${/\d{6}/.test(this.type) ? this.type.split('/')[0] : this.type}`);
    else if (/^\+\/v[89+/]/.test(head.toString('latin1', 0, 4)) && this.decoder === undefined) this.asked.opaque?.('charset utf-7');
    const text = this.decoder === undefined ? head : this.decoder.push(head, false);
    const type = packed === '' ? lookedType(this.type, text) : this.type;
    if (this.decoder === undefined && this.asked.grpc === undefined && NAMES_CHARSET.test(type)) {
      this.declared = new DeclaredCharset();
      this.watch(head);
    }
    const write = (bytes: Uint8Array): void => {
      if (bytes.length > 0) this.write(this.encoder === undefined ? Buffer.from(bytes) : this.encoder.push(Buffer.from(bytes)));
    };
    this.stage = this.codec(type, write);
    this.stage.push(text);
  }

  private codec(type: string, write: (bytes: Uint8Array) => void): StreamCodec {
    const { masks, asked } = this;
    const { grpc, boundary, depth = 0 } = asked;
    const [first] = masks;
    if (first === undefined) return passing(write);
    const parted = type.startsWith('multipart/') && boundary !== undefined && depth < PARTS_DEPTH_MAX;
    this.rules = asked.rules ?? (masks.length > 1 || grpc !== undefined || parted ? joinedRules(masks) : undefined);
    const { rules } = this;
    const detector = rules?.detector ?? first.detector;
    const options: CodecOptions = {
      detector,
      masker: rules?.strongest ?? first.masker,
      write,
      keys: keysOf(detector),
      ...(rules === undefined ? {} : { rules }),
      ...(masks.some(({ base64 }) => base64) ? { base64: true } : {}),
    };
    if (grpc !== undefined) return grpcCodec(grpc, options, rules!);
    return parted ? this.parts(options, boundary, rules!) : codecOf(type, options);
  }

  /** A part is a body of its own. */
  private parts(options: CodecOptions, boundary: string, rules: JoinedRules): StreamCodec {
    const { masks, asked } = this;
    return new MultipartMasker(options, boundary, { masks, rules }, (contentType, { write }) => {
      const { charset } = charsetOfType(contentType);
      if (charset !== AS_IT_IS && !isUtf16(charset)) throw new MidstreamError('bad_input', `a part of it is ${charset}`);
      const { opaque, depth = 0 } = asked;
      return new BodyMasker(masks, mediaType(contentType), write, {
        ...bodyParameters(contentType),
        depth: depth + 1,
        rules,
        ...(opaque && { opaque }),
      });
    });
  }

  /** Throws MidstreamError where what the body says of itself and what it is differ. */
  private charset(head: Buffer): string {
    const said = charsetOf(this.asked.charset ?? '');
    if (isUtf32(head) && !isMedia(this.type)) throw new MidstreamError('bad_input', 'its charset is not read (utf-32)');
    const seen = isMedia(this.type) ? undefined : utf16Of(head);
    if (seen === undefined && !isUtf16(said)) return said;
    if (head.length < 2) return AS_IT_IS;
    if (seen === undefined || (isUtf16(said) && (this.asked.charset ?? '').toLowerCase() !== 'utf-16' && said !== seen))
      throw new MidstreamError('bad_input', `it says that it is ${said}, and is not`);
    return seen;
  }
}

const NOTHING = Buffer.alloc(0);
/** Types of documents that may say in themselves which charset they are in. */
const NAMES_CHARSET = /^text\/(html|css)$|xml$/;

/** Bytes of a mark of UTF-8 and of white space that a body begins with. */
function nothingSaid(head: Buffer): number {
  let at = 0;
  while (at < head.length) {
    const b = head[at]!;
    if (b === 0x20 || (b >= 0x09 && b <= 0x0d) || (b >= 0x1c && b <= 0x1e)) at++;
    else {
      if (b < 0xc2) return at;
      const wide = WIDE_BLANKS.find((blank) => head.subarray(at, at + blank.length).equals(blank));
      if (wide === undefined) return at;
      at += wide.length;
    }
  }
  return at;
}

/** The mark of UTF-8, NEL, and the blanks of Unicode. */
const WIDE_BLANKS = ['\ufeff', '\u0085', '\u00a0', '\u200b', '\u2028', '\u2029', '\u202f', '\u205f', '\u2060', '\u3000']
  .concat(Array.from({ length: 11 }, (_, n) => String.fromCharCode(0x2000 + n)))
  .map((blank) => Buffer.from(blank));

/** the mark, cut off */
const BEGUN_MARK = /^\xef\xbb?$/;
/** Parts in parts; what stands deeper is read as text. */
const PARTS_DEPTH_MAX = 4;

/**
 * What a Content-Type says beside the media type. Throws MidstreamError for a charset that nobody reads, and for two boundaries (of two headers,
 * too, which Envoy joins), of which readers take the one or the other.
 */
export function bodyParameters(contentType: string): { charset: string; boundary?: string } {
  if ((contentType.match(/boundary\s*\*?(?:\d+\*?)?\s*=/gi)?.length ?? 0) > 1)
    throw new MidstreamError('bad_input', 'it names two boundaries');
  const boundary = /;\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))/i.exec(contentType);
  const found = boundary?.[1] ?? boundary?.[2];
  return { charset: charsetOfType(contentType).name, ...(found === undefined ? {} : { boundary: found }) };
}

/** Nothing is masked. */
function passing(write: (bytes: Uint8Array) => void): StreamCodec {
  return { push: write, flush: () => undefined, end: () => undefined, hits: 0, held: 0 };
}

/** Answers of one server have the same keys: what is known of one is known of the next. */
const keys = new WeakMap<Detector, JsonKeys>();

function keysOf(detector: Detector): JsonKeys {
  let known = keys.get(detector);
  if (known === undefined) {
    known = new JsonKeys();
    keys.set(detector, known);
  }
  return known;
}

function isJsonType(type: string): boolean {
  return isJson(type) || type === 'application/x-ndjson' || type === 'application/jsonl';
}

/**
 * Masks what stood in base64, all at once; undefined where nothing of it is masked. Adds what fired. Values are redacted whatever the mask says: detectors
 * look into base64 too, would find a partly masked value again, and leave no base64.
 */
export function maskPacked(masks: readonly BodyMask[], type: string, bytes: Buffer, fired: Map<string, number>): Buffer | undefined {
  if (masks.length === 0) return undefined;
  const out: Buffer[] = [];
  const redacting = masks.map((mask): BodyMask => ({ ...mask, as: 'redact', masker: createMasker('redact') }));
  const masker = new BodyMasker(redacting, type, (part) => out.push(part));
  masker.push(bytes);
  masker.end();
  if (masker.hits === 0) return undefined;
  for (const { rule, count } of masker.fired) fired.set(rule, (fired.get(rule) ?? 0) + count);
  return Buffer.concat(out);
}

function grpcCodec(grpc: GrpcOptions & { text: boolean }, options: CodecOptions, rules: JoinedRules): StreamCodec {
  return grpc.text ? new Base64Masker(options, (inner) => new GrpcMasker(inner, grpc, rules)) : new GrpcMasker(options, grpc, rules);
}

function codecOf(type: string, options: CodecOptions): StreamCodec {
  if (isJsonType(type)) return new JsonMasker(options);
  if (type === 'text/event-stream') return new SseMasker(options);
  if (type === 'text/csv' || type === 'text/tab-separated-values') return new CsvMasker(options);
  if (type === 'application/x-www-form-urlencoded') return new FormMasker(options);
  if (type === 'text/html' || type === 'application/xhtml+xml') return new HtmlMasker(options);
  if (type === 'text/xml' || type === 'application/xml' || type.endsWith('+xml')) return new XmlMasker(options);
  return textMasker(options);
}
