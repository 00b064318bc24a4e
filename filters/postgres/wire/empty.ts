import { BodyReader } from './body-reader.js';
import { backend, frontend, messageName, type Side } from './types.js';

/** Messages without a body: only their type and their order say anything. */

function decoder(side: Side, type: number) {
  const name = messageName(side, type);
  return (buf: Buffer, body: number, end: number): Record<string, never> => {
    new BodyReader(name, buf, body, end).done();
    return {};
  };
}

/** A fresh buffer each time: the caller owns what it sends. */
const encoder = (type: number) => (): Buffer => Buffer.from([type, 0, 0, 0, 4]);

export const decodeFlush = decoder('frontend', frontend.Flush);
export const decodeSync = decoder('frontend', frontend.Sync);
export const decodeTerminate = decoder('frontend', frontend.Terminate);
export const decodeCopyDone = decoder('frontend', frontend.CopyDone);
export const decodeParseComplete = decoder('backend', backend.ParseComplete);
export const decodeBindComplete = decoder('backend', backend.BindComplete);
export const decodeCloseComplete = decoder('backend', backend.CloseComplete);
export const decodeNoData = decoder('backend', backend.NoData);
export const decodePortalSuspended = decoder('backend', backend.PortalSuspended);
export const decodeEmptyQueryResponse = decoder('backend', backend.EmptyQueryResponse);

export const encodeFlush = encoder(frontend.Flush);
export const encodeSync = encoder(frontend.Sync);
export const encodeTerminate = encoder(frontend.Terminate);
export const encodeCopyDone = encoder(frontend.CopyDone);
export const encodeParseComplete = encoder(backend.ParseComplete);
export const encodeBindComplete = encoder(backend.BindComplete);
export const encodeCloseComplete = encoder(backend.CloseComplete);
export const encodeNoData = encoder(backend.NoData);
export const encodePortalSuspended = encoder(backend.PortalSuspended);
export const encodeEmptyQueryResponse = encoder(backend.EmptyQueryResponse);
