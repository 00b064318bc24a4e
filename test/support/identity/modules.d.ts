// Neither package brings types.
declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';
  export class Provider {
    constructor(issuer: string, configuration: object);
    callback(): RequestListener;
    on(event: string, listener: (...args: unknown[]) => void): void;
  }
  export default Provider;
}
declare module 'samlp' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  const samlp: {
    getSamlResponse(options: object, user: object, done: (error: Error | null, xml: string) => void): void;
    auth(options: object): (request: IncomingMessage, response: ServerResponse, next: (error?: Error) => void) => void;
  };
  export default samlp;
}
