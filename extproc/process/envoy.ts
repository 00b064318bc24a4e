/** Envoy as a child process: found or fetched, run, asked, stopped. */
export type { AdminAddress } from './envoy-admin.js';
export { ENVOY_VERSION, type FindEnvoyOptions, type FoundEnvoy, findEnvoy } from './find-envoy.js';
export { type EnvoyLogLevel, type RunEnvoyOptions, type RunningEnvoy, runEnvoy } from './run-envoy.js';
