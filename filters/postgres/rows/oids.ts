/** What values of a built-in type look like, for masking. */
export type Shape = string | { range?: number; multirange?: number };

/**
 * Built-in types by OID (src/include/catalog/pg_type.dat; these never change between versions). A type that is in neither
 * table and below 16384 is treated as unknown: text in text format, opaque bytes in binary.
 */
export const builtinShapes = new Map<number, Shape>([
  ...each('text', 18, 19, 25, 142, 705, 1043, 1790, 2275),
  ...each('bpchar', 1042),
  ...each('json', 114),
  ...each('jsonb', 3802),
  ...each('jsonpath', 4072),
  // tsvector, tsquery, gtsvector, aclitem
  ...each('nullable', 3614, 3615, 3642, 1033),
  ...each('int2', 21),
  ...each('int4', 23),
  // oid and what is sent as one where it is a number: xid, cid
  ...each('oid', 26, 28, 29),
  ...each('int8', 20),
  ...each('numeric', 1700),
  ...each('float4', 700),
  ...each('float8', 701),
  ...each('money', 790),
  ...each('bool', 16),
  ...each('date', 1082),
  ...each('timestamp', 1114, 1184),
  ...each('time', 1083),
  ...each('timetz', 1266),
  ...each('interval', 1186),
  ...each('uuid', 2950),
  ...each('bytea', 17),
  ...each('inet', 869, 650),
  ...each('macaddr', 829),
  ...each('macaddr8', 774),
  ...each('bit', 1560, 1562),
  ...each('record', 2249),
  ...each('anyarray', 2277, 2287),
  // tid, int2vector, oidvector, pg_lsn, xid8, snapshots, points and other geometry, void
  ...each('never', 27, 22, 30, 3220, 5069, 2970, 5038, 600, 601, 602, 603, 604, 628, 718, 2278),
  [3904, { range: 23 }],
  [3906, { range: 1700 }],
  [3908, { range: 1114 }],
  [3910, { range: 1184 }],
  [3912, { range: 1082 }],
  [3926, { range: 20 }],
  [4451, { multirange: 3904 }],
  [4532, { multirange: 3906 }],
  [4533, { multirange: 3908 }],
  [4534, { multirange: 3910 }],
  [4535, { multirange: 3912 }],
  [4536, { multirange: 3926 }],
]);

function each(shape: string, ...oids: number[]): [number, Shape][] {
  return oids.map((oid) => [oid, shape]);
}

/** Element types of the built-in array types. */
// biome-ignore format: a table
export const arrayElements = new Map<number, number>([
  [1000, 16], [1001, 17], [1002, 18], [1003, 19], [1016, 20], [1005, 21], [1006, 22], [1007, 23], [1008, 24], [1009, 25],
  [1028, 26], [1010, 27], [1011, 28], [1012, 29], [1013, 30], [199, 114], [143, 142], [1017, 600], [1018, 601], [1019, 602],
  [1020, 603], [1027, 604], [629, 628], [651, 650], [1041, 869], [1021, 700], [1022, 701], [719, 718], [791, 790], [1040, 829],
  [775, 774], [1034, 1033], [1014, 1042], [1015, 1043], [1182, 1082], [1183, 1083], [1115, 1114], [1185, 1184], [1187, 1186],
  [1231, 1700], [1270, 1266], [1561, 1560], [1563, 1562], [2201, 1790], [2207, 2202], [2208, 2203], [2209, 2204], [2210, 2205],
  [2211, 2206], [4097, 4096], [4090, 4089], [2951, 2950], [3221, 3220], [3643, 3614], [3644, 3642], [3645, 3615], [3735, 3734],
  [3770, 3769], [3807, 3802], [4073, 4072], [2949, 2970], [5039, 5038], [3905, 3904], [3907, 3906], [3909, 3908], [3911, 3910],
  [3913, 3912], [3927, 3926], [6150, 4451], [6151, 4532], [6152, 4533], [6153, 4534], [6155, 4535], [6157, 4536], [271, 5069],
  [1263, 2275],
]);
