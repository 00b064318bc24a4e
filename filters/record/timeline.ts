import type { JsonObject } from '../foreign-json.js';
import type { StoredEvent } from './chain.js';
import { type RecordedRows, recordedRows } from './pg-rows.js';

/** A recording as people read it: one block of text an event. Everything that came from outside goes through `clean`. */
export interface TimelineOptions {
  /** makes control characters visible */
  clean(text: string): string;
  /** rows of one result that are shown */
  rows_max: number;
  /** characters of one cell that are shown */
  cell_chars_max: number;
}

const str = (value: unknown): string =>
  typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
const list = (value: unknown): JsonObject[] => (Array.isArray(value) ? (value as JsonObject[]) : []);
const of = (value: unknown): JsonObject => (typeof value === 'object' && value !== null ? (value as JsonObject) : {});
const plural = (n: unknown, one: string): string => `${Number(n) || 0} ${one}${Number(n) === 1 ? '' : 's'}`;

/** `1:02:03.456` */
export function timeOf(t: number): string {
  const ms = Math.floor(t / 1e6);
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(ms / 3_600_000);
  return `${hours > 0 ? `${hours}:` : ''}${two(Math.floor(ms / 60_000) % 60)}:${two(Math.floor(ms / 1000) % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}

const GUTTER = ' '.repeat(11);
/** What follows the first line of an event stands behind a bar: recorded text can't pass for an event. */
const BAR = `${GUTTER}| `;

/** Lines of one event, without line feeds. Events of types that are not known are shown as they are. */
export function timelineLines(event: StoredEvent, options: TimelineOptions): string[] {
  const { head, more } = describe(event, options);
  const lines = [head, ...more].flatMap((part) => options.clean(part).split('\n'));
  return lines.map((line, i) => (i === 0 ? `${timeOf(event.t).padEnd(11)}${line}` : `${BAR}${line}`));
}

interface Block {
  head: string;
  more: string[];
}

function describe(event: StoredEvent, options: TimelineOptions): Block {
  const head = (kind: string, text: string, more: string[] = []): Block => ({ head: `${kind.padEnd(9)} ${text}`.trimEnd(), more });
  const request = str(event['request']);
  switch (event.type) {
    case 'session.open':
      return open(event, head);
    case 'request': {
      const params = Array.isArray(event['params'])
        ? event['params'].map((value, i) => `$${i + 1} = ${value === null ? 'NULL' : str(value)}`)
        : [];
      return head('request', `${request} ${str(event['operation'])}${event['text'] ? `: ${str(event['text'])}` : ''}`, [
        ...params,
        ...(typeof event['body'] === 'string' ? event['body'].split('\n') : []),
        ...leftOut(event),
      ]);
    }
    case 'request.body':
      return head('body', `${request} ${plural(event['bytes'], 'byte')}`, [...str(event['body']).split('\n'), ...leftOut(event)]);
    case 'decision': {
      const observed = list(event['matches']).filter((match) => match['mode'] === 'observe');
      return head(
        str(event['verdict']) || 'decision',
        `${request}${event['rule'] ? ` by ${str(event['rule'])}` : ''}`,
        observed.map((match) => `${str(match['rule'])} would ${str(match['verdict'])} (observed only)`),
      );
    }
    case 'hold':
      return head(
        'hold',
        `${request} by ${str(event['rule'])}: waits for ${plural(event['quorum'], 'approval')}${groups(event['by'])}, at most ${seconds(event['wait_ms'])}`,
        [`hold ${str(event['hold'])}`],
      );
    case 'approval': {
      const decisions = list(event['decisions']).map(
        (d) => `${str(d['verdict'])} by ${str(d['by'])} from ${str(d['from'])}${d['comment'] ? `: ${str(d['comment'])}` : ''}`,
      );
      return head(str(event['outcome']) || 'approval', `${request}${event['lease'] ? ` (lease ${str(event['lease'])})` : ''}`, decisions);
    }
    case 'response':
      return response(event, head, options);
    case 'mcp.tools': {
      const told = list(event['tools']).map((tool) => `${str(tool['name'])} is ${str(tool['state'])}`);
      return head('tools', `${str(event['server'])}: ${told.join(', ')}`);
    }
    case 'error':
    case 'notice':
      return head(
        event.type,
        `${request ? `${request} ` : ''}${str(event['severity'])} ${str(event['sqlstate'])}: ${str(event['message'])}${event['own'] === true ? ' (the gateway)' : ''}`,
      );
    case 'access': {
      const entry = of(event['entry']);
      return head(
        'access',
        `${str(entry['source'])} -> ${str(entry['upstream'])}, ${plural(entry['received_bytes'], 'byte')} received, ${plural(entry['sent_bytes'], 'byte')} sent${flags(entry['flags'])}`,
      );
    }
    case 'message':
      return head('message', `${request} from the ${str(event['from'])}, ${str(event['opcode'])}, ${plural(event['bytes'], 'byte')}`, [
        ...bodyLines(str(event['text']), options),
        ...leftOut(event),
        ...list(event['masked']).map((mask) => `masked: ${str(mask['rule'])} x${str(mask['count'])}`),
      ]);
    case 'close':
      return head('close', `from the ${str(event['from'])}: ${str(event['code'])} ${str(event['reason'])}`.trimEnd());
    case 'terminal':
      return terminal(event, head, options);
    case 'session.close':
      return close(event, head);
  }
  const { v: _v, session: _session, seq: _seq, t: _t, prev: _prev, type, ...rest } = event;
  return head(type, shorten(JSON.stringify(rest), 200));
}

/** COPY data that the recording does not hold. */
const leftOut = (event: StoredEvent): string[] => {
  const left = Number(event['left_out']) || 0;
  return left > 0 ? [`(${plural(left, 'byte')} more went to the server and ${left === 1 ? 'is' : 'are'} not in the recording)`] : [];
};

/** A body as lines, as many as are shown. */
function bodyLines(text: string, options: TimelineOptions): string[] {
  const lines = text === '' ? [] : text.split('\n');
  const shown = lines.slice(0, BODY_LINES_MAX).map((line) => shorten(options.clean(line), options.cell_chars_max * 10));
  return lines.length > shown.length ? [...shown, `(${plural(lines.length - shown.length, 'more line')})`] : shown;
}

function terminal(event: StoredEvent, head: Head, options: TimelineOptions): Block {
  const stream = str(event['stream']);
  if (stream === 'start')
    return head(
      'terminal',
      `${event['tty'] === true ? 'with a terminal' : 'without a terminal'}: ${list(event['command']).map(str).join(' ')}`,
    );
  if (stream === 'resize') return head('size', `${str(event['columns'])}x${str(event['rows'])}`);
  if (stream === 'exit')
    return head('exit', `${event['code'] === null ? '' : str(event['code'])} ${str(event['message'])}`.trim(), leftOut(event));
  if (stream === 'stdin') return head('stdin', str(event['text']), leftOut(event));
  return head(stream, '', bodyLines(Buffer.from(str(event['data']), 'base64').toString('utf8').replace(/\n$/, ''), options));
}

type Head = (kind: string, text: string, more?: string[]) => Block;

/** Protocols over HTTP, as people name them. */
const OVER_HTTP: Readonly<Record<string, string>> = { http: 'HTTP', mcp: 'MCP', kubernetes: 'Kubernetes' };

/** Whether a session that begins with this event is of one of them. */
export const isOverHttp = (first: StoredEvent | undefined): boolean =>
  first !== undefined && OVER_HTTP[str(first['protocol'])] !== undefined;

function open(event: StoredEvent, head: Head): Block {
  const identity = of(event['identity']);
  const protocol = OVER_HTTP[str(event['protocol'])];
  const where =
    protocol !== undefined
      ? `${protocol}${event['application'] ? `, ${str(event['application'])}` : ''}`
      : `database ${str(event['database'])}, user ${str(event['user'])}${event['application'] ? `, application ${str(event['application'])}` : ''}`;
  return head(
    'open',
    `${str(event['resource'])} by ${str(identity['id'])} (${str(identity['proof']) || str(identity['kind'])}) from ${str(identity['source'])}`,
    [where, `policy ${str(event['policy_version']).slice(0, 12)}, ${str(event['start'])}`],
  );
}

function response(event: StoredEvent, head: Head, options: TimelineOptions): Block {
  if (event['status'] !== undefined) return httpResponse(event, head, options);
  const tag = str(event['tag']);
  const more: string[] = [];
  const columns = Array.isArray(event['columns']) ? (event['columns'] as string[]) : [];
  const { results, cut } = recordedRows(str(event['wire']), columns);
  for (const result of results) if (result.columns.length > 0 || result.rows.length > 0) more.push(...grid(result, options));
  const left = Number(event['wire_left_out']) || 0;
  if (left > 0 || cut) more.push(`(${plural(left, 'byte')} more went to the client and ${left === 1 ? 'is' : 'are'} not in the recording)`);
  if (event['incomplete'] === true) more.push('(the connection ended before the answer did)');
  if (event['skipped'] === true) more.push('(not run: an earlier message of the pipeline failed)');
  for (const mask of list(event['masked']))
    more.push(`masked ${str(mask['column'])}: ${str(mask['kind']) || str(mask['rule'])} x${str(mask['count'])}`);
  return head(
    'response',
    `${str(event['request'])} ${plural(event['rows'], 'row')}, ${plural(event['bytes'], 'byte')}${tag ? ` (${tag})` : ''}`,
    more,
  );
}

/** Lines of a body that are shown. */
const BODY_LINES_MAX = 20;

function httpResponse(event: StoredEvent, head: Head, options: TimelineOptions): Block {
  const type = str(event['content_type']);
  const text = Buffer.from(str(event['body']), 'base64').toString('utf8');
  const lines = text === '' ? [] : text.split('\n');
  const more = lines.slice(0, BODY_LINES_MAX).map((line) => shorten(options.clean(line), options.cell_chars_max * 10));
  if (lines.length > BODY_LINES_MAX) more.push(`(${plural(lines.length - BODY_LINES_MAX, 'more line')})`);
  const left = Number(event['body_left_out']) || 0;
  if (left > 0) more.push(`(${plural(left, 'byte')} more went to the client and ${left === 1 ? 'is' : 'are'} not in the recording)`);
  if (event['incomplete'] === true) more.push('(the request ended before its answer did)');
  for (const mask of list(event['masked'])) more.push(`masked: ${str(mask['rule'])} x${str(mask['count'])}`);
  return head(
    'response',
    `${str(event['request'])} ${str(event['status'])}${type === '' ? '' : ` ${type}`}, ${plural(event['bytes'], 'byte')}`,
    more,
  );
}

function close(event: StoredEvent, head: Head): Block {
  const totals = of(event['totals']);
  const more: string[] = [];
  if (event['totals'] !== undefined)
    more.push(
      `${plural(totals['requests'], 'request')}, ${Number(totals['denied']) || 0} denied, ${Number(totals['held']) || 0} held, ${plural(totals['rows'], 'row')}, ${plural(totals['bytes_up'], 'byte')} up, ${plural(totals['bytes_down'], 'byte')} down`,
    );
  const coverage = of(event['coverage']);
  if (event['coverage'] !== undefined)
    more.push(`${plural(coverage['inspected_bytes'], 'byte')} inspected, ${plural(coverage['masked_bytes'], 'byte')} masked`);
  for (const opaque of list(coverage['opaque'])) more.push(`${plural(opaque['bytes'], 'byte')} not inspected: ${str(opaque['reason'])}`);
  return head('close', str(event['reason']), more);
}

const groups = (by: unknown): string => (Array.isArray(by) && by.length > 0 ? ` of ${by.map(str).join(', ')}` : '');
const flags = (value: unknown): string => (Array.isArray(value) && value.length > 0 ? ` [${value.map(str).join(' ')}]` : '');
const seconds = (ms: unknown): string => `${Math.round((Number(ms) || 0) / 1000)} s`;
const shorten = (text: string, chars_max: number): string => (text.length > chars_max ? `${text.slice(0, chars_max - 1)}…` : text);

/** A table with its header; line feeds and tabs in cells are shown, not done. */
function grid({ columns, rows }: RecordedRows, options: TimelineOptions): string[] {
  const flat = (cell: string | null): string =>
    cell === null ? 'NULL' : shorten(options.clean(cell).replaceAll('\n', '\\n').replaceAll('\t', '\\t'), options.cell_chars_max);
  const shown = rows.slice(0, options.rows_max).map((row) => row.map(flat));
  const header = columns.map(flat);
  const widths: number[] = [];
  for (const row of [header, ...shown]) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const join = (row: string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join(' | ')
      .trimEnd();
  const lines = header.length > 0 ? [join(header), widths.map((width) => '-'.repeat(width)).join('-+-')] : [];
  lines.push(...shown.map(join));
  if (rows.length > shown.length) lines.push(`(${rows.length - shown.length} more rows)`);
  return lines;
}
