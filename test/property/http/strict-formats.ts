import assert from 'node:assert/strict';
import { parse as parseCsv } from 'csv-parse/sync';
import { createParser } from 'eventsource-parser';
import { type DefaultTreeAdapterMap, parse as parseHtml } from 'parse5';
import { SaxesParser } from 'saxes';
import type { Random } from '../../support/random.js';
import { type Field, field, list, same } from './strict-fields.js';

/** One format: how fields are written, by which type, and what a library reads. `read` gives the fields in the order in which they were written. */
interface Format {
  type: string;
  write(random: Random): { whole: string; fields: Field[]; type?: string };
  read(whole: string, type: string): string[] | Promise<string[]>;
}

function csv(random: Random): { whole: string; fields: Field[] } {
  const sign = random.pick([',', ';', '\t', '|']);
  const end = random.pick(['\n', '\r\n']);
  const columns = 2 + random.int(3);
  const cell = (text: string): string => (/[",;\t|\r\n]/.test(text) || random.chance(0.3) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = list(random, 5, () => Array.from({ length: columns }, () => field(random, ['x\ny'])));
  const head = Array.from({ length: columns }, (_, n) => same(`col_${'abcd'[n]!}`));
  // the first of a line is never empty: readers leave out empty lines
  for (const row of rows) if (row[0]!.text === '') row[0] = same('x');
  const all = [head, ...rows];
  return { whole: all.map((row) => row.map(({ text }) => cell(text)).join(sign) + end).join(''), fields: all.flat() };
}

function readCsv(whole: string): string[] {
  const sign = /^"?col_a"?(.)/.exec(whole)![1]!;
  return (parseCsv(whole, { delimiter: sign }) as string[][]).flat();
}

/** A character by the escapes of its units, which nobody needs. */
const unicode = (sign: string): string =>
  sign
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');

function json(random: Random, fields: Field[], depth = 0): string {
  const blank = (): string => (depth === 0 ? '' : random.pick(['', ' ']));
  if (depth > 0 && random.chance(0.6)) {
    const one = field(random, ['\n', '\u0001']);
    fields.push(one);
    return `"${one.text.replace(/./gsu, (sign) => (random.chance(0.1) ? unicode(sign) : JSON.stringify(sign).slice(1, -1)))}"`;
  }
  const inner = depth < 3 ? list(random, 3, () => json(random, fields, depth + 1)) : [];
  return random.chance(0.5) ? `[${inner.join(`,${blank()}`)}]` : `{${inner.map((one, n) => `"k${'abc'[n]!}":${blank()}${one}`).join(',')}}`;
}

const leaves = (value: unknown): string[] =>
  typeof value === 'string' ? [value] : Object.values(value as object).flatMap((one) => leaves(one));

function events(random: Random): { whole: string; fields: Field[] } {
  const end = random.pick(['\n', '\r\n', '\r']);
  const fields: Field[] = [];
  const event = (): string => {
    const lines: string[] = [];
    if (random.chance(0.3)) lines.push(`event: ${random.pick(['message', 'ping'])}`);
    const from = fields.length;
    let data: string;
    if (random.chance(0.5)) {
      data = json(random, fields);
      // JSON may be cut into lines where blanks may stand
      const spread = JSON.stringify(JSON.parse(data), undefined, 1);
      if (random.chance(0.6)) data = spread;
      fields.splice(from, fields.length, {
        text: spread,
        masked: JSON.stringify(maskedTree(JSON.parse(data), fields.slice(from)), undefined, 1),
      });
    } else {
      // an event that says nothing is none
      const made = field(random, ['\n', 'x\n']);
      const one = made.text === '' ? same('x') : made;
      data = one.text;
      fields.push(one);
    }
    const said = data.split('\n');
    said.forEach((line, n) => {
      lines.push(line === '' && random.chance(0.5) ? 'data' : `data:${line.startsWith(' ') || random.chance(0.7) ? ' ' : ''}${line}`);
      if (n < said.length - 1 && random.chance(0.2)) lines.push(random.pick([': a comment', 'retry: 10', 'id: x']));
    });
    return lines.map((line) => line + end).join('') + end;
  };
  // the reader waits for a line feed behind a carriage return
  return { whole: `${list(random, 4, event).join('')}: end\n`, fields };
}

function maskedTree(value: unknown, fields: Field[]): unknown {
  if (typeof value === 'string') return fields.shift()!.masked;
  if (Array.isArray(value)) return value.map((one) => maskedTree(one, fields));
  return Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, maskedTree(one, fields)]));
}

