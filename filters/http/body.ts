import { isBinary, LIKE_FORM, UNSEEN } from './binary.js';
import { readText } from './charset.js';
import { type ContentType, readContentType } from './content-type.js';
import type { HttpFacts } from './facts.js';
import { beginsLikeJson, readFirstJson, readJsonText } from './json.js';
import { readMultipart } from './multipart.js';
import { readPairs } from './path.js';
import { toldName } from './told-name.js';

/** `application/json` of `application/JSON; charset=utf-8`. */
export function mediaType(value: string): string {
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

export const isJson = (type: string): boolean => type === 'application/json' || type === 'text/json' || type.endsWith('+json');
const isLines = (type: string): boolean => /^(application|text)\/(x-)?(ndjson|jsonl|jsonlines|json-lines|ldjson)$/.test(type);
/** Read as one text. XML among them: what its entities hide is hidden here too, and a rule sees the text as it came. */
const isText = (type: string): boolean =>
  type === '' || type.startsWith('text/') || /^application\/(graphql|(x-)?ya?ml|xml|sql|javascript)$|\+(xml|ya?ml)$/.test(type);
export const FORM = 'application/x-www-form-urlencoded';
export const MULTIPART = 'multipart/form-data';

/** What a body says to one reader of it. */
export interface BodyReading extends Pick<HttpFacts, 'body' | 'files' | 'unreadable' | 'unparsed'> {
  /** no text: it holds neither a form with files nor a document of GraphQL */
  binary?: true;
}

const says = (body: unknown): BodyReading => ({ body, files: [], unreadable: '', unparsed: '' });
const unreadable = (why: string): BodyReading => ({ body: undefined, files: undefined, unreadable: why, unparsed: '' });
export const unparsed = (why: string): BodyReading => ({ body: undefined, files: undefined, unreadable: why, unparsed: why });

/**
 * What a body says, to each kind of reader that a server may be: first to the one whom its type asks for, then to those that go by its look.
 * A rule is judged with each of them (readings.ts). Never throws: what can't be understood is said in `unparsed`.
 * @param contentType the header as it came
 * @param bytes as its reader has them: unpacked
 */
export function readBodies(contentType: string, bytes: Buffer): BodyReading[] {
  if (bytes.length === 0) return [says(null)];
  const type = readContentType(contentType);
  if (type.type === MULTIPART && type.broken === '') return [multipart(type, bytes)];
  const { texts, broken } = readText(bytes, type.parameters.get('charset') ?? '');
  const readings = texts.flatMap((text) => readingsOf(type.type, text));
  if (type.broken !== '') return [unparsed(type.broken), ...readings];
  if (broken === '') return readings;
  if (mayBeBinary(contentType) && isBinary(bytes)) return [{ ...unreadable(notRead(type.type)), files: [], binary: true }];
  return [readsAsText(type.type) ? unparsed(broken) : unreadable(notRead(type.type))];
}

const notRead = (type: string): string =>
  type === '' ? 'a body that is no text is not read' : `a body of type ${toldName(type)} is not read`;

/** Of such a type a body may be no text at all, and is then nothing else either; messages of gRPC are read by nobody here, parts of a multipart body by some. */
export function mayBeBinary(contentType: string): boolean {
  const { type, parameters, broken } = readContentType(contentType);
  if (broken !== '' || parameters.has('charset') || type.startsWith('multipart/') || type.startsWith('application/grpc')) return false;
  return type === '' || !readsAsText(type);
}

const readsAsText = (type: string): boolean => isJson(type) || isLines(type) || type === FORM || isText(type);

function readingsOf(type: string, text: string): BodyReading[] {
  if (isJson(type)) return [json(text)];
  if (isLines(type)) return [lines(text)];
  const look = byLook(text);
  if (type === FORM) {
    const { pairs, broken } = readPairs(text, 'utf8');
    const form = { ...says(pairs), unparsed: broken ? 'the form has an escape that is none' : '' };
    // JSON sent as a form is one name without a value, unless it holds the signs of a form.
    if (look.whole && !/[=&]/.test(text)) return look.readings;
    return [form, ...look.readings];
  }
  if (look.whole) return look.readings;
  if (type === '' && LIKE_FORM.test(text)) look.readings.push(says(readPairs(text, 'utf8').pairs));
  return [xml(type, text) ?? (isText(type) ? says(text) : unreadable(notRead(type))), ...look.readings];
}

function json(text: string): BodyReading {
  try {
    return says(readJsonText(text));
  } catch (error) {
    return unparsed(`the body says that it is JSON, but ${(error as Error).message}`);
  }
}

function lines(text: string): BodyReading {
  try {
    return says(readLines(text));
  } catch (error) {
    return unparsed(`the body says that it is lines of JSON, but ${(error as Error).message}`);
  }
}

const readLines = (text: string): unknown[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map(readJsonText);

/** A server that reads JSON whatever the type says sees this. `whole`: the text is JSON and nothing else. */
function byLook(text: string): { readings: BodyReading[]; whole: boolean } {
  if (!beginsLikeJson(text)) {
    // some readers pass over more than JSON's own white space
    const begun = text.replace(UNSEEN, '');
    return begun.length < text.length && beginsLikeJson(begun) ? { ...byLook(begun), whole: false } : { readings: [], whole: false };
  }
  try {
    const first = readFirstJson(text);
    if (first === undefined) return { readings: [], whole: false };
    if (first.whole) return { readings: [says(first.value)], whole: true };
    return { readings: [says(first.value), ...linesByLook(text)], whole: false };
  } catch (error) {
    return { readings: [unparsed(`the body looks like JSON, but ${(error as Error).message}`)], whole: false };
  }
}

function linesByLook(text: string): BodyReading[] {
  try {
    return [says(readLines(text))];
  } catch {
    return [];
  }
}

/** XML may name a charset of its own, in which it says something else. */
function xml(type: string, text: string): BodyReading | undefined {
  if (!/(^|[/+])xml$/.test(type) && !text.startsWith('<?xml')) return undefined;
  const named = /^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']*)["']/.exec(text)?.[1];
  return named === undefined || /^(utf-?8|us-ascii)$/i.test(named) ? undefined : unparsed('the XML names another charset');
}

function multipart(type: ContentType, bytes: Buffer): BodyReading {
  try {
    const { fields, files } = readMultipart(type.parameters, bytes);
    return { body: fields, files, unreadable: '', unparsed: '' };
  } catch (error) {
    return unparsed(`the form can be read in several ways: ${(error as Error).message}`);
  }
}
