/** Milliseconds between looks at the parent: nothing tells a process that it has a new one. */
const LOOK_MS = 500;

/**
 * Settles when the npm that runs this program is gone. `npx midstream …` and `npm start` run it in a shell of their own; SIGTERM to npm
 * (seen with 11) ends npm and that shell and goes to nobody else, so Envoy and the gateway would live on with nobody who could end them.
 * Never settles where something else runs it, or a script that only has npm's environment: it may outlive who started it.
 */
export function npmGone(env: NodeJS.ProcessEnv = process.env, parent = () => process.ppid): Promise<void> {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script = '', npm_package_name: name } = env;
  const isOurs = event === 'npx' ? script.includes('midstream') : event === 'start' && name === 'midstream';
  if (!isOurs) return new Promise(() => {});
  const first = parent();
  return new Promise((resolve) => {
    const look = setInterval(() => {
      if (parent() === first) return;
      clearInterval(look);
      resolve();
    }, LOOK_MS).unref();
  });
}
