/** Where things stand in the memory of the WebAssembly module, bytes. Read by both sides: the compiler of the module and TypeScript. */
export const CLASSES_AT = 1024;
/** words of evidence: hashes, then bits */
export const WORD_SLOTS = 4096;
export const HASHES_AT = 2048;
export const BITS_AT = HASHES_AT + 4 * WORD_SLOTS;
/** last three letters of keys that are labels */
export const ENDINGS_AT = BITS_AT + 4 * WORD_SLOTS;
/** first and second group of printed cards: size * 16 + size */
export const CARDS_AT = ENDINGS_AT + 32768;
/** first and second group of printed identifiers and the gap between: (size * 16 + size) * 8 + gap */
export const PRINTED_AT = CARDS_AT + 256;
/** shapes of words that are identifiers: length, where letters stand, where digits stand, four bytes each; ends with length 0 */
export const SHAPES_AT = PRINTED_AT + 2048;
export const SHAPES_MAX = 64;
/** groups of the run that is read */
export const GROUPS_AT = SHAPES_AT + 12 * (SHAPES_MAX + 1);
/** numbers that only the tables know (module.ts gives them their names) */
export const NUMBERS_AT = GROUPS_AT + 1024;
/** what names are made of: for each low nibble a bit for each high one */
export const IDENT_NIBBLES_AT = NUMBERS_AT + 128;
/** sixteen zeros and sixteen bytes of ones: from the n-th on they leave the last n bytes of sixteen */
export const LAST_AT = IDENT_NIBBLES_AT + 16;
/** names that were read: their bytes behind zeros, their evidence, what they are */
export const NAMES_AT = LAST_AT + 32;
export const NAME_SLOTS = 256;
/** prefixes of tokens: places of the first by hash, then pair, next, anchor, length, bytes */
export const HEADS_AT = NAMES_AT + 32 * NAME_SLOTS;
export const HEADS = 1024;
export const PREFIXES_AT = HEADS_AT + 2 * HEADS;
export const PREFIX_BYTES = 32;
export const PREFIX_LENGTH_MAX = 26;
export const PREFIXES_MAX = 512;
/** what one detector needs: triggers of bytes, the sets that find them, pairs of tokens, kinds */
export const SLOT_AT = PREFIXES_AT + PREFIX_BYTES * PREFIXES_MAX;
/** by low and high nibble: of a byte, of the one before it, of the one behind it; sixteen bytes each, a bit for each of eight sets */
export const SLOT_SETS = 512;
export const SLOT_PAIRS = SLOT_SETS + 96;
export const SLOT_KINDS = SLOT_PAIRS + 8192;
export const SLOT_BYTES = SLOT_KINDS + 16;
/** places that were found, two bytes each */
export const OUT_AT = 131072;
/** the bytes that are read: some before the range as evidence, the range, some behind it */
export const IN_AT = OUT_AT + 65536 + 1024;
export const BEFORE_BYTES = 512;
export const BLOCK_BYTES = 28 * 1024;
export const BEHIND_BYTES = 2048;
export const PAGES = 4;

/** bits of what is wanted */
export const K_CARDS = 1;
export const K_SSN = 2;
export const K_IP = 4;
export const K_MAC = 8;
export const K_PHONE = 16;
export const K_NATIONAL = 32;
export const K_LABELLED = 64;
export const K_IBAN = 128;
export const K_REGIONS = 256;
export const K_KEYED = 512;
export const K_ASSIGNED = 1024;
export const K_URLS = 2048;
export const K_WALLET = 4096;
export const K_BIRTH = 8192;

/** how the range is to be read */
export const M_CELLS = 1;
export const M_NAMED = 2;
export const M_CUT = 4;
export const M_JSON = 8;
