/** How a header's value says its text. Values are one character a byte. */
interface HeaderForm {
  read(value: string): string;
  /** the header with its text masked */
  write(masked: string): string;
}

const plain: HeaderForm = {
  read: (value) => Buffer.from(value, 'latin1').toString('utf8'),
  write: (masked) => Buffer.from(masked, 'utf8').toString('latin1'),
};

/** grpc-message: percent-encoded UTF-8 (grpc/doc/PROTOCOL-HTTP2.md). What is no escape stands for itself. */
const percent: HeaderForm = {
  read: (value) => {
    const bytes = value.replace(/%([0-9a-fA-F]{2})/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return Buffer.from(bytes, 'latin1').toString('utf8');
  },
  write: (masked) =>
    Buffer.from(masked, 'utf8')
      .toString('latin1')
      .replace(/[^ -$&-~]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`),
};

/**
 * Names in -bin: base64 of any bytes, mostly of a message of protobuf (grpc-status-details-bin). Text put into it would leave its lengths
 * wrong, so where something is found all of it goes.
 */
const binary: HeaderForm = {
  read: (value) =>
    value
      .split(',')
      .map((one) => Buffer.from(one, 'base64').toString('latin1'))
      .join('\n'),
  write: () => '',
};

export function headerForm(name: string): HeaderForm {
  if (name === 'grpc-message') return percent;
  return name.endsWith('-bin') ? binary : plain;
}
