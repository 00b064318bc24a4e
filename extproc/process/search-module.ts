import { setFlagsFromString } from 'node:v8';
import { theMachine } from '../../filters/mask/anchors/anchors.js';

/**
 * Compiles the module of the search and of rows well, before the first detector is made (decision 0166). A gateway has V8's baseline compiler
 * alone for WebAssembly, because of PostgreSQL's grammar (v8-settings.ts); this module is small and always busy. All of it is compiled
 * here, not function by function when they are called. A V8 that does not know an option ignores it.
 */
export function compileSearch(): void {
  setFlagsFromString('--no-liftoff');
  setFlagsFromString('--no-wasm-lazy-compilation');
  theMachine();
  setFlagsFromString('--wasm-lazy-compilation');
  setFlagsFromString('--liftoff');
}
