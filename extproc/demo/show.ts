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
