#!/usr/bin/env node
// The `midstream` command. Compiles first when this is a checkout whose sources changed.
import { build } from './build.mjs';

if (!build()) process.exit(70);
await import('../../dist/extproc/process/v8-settings.js');
const { main } = await import('../../dist/extproc/cli/main.js');
await main(process.argv);
