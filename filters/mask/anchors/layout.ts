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
/** prefixes of tokens: places of the first by hash, then pair, next, anchor, length, bytes; anchor and length with what below says above them */
export const HEADS_AT = NAMES_AT + 32 * NAME_SLOTS;
export const HEADS = 1024;
export const PREFIXES_AT = HEADS_AT + 2 * HEADS;
export const PREFIX_BYTES = 32;
export const PREFIX_LENGTH_MAX = 26;
export const PREFIXES_MAX = 864;
/** in the five lowest bits of the anchor it stands, above them how many bytes of the token follow for sure, at most so many */
export const PREFIX_BODY_SHIFT = 5;
export const PREFIX_BODY_MAX = 7;
/** bits of the length: nothing that is a letter or a digit stands before; the bytes behind are such, or those of TOKEN */
export const PREFIX_BOUND = 128;
export const PREFIX_ALNUM = 64;
export const PREFIX_TOKEN = 32;
/** both: the prefix is a word of names, and what follows the name may show that no value does */
export const PREFIX_NAMED = 96;
/** what one detector needs: triggers of bytes, the sets that find them, pairs of tokens, kinds */
export const SLOT_AT = PREFIXES_AT + PREFIX_BYTES * PREFIXES_MAX;
/**
 * By low and high nibble: of a byte, of the one before it, of the one behind it; sixteen bytes each, a bit for each of eight sets. Then the
 * same for eight more, whose bytes are common and stand for something only between the two beside them.
 */
export const SLOT_SETS = 512;
export const SETS_BYTES = 96;
export const SLOT_PAIRS = SLOT_SETS + 2 * SETS_BYTES;
export const SLOT_KINDS = SLOT_PAIRS + 8192;
export const SLOT_BYTES = SLOT_KINDS + 16;
/** first and last letter and length of the words of evidence, a bit each (words.ts) */
export const ENDS_AT = SLOT_AT + SLOT_BYTES;
export const ENDS_BYTES = 4096;
/** three bytes, the last of which is the anchor of some prefix, a bit by their hash: any first one where the prefix begins with the second */
export const ENDING_THREES_AT = ENDS_AT + ENDS_BYTES;
export const THREES_BYTES = 8192;
/** places that were found, two bytes each */
export const OUT_AT = 131072;
/** the bytes that are read: some before the range as evidence, the range, some behind it */
export const IN_AT = OUT_AT + 65536 + 1024;
export const BEFORE_BYTES = 512;
export const BLOCK_BYTES = 28 * 1024;
export const BEHIND_BYTES = 2048;
export const PAGES = 7;
/** what ends a string of JSON or makes it say more than its bytes, a bit for each byte */
export const SIGNS_AT = OUT_AT + 2 * (BLOCK_BYTES + BEHIND_BYTES);
/** what the words before a place say, where that is known for sure: its number and where the words end (two bytes each), then the bits */
export const CONTEXTS_AT = IN_AT + BEFORE_BYTES + BLOCK_BYTES + BEHIND_BYTES + 1024;
export const CONTEXTS_MAX = 2700;
/** the same where the anchor is the one in the middle: any last one where it ends the prefix */
export const MIDDLE_THREES_AT = CONTEXTS_AT + 8 * CONTEXTS_MAX;
/** among the numbers: how many of these there are */
export const CONTEXTS_COUNT = 16;

/** rows of a result, masked: they are written here, so many bytes at once, some more may be touched behind them */
export const ROWS_OUT_AT = 262144;
export const ROWS_OUT_BYTES = 65536 - 64;
/** validity of telephone numbers: for each calling code with a slot, states of ten digits with the state that follows, two bytes each */
export const PHONES_AT = 327680;
export const PHONE_STATES = 1024;
export const PHONE_SLOTS = 6;
/** the state that follows is not known here; in others the highest bit says that the digits so far are a number */
export const PHONE_UNKNOWN = 65535;
/** by calling code: 0 none, 1 one without a slot, else the slot and 2 */
export const CODES_AT = PHONES_AT + 20 * PHONE_STATES * PHONE_SLOTS;
/** bits of hashes of what looks like the last label of a domain and is the ending of a file's name */
export const FILE_ENDINGS_AT = CODES_AT + 1024;
/** columns of the rows: how, with what, bytes of the constant (or of a value: W_FIXED), where it is, how often it was masked */
export const COLUMNS_AT = FILE_ENDINGS_AT + 512;
export const COLUMN_BYTES = 16;
export const COLUMNS_MAX = 128;
export const CONSTANTS_AT = COLUMNS_AT + COLUMN_BYTES * COLUMNS_MAX;
export const CONSTANTS_BYTES = 2048;
/** where the cells of a row stand: first byte and end */
export const CELLS_AT = CONSTANTS_AT + CONSTANTS_BYTES;
/** printed identifiers: number of groups, up to seven sizes, up to six gaps; ends with 0 */
export const PRINTED_FORMS_AT = CELLS_AT + 8 * COLUMNS_MAX;
export const PRINTED_FORMS_MAX = 64;
/** what a run over rows is told and says, four bytes each, then the text of NULL */
export const ROWS_STATE_AT = PRINTED_FORMS_AT + 16 * (PRINTED_FORMS_MAX + 1);
export const NULL_TEXT_AT = ROWS_STATE_AT + 64;
export const NULL_TEXT_MAX = 16;
/** sizes and gaps of the groups of a value, and the digits of a card */
export const GROUP_SIZES_AT = NULL_TEXT_AT + NULL_TEXT_MAX;
export const GROUP_GAPS_AT = GROUP_SIZES_AT + 64;
export const CARD_DIGITS_AT = GROUP_GAPS_AT + 64;
/** by calling code a bit: a number may end with a group of a card in fours whose second one begins with 00 and this code */
export const ABROAD_AT = CARD_DIGITS_AT + 16;

/** numbers of the state: where it stopped, bytes written, rows, bytes of masked rows, why it stopped, the calling code that has no table */
export const S_AT = 0;
export const S_OUT = 1;
export const S_ROWS = 2;
export const S_MASKED = 3;
export const S_WHY = 4;
export const S_CODE = 5;
/** what it is told: type of the messages, columns, delimiter, bytes of NULL's text, greatest length word, bytes a row may grow, mind identifiers */
export const S_TYPE = 6;
export const S_COLUMNS = 7;
export const S_DELIMITER = 8;
export const S_NULL_BYTES = 9;
export const S_LENGTH_MAX = 10;
export const S_GROWTH = 11;
export const S_IDS = 12;

/** why it stopped: no whole message of the type, a row that the exact way must handle, no room */
export const WHY_END = 0;
export const WHY_ROW = 1;
export const WHY_FULL = 2;

/** rows: counted cells with their lengths (DataRow, binary COPY), or fields of text, or of CSV */
export const R_CELLS = 0;
export const R_TEXT = 1;
export const R_CSV = 2;

/** ways of a column */
export const W_SKIP = 0;
export const W_PLAIN = 1;
export const W_COVER = 2;
export const W_EMAIL = 3;
export const W_CARD = 4;
export const W_PHONE = 5;
/** eight bytes: an integer that is short unless its upper half says otherwise */
export const W_INT8 = 6;
/** of so many bytes as stand with the column: then nothing is found in it */
export const W_FIXED = 7;
/** eight bytes of IEEE 754: a number below 10^11 unless its exponent says otherwise */
export const W_FLOAT8 = 8;
/** the same in text: long where it has twelve bytes and no point, or an exponent that is not negative */
export const W_FLOAT8_TEXT = 9;

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
