import * as fs from 'node:fs';
import { groupFiles } from '../../../extproc/stores/recordings/names.js';
import { segmentLines } from '../../../extproc/stores/recordings/read.js';
import { parseLine } from '../../../filters/record/chain.js';

/** Each session's last line. */
export async function lastEvents(directory: string): Promise<Map<string, string>> {
  const last = new Map<string, string>();
  for (const { segments } of groupFiles(fs.readdirSync(directory))) {
    for (const segment of segments) {
      for await (const { bytes } of segmentLines(fs, directory, segment)) last.set(parseLine(bytes.toString()).session, bytes.toString());
    }
  }
  return last;
}
