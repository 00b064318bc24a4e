/** An address that nobody on the way can read or change: https, or http on this machine. Keys and secrets are fetched and sent nowhere else. */
export function isEncryptedOrLocal(text: string): boolean {
  try {
    const { protocol, hostname } = new URL(text);
    return protocol === 'https:' || (protocol === 'http:' && /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname));
  } catch {
    return false;
  }
}