function readEvents(whole: string): string[] {
  const read: string[] = [];
  const parser = createParser({
    onEvent: ({ data }) => {
      // A text may be a string of JSON by chance (`"q"` and a tab): that is read as it stands.
      try {
        read.push(/^[{[]/.test(data) ? JSON.stringify(JSON.parse(data), undefined, 1) : data);
      } catch {
        read.push(data);
      }
    },
    onError: (error) => assert.fail(error),
  });
  parser.feed(whole);
  return read;
}

function form(random: Random): { whole: string; fields: Field[] } {
  const pairs = list(random, 4, (): [string, Field] => [random.pick(['a', 'b[]', 'c d']), field(random, ['\n', '+'])]);
  const escaped = (text: string): string => {
    const usual = new URLSearchParams([['', text]]).toString().slice(1);
    return random.chance(0.5)
      ? usual
      : usual.replaceAll('+', '%20').replace(/%[0-9A-F]{2}/g, (one) => (random.chance(0.5) ? one : one.toLowerCase()));
  };
  return { whole: pairs.map(([name, { text }]) => `${escaped(name)}=${escaped(text)}`).join('&'), fields: pairs.map(([, one]) => one) };
}

/** Signs of markup as references, all that must be and some that may. */
const referenced = (text: string, random: Random, must: RegExp): string =>
  [...text]
    .map((sign) => {
      if (!must.test(sign) && !(sign.codePointAt(0)! > 0x20 && random.chance(0.05))) return sign;
      const code = sign.codePointAt(0)!;
      return random.chance(0.5) ? `&#${code};` : `&#x${code.toString(16)};`;
    })
    .join('');

function xml(random: Random): { whole: string; fields: Field[] } {
  const fields: Field[] = [];
  const one = (): Field => {
    const made = field(random, ['\n']);
    // a text that is blank alone says nothing, and readers of CDATA can not tell its end from what it holds
    const kept = made.text.trim() === '' ? same('x') : made;
    fields.push(kept);
    return kept;
  };
  const element = (depth: number): string => {
    const attribute = random.chance(0.4) ? ` title="${referenced(one().text, random, /[&<"\t\n]/)}"` : '';
    if (depth === 3 || random.chance(0.5)) return `<row${attribute}>${referenced(one().text, random, /[&<>\]]/)}</row>`;
    return `<list${attribute}>${list(random, 3, () => element(depth + 1)).join('')}</list>`;
  };
  return { whole: `<?xml version="1.0" encoding="UTF-8"?>\n${element(0)}\n`, fields };
}

function readXml(whole: string): string[] {
  const read: string[] = [];
  const parser = new SaxesParser();
  parser.on('error', (error) => assert.fail(error));
  parser.on('opentag', (tag) => read.push(...Object.values(tag.attributes as Record<string, string>)));
  parser.on('text', (text) => {
    if (text.trim() !== '') read.push(text);
  });
  parser.write(whole).close();
  return read;
}

function html(random: Random): { whole: string; fields: Field[] } {
  const fields: Field[] = [];
  const one = (): Field => {
    const made = field(random);
    const kept = made.text.trim() === '' ? same('x') : made;
    fields.push(kept);
    return kept;
  };
  const cell = (): string => {
    const title = random.chance(0.4) ? ` title='${referenced(one().text, random, /[&<>']/)}'` : '';
    return `<p${title}>${referenced(one().text, random, /[&<>]/)}${random.chance(0.5) ? '</p>' : ''}`;
  };
  return { whole: `<!doctype html><html><body>${list(random, 5, cell).join('')}</body></html>`, fields };
}

function readHtml(whole: string): string[] {
  const read: string[] = [];
  const walk = (node: DefaultTreeAdapterMap['node']): void => {
    if ('attrs' in node) read.push(...node.attrs.map(({ value }) => value));
    if (node.nodeName === '#text') read.push((node as DefaultTreeAdapterMap['textNode']).value);
    if ('childNodes' in node) for (const child of node.childNodes) walk(child);
  };
  walk(parseHtml(whole, { onParseError: (error) => assert.fail(error.code) }));
  return read;
}

function parts(random: Random): { whole: string; fields: Field[] } {
  const fields = list(random, 4, () => field(random, ['\r\n', '\n']));
  const part = ({ text }: Field, n: number): string => `--x y\r\nContent-Disposition: form-data; name="f${n}"\r\n\r\n${text}\r\n`;
  return { whole: `${fields.map(part).join('')}--x y--\r\n`, fields };
}

const readParts = async (whole: string, type: string): Promise<string[]> =>
  [...(await new Response(whole, { headers: { 'content-type': type } }).formData()).values()] as string[];

export const formats: Record<string, Format> = {
  'CSV (csv-parse)': { type: 'text/csv', write: csv, read: readCsv },
  'lines of JSON (JSON.parse)': {
    type: 'application/x-ndjson',
    write: (random) => {
      const fields: Field[] = [];
      return { whole: list(random, 4, () => `${json(random, fields)}\n`).join(''), fields };
    },
    read: (whole) =>
      whole
        .split('\n')
        .filter((line) => line !== '')
        .flatMap((line) => leaves(JSON.parse(line))),
  },
  'events (eventsource-parser)': { type: 'text/event-stream', write: events, read: readEvents },
  'forms (URLSearchParams)': {
    type: 'application/x-www-form-urlencoded',
    write: form,
    read: (whole) => [...new URLSearchParams(whole).values()],
  },
  'XML (saxes)': { type: 'application/xml', write: xml, read: readXml },
  'HTML (parse5)': { type: 'text/html', write: html, read: readHtml },
  'bodies of several parts (Response.formData)': { type: 'multipart/form-data; boundary="x y"', write: parts, read: readParts },
};
