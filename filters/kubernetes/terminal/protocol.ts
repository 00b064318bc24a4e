import type { RequestInfo } from '../facts.js';

/** Channels of Kubernetes' streams over WebSocket (k8s.io/apimachinery remotecommand): the first byte of a message, or its first digit in base64. */
export const channel = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4, close: 255 } as const;

export interface ChannelProtocol {
  /** 0 where the protocol names no version: errors are plain text */
  version: number;
  /** each message is text: a digit and base64 */
  base64: boolean;
}

/** The protocol that the server chose; undefined for what is none of exec and attach. No name at all is the oldest one. */
export function channelProtocol(subprotocol: string): ChannelProtocol | undefined {
  if (subprotocol === '') return { version: 0, base64: false };
  const match = /^(?:v([2-5])\.)?(base64\.)?channel\.k8s\.io$/.exec(subprotocol);
  return match === null ? undefined : { version: Number(match[1] ?? 0), base64: match[2] !== undefined };
}

/** exec and attach; their protocols are those above. */
export const isTerminal = ({ resource, subresource }: Pick<RequestInfo, 'resource' | 'subresource'>): boolean =>
  resource === 'pods' && (subresource === 'exec' || subresource === 'attach');

/** The number as it stands before a message's data. */
export const channelByte = (number: number, { base64 }: ChannelProtocol): number => (base64 ? 0x30 + number : number);

/** The data of a message as bytes to send, its channel before it. */
export function channelMessage(number: number, data: Buffer, protocol: ChannelProtocol): Buffer {
  const payload = protocol.base64 ? Buffer.from(data.toString('base64'), 'latin1') : data;
  const message = Buffer.allocUnsafe(payload.length + 1);
  message[0] = channelByte(number, protocol);
  payload.copy(message, 1);
  return message;
}

/** Base64 of a message, strictly (RFC 4648 section 4): undefined for what is none. */
export function fromBase64(text: Buffer): Buffer | undefined {
  const bytes = Buffer.from(text.toString('latin1'), 'base64');
  return bytes.toString('base64') === text.toString('latin1') ? bytes : undefined;
}

/** How a process ended, by what the channel `error` says at the end (metav1.Status from v4 on). */
export function exitOf(message: Buffer, { version }: ChannelProtocol): { code: number | undefined; message: string } {
  if (version < 4) return message.length === 0 ? { code: 0, message: '' } : { code: undefined, message: message.toString('utf8') };
  try {
    const status = JSON.parse(message.toString('utf8')) as Status;
    if (status.status === 'Success') return { code: 0, message: '' };
    const code =
      status.reason === 'NonZeroExitCode' ? status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message : undefined;
    return { code: code === undefined ? undefined : Number(code), message: String(status.message ?? '') };
  } catch {
    return { code: undefined, message: '' };
  }
}

interface Status {
  status?: string;
  reason?: string;
  message?: string;
  details?: { causes?: { reason?: string; message?: string }[] };
}

/** What the channel `error` says where the gateway ends a stream. */
export function failure(message: string, { version }: ChannelProtocol): Buffer {
  if (version < 4) return Buffer.from(message);
  return Buffer.from(JSON.stringify({ metadata: {}, status: 'Failure', message, reason: 'Forbidden', code: 403 }));
}

/** `kubectl cp` runs just this in the container and pipes an archive into it: its standard input is a file, and no command lines. */
export function isCopy(command: readonly string[]): boolean {
  if (command[0] !== 'tar') return false;
  const rest = command.slice(1).filter((word) => word !== '--no-same-permissions' && word !== '--no-same-owner');
  return (
    /^-?xmf$/.test(rest[0] ?? '') &&
    rest[1] === '-' &&
    (rest.length === 2 || (rest.length === 4 && rest[2] === '-C' && !rest[3]!.startsWith('-')))
  );
}
