import type { StoredEvent } from '../../filters/record/chain.js';
import { isOverHttp, timelineLines } from '../../filters/record/timeline.js';
import { bold, cyan, dim, green, printable, red, table, yellow } from '../cli/io.js';
import type { AgentEvent } from './agent.js';

/** One of the agent's events as lines for a terminal. Everything that came from the database is made printable. */
export function agentLines(event: AgentEvent): string[] {
  switch (event.type) {
    case 'says':
      return ['', `${bold('agent')}  ${event.text}`];
    case 'query':
      return [`       ${cyan(printable(event.sql))}`];
    case 'rows':
      return table([event.columns, ...event.rows].map((row) => row.map(printable)))
        .split('\n')
        .map((text, i) => `       ${i === 0 ? dim(text) : text}`);
    case 'request':
      return [`       ${cyan(printable(event.line))}`];
    case 'answer':
      return [
        `       ${event.status === 0 ? '' : `${event.status < 400 ? green(String(event.status)) : red(String(event.status))} `}${printable(event.text)}`,
      ];
    case 'event':
      return [`       ${dim('event')} ${printable(event.text)}`];
    case 'tool_error':
      return [`       ${red('TOOL ERROR')}  ${printable(event.message)}`];
    case 'done':
      return [`       ${green(printable(event.tag))}`];
    case 'notice':
      return [`       ${yellow('NOTICE')}  ${printable(event.message)}`];
    case 'refused': {
      const more = [event.detail, event.hint].filter(Boolean).map((text) => `       ${dim(printable(text))}`);
      return [`       ${red(`ERROR ${printable(event.code)}`)}  ${printable(event.message)}`, ...more];
    }
  }
}

/**
 * A recorded session in short: what of it was more than let through, or was masked, what was decided, and by whom. Nothing where there is nothing of
 * the kind. `clean` makes control characters visible.
 */
export function sessionLines(events: readonly StoredEvent[], clean: (text: string) => string): string[] {
  const ofNote = new Set(events.filter(isOfNote).map((event) => event.request));
  if (ofNote.size === 0) return [];
  const http = isOverHttp(events[0]);
  return events.flatMap((event) => {
    const told = event.type === 'mcp.tools' || (TOLD.has(event.type) && (http || ofNote.has(event.request)));
    if (!told || (event.type === 'decision' && event.verdict === 'allow') || (event.type === 'response' && !http)) return [];
    const [head, ...more] = timelineLines(event, { clean, rows_max: 0, cell_chars_max: 40 });
    return [head!, ...more.filter((line) => /^ *\| (masked: |approve by |deny by )/.test(line))].map(shorten);
  });
}

/** Masked rows of a database are on the screen already. */
const isOfNote = ({ type, ...event }: StoredEvent): boolean =>
  (type === 'decision' && event.verdict !== 'allow') ||
  (type === 'response' && event.status !== undefined && Array.isArray(event.masked) && event.masked.length > 0);

const TOLD = new Set(['request', 'decision', 'approval', 'response', 'error']);

const LINE_CHARS_MAX = 110;
const shorten = (text: string): string => (text.length > LINE_CHARS_MAX ? `${text.slice(0, LINE_CHARS_MAX - 1)}…` : text);
