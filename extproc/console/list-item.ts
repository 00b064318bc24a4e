import type { HoldRecord } from '../../filters/approval/types.js';

/** A record in a list or in the event stream: the same, with long texts cut. `cut` says so; the record itself has the whole. */
export interface ListItem extends HoldRecord {
  cut: boolean;
}

const TEXT_UNITS_MAX = 1000;
const PARAMS_MAX = 20;
const PARAM_UNITS_MAX = 200;

export function listItem(record: HoldRecord): ListItem {
  const { operation } = record;
  const text = clip(operation.text, TEXT_UNITS_MAX);
  const params = operation.params.slice(0, PARAMS_MAX).map((value) => (value === null ? null : clip(value, PARAM_UNITS_MAX)));
  const cut =
    text !== operation.text || params.length !== operation.params.length || params.some((value, i) => value !== operation.params[i]);
  return { ...record, operation: { ...operation, text, params }, cut };
}

const clip = (text: string, units_max: number): string => (text.length > units_max ? `${text.slice(0, units_max)}…` : text);
