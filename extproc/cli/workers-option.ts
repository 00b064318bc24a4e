import { MidstreamError } from '../../filters/errors.js';

const WORKERS_MAX = 64;

/** `--workers N` as serve and envoy render take it: nothing where it is not given. Throws MidstreamError bad_input. */
export function workersOption(text: string | undefined): { workers?: number } {
  if (text === undefined) return {};
  const workers = Number(text);
  if (!Number.isInteger(workers) || workers < 1 || workers > WORKERS_MAX)
    throw new MidstreamError('bad_input', `--workers can't be ${text}`, { hint: `use a whole number from 1 to ${WORKERS_MAX}` });
  return { workers };
}
