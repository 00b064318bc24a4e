import type { StatementFacts } from './facts.js';

/** A statement of which nothing is known but its kind. */
export const emptyStatement = (kind: string, within: string): StatementFacts => ({
  kind,
  object: '',
  within,
  objects: [],
  columns: [],
  functions: [],
  reaches: [],
  writes: false,
  filtered: true,
  limit: -1,
  copy_direction: '',
  copy_target: '',
  setting: '',
  setting_value: '',
  name: '',
  analyze: false,
  weakens: [],
  opaque: [],
});
