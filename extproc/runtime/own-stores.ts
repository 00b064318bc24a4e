import type { Logger } from 'pino';
import type { ApprovalStore } from '../../filters/approval/types.js';
import { kinds } from '../../filters/mask/index.js';
import type { Policy } from '../../filters/policy/types.js';
import type { Resource } from '../gateway-options.js';
import type { Metrics } from '../services/metrics.js';
import { openPolicyFile, type PolicyFile } from '../stores/policy-file.js';
import { openRecordings, type Recordings, type RecoveryReport } from '../stores/recordings/index.js';
import type { RuntimeOptions } from './options.js';

/** Whom originals are sealed to: the gateway's own recipients and those of the policy. */
const recipientsOf = ({ record }: RuntimeOptions, { recording }: Policy): string[] => [
  ...new Set([...(record.recipients ?? []), ...(recording?.sealed ?? [])]),
];

/** The policy file, read anew when it changes. `changed` is called once a new one is in force. */
export async function openOwnPolicy(options: RuntimeOptions, metrics: Metrics, changed: (policy: Policy) => void): Promise<PolicyFile> {
  const { log, resources } = options;
  const policy = await openPolicyFile(options.policyFile, {
    kinds,
    onChange: (now) => {
      metrics.policy(now.version, true);
      log.info({ version: now.version }, 'a new policy is in force');
      sayNamesOnly(now, resources, log);
      changed(now);
    },
    onError: (error) => {
      metrics.policy('', false);
      log.error({ reason: error.message }, 'the policy was not loaded; the last good one stays in force');
    },
  });
  metrics.policy(policy.current().version, true);
  sayNamesOnly(policy.current(), resources, log);
  return policy;
}

/** The recordings, recovered after a crash; holds of sessions that the crash ended are ended too. */
export async function openOwnRecordings(options: RuntimeOptions, policy: Policy, approvals: ApprovalStore): Promise<Recordings> {
  const { log } = options;
  const recordings = await openRecordings({ ...options.record, recipients: recipientsOf(options, policy) });
  recordings.onError = (error) => (error ? log.error({ error: error.message }, 'recording trouble') : log.info('recording works again'));
  const recovered = async (report: RecoveryReport) => {
    log.warn({ ...report }, 'a recording was recovered after a crash');
    // Sessions that had no end were held by a process that is gone: approvers need not be asked any more.
    const holds =
      report.sessions.length === 0 ? 0 : await approvals.abandon(report.sessions, 'the gateway that held it ended before its time');
    if (holds > 0) log.warn({ holds }, 'holds of a gateway that was killed were ended; none of them ran');
  };
  for (const report of recordings.recovered) await recovered(report);
  recordings.onRecovered = (report) =>
    void recovered(report).catch((error: unknown) =>
      log.error({ error: String(error) }, 'holds of a gateway that was killed could not be ended'),
    );
  return recordings;
}

/** New sessions are sealed as the policy asks from now on. */
export function sealAsAsked(recordings: Recordings, options: RuntimeOptions, policy: Policy): void {
  recordings
    .sealTo(recipientsOf(options, policy))
    .catch((error: unknown) => options.log.error({ error: String(error) }, 'originals cannot be sealed as the policy asks'));
}

/** Masks by column know tables and their columns by name alone where there is no catalogue. */
function sayNamesOnly(policy: Policy, resources: readonly Resource[], log: Logger): void {
  if (!policy.usesColumns) return;
  for (const { resource, catalogue } of resources)
    if (catalogue === undefined)
      log.warn(
        { resource },
        'masks by column go by name: without a catalogue connection (--catalogue, listeners[].catalogue) columns of views are not followed',
      );
}
