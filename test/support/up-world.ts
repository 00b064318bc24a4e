import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startUp, type Up, type UpOptions } from '../../extproc/up.js';

export const ANY_PORT = { host: '127.0.0.1', port: 0 };

/** Envoy and the gateway as `midstream up` starts them, in a folder of their own. */
export interface UpWorld {
  up: Up;
  directory: string;
  policyFile: string;
  recordings: string;
  /** Ends both and removes the folder. */
  stop(): Promise<void>;
}

export async function upWorld(policy: string, options: Partial<UpOptions>): Promise<UpWorld> {
  const directory = mkdtempSync(join(tmpdir(), 'midstream-up-'));
  const policyFile = join(directory, 'policy.yaml');
  const recordings = join(directory, 'recordings');
  writeFileSync(policyFile, policy);
  const up = await startUp({
    version: 'test',
    listen: ANY_PORT,
    transport: 'ext_proc',
    policyFile,
    recordDirectory: recordings,
    durability: 'strict',
    catalogueUrl: undefined,
    log: pino({ level: 'silent' }),
    progress: () => {},
    ...options,
  });
  return {
    up,
    directory,
    policyFile,
    recordings,
    async stop() {
      await up.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
