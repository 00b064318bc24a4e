/** Ports for tests: always asked for, never fixed, so that suites can run beside each other. */
export { freePort, freePorts } from '../../extproc/process/free-port.js';
