/** The package types only its wrapper; parser.ts drives the WASM module itself. */
declare module 'libpg-query/wasm/libpg-query.js' {
  const createModule: (options?: Record<string, unknown>) => Promise<unknown>;
  export default createModule;
}
