import { Decrypter } from 'age-encryption';
import { MidstreamError } from '../../../filters/errors.js';

/** Opens a session's originals where the identity is. */
export class Unsealer {
  private header: Buffer = Buffer.alloc(0);
  private fileKey: Uint8Array | undefined;

  /** `identities`: lines AGE-SECRET-KEY-…; bad_input when one is none. */
  constructor(private readonly identities: readonly string[]) {
    for (const identity of identities) this.add(new Decrypter(), identity);
  }

  private add(decrypter: Decrypter, identity: string): void {
    try {
      decrypter.addIdentity(identity);
    } catch (error) {
      throw new MidstreamError('bad_input', 'the identity file holds something that is no age identity', { cause: error });
    }
  }

  /** The original bytes of one event, given in the session's order. forbidden when no identity fits; tampered when it does not open. */
  async open(sealed: { header?: string; body: string }): Promise<Buffer> {
    if (sealed.header !== undefined) {
      this.header = Buffer.from(sealed.header, 'base64');
      const decrypter = new Decrypter();
      for (const identity of this.identities) this.add(decrypter, identity);
      try {
        this.fileKey = await decrypter.decryptHeader(this.header);
      } catch (error) {
        throw new MidstreamError('forbidden', 'none of the identities opens this session', { cause: error });
      }
    }
    if (this.fileKey === undefined) throw new MidstreamError('tampered', 'a sealed original without the header before it');
    const { fileKey } = this;
    const decrypter = new Decrypter();
    decrypter.addIdentity({ unwrapFileKey: () => fileKey });
    try {
      return Buffer.from(await decrypter.decrypt(Buffer.concat([this.header, Buffer.from(sealed.body, 'base64')])));
    } catch (error) {
      throw new MidstreamError('tampered', 'a sealed original does not open', { cause: error });
    }
  }
}
