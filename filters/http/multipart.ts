import { decodeUtf8 } from './charset.js';
import { parametersOf, readContentType } from './content-type.js';
import { toldName } from './told-name.js';

/** One file of a form, without its content. */
export interface UploadedFile {
  /** of the form's field */
  field: string;
  /** file name as the sender gives it */
  name: string;
  /** media type, in small letters; empty when the part names none */
  type: string;
  /** of its content */
  bytes: number;
}

/** A form that came as multipart/form-data (RFC 7578). */
export interface MultipartForm {
  /** values of fields that are no files */
  fields: Record<string, string[]>;
  files: UploadedFile[];
}

const PARTS_MAX = 1000;
const HEADER_BYTES_MAX = 8192;
const CRLF = Buffer.from('\r\n');
const HEADERS_END = Buffer.from('\r\n\r\n');

/** The boundary of a multipart body; throws Error where readers may find another. */
export function boundaryOf(parameters: ReadonlyMap<string, string>): string {
  const boundary = parameters.get('boundary') ?? '';
  // RFC 2046 section 5.1.1
  if (!/^[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]$/.test(boundary)) throw new Error('its boundary is none');
  return boundary;
}

/**
 * Reads a multipart form as it comes, in any cuts; parts of it are known before it ends. Parsers of it differ in many ways, so one that is not
 * written as browsers write it throws Error: a preamble, an epilogue, bare line feeds, a name or a file name twice, an encoding of a part.
 * Only names and the values of fields are kept, not what files hold.
 */
export class MultipartReader {
  readonly fields = Object.create(null) as Record<string, string[]>;
  readonly files: UploadedFile[] = [];
  private readonly delimiter: Buffer;
  private state: 'start' | 'headers' | 'content' | 'after' | 'end' = 'start';
  private rest: Buffer = Buffer.alloc(0);
  private part: { name: string; file: UploadedFile | undefined; value: Buffer[] } | undefined;
  private parts = 0;

  /** `onName` is told the name of each part when it begins */
  constructor(
    boundary: string,
    private readonly onName: (name: string) => void = () => undefined,
  ) {
    this.delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1');
  }

  push(chunk: Buffer): void {
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    while (this.step());
  }

  /** Throws Error when the end is missing. */
  end(): MultipartForm {
    if (this.state !== 'end') throw new Error('the form has no end');
    return { fields: this.fields, files: this.files };
  }

  /** Takes what can be taken of `rest`; false when more is needed. */
  private step(): boolean {
    switch (this.state) {
      case 'start':
        return this.start();
      case 'headers':
        return this.headers();
      case 'content':
        return this.content();
      case 'after':
        return this.after();
      case 'end':
        if (this.rest.some((byte) => byte !== 13 && byte !== 10)) throw new Error('something stands behind the form’s end');
        return false;
    }
  }

  private start(): boolean {
    const first = this.delimiter.subarray(2);
    const had = this.rest.subarray(0, first.length);
    if (!had.equals(first.subarray(0, had.length))) throw new Error('the form does not begin with its boundary');
    if (had.length < first.length) return false;
    this.rest = this.rest.subarray(first.length);
    this.state = 'after';
    return true;
  }

  /** Behind a boundary: two dashes or a line's end. */
  private after(): boolean {
    if (this.rest.length < 2) return false;
    const mark = this.rest.toString('latin1', 0, 2);
    if (mark !== '--' && mark !== '\r\n') throw new Error('a boundary goes on');
    this.rest = this.rest.subarray(2);
    this.state = mark === '--' ? 'end' : 'headers';
    return true;
  }

  private headers(): boolean {
    const end = this.rest.subarray(0, HEADER_BYTES_MAX).indexOf(HEADERS_END);
    if (end < 0) {
      if (this.rest.length > HEADER_BYTES_MAX) throw new Error(`the headers of a part are longer than ${HEADER_BYTES_MAX} bytes`);
      if (this.rest.subarray(0, 2).equals(CRLF)) throw new Error('a part has no headers');
      return false;
    }
    if (++this.parts > PARTS_MAX) throw new Error(`the form has more than ${PARTS_MAX} parts`);
    this.begin(this.rest.subarray(0, end));
    // The line's end before a boundary may be the one behind the headers.
    this.rest = this.rest.subarray(end + 2);
    this.state = 'content';
    return true;
  }

