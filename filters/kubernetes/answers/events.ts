import type { HttpRules } from '../../http/exchange-options.js';
import { type MessageMasking, typeOfMessage } from '../../http/websocket/mask.js';
import type { KubernetesFacts } from '../facts.js';
import { answerMasker } from './masker.js';
import type { TableColumns } from './object-masker.js';

/**
 * How messages of a watch over WebSocket are masked (k8s.io/apiserver/pkg/endpoints/handlers/watch.go: each is one event as JSON, also where the
 * subprotocol says base64): like the answers that they are. undefined: nothing is.
 * `table`: of all messages of the watch.
 */
export function eventMasking(
  { masks, objects = [], policy }: HttpRules,
  asked: KubernetesFacts,
  table: TableColumns,
): MessageMasking | undefined {
  if (masks.length + objects.length === 0) return undefined;
  const { held_bytes_max } = policy.limits;
  return (first, write) => answerMasker(typeOfMessage(first), { objects, detectors: masks }, asked, held_bytes_max, write, {}, table);
}
