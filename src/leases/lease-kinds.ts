/** What can be raised. */
export const LEASE_KINDS = ['access-logs', 'log-levels', 'ztunnel-levels'] as const
export type LeaseKind = (typeof LEASE_KINDS)[number]
