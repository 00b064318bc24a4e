import type { Command } from 'commander';
import { factFunctions, factRows } from '../../filters/policy/fact-table.js';
import { bold, dim, line, printJson } from './io.js';

/** `midstream facts`: everything that a condition may ask about. */
export function register(program: Command): void {
  program
    .command('facts')
    .description('print every fact that a policy may ask about, with its type and an example')
    .argument('[word]', 'only facts whose name or description holds this word')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  midstream facts copy')
    .action((word: string | undefined, options: { json?: boolean }) => printFacts(word ?? '', options.json === true));
}

function printFacts(word: string, json: boolean): void {
  const wanted = word.toLowerCase();
  const rows = factRows().filter((row) => `${row.fact} ${row.description}`.toLowerCase().includes(wanted));
  const functions = Object.entries(factFunctions).filter(([name, text]) => `${name} ${text}`.toLowerCase().includes(wanted));
  if (json) {
    printJson({ facts: rows, functions: functions.map(([name, description]) => ({ name, description })) });
    return;
  }
  for (const row of rows) {
    line(`${bold(row.fact)}  ${dim(row.type)}`);
    line(`    ${row.description}`);
    if (row.values.length > 0) line(`    ${dim('one of:')} ${row.values.map((value) => (value === '' ? '""' : value)).join(', ')}`);
    line(`    ${dim('example:')} ${row.example}`);
  }
  if (functions.length > 0) line(`${rows.length > 0 ? '\n' : ''}${bold('Functions')}`);
  for (const [, text] of functions) line(`    ${text}`);
}