  private begin(head: Buffer): void {
    const text = decodeUtf8(head);
    if (text === undefined) throw new Error('the headers of a part are not UTF-8');
    const headers = partHeaders(text);
    const disposition = headers.get('content-disposition') ?? '';
    const kind = /^form-data[ \t]*(?=;|$)/i.exec(disposition);
    if (kind === null) throw new Error('a part is not of a form');
    const parameters = new Map<string, string>();
    const why = parametersOf(disposition.slice(kind[0].length), parameters);
    if (why !== '') throw new Error(why);
    if ([...parameters.keys()].some((name) => name.endsWith('*'))) throw new Error('a part’s name is written in two ways');
    const name = parameters.get('name');
    if (name === undefined) throw new Error('a part has no name');
    if (!/^(7bit|8bit|binary)?$/i.test(headers.get('content-transfer-encoding') ?? '')) throw new Error('a part is encoded');
    const { type, parameters: more, broken } = readContentType(headers.get('content-type') ?? '');
    if (broken !== '') throw new Error(broken);
    if (type.startsWith('multipart/')) throw new Error('a part holds parts');
    if (!/^(utf-?8|us-ascii)?$/i.test(more.get('charset') ?? '')) throw new Error('a part has a charset of its own');
    const given = unescaped(name);
    if (given === '_charset_') throw new Error('the form names a charset');
    const file = parameters.get('filename');
    this.part = { name: given, file: file === undefined ? undefined : { field: given, name: unescaped(file), type, bytes: 0 }, value: [] };
    this.onName(given);
  }

  private content(): boolean {
    const at = this.rest.indexOf(this.delimiter);
    // What may be the beginning of a boundary waits.
    const sure = at >= 0 ? at : Math.max(0, this.rest.length - this.delimiter.length + 1);
    const part = this.part!;
    // Two bytes of the line's end behind the headers are no content.
    this.take(part, this.rest.subarray(0, sure));
    this.rest = this.rest.subarray(sure);
    if (at < 0) return false;
    this.rest = this.rest.subarray(this.delimiter.length);
    this.finish(part);
    this.state = 'after';
    return true;
  }

  private take(part: NonNullable<typeof this.part>, bytes: Buffer): void {
    if (part.file !== undefined) part.file.bytes += bytes.length;
    else part.value.push(bytes);
  }

  private finish(part: NonNullable<typeof this.part>): void {
    this.part = undefined;
    if (part.file !== undefined) {
      // The line's end behind the headers was counted; a part without content shares it with the boundary.
      part.file.bytes = Math.max(0, part.file.bytes - 2);
      this.files.push(part.file);
      return;
    }
    const text = decodeUtf8(Buffer.concat(part.value).subarray(2));
    if (text === undefined) throw new Error('a field is not UTF-8');
    this.fields[part.name] ??= [];
    this.fields[part.name]!.push(text);
  }
}

function partHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of text.split('\r\n')) {
    const found = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*$/.exec(line);
    if (found === null) throw new Error('a part has a header that is none');
    const name = found[1]!.toLowerCase();
    if (headers.has(name)) throw new Error(`the header ${toldName(name)} stands twice in a part`);
    headers.set(name, found[2]!);
  }
  return headers;
}

/** What browsers escape in names (WHATWG HTML, multipart/form-data). */
const unescaped = (name: string): string =>
  name.replace(/%(0A|0D|22)/gi, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));

export function readMultipart(parameters: ReadonlyMap<string, string>, bytes: Buffer): MultipartForm {
  const reader = new MultipartReader(boundaryOf(parameters));
  reader.push(bytes);
  return reader.end();
}
