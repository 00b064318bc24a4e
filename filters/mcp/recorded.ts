import type { Decision } from '../policy/types.js';
import type { RecordingMaskers } from '../record/shown-identity.js';
import type { McpMessage } from './messages.js';

/** UTF-16 units of a server's parameters that the recording keeps. */
const SHOWN_UNITS_MAX = 4096;

/** Events about a message of a server: the request, where it is one, and what was decided of it. */
export function askedFields(
  request: string,
  { kind, facts, value }: McpMessage,
  { verdict, rule, matches }: Decision,
  { maskText, policy }: RecordingMaskers & { policy: { version: string } },
): { request: object | undefined; decided: object } {
  const { from, server, method, uri } = facts;
  const params = value['params'] === undefined ? '' : JSON.stringify(value['params']);
  return {
    request:
      kind === 'notification' && verdict === 'allow'
        ? undefined
        : {
            request,
            operation: `server: ${maskText(method)}`,
            text: maskText(params.slice(0, SHOWN_UNITS_MAX)),
            facts: { from, server, method, uri: maskText(uri) },
            fingerprint: '',
            bytes: params.length,
          },
    decided: { request, verdict, rule, matches, policy_version: policy.version },
  };
}
