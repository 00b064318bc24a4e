import { type Address, isLocal, parseAddress } from '../../envoy/address.js';

/** What the checks need of the world, so that they themselves are plain. */
export interface ResolveContext {
  file: string;
  env: NodeJS.ProcessEnv;
  /** text of a file that the configuration names; rejects when it can't be read */
  readFile: (name: string) => Promise<string>;
  problem: (pointer: string, what: string, fix: string) => void;
}

/** Checks of single values, each told at its place in the file. */
export class Places {
  constructor(readonly context: ResolveContext) {}

  problem(pointer: string, what: string, fix: string): void {
    this.context.problem(pointer, what, fix);
  }

  address(pointer: string, text: string): Address | undefined {
    try {
      return parseAddress(text);
    } catch (error) {
      this.problem(pointer, error instanceof Error ? error.message : String(error), '');
      return undefined;
    }
  }

  /** Only this machine may reach it. */
  local(pointer: string, text: string): string {
    const address = this.address(pointer, text);
    if (address && !isLocal(address))
      this.problem(pointer, `${text} can be reached from other machines`, 'use a loopback address or a Unix socket');
    return text;
  }

  socket(pointer: string, text: string): { host: string; port: number } {
    const address = this.address(pointer, text);
    if (address && 'host' in address) return address;
    if (address) this.problem(pointer, `${text} is a Unix socket`, 'write host:port');
    return { host: '', port: 0 };
  }

  /** Each worker listens on a port, or a socket, of its own. */
  perWorker(pointer: string, text: string, workers: number, { local = true } = {}): string[] {
    const first = text.replaceAll('{worker}', '1');
    const address = local ? this.address(pointer, this.local(pointer, first)) : this.address(pointer, first);
    if (!address) return [];
    if ('path' in address) {
      if (workers > 1 && !text.includes('{worker}'))
        this.problem(pointer, `${workers} workers can't share one Unix socket`, 'put {worker} into its path');
      return Array.from({ length: workers }, (_, i) => text.replaceAll('{worker}', String(i + 1)));
    }
    if (address.port + workers - 1 > 65_535)
      this.problem(pointer, `there are not enough ports from ${address.port} on for ${workers} workers`, 'begin with a lower port');
    const host = text.slice(0, text.lastIndexOf(':'));
    return Array.from({ length: workers }, (_, i) => `${host}:${address.port + i}`);
  }

  region(pointer: string, text: string): string {
    const region = text.toUpperCase();
    if (!/^[A-Z]{2}$/.test(region)) this.problem(pointer, `${text} is no country`, 'write two letters, for example US');
    return region;
  }

  async read(pointer: string, name: string): Promise<string> {
    try {
      return (await this.context.readFile(name)).trim();
    } catch (error) {
      this.problem(pointer, error instanceof Error ? error.message : String(error), '');
      return '';
    }
  }
}
