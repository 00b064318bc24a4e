import { firstPerson, PEOPLE } from './database.js';
import { beside, run } from './program.js';
import type { ReadReport, ReadRequest } from './raw-reader.js';

/** Reads one result in a process of its own. */
export async function readResult(request: Omit<ReadRequest, 'pause_every_bytes' | 'pause_ms'> & Partial<ReadRequest>): Promise<ReadReport> {
  const whole: ReadRequest = { pause_every_bytes: 0, pause_ms: 0, ...request };
  return JSON.parse(await run(process.execPath, [...process.execArgv, beside('raw-reader'), JSON.stringify(whole)])) as ReadReport;
}

/** Throws unless the people came whole, and masked where they should be: speed without that would mean nothing. */
export function checkPeople(report: ReadReport, masked: boolean): void {
  if (report.rows !== PEOPLE) throw new Error(`${report.rows} rows came instead of ${PEOPLE}`);
  const { name, email, phone, card } = firstPerson();
  if (!report.first.includes(name)) throw new Error('the first row is not the first person');
  for (const [column, value] of Object.entries({ email, phone, card })) {
    if (report.first.includes(value) === masked) throw new Error(`the ${column} of the first row is ${masked ? 'not ' : ''}masked`);
  }
}
