import { SEED } from '../support/seed.js';
import { type Cut, converse, difference, type Stream } from './byte-exact/converse.js';
import { extendedStreams } from './byte-exact/extended-streams.js';
import { randomStreams } from './byte-exact/random-streams.js';
import { DATABASE, seedDatabase } from './byte-exact/seed.js';
import { simpleStreams } from './byte-exact/simple-streams.js';
import { startupStreams } from './byte-exact/startup-streams.js';
import { type Counts, countCases, type SuiteContext } from './context.js';

const RANDOM_STREAMS = 300;
/** Cut to single bytes only what does not take all day. */
const SINGLE_BYTES_MAX = 3000;

const pieces: Cut = [1, 2, 3, 5, 1, 17, 4, 1, 97, 5, 1000, 6, 4096, 1, 60_000];

/**
 * A list of what clients send, byte streams with all kinds of messages; the server's answers must be the same bytes through the
 * gateway as without it, whatever the cuts. Only process ids and cancel keys may differ; with masks also the place in the server's source
 * that errors name: the Describe that is injected then finds out before the Execute that a portal does not exist.
 */
export async function byteExact({ direct, through, own, masks }: SuiteContext): Promise<Counts> {
  await seedDatabase(direct);
  const streams = [...startupStreams(own), ...simpleStreams, ...extendedStreams, ...randomStreams(RANDOM_STREAMS, SEED)];
  return countCases(
    streams.map((stream) => ({
      name: stream.name,
      run: async () => {
        const expected = await converse(direct, stream, 'whole', !masks);
        if (expected.length === 0 && !stream.name.startsWith('a cancel')) throw new Error(`the server said nothing (database ${DATABASE})`);
        for (const [how, cut] of cuts(stream)) {
          const parted = difference(expected, await converse(through, stream, cut, !masks));
          if (parted !== undefined) throw new Error(`${how}: ${parted}`);
        }
      },
    })),
  );
}

function cuts({ steps }: Stream): [string, Cut][] {
  const bytes = steps.reduce((sum, { send }) => sum + send.length, 0);
  return [['whole', 'whole'], ['in pieces', pieces], ...(bytes <= SINGLE_BYTES_MAX ? [['byte by byte', [1]] as [string, Cut]] : [])];
}
