/**
 * Exchanges of keys on one connection after its first: each of them computes in the main loop. Clients exchange again after
 * a gigabyte or an hour; whoever asks OpenSSH for it after a megabyte (`RekeyLimit 1M`) has these many.
 */
export const REKEYS = { most: 60, perSecond: 1 };
