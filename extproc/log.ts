import pino, { type Logger } from 'pino';
import type { LogLevel } from './config/log-levels.js';

/** The gateway's own log: to standard error, as lines for people on a terminal and as JSON elsewhere. */
export function createLog(level: LogLevel): Logger {
  return process.stderr.isTTY
    ? pino({ level, transport: { target: 'pino-pretty', options: { destination: 2, ignore: 'pid,hostname' } } })
    : pino({ level, base: undefined }, pino.destination(2));
}
