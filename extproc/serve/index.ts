import type { Logger } from 'pino';
import { readMaskKey } from '../config/mask-key.js';
import type { Config } from '../config/types.js';
import { startWorker } from './from-config.js';
import type { Listening, SharedSettings } from './messages.js';
import { startSupervisor } from './supervisor.js';
import { forkWorker } from './worker-process.js';

export interface Serving {
  /** one for each worker */
  listening: Listening[];
  reload(): void;
  stop(reason: string): Promise<void>;
}

/** The gateway of a configuration: one worker in this process, several in processes of their own. */
export async function serve(config: Config, version: string, log: Logger): Promise<Serving> {
  const { key, id } = readMaskKey(config.masks.key_file, process.env.MIDSTREAM_MASK_KEY);
  const settings: SharedSettings = { config, version, mask_key: key, mask_key_id: id };
  const { workers } = config.gateway;
  if (workers > 1) return startSupervisor({ workers, settings, log, fork: forkWorker });
  const worker = await startWorker({ ...settings, number: 1, serves_api: true }, log);
  return { listening: [worker.listening], reload: () => void worker.runtime.reload(), stop: worker.stop };
}
