import type { BodyMask } from '../../http/masking.js';
import { TextChain } from './chain.js';

/** Bytes of input that may come back as echo. */
const ECHO_BYTES_MAX = 4096;
/** What is held and longer than this is no prompt. */
const SHOWN_BYTES_MAX = 256;
/** Flushes without anything new after which a whole line goes where nobody types. */
const LINE_AFTER = 3;
/** Flushes without anything new after which plain words of a terminal go. */
const PLAIN_AFTER = 10;

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are made of them
const CONTROL_SEQUENCE = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007]*\u0007/g;
/** What a program ends with that asks for something; no value ends so. */
const PROMPT = /[#$>%:?)\]»❯] ?$/;
/** Words of prose, none of them long: no value is made of such alone, save the beginning of one. */
const PLAIN = /^(?:[A-Za-z]{0,12}[ .,!?…()[\]/-]*){0,12}$/;

export interface OutputOptions {
  /** in force now, and the version of the policy that says so */
  masks: () => { masks: readonly BodyMask[]; version: string };
  /** somebody types, and waits for what comes: a terminal, or a program whose input is connected */
  interactive: boolean;
  tty: boolean;
  write: (bytes: Buffer, masked: boolean) => void;
}

/**
 * What a process prints, masked as one stream however it was cut into messages. When it pauses, what may be the beginning of a value stays,
 * but for whole lines, and what somebody at a terminal must see: the echo of what they typed themselves, a prompt, and (a moment later) plain
 * words. Of a private key that has begun nothing goes before its end.
 */
export class Output {
  private chain: TextChain;
  private rules: ReturnType<OutputOptions['masks']>;
  /** input that may still come back */
  private expected: Buffer = Buffer.alloc(0);
  /** bytes at the end of what came that were all echo */
  private echoed = 0;
  /** the end of what came, raw */
  private tail: Buffer = Buffer.alloc(0);
  private pauses = 0;
  /** a private key has begun and not ended */
  private armour = false;
  private hits = 0;
  private ready: Buffer[] = [];

  constructor(private readonly options: OutputOptions) {
    this.rules = options.masks();
    this.chain = this.make();
  }

  private make(): TextChain {
    return new TextChain(this.rules.masks, (bytes) => {
      if (bytes.length > 0) this.ready.push(bytes);
    });
  }

  /** What a step let go leaves in one piece. */
  private send(): void {
    const { hits } = this.chain;
    const bytes = this.ready.length === 1 ? this.ready[0]! : Buffer.concat(this.ready);
    this.ready = [];
    if (bytes.length > 0) this.options.write(bytes, hits > this.hits);
    this.hits = hits;
  }

  get held(): number {
    return this.chain.held;
  }

  get fired(): { rule: string; count: number }[] {
    return this.chain.fired;
  }

  /** The last line as far as it has come, raw. */
  get lastLine(): string {
    const text = this.tail.toString('utf8').replace(CONTROL_SEQUENCE, '');
    return text.slice(Math.max(text.lastIndexOf('\n'), text.lastIndexOf('\r')) + 1);
  }

  push(bytes: Buffer): void {
    const rules = this.options.masks();
    if (rules.version !== this.rules.version) {
      // The policy changed: what came before it goes by the one before.
      this.chain.release();
      this.send();
      this.rules = rules;
      this.hits = 0;
      this.chain = this.make();
    }
    this.pauses = 0;
    this.follow(bytes);
    const seen = Buffer.concat([this.tail, bytes]);
    const begun = seen.lastIndexOf('-----BEGIN ');
    const ended = seen.lastIndexOf('-----END ');
    if (begun >= 0 || ended >= 0) this.armour = begun > ended;
    this.tail = seen.subarray(-SHOWN_BYTES_MAX);
    this.chain.push(bytes);
    this.send();
  }

  /** Bytes that went to the process, which a terminal shows again. */
  typed(bytes: Buffer): void {
    if (this.options.tty) this.expected = Buffer.concat([this.expected, bytes]).subarray(-ECHO_BYTES_MAX);
  }

  /** Bytes of those that were typed since, and have not come back. */
  get unechoed(): number {
    return this.expected.length;
  }

  forgetTyped(): void {
    this.expected = Buffer.alloc(0);
  }

  private follow(bytes: Buffer): void {
    if (!this.options.tty) return;
    for (const b of bytes) {
      const next = this.expected[0];
      if (next !== undefined && (next === b || (next === 0x0d && b === 0x0a))) {
        this.expected = this.expected.subarray(1);
        this.echoed++;
      } else if (b === 0x0a && this.echoed > 0) this.echoed++;
      else this.echoed = 0;
    }
  }

  /** The process pauses. True when something is held that may go later. */
  flush(): boolean {
    this.chain.flush();
    if (this.chain.held === 0) {
      this.send();
      return false;
    }
    this.pauses++;
    if (this.mayGo()) this.chain.release();
    this.send();
    return this.chain.held > 0 && this.pauses < PLAIN_AFTER;
  }

  private mayGo(): boolean {
    const { held } = this.chain;
    const { interactive, tty } = this.options;
    if (held <= this.echoed) return true;
    if (this.armour) return false;
    if (this.tail[this.tail.length - 1] === 0x0a) return interactive || this.pauses >= LINE_AFTER;
    if (!interactive || held > SHOWN_BYTES_MAX) return false;
    const text = this.tail.subarray(-held).toString('utf8').replace(CONTROL_SEQUENCE, '');
    if (PROMPT.test(text)) return true;
    return tty && this.pauses >= PLAIN_AFTER && PLAIN.test(text.trim());
  }

  /** The stream broke off: what surely is no part of a value goes, and the rest never. */
  breakOff(): void {
    this.chain.flush();
    this.send();
    this.hits = 0;
    this.chain = this.make();
  }

  end(): void {
    this.chain.release();
    this.send();
  }
}
