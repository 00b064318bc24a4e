/** Status codes of gRPC that the gateway tells ("Status codes and their use in gRPC"). */
export const status = {
  OK: 0,
  UNKNOWN: 2,
  NOT_FOUND: 5,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;
