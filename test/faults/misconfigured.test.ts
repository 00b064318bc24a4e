import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { allowAll } from '../support/gateway.js';
import { serveScript } from '../support/pg-peer.js';
import { freePort } from '../support/ports.js';

interface Place {
  folder: string;
  policy: string;
  listen: number;
  args: string[];
}

/** The real command; it must end by itself, before a single byte reached the server. */
async function refusesToStart(change: (place: Place) => void): Promise<{ code: number | null; said: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'midstream-wrong-'));
  const server = await serveScript(async (peer) => {
    await peer.receive();
    throw new Error('a byte reached the server');
  });
  const place: Place = { folder, policy: join(folder, 'policy.yaml'), listen: await freePort(), args: [] };
  writeFileSync(place.policy, allowAll);
  const flags: Record<string, string> = {
    '--postgres': `127.0.0.1:${server.port}`,
    '--listen': String(place.listen),
    '--policy': place.policy,
    '--record': join(folder, 'recordings'),
  };
  change(place);
  for (let i = 0; i < place.args.length; i += 2) flags[place.args[i]!] = place.args[i + 1]!;
  const child = spawn(process.execPath, [resolve('extproc/cli/bin.mjs'), 'up', ...Object.entries(flags).flat(), '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(server.connections(), 0);
  await assert.rejects(once(net.connect(place.listen, '127.0.0.1'), 'connect'), 'nobody listens');
  await server.close();
  rmSync(folder, { recursive: true, force: true });
  return { code, said };
}

describe('A gateway that is misconfigured does not start, says why, and passes no byte', function () {
  this.timeout(120_000);

  const cases: [string, (place: Place) => void, RegExp][] = [
    ['no policy file', (place) => rmSync(place.policy), /no policy file at/],
    [
      'a policy that does not load',
      (place) => writeFileSync(place.policy, 'version: 1\nrules: [{ name: a, on: postgres, when: "1 +", then: deny }]\n'),
      /policy\.yaml:2:\d+/,
    ],
    ['an empty policy', (place) => writeFileSync(place.policy, ''), /policy\.yaml:1:1/],
    ['a transport that is unknown', (place) => place.args.push('--transport', 'carrier-pigeon'), /carrier-pigeon is not known/],
    ['a server that is no address', (place) => place.args.push('--postgres', '127.0.0.1:port'), /is no address/],
    ['recordings that cannot be written', (place) => place.args.push('--record', join(place.policy, 'recordings')), /recordings|ENOTDIR/],
  ];
  for (const [what, change, expected] of cases) {
    it(what, async () => {
      const { code, said } = await refusesToStart(change);
      assert.notEqual(code, 0, said);
      assert.match(said, expected);
      assert.doesNotMatch(said, /"ready":true/);
    });
  }
});
